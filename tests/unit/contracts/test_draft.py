"""`yibiao contract init` and `diff`: what a sample shows stands in the draft, what it does not show is marked."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import pytest
from click.testing import CliRunner

from yibiao.cli.root import root
from yibiao.contracts import load_schemas
from yibiao.contracts.draft.compare import BREAKING, compare, read_contract
from yibiao.contracts.draft.contract import Draft, draft_contract
from yibiao.errors import ContractError, DeliveryError
from yibiao.ingest.deliveries import edition_from_text
from yibiao.settings import Settings

SCHEMAS = load_schemas(Settings.load().schemas)
HEADER = "救助编号,申请人姓名,申请人身份证号,性别,出生日期,监护人/姓名,救助金额(元),救助类别,备注"


def _citizen_id(number: int, birth: str = "19800101") -> str:
    body = f"999901{birth}{number:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(one) * weight for one, weight in zip(body, weights, strict=True)) % 11]


def _rows(count: int = 60) -> list[str]:
    return [
        f"J{number:05d},张{'一二三四五六'[number % 6]},{_citizen_id(number)},{'男' if number % 2 else '女'},1980-01-01,"
        f"李{'甲乙丙丁'[number % 4]},{number}.50,{'ABC'[number % 3]},"
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "临时救助_202603.csv"
    path.write_text("\n".join([HEADER, *_rows()]) + "\n", encoding="gb18030")
    return path


@pytest.fixture(scope="module")
def draft(sample: Path) -> Draft:
    return draft_contract([sample], "civil_affairs.temporary_aid", SCHEMAS)


def test_a_sample_shows_layout_columns_key_and_edition(draft: Draft) -> None:
    columns = {column.header: column for column in draft.columns}
    assert {header: (column.element, column.role) for header, column in columns.items() if column.element} == {
        "救助编号": ("benefit_number", None),
        "申请人姓名": ("resident_name", None),
        "申请人身份证号": ("citizen_id", None),
        "性别": ("sex_code", None),
        "出生日期": ("birth_date", None),
        "监护人/姓名": ("resident_name", "guardian"),
        "救助金额(元)": ("benefit_amount", None),
        "备注": ("remark", None),
    }
    assert columns["救助金额(元)"].sure
    assert not columns["救助类别"].sure
    assert [column.header for column in draft.columns if column.key] == ["救助编号"]
    assert columns["出生日期"].date_formats == ("%Y-%m-%d",)
    assert columns["救助金额(元)"].type == "decimal"
    assert "encoding: GB18030" in draft.text
    assert r"pattern: '_(?P<year>\d{4})(?P<month>\d{2})\.'" in draft.text
    assert "临时救助_*.csv" in draft.text


def test_the_draft_is_a_contract_that_can_be_used_at_once(draft: Draft, tmp_path: Path) -> None:
    path = tmp_path / "draft.yml"
    path.write_text(draft.text, encoding="utf-8")
    report = read_contract(path, SCHEMAS)
    assert report.about == ("resident",)
    assert report.key == ("benefit_number",)
    assert report.server.encoding == "GB18030"
    assert [column.header for column in report.columns] == HEADER.split(",")


def test_totals_at_the_foot_of_a_text_file_are_recounted_by_the_drafted_contract(tmp_path: Path) -> None:
    from yibiao.ingest.readers import Reading, read

    rows = _rows()
    amount = sum(float(row.split(",")[6]) for row in rows)
    foot = [f"合计：{len(rows)}人,,,,,,{amount:.2f},,", f"制表：救助科，共 {len(rows)} 条"]
    path = tmp_path / "临时救助_202603.csv"
    path.write_text("\n".join([HEADER, *rows, *foot]) + "\n", encoding="gb18030")
    draft = draft_contract([path], "civil_affairs.temporary_aid", SCHEMAS)
    (tmp_path / "draft.yml").write_text(draft.text, encoding="utf-8")
    report = read_contract(tmp_path / "draft.yml", SCHEMAS)
    expected = [("合计", 60, 60), ("合计/救助金额(元)", amount, amount), ("rows", 60, 60)]
    for lines, wanted in ((rows, expected), (rows[:-1], [("合计", 60, 59), ("rows", 60, 59)])):
        path.write_text("\n".join([HEADER, *lines, *foot]) + "\n", encoding="gb18030")
        reading = Reading(where=path.name)
        assert sum(chunk.rows.num_rows for chunk in read("csv", path, report, reading)) == len(lines)
        told = [(one["name"], one["stated"], one["counted"]) for one in reading.control_totals]
        assert set(wanted) <= set(told)
        assert reading.left_out == {"title": 0, "total": 1, "footer": 1}


def test_what_is_unsure_is_marked_and_counted(draft: Draft) -> None:
    marked = [line for line in draft.text.splitlines() if "# ? " in line]
    assert len(marked) == len(draft.doubts) > 0
    assert any("snapshot" in doubt for doubt in draft.doubts)


def test_a_name_that_the_values_contradict_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "名单_202603.csv"
    lines = ["编号,出生日期", *(f"N{number:04d},不详{number}" for number in range(40))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (_, column) = draft_contract([path], "civil_affairs.list", SCHEMAS).columns
    assert column.element is None
    assert not column.sure
    assert "birth_date" in " ".join(column.notes)


def test_numbers_that_begin_with_zeros_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "名单_202603.csv"
    path.write_text("编号,网格\n" + "".join(f"{n},{n:04d}\n" for n in range(1, 50)), encoding="utf-8")
    types = [column.type for column in draft_contract([path], "civil_affairs.list", SCHEMAS).columns]
    assert types == ["number_text", "text"]  # both keep them; a number of things is a known element


@pytest.mark.parametrize(
    ("title", "header", "unit", "sure"),
    [
        ("", "补贴金额(元)", None, True),
        ("", "补贴金额（万元）", "万元", True),
        ("", "补贴金额【单位：亿元】", "亿元", True),
        ("", "补贴金额(千元)", None, False),
        ("", "补贴金额(亩)", None, False),
        ("补贴发放表 单位：万元", "补贴金额", "万元", False),
        ("补贴发放表 单位：亩", "补贴金额", None, True),
    ],
)
def test_a_unit_in_the_header_or_the_title_is_never_passed_over(
    tmp_path: Path, title: str, header: str, unit: str | None, sure: bool
) -> None:
    path = tmp_path / "补贴_202603.csv"
    lines = [f"{title},", f"编号,{header}", *(f"N{number:04d},{number}.5" for number in range(40))]
    path.write_text("\n".join(lines[0 if title else 1 :]) + "\n", encoding="utf-8")
    draft = draft_contract([path], "civil_affairs.list", SCHEMAS)
    column = draft.columns[1]
    assert (column.element, column.unit, column.sure) == ("benefit_amount", unit, sure)
    (tmp_path / "draft.yml").write_text(draft.text, encoding="utf-8")
    factor = {"万元": "10000", "亿元": "100000000", None: "1"}[unit]
    assert read_contract(tmp_path / "draft.yml", SCHEMAS).columns[1].factor == factor


def test_an_edition_in_the_title_of_a_text_file_is_found_by_the_drafted_contract(tmp_path: Path) -> None:
    from yibiao.ingest.readers import Reading, read

    path = tmp_path / "名单.csv"
    path.write_text(
        "老人名单（2026年3月）\n卡号,姓名\n" + "".join(f"N{n:04d},张三\n" for n in range(40)), encoding="utf-8"
    )
    draft = draft_contract([path], "civil_affairs.list", SCHEMAS)
    (tmp_path / "draft.yml").write_text(draft.text, encoding="utf-8")
    report = read_contract(tmp_path / "draft.yml", SCHEMAS)
    assert report.edition.source == "cell"
    reading = Reading(where=path.name)
    assert sum(chunk.rows.num_rows for chunk in read("csv", path, report, reading)) == 40
    assert re.search(report.edition.pattern, reading.title[0])


def _named(tmp_path: Path, *names: str) -> list[Path]:
    for name in names:
        (tmp_path / name).write_text("卡号,姓名\n" + "".join(f"N{n:04d},张三\n" for n in range(40)), encoding="utf-8")
    return [tmp_path / name for name in names]


@pytest.mark.parametrize(
    ("names", "others", "edition"),
    [
        (["名单2026年9月.csv"], "名单2026年10月.csv", "2026-10"),
        (["名单（2026年10月）.csv", "名单（2026年11月）.csv"], "名单（2026年9月）.csv", "2026-09"),
        (["名单2026年9月1日.csv"], "名单2026年10月31日.csv", "2026-10-31"),
    ],
)
def test_an_edition_in_words_in_the_name_serves_the_months_to_come(
    tmp_path: Path, names: list[str], others: str, edition: str
) -> None:
    draft = draft_contract(_named(tmp_path, *names), "civil_affairs.list", SCHEMAS)
    (tmp_path / "draft.yml").write_text(draft.text, encoding="utf-8")
    report = read_contract(tmp_path / "draft.yml", SCHEMAS)
    assert report.edition.source == "name"
    assert edition_from_text(report.edition, others, where=others) == edition
    assert fnmatch(others, Path(report.server.location).name)


def test_codes_are_guessed_from_values_where_they_are_of_one_list_only(tmp_path: Path) -> None:
    path = tmp_path / "名单_202603.csv"
    rows = [
        f"N{n:04d},{['汉族', '回族', '满族'][n % 3]},{'是否'[n % 2]},{n % 2 + 1},{'甲乙丙'[n % 3]}" for n in range(60)
    ]
    path.write_text("\n".join(["卡号,民,有无,代,类", *rows]) + "\n", encoding="utf-8")
    draft = draft_contract([path], "civil_affairs.list", SCHEMAS)
    assert [column.element for column in draft.columns] == [None, "ethnicity_code", None, None, None]
    guessed = draft.columns[1]
    assert not guessed.sure
    assert "code list `ethnicity`" in guessed.why
    (tmp_path / "draft.yml").write_text(draft.text, encoding="utf-8")
    assert dict(read_contract(tmp_path / "draft.yml", SCHEMAS).columns[1].pairs)["回族"] == "03"


def test_a_sample_without_rows_gives_a_contract_that_asks_for_its_key(tmp_path: Path) -> None:
    path = tmp_path / "名单_202603.csv"
    path.write_text("卡号,姓名\n", encoding="utf-8")
    draft = draft_contract([path], "civil_affairs.list", SCHEMAS)
    (tmp_path / "draft.yml").write_text(draft.text, encoding="utf-8")
    assert read_contract(tmp_path / "draft.yml", SCHEMAS).key == ("ka_hao",)
    assert any("which column is it" in doubt for doubt in draft.doubts)


def test_an_encoding_that_no_contract_reads_is_a_doubt(tmp_path: Path) -> None:
    path = tmp_path / "liste_202603.csv"
    path.write_bytes("name;city\nJos\xe9;M\xfcnchen\nAna;Z\xfcrich\n".encode("latin-1"))
    assert any(
        "no contract reads it" in doubt for doubt in draft_contract([path], "civil_affairs.list", SCHEMAS).doubts
    )


def test_no_personal_value_stands_in_a_draft(draft: Draft) -> None:
    told = draft.text + json.dumps([column.as_dict() for column in draft.columns], ensure_ascii=False)
    for row in _rows():
        number, name, citizen_id, *_ = row.split(",")
        assert citizen_id not in told
        assert name not in told
        assert number not in told


def test_files_of_two_reports_and_unknown_departments_are_refused(sample: Path, tmp_path: Path) -> None:
    other = tmp_path / "别的_202603.csv"
    other.write_text("甲,乙\n" + "1,2\n" * 9, encoding="utf-8")
    with pytest.raises(DeliveryError, match="not of one report"):
        draft_contract([sample, other], "civil_affairs.temporary_aid", SCHEMAS)
    with pytest.raises(ContractError, match="no such department"):
        draft_contract([sample], "nobody.temporary_aid", SCHEMAS)


def _changed(tmp_path: Path, *replacements: tuple[str, str]) -> list[tuple[str, str]]:
    source = Settings.load().schemas / "reports" / "civil_affairs" / "cremation.odcs.yml"
    text = source.read_text(encoding="utf-8")
    for before, after in replacements:
        assert before in text
        text = text.replace(before, after, 1)
    target = tmp_path / "new.yml"
    target.write_text(text, encoding="utf-8")
    changes = compare(read_contract(source, SCHEMAS), read_contract(target, SCHEMAS), SCHEMAS, {})
    return [(change.kind, change.where) for change in changes]


def test_an_unchanged_contract_has_no_differences(tmp_path: Path) -> None:
    assert _changed(tmp_path) == []


def test_a_header_that_is_no_longer_known_breaks_deliveries(tmp_path: Path) -> None:
    assert (BREAKING, "funeral_home_name") in _changed(tmp_path, ("physicalName: 殡仪馆", "physicalName: 火化机构"))


def test_a_header_kept_as_alias_breaks_nothing(tmp_path: Path) -> None:
    kept = (
        "physicalName: 殡仪馆\n        logicalType: string",
        "physicalName: 火化机构\n        logicalType: string\n        customProperties:\n"
        "          - {property: aliases, value: [殡仪馆]}",
    )
    assert BREAKING not in [kind for kind, _ in _changed(tmp_path, kept)]


POLICY = "customProperties:\n  - {property: mode,"


@pytest.mark.parametrize(
    ("before", "after", "kind", "where"),
    [
        ("", "{property: onRepair, value: {leadingZeros: reject}}", BREAKING, "onRepair.leadingZeros"),
        ("", "{property: onRepair, value: {leadingZeros: safe}}", "reloads", "onRepair.leadingZeros"),
        ("", "{property: onDrift, value: {newColumn: quarantine}}", BREAKING, "onDrift.newColumn"),
        ("{property: onDrift, value: {newColumn: refuse}}", "", "reloads", "onDrift.newColumn"),
        ("", '{property: constants, value: {benefit_type_code: "02"}}', "reloads", "constants.benefit_type_code"),
        ('{property: constants, value: {benefit_type_code: "02"}}', "", BREAKING, "constants.benefit_type_code"),
        ("", "{property: controlTotals, value: [{footer: '共(\\d+)人'}]}", "reloads", "controlTotals"),
        ("", "{property: asOf, value: event}", BREAKING, "asOf"),
    ],
)
def test_what_a_contract_does_with_what_is_wrong_is_compared(
    tmp_path: Path, before: str, after: str, kind: str, where: str
) -> None:
    source = Settings.load().schemas / "reports" / "civil_affairs" / "elderly_allowance.odcs.yml"
    whole = "\n".join(
        line
        for line in source.read_text(encoding="utf-8").splitlines()
        if "constants" not in line and "controlT" not in line
    )
    reports = []
    for name, said in (("old", before), ("new", after)):
        more = f"customProperties:\n  - {said}\n  - {{property: mode," if said else POLICY
        (tmp_path / f"{name}.yml").write_text(whole.replace(POLICY, more), encoding="utf-8")
        reports.append(read_contract(tmp_path / f"{name}.yml", SCHEMAS))
    changes = compare(*reports, SCHEMAS, {})
    assert (kind, where) in [(change.kind, change.where) for change in changes]


def test_texts_for_people_are_harmless(tmp_path: Path) -> None:
    assert _changed(tmp_path, ("民政局殡葬管理所", "民政局")) == [("harmless", "owner")]


def test_a_lost_element_names_who_loses_it() -> None:
    old = SCHEMAS.reports["civil_affairs.cremation"]
    column = replace(old.column("death_date"), element=None, name="day")
    new = replace(old, columns=tuple(column if one.name == "death_date" else one for one in old.columns))
    changes = compare(old, new, SCHEMAS, {"stg_civil_affairs__cremation": ("mart of_the_dead",)})
    affected = " ".join(one for change in changes for one in change.affects if change.where == "death_date")
    assert "canonical.resident.death_date" in affected
    assert "mart of_the_dead" in affected


def test_the_commands_write_a_draft_compare_it_and_show_a_file(sample: Path, tmp_path: Path) -> None:
    target = tmp_path / "draft.odcs.yml"
    run = CliRunner()
    arguments = ["contract", "init", str(sample), "--report", "civil_affairs.temporary_aid", "--out", str(target)]
    done = run.invoke(root, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.output)["columns"]) == 9
    again = run.invoke(root, arguments)
    assert again.exit_code == 1
    assert "There is a contract already" in again.output
    same = run.invoke(root, ["contract", "diff", str(target), str(target), "--json"])
    assert (same.exit_code, json.loads(same.output)) == (0, [])
    shown = run.invoke(root, ["read", str(sample), "--csv", str(tmp_path / "out.csv"), "--json"])
    assert shown.exit_code == 0, shown.output
    (table,) = json.loads(shown.stdout)
    assert table["choices"]["encoding"]["value"] == "GB18030"
    assert table["rows"] == 60
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert _rows()[0].split(",")[1] not in shown.output


def test_a_table_written_as_csv_holds_no_formula_and_says_what_it_lacks(tmp_path: Path) -> None:
    path, out = tmp_path / "sample.csv", tmp_path / "out.csv"
    rows = [f"N{n:03d},张三,{n}" for n in range(40)]
    rows[3] = "N003,=cmd|'/C calc'!A1,-12.5"
    rows[5] = "N005,@李四,+1+1"
    rows[9] += ",多"
    path.write_text("\n".join(["编号,姓名,数", *rows]) + "\n", encoding="utf-8")
    before = path.read_bytes()
    run = CliRunner()
    done = run.invoke(root, ["read", str(path), "--csv", str(out)])
    assert "39 rows written" in done.output
    assert "1 held rows are not in it" in done.output
    assert "3 cells that would be formulas" in done.output
    lines = out.read_text(encoding="utf-8-sig").splitlines()
    assert lines[4] == """"N003","'=cmd|'/C calc'!A1","-12.5\""""
    assert lines[6] == """"N005","'@李四","'+1+1\""""
    over = run.invoke(root, ["read", str(path), "--csv", str(path)])
    assert over.exit_code == 1
    assert path.read_bytes() == before
