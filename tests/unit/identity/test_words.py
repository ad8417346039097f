"""Reasons in words: every level that settings can name has some, and none of them holds a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from yibiao.contracts import load_registry
from yibiao.errors import LinkageError
from yibiao.identity.levels import LEVELS
from yibiao.identity.settings import PARTS, LinkageSettings, read_settings
from yibiao.identity.source import SourceColumn, linkage_of, source_columns, with_settings
from yibiao.identity.words import level_in_words, likelihood, proposal, reasons_in_words

SCHEMAS = Path(__file__).parents[3] / "schemas"

RESIDENT = "name:1:9120 birth:1:4210 sex:1:-3300 phone:-1:0 home:2:900 relative:0:12000 own:1:-5000 number:1:19000"


def of(entity: str) -> tuple[LinkageSettings, tuple[SourceColumn, ...]]:
    linkage, schemas = linkage_of(SCHEMAS, entity), load_registry(SCHEMAS)
    return linkage, source_columns(linkage, schemas.entities[entity], schemas)


def test_a_clerk_reads_what_agrees_what_differs_and_what_was_not_compared() -> None:
    assert reasons_in_words(RESIDENT, *of("resident")) == (
        "姓名读音相同（+9.1）；出生日期差一位（+4.2）；性别不同（-3.3）；现居住地址楼栋相同（+0.9）；相关方姓名相同（+12.0）；"
        "部门内编号不同（-5.0）；公民身份号码地区码和末四位相同（+19.0）；未比对：手机号码、户籍地址、户号、工作单位"
    )
    assert "未比对" not in reasons_in_words(RESIDENT, *of("resident"), whole=False)


def test_reasons_of_other_settings_or_damaged_ones_are_told_as_such() -> None:
    linkage, columns = of("resident")
    assert reasons_in_words("nickname:0:+9120 姓名:1:2", linkage, columns, whole=False) == "比对项已变更；比对项已变更"
    assert reasons_in_words("", linkage, columns, whole=False) == ""


@pytest.mark.parametrize("entity", with_settings(SCHEMAS))
def test_every_level_of_the_shipped_settings_has_words_of_its_own(entity: str) -> None:
    linkage, columns = of(entity)
    titles = {one.name: one.title for one in columns}
    for comparison in linkage.comparisons:
        texts = [level_in_words(comparison, place, linkage, titles) for place in range(len(comparison.levels) + 1)]
        assert len(set(texts)) == len(texts)
        assert not any(char.isascii() for text in texts for char in text if char.isalpha())


def test_every_kind_of_level_and_every_part_has_words(tmp_path: Path) -> None:
    kinds = {f"c{n}": kind for n, kind in enumerate(PARTS)}
    columns = "\n".join(f"  {name}: {{as: {kind}}}" for name, kind in kinds.items())
    levels = [f"exact: {name}.{part}" for name, kind in kinds.items() for part in (*PARTS[kind], "first3", "last2")]
    for name, level in LEVELS.items():
        fitting = [column for column, kind in kinds.items() if not level.kinds or kind in level.kinds]
        chosen = fitting[: level.columns[0]]
        value = f", {level.value}: 1" if level.value else ""
        levels.append(f"{name}: {chosen[0] if len(chosen) == 1 else '[' + ', '.join(chosen) + ']'}{value}")
    listed = "\n".join(f"    - {{{level}}}" for level in levels)
    text = f"format: 1\ncolumns:\n{columns}\nblocks: [[c0]]\ncompare:\n  all:\n{listed}\nthresholds: {{link: 5}}\n"
    (tmp_path / "all.yml").write_text(text, encoding="utf-8")
    linkage = read_settings(tmp_path / "all.yml")
    titles = dict.fromkeys(kinds, "某项")
    (comparison,) = linkage.comparisons
    for place, level in enumerate(levels):
        said = level_in_words(comparison, place, linkage, titles)
        assert said.startswith("某项"), level
        assert len(said) > 3, level
        if level.startswith("exact") and ".valid" not in level:
            assert said != "某项相同" or "." not in level, level


def test_likelihood_and_proposal_follow_the_thresholds() -> None:
    linkage, _ = of("resident")
    assert [likelihood(bits, linkage) for bits in (linkage.link, 7, linkage.review)] == ["极可能", "很可能", "可能"]
    assert proposal(7, "review", False, linkage) == "same"
    assert proposal(4, "review", False, linkage) == "undecided"
    assert proposal(30, "rival", False, linkage) == "undecided"
    assert proposal(30, "apart", False, linkage) == proposal(30, "rival", True, linkage) == "different"


def test_a_raw_column_that_no_record_has_is_refused(tmp_path: Path) -> None:
    schemas = load_registry(SCHEMAS)
    for name, right in (
        ("nickname", False),
        ("citizen_id_text", True),
        ("uscc_text", False),
        ("death_date_text", True),
    ):
        path = tmp_path / "resident.yml"
        path.write_text(
            f"format: 1\ncolumns:\n  name: {{from: {name}, as: text}}\nblocks: [[name]]\n"
            "compare:\n  name:\n    - {exact: name}\nthresholds: {link: 5}\n",
            encoding="utf-8",
        )
        linkage = read_settings(path)
        if right:
            (column,) = source_columns(linkage, schemas.entities["resident"], schemas)
            assert column.as_written
            continue
        with pytest.raises(LinkageError, match="a column that no record has") as caught:
            source_columns(linkage, schemas.entities["resident"], schemas)
        assert caught.value.got == name


def test_an_entity_without_settings_is_refused_without_repeating_what_was_typed() -> None:
    with pytest.raises(LinkageError, match="not linked") as caught:
        linkage_of(SCHEMAS, "household")
    assert (caught.value.expected, caught.value.got) == ("organisation or resident", "household")
    with pytest.raises(LinkageError) as caught:
        linkage_of(SCHEMAS, "999901198001011212")
    assert caught.value.got == "18 characters"
