"""Every mistake in the schemas is refused with the file and the line where it stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from yibiao.contracts import load_schemas
from yibiao.contracts.lint import lint
from yibiao.errors import ContractError
from yibiao.settings import Settings

REPORT = "reports/police/people.odcs.yml"
ELEMENTS = "elements/person.yml"
Edit = Callable[[str, str, str], str]

# file, text, what stands in its place, words of the message or of what to do
MISTAKES = {
    "unknown key of the contract": (REPORT, "status: active", "statuss: active", "`status`?"),
    "unknown key of a column": (REPORT, "physicalName: 派出所", "physicalname: 派出所", "`physicalName`?"),
    "unknown key of a server": (REPORT, "    encoding: UTF-8", "    encodng: UTF-8", "`encoding`?"),
    "unknown key of the team": (REPORT, "  name: 人口大队", "  nmae: 人口大队", "`name`?"),
    "unknown custom property": (REPORT, "{property: mode, value", "{property: mod, value", "`mode`?"),
    "unknown custom property of a column": (REPORT, "{property: codes,", "{property: code,", "`codes`?"),
    "unknown custom property of a server": (REPORT, "{property: delimiter,", "{property: delimeter,", "`delimiter`?"),
    "unknown mode": (REPORT, "value: snapshot", "value: snapshots", "snapshot, delta, events"),
    "element nobody defined": (REPORT, "element, value: sex_code", "element, value: sex_cod", "`sex_code`?"),
    "entity nobody defined": (REPORT, "value: [person]", "value: [persons]", "`person`?"),
    "no list of entities": (REPORT, "value: [person]", "value: person", "list"),
    "key column missing": (REPORT, "        primaryKey: true\n", "", "primaryKey"),
    "id that does not fit the file": (REPORT, "id: police.people", "id: police.person", "police.people"),
    "another department": (REPORT, "domain: police", "domain: polize", "expected: police"),
    "ODCS of another major version": (REPORT, "apiVersion: v3.1.0", "apiVersion: v2.2.2", "v3.x"),
    "unknown format": (REPORT, "format: csv", "format: cvs", "`csv`?"),
    "unknown encoding": (REPORT, "    encoding: UTF-8", "    encoding: UTF8", "`UTF-8`?"),
    "unknown way of delivery": (REPORT, "type: local", "type: kafka", "local, s3, sftp, api, postgres"),
    "day of the run for a file": (REPORT, "{from: name,", "{from: schedule,", "name, cell, parameter"),
    "extraction with a name": (REPORT, "type: local", "type: api", "parameter, schedule"),
    "pattern without a year": (REPORT, "(?P<year>", "(?P<y>", "named groups"),
    "pattern that is none": (REPORT, "(?P<year>", "(?P<year", "regular expression"),
    "edition from nowhere": (REPORT, "{from: name,", "{from: nam,", "name or cell or parameter"),
    "logical type that does not fit": (REPORT, "        logicalType: date", "        logicalType: string", "date"),
    "logical type that is not understood": (
        REPORT,
        "派出所\n        logicalType: string",
        "派出所\n        logicalType: object",
        "string",
    ),
    "date without a format": (REPORT, '          - {property: dateFormat, value: "%Y%m%d"}\n', "", "dateFormat"),
    "date format that is none": (REPORT, 'dateFormat, value: "%Y%m%d"', "dateFormat, value: YYYYMMDD", "excel_serial"),
    "printed total without its pattern": (
        REPORT,
        "{property: mode,",
        "{property: controlTotals, value: [{column: sex_code}]}\n  - {property: mode,",
        "pattern with one group",
    ),
    "printed total whose pattern takes no number": (
        REPORT,
        "{property: mode,",
        "{property: controlTotals, value: [{footer: 合计}]}\n  - {property: mode,",
        "pattern with one group",
    ),
    "printed total of a column nobody has": (
        REPORT,
        "{property: mode,",
        "{property: controlTotals, value: [{footer: '合计(.+)', column: sex_cod}]}\n  - {property: mode,",
        "`sex_code`?",
    ),
    "drift that nobody knows": (
        REPORT,
        "{property: mode,",
        "{property: onDrift, value: {column: refuse}}\n  - {property: mode,",
        "renamedColumn",
    ),
    "answer to drift that nobody knows": (
        REPORT,
        "{property: mode,",
        "{property: onDrift, value: {newColumn: warn}}\n  - {property: mode,",
        "evolve or quarantine or refuse",
    ),
    "repair that nobody knows": (
        REPORT,
        "{property: mode,",
        "{property: onRepair, value: {lostDigit: ask}}\n  - {property: mode,",
        "lostDigits",
    ),
    "answer to a repair that nobody knows": (
        REPORT,
        "{property: mode,",
        "{property: onRepair, value: {lostDigits: keep}}\n  - {property: mode,",
        "safe or ask or reject",
    ),
    "unquoted code": (REPORT, '男: "1"', "男: 1", "quotes"),
    "code that is not in the list": (REPORT, '女: "2"', '女: "3"', "not in the list"),
    "unit of another kind": (REPORT, "value: 万元", "value: 亩", "元"),
    "unit nobody knows": (REPORT, "value: 万元", "value: 千元", "`元`?"),
    "own field named as an element": (REPORT, "name: station", "name: birth_date", "birth_date"),
    "schedule that is no cron line": (REPORT, '"0 3 5 * *"', '"0 3 * *"', "five fields"),
    "no schedule": (REPORT, ', schedule: "0 3 5 * *"', "", "slaProperties"),
    "no owner": (REPORT, "team:\n  name: 人口大队", "team:\n  description: 人口大队", "who mends"),
    "role that is no text": (
        REPORT,
        "{property: element, value: birth_date}",
        "{property: element, value: birth_date}\n          - {property: role, value: 1}",
        "expected: str",
    ),
    "role without an element": (
        REPORT,
        "{property: element, value: sex_code}",
        "{property: role, value: head}",
        "role",
    ),
    "two columns of one element": (
        REPORT,
        "派出所\n        logicalType: string",
        "派出所\n        logicalType: string\n        customProperties: [{property: element, value: person_number}]",
        "already taken",
    ),
    "header twice": (REPORT, "physicalName: 派出所", "physicalName: 性别", "already taken"),
    "name of a staging column": (REPORT, "name: station", "name: as_of", "already taken"),
    "word of SQL": (REPORT, "name: station", "name: order", "SQL"),
    "name that is not snake_case": (REPORT, "name: station", "name: Station", "snake_case"),
    "key written twice": (REPORT, "status: active", "status: active\nstatus: draft", "twice"),
    "no YAML": (REPORT, "status: active", "status: [active", "YAML"),
    "wrong type in ODCS": (REPORT, "primaryKey: true", "primaryKey: [1]", "ODCS"),
    "code list that does not exist": (ELEMENTS, "code_list: sex", "code_list: sexes", "`sex`?"),
    "code without a list": (ELEMENTS, "    code_list: sex\n", "", "code list"),
    "unknown type of element": (ELEMENTS, "type: decimal", "type: decimals", "`decimal`?"),
    "unknown key of an element": (ELEMENTS, "    unit: 元", "    units: 元", "`unit`?"),
    "duplicated element": (ELEMENTS, "id: income_amount", "id: birth_date", "defined twice"),
    "element id that is not snake_case": (ELEMENTS, "id: income_amount", "id: incomeAmount", "snake_case"),
    "number for a text": (ELEMENTS, "    name: 收入", "    name: 12", "quotes"),
    "element of an entity nobody defined": ("entities/person.yml", ", birth_date,", ", birthdate,", "`birth_date`?"),
    "key that is no element of the entity": ("entities/person.yml", "[person_number]\n", "[persn]\n", "list it"),
    "unknown key of an entity": ("entities/person.yml", "id_column: person_id", "idcolumn: person_id", "`id_column`?"),
    "person of an entity without a number": (
        "entities/person.yml",
        "id_column: person_id",
        "id_column: person_id\npersons: {owner: {resident_name: birth_date}}",
        "name and number",
    ),
    "person of an entity that leads nowhere": (
        "entities/person.yml",
        "id_column: person_id",
        "id_column: person_id\npersons: {owner: {resident_name: birth_date, citizen_id: person_number}}",
        "element of a resident",
    ),
    "person of an entity in no role": (
        "entities/person.yml",
        "id_column: person_id",
        "id_column: person_id\npersons: {owner: birth_date}",
        "elements of a resident",
    ),
    "department twice": (
        "departments.yml",
        "departments:\n",
        "departments:\n  - {id: police, name: 警察, short: 警}\n",
        "defined twice",
    ),
    "credit code with another check character": ("departments.yml", "19N", "19P", "(GB 32100-2015)"),
    "credit code in small letters": ("departments.yml", "19N", "19n", "(GB 32100-2015)"),
    "credit code cut short": ("departments.yml", "19N", "19", "got: 17 characters"),
    "credit code without quotes": ("departments.yml", '"11999901000000019N"', "119999010000000437", "credit_code"),
    "credit code of two departments": (
        "departments.yml",
        "departments:\n",
        'departments:\n  - {id: fire, name: 消防大队, short: 消防, credit_code: "11999901000000019N"}\n',
        "Department `fire` has the same",
    ),
    "unknown key of a department": ("departments.yml", "short:", "shrt:", "`short`?"),
    "code twice": ("codes/sex.csv", "2,女性", "1,女性", "twice"),
    "date of a code": ("codes/sex.csv", "男|M,2004-04-01", "男|M,2004", "YYYY-MM-DD"),
    "header of a code list": ("codes/sex.csv", "code,name", "code,nam", "code,name,aliases"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_with_file_line_and_advice(name: str, edit: Edit, schemas_folder: Path) -> None:
    file, old, new, words = MISTAKES[name]
    place = edit(file, old, new)

    with pytest.raises(ContractError) as caught:
        load_schemas(schemas_folder)

    found_file, _, line = caught.value.where.rpartition(":")
    assert found_file == place.rpartition(":")[0]
    assert line.isdigit()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (REPORT, "status: active", "statuss: active"),
        (REPORT, "{property: codes,", "{property: code,"),
        (ELEMENTS, "code_list: sex", "code_list: sexes"),
        (ELEMENTS, "    unit: 元", "    units: 元"),
        ("codes/sex.csv", "2,女性", "1,女性"),
        ("entities/person.yml", ", birth_date,", ", birthdate,"),
    ],
)
def test_the_line_is_that_of_the_mistake(file: str, old: str, new: str, edit: Edit, schemas_folder: Path) -> None:
    place = edit(file, old, new)

    with pytest.raises(ContractError) as caught:
        load_schemas(schemas_folder)

    assert caught.value.where == place


def test_the_unbroken_folder_loads(schemas_folder: Path) -> None:
    assert list(load_schemas(schemas_folder).reports) == ["police.people"]


def test_an_authority_nobody_knows_is_refused(edit: Edit, schemas_folder: Path) -> None:
    elements = schemas_folder / ELEMENTS
    elements.write_text(elements.read_text().replace("authority: [police]", "authority: [polic]", 1))

    with pytest.raises(ContractError, match="There is no department `polic`"):
        load_schemas(schemas_folder)


def test_a_folder_that_holds_no_schemas_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="not a schemas folder"):
        load_schemas(tmp_path)


def test_a_file_beside_the_contracts_is_refused(schemas_folder: Path) -> None:
    (schemas_folder / "reports/police/notes.yml").write_text("a: 1\n")

    with pytest.raises(ContractError, match="Not a contract"):
        load_schemas(schemas_folder)


@pytest.mark.parametrize("text", ["", "- a\n", "1: 2\n", "text\n", "id: [\n", "schema: {}\nservers: 3\n"])
def test_a_file_of_another_shape_is_refused(text: str, schemas_folder: Path) -> None:
    (schemas_folder / REPORT).write_text(text)

    with pytest.raises(ContractError) as caught:
        load_schemas(schemas_folder)

    assert caught.value.where.startswith(f"schemas/{REPORT}:")


def test_lint_lists_every_mistake_at_once(edit: Edit, settings: Settings) -> None:
    places = {
        edit(REPORT, "status: active", "statuss: active"),
        edit(REPORT, "{property: codes,", "{property: code,"),
        edit(ELEMENTS, "    unit: 元", "    units: 元"),
    }

    assert places <= {finding.where for finding in lint(settings) if finding.severity == "error"}


def test_loading_tells_how_many_more_mistakes_there_are(edit: Edit, schemas_folder: Path) -> None:
    edit(REPORT, "status: active", "statuss: active")
    edit(REPORT, "{property: codes,", "{property: code,")

    with pytest.raises(ContractError, match="more: run `yibiao contract lint`"):
        load_schemas(schemas_folder)


def test_lint_refuses_what_breaks_the_schema_of_the_standard(edit: Edit, settings: Settings) -> None:
    place = edit(REPORT, "kind: DataContract", "kind: Contract")

    findings = [finding for finding in lint(settings) if finding.rule == "odcs-schema"]

    assert [finding.where for finding in findings] == [place]


def test_lint_refuses_two_reports_with_the_same_headers(schemas_folder: Path, settings: Settings) -> None:
    text = (schemas_folder / REPORT).read_text()
    (schemas_folder / "reports/police/persons.odcs.yml").write_text(
        text.replace("id: police.people", "id: police.persons")
    )

    assert "duplicate-headers" in {finding.rule for finding in lint(settings) if finding.severity == "error"}


def test_lint_only_warns_of_a_form_that_two_departments_share(
    schemas_folder: Path, edit: Edit, settings: Settings
) -> None:
    edit("departments.yml", "departments:\n", "departments:\n  - {id: health, name: 卫健委, short: 卫健}\n")
    text = (schemas_folder / REPORT).read_text()
    (schemas_folder / "reports/health").mkdir()
    (schemas_folder / "reports/health/people.odcs.yml").write_text(
        text.replace("id: police.people", "id: health.people").replace("domain: police", "domain: health")
    )

    found = [finding.severity for finding in lint(settings) if finding.rule == "duplicate-headers"]

    assert found == ["warning"]


def test_lint_warns_of_an_authority_that_delivers_nothing(edit: Edit, settings: Settings) -> None:
    edit("departments.yml", "departments:\n", "departments:\n  - {id: health, name: 卫健委, short: 卫健}\n")
    elements = settings.schemas / ELEMENTS
    elements.write_text(elements.read_text().replace("authority: [police]", "authority: [police, health]", 1))

    findings = [finding for finding in lint(settings) if finding.rule == "idle-authority"]

    assert [(finding.severity, "person_number" in finding.what) for finding in findings] == [("warning", True)]
    assert findings[0].where == f"schemas/{ELEMENTS}:8"


def test_lint_warns_of_a_value_that_means_two_codes(edit: Edit, settings: Settings) -> None:
    edit("codes/sex.csv", "女|F", "女|男")

    assert [finding.rule for finding in lint(settings) if finding.severity == "warning"] == ["ambiguous-code"]


def test_lint_warns_of_rows_that_cannot_say_whom_they_speak_of(edit: Edit, settings: Settings) -> None:
    edit("entities/person.yml", "  - [person_number]\n", "  - [person_number, name_text]\n")
    edit("entities/person.yml", "elements: [", "elements: [name_text, ")
    path = settings.schemas / ELEMENTS
    text = path.read_text()
    path.write_text(
        text
        + text[text.index("  - id: birth_date") : text.index("  - id: income_amount")]
        .replace("birth_date", "name_text")
        .replace("出生日期", "名")
        .replace("type: date", "type: text")
    )

    assert {"no-certain-key", "never-delivered"} <= {finding.rule for finding in lint(settings)}


def test_lint_refuses_a_broken_expectation(settings: Settings) -> None:
    path = settings.expectations / "marts" / "thing.yml"
    path.parent.mkdir(parents=True)
    path.write_text("table: marts.thing\nexpectations:\n  - {id: a, typ: b}\n")

    assert "expectation" in {finding.rule for finding in lint(settings) if finding.severity == "error"}


def test_a_contract_sets_which_class_of_repair_applies(edit: Edit, schemas_folder: Path) -> None:
    given = "{property: onRepair, value: {lostDigits: reject, spaces: ask}}\n  - {property: mode,"
    edit(REPORT, "{property: mode,", given)
    report = load_schemas(schemas_folder).reports["police.people"]
    assert dict(report.on_repair) == {"lost_digits": "reject", "spaces": "ask"}


def test_lint_tells_that_classes_of_repair_mean_nothing_for_a_text_file(edit: Edit, settings: Settings) -> None:
    def told() -> set[str]:
        return {finding.rule for finding in lint(settings) if finding.severity == "warning"}

    assert "no-effect" not in told()
    edit(REPORT, "{property: mode,", "{property: onRepair, value: {lostDigits: reject}}\n  - {property: mode,")
    assert "no-effect" in told()
    edit(REPORT, "format: csv\n    encoding: UTF-8\n", "format: xlsx\n")
    edit(REPORT, "人口_*.csv", "人口_*.xlsx")
    edit(REPORT, '    customProperties:\n      - {property: delimiter, value: ";"}\n', "")
    assert "no-effect" not in told()


def test_lint_tells_that_a_header_states_another_unit(edit: Edit, settings: Settings) -> None:
    def told() -> list[str]:
        return [finding.rule for finding in lint(settings) if finding.severity == "warning"]

    assert "unit-of-header" not in told()
    edit(REPORT, "          - {property: unit, value: 万元}\n", "")
    assert told().count("unit-of-header") == 1
