"""Linkage settings: what is read, and that every mistake is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from yibiao.errors import ContractError
from yibiao.identity.settings import Block, Level, read_settings

GOOD = """\
format: 1
id: number
columns:
  name: {from: resident_name, as: chinese_name}
  birth: {from: birth_date, as: date, formats: ["%Y%m%d"]}
  citizen: {from: citizen_id, as: code}
  phone: {as: phone}
certain: [citizen]
cap: 50
blocks:
  - [name.sound, birth.year]
  - {parts: [phone], cap: 20, entities: 1}
compare:
  name:
    - {exact: name, frequency: true}
    - {alike: name}
  birth:
    - {exact: birth}
    - {typing: birth, at_most: 1, and: [{exact: birth.year}]}
  phone:
    - {exact: phone, m: 0.9, u: 0.001}
thresholds: {link: 8, review: 2.5, margin: 3}
most: 40
train:
  labels: citizen
  em: [[birth]]
  prior: {blocks: [[name, birth]], recall: 0.6}
"""

ROOT = Path(__file__).parents[3]


def read(folder: Path, text: str):
    path = folder / "people.yml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def test_a_settings_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    assert found.name == "people"
    assert found.columns["birth"].formats == ("%Y%m%d",)
    assert found.columns["phone"].sources == ("phone",)
    assert found.blocks == (Block(("name.sound", "birth.year"), 50), Block(("phone",), 20, 1))
    assert (found.link, found.review, found.margin, found.most) == (8.0, 2.5, 3.0, 40)
    assert found.comparisons[1].levels[1] == Level("typing", ("birth",), 1.0, also=(Level("exact", ("birth.year",)),))
    assert found.training.labels == "citizen"
    assert found.training.prior_blocks == (("name", "birth"),)
    assert found.frequencies() == ("name",)
    assert "birth.year" in found.references()


@pytest.mark.parametrize("path", sorted((ROOT / "bench" / "linkage").glob("*.yml")) + sorted(
    (ROOT / "schemas" / "linkage").glob("*.yml")), ids=lambda path: path.stem)  # fmt: skip
def test_the_settings_of_this_project_are_right(path: Path) -> None:
    assert read_settings(path).comparisons


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("format: 1", "format: 2", 1, "Another format"),
        ("cap: 50", "cup: 50", 9, "Unknown key `cup`"),
        ("as: code}", "as: koda}", 6, "No kind of column is called `koda`"),
        ("name.sound, birth.year", "nam.sound, birth.year", 11, "No column is called `nam`"),
        ("name.sound, birth.year", "name.tone, birth.year", 11, "has no part `tone`"),
        ("cap: 20", "cap: 1", 12, "compares nothing"),
        ("entities: 1", "entities: 0", 12, "compares nothing"),
        ("alike: name", "alyke: name", 16, "names one way of comparing"),
        ("{alike: name}", "{alike: name, exact: name}", 16, "names one way of comparing"),
        ("{alike: name}", "{edit: name, at_most: 1}", 16, "cannot compare a column of kind `chinese_name`"),
        ("{alike: name}", "{typing: birth}", 16, "`at_most` is missing"),
        ("{alike: name}", "{alike: birth}", 16, "cannot compare a column of kind `date`"),
        ("{exact: birth}\n", "{swapped: [birth]}\n", 18, "another number of columns"),
        ("m: 0.9,", "m: 1.5,", 21, "is a probability"),
        ("most: 40", "most: 40\nimplied: [sex]", 24, "No comparison is called `sex`"),
        ("review: 2.5", "review: 9", 22, "looked at before it is linked"),
        ("labels: citizen", "labels: city", 25, "No column is called `city`"),
        ("  phone: {as: phone}", "  Phone: {as: phone}", 7, "made of small letters"),
        ("  phone: {as: phone}", "  phone_l: {as: phone}", 7, "made of small letters"),
        ("as: phone}", "as: phone, extract: '('}", 7, "no regular expression"),
        ("as: phone}", "as: phone, formats: ['%Y']}", 7, "Only a date has formats"),
        ("certain: [citizen]", "certain: [citizens]", 8, "No column is called `citizens`"),
        ("most: 40", "most: many", 23, "wrong type"),
        ("  - [name.sound, birth.year]\n  - {parts: [phone], cap: 20, entities: 1}", "  []", 10, "nothing is compared"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert old in GOOD
    with pytest.raises(ContractError) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert what in caught.value.what
    assert caught.value.where == f"people.yml:{line}"


def test_text_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="not valid YAML"):
        read(tmp_path, "format: [1")


def test_a_model_depends_on_columns_and_comparisons_but_not_on_blocks_and_thresholds(tmp_path: Path) -> None:
    first = read(tmp_path, GOOD).semantics()
    assert read(tmp_path, GOOD.replace("link: 8", "link: 9").replace("cap: 50", "cap: 60")).semantics() == first
    assert read(tmp_path, GOOD.replace("at_most: 1", "at_most: 2")).semantics() != first
    assert read(tmp_path, GOOD.replace("from: birth_date", "from: born")).semantics() != first
