"""The shipped registry: how much it holds, and that what no report collects changes nothing that is published."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import jsonschema
import openpyxl
import pytest
from click.testing import CliRunner
from open_data_contract_standard.model import OpenDataContractStandard

from yibiao.contracts import Schemas, load_schemas
from yibiao.contracts.kinds import FRESHNESS, Frozen
from yibiao.credit_code import is_credit_code
from yibiao.elements import holdings, search
from yibiao.elements.catalogue import COLUMNS, LINE, catalogue_rows, write_catalogue
from yibiao.elements.dcat import dcat_catalogue, write_dcat
from yibiao.elements.odcs import write_odcs
from yibiao.elements.resources import resources

PROJECT = Path(__file__).resolve().parents[3]
DAY = date(2026, 11, 28)
ENTITIES = {"resident", "household", "dwelling", "organisation", "benefit", "event"}


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return load_schemas(PROJECT / "schemas")


def test_at_least_300_elements_over_the_six_entities(schemas: Schemas) -> None:
    counts = Counter(element.entity for element in schemas.elements.values())

    assert sum(counts.values()) >= 300
    assert set(counts) == ENTITIES | {"common"}
    assert min(counts[name] for name in ENTITIES) >= 30


def test_every_element_says_all_that_a_catalogue_asks(schemas: Schemas) -> None:
    for element in schemas.elements.values():
        assert all((element.definition, element.scope, element.authority, element.aliases, element.sharing)), element.id
        assert element.freshness in FRESHNESS, element.id


def test_registered_and_permanent_population_are_two_elements(schemas: Schemas) -> None:
    one, other = (schemas.elements[f"is_{name}_population_code"] for name in ("registered", "permanent"))

    assert "户籍人口" in one.scope
    assert "常住人口" in other.scope
    assert one.definition != other.definition
    assert not {one.name, *one.aliases} & {other.name, *other.aliases}


def test_a_word_for_two_elements_says_where_it_means_which(schemas: Schemas) -> None:
    owners = [element for element in schemas.elements.values() if "联系电话" in element.aliases]

    assert {element.id for element in owners} == {"mobile_phone", "organisation_phone"}
    assert not set(owners[0].contexts["联系电话"]) & set(owners[1].contexts["联系电话"])


def test_golden_tables_have_the_elements_of_their_entity_and_no_others(schemas: Schemas) -> None:
    """Elements that no report supplies stand in the registry alone, so that they change no model and no release."""
    held = holdings(schemas)
    golden = {name for entity in schemas.entities.values() for name in entity.elements}
    constants = {name for report in schemas.reports.values() for name in report.constants}
    ready = {"identity_document_number", "organisation_code"}  # further keys, for records that know no other

    assert golden - set(held) - constants == ready
    assert len(schemas.elements) - len(golden) > 200


@pytest.mark.parametrize(
    ("code_list", "count", "code", "name"),
    [
        ("country", 249, "156", "中国"),
        ("health_condition", 22, "35", "慢性肾炎"),
        ("personal_status", 13, "80", "退(离)休人员"),
        ("identity_document_type", 8, "06", "港澳居民来往内地通行证"),
        ("occupation", 8, "7", "军队人员"),
        ("degree", 4, "1", "名誉博士"),
        ("religion", 9, "00", "无宗教信仰"),
        ("dwelling_safety", 4, "D", "D级"),
        ("water_source", 6, "2", "经净化过滤的水"),
        ("toilet_type", 5, "5", "简易棚厕"),
    ],
)
def test_lists_of_standards_are_whole(schemas: Schemas, code_list: str, count: int, code: str, name: str) -> None:
    assert len(schemas.codes[code_list].codes) == count
    assert schemas.codes[code_list].by_code[code].name == name


@pytest.mark.parametrize(
    ("words", "element"),
    [
        (["身份证号"], "citizen_id"),
        (["居民身份证号码"], "citizen_id"),
        (["户籍", "地址"], "hukou_address"),
        (["hjdz"], "hukou_address"),
        (["chronic"], "chronic_disease_code"),
        (["birth_date"], "birth_date"),
        (["统一社会信用代码"], "uscc"),
        (["低保证号"], "benefit_number"),
        (["隐患"], "hazard_text"),
    ],
)
def test_an_element_is_found_by_what_people_call_it(schemas: Schemas, words: list[str], element: str) -> None:
    assert element in [one.element.id for one in search(schemas.elements, words)[:3]]


def test_every_word_has_to_fit(schemas: Schemas) -> None:
    assert search(schemas.elements, ["户籍", "zzzz"]) == []
    assert search(schemas.elements, [" "]) == []


def test_the_source_of_an_element_is_the_broadest_report_of_its_first_authority(schemas: Schemas) -> None:
    held = holdings(schemas, {"public_security.resident_register": "2026-03"})

    first = held["birth_date"][0]
    assert (first.report, first.authority, first.edition) == ("public_security.resident_register", 1, "2026-03")
    assert "benefit_type_code" not in held  # a constant: nobody is asked for it


def test_every_element_stands_in_one_resource(schemas: Schemas) -> None:
    listed = [element.id for one in resources(schemas) for element in one.elements]

    assert sorted(listed) == sorted(schemas.elements)


def test_the_catalogue_has_the_columns_of_the_guide(schemas: Schemas, tmp_path: Path) -> None:
    path = tmp_path / "目录.xlsx"
    assert write_catalogue(schemas, path, DAY) == len(schemas.elements)

    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    top = [text for text in rows[0] if text]
    assert top == [title for title, _ in COLUMNS]
    assert {"共享类型", "共享条件", "共享方式", "是否向社会开放", "开放条件", "信息项名称", "数据类型"} <= set(rows[1])
    assert len(rows) == 2 + len(schemas.elements)
    width = sum(len(below) or 1 for _, below in COLUMNS)
    assert {len(row) for row in catalogue_rows(schemas, DAY)} == {width}


def test_the_catalogue_can_be_read_and_printed(schemas: Schemas, tmp_path: Path) -> None:
    """It was 96 pages of strips with every text cut at the cell beside it."""
    write_catalogue(schemas, tmp_path / "c.xlsx", date(2026, 3, 1))
    sheet = openpyxl.load_workbook(tmp_path / "c.xlsx").active
    assert (sheet.page_setup.orientation, sheet.print_title_rows) == ("landscape", "$1:$2")
    assert all(cell.alignment.wrap_text for row in sheet.iter_rows(min_row=3) for cell in row)
    column = next(cell.column_letter for cell in sheet[1] if cell.value == "信息资源摘要")
    longest = max(range(3, sheet.max_row + 1), key=lambda row: len(sheet[f"{column}{row}"].value))
    room = sheet.column_dimensions[column].width * sheet.row_dimensions[longest].height / LINE
    assert room >= 2 * len(sheet[f"{column}{longest}"].value)


def test_the_same_registry_gives_the_same_workbook(schemas: Schemas, tmp_path: Path) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        write_catalogue(schemas, tmp_path / name, DAY)

    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_the_provider_of_a_resource_is_known_by_its_credit_code(schemas: Schemas, tmp_path: Path) -> None:
    heads = [text for title, below in COLUMNS for text in (below or (title,))]
    rows = [dict(zip(heads, row, strict=True)) for row in catalogue_rows(schemas, DAY)]
    codes = {one.name: one.credit_code for one in schemas.departments.values()}
    assert {row["信息资源提供方"]: row["信息资源提供方代码"] for row in rows}.items() <= codes.items()
    assert all(row["信息资源提供方代码"] for row in rows)
    publishers = [dataset["dct:publisher"] for dataset in dcat_catalogue(schemas, DAY)["dcat:dataset"]]
    assert {one["foaf:name"][0]["@value"]: one["dct:identifier"] for one in publishers}.items() <= codes.items()


def test_a_provider_without_a_credit_code_stays_without(schemas: Schemas) -> None:
    departments = Frozen({name: replace(one, credit_code="") for name, one in schemas.departments.items()})
    nameless = replace(schemas, departments=departments)
    assert {row[6] for row in catalogue_rows(nameless, DAY)} == {""}
    publishers = [dataset["dct:publisher"] for dataset in dcat_catalogue(nameless, DAY)["dcat:dataset"]]
    assert not any("dct:identifier" in one for one in publishers)


def test_the_demos_departments_have_codes_of_a_division_that_nobody_has(schemas: Schemas) -> None:
    codes = [one.credit_code for one in schemas.departments.values()]
    assert all(is_credit_code(code) and code[2:8] == "999901" for code in codes)
    assert len(set(codes)) == len(codes)


def test_nothing_personal_is_open_to_the_public(schemas: Schemas) -> None:
    opened = {
        row[14]: row[17]
        for row in catalogue_rows(schemas, DAY)
        if schemas.elements[row[14]].sensitivity in ("personal", "sensitive")
    }
    assert set(opened.values()) <= {"否", "共享平台方式", ""}


def test_the_dcat_catalogue_is_whole(schemas: Schemas, tmp_path: Path) -> None:
    write_dcat(schemas, tmp_path / "c.jsonld", DAY)
    found = json.loads((tmp_path / "c.jsonld").read_bytes())

    assert found == dcat_catalogue(schemas, DAY)
    assert found["@type"] == "dcat:Catalog"
    columns = [
        column
        for dataset in found["dcat:dataset"]
        for column in dataset["dcat:distribution"]["csvw:tableSchema"]["csvw:column"]["@list"]
    ]
    assert {column["csvw:name"] for column in columns} == set(schemas.elements)
    for dataset in found["dcat:dataset"]:
        assert dataset["@type"] == "dcat:Dataset"
        assert {"dct:title", "dct:publisher", "dct:accessRights", "dct:accrualPeriodicity"} <= set(dataset)


def _kind(value: object) -> object:
    """Keys and types of a value; of words that the standard lists, the words."""
    if isinstance(value, dict):
        listed = ("logicalType", "type", "property")
        return {key: one if key in listed else _kind(one) for key, one in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(_kind(one), sort_keys=True) for one in value})
    return type(value).__name__


def test_the_odcs_document_is_valid_by_the_standard(schemas: Schemas, tmp_path: Path) -> None:
    schema = json.loads(OpenDataContractStandard.json_schema())
    write_odcs(schemas, tmp_path / "registry.json")
    found = json.loads((tmp_path / "registry.json").read_bytes())
    # 480 elements take four seconds: one of each kind, as far as the standard tells them apart, is as good.
    kinds: set[str] = set()
    some = {**found, "schema": [{**one, "properties": []} for one in found["schema"]]}
    for entity, kept in zip(found["schema"], some["schema"], strict=True):
        for one in entity["properties"]:
            kind = json.dumps(_kind(one), sort_keys=True)
            if kind not in kinds:
                kept["properties"].append(one)
            kinds.add(kind)
    assert 10 < sum(len(entity["properties"]) for entity in some["schema"]) < 150
    jsonschema.validators.validator_for(schema)(schema).validate(some)
    assert OpenDataContractStandard.model_validate(found).id == "yibiao.registry"
    properties = {one["name"]: one for entity in found["schema"] for one in entity["properties"]}
    assert set(properties) == set(schemas.elements)
    assert {"value": "1", "label": "男性"} in properties["sex_code"]["enum"]
    assert "enum" not in properties["community_code"]  # hundreds of divisions
    contextual = [one for one in properties["mobile_phone"]["synonyms"] if one["synonym"] == "联系电话"]
    assert "居民" in contextual[0]["description"]


def test_every_prefix_that_the_dcat_catalogue_uses_is_declared(schemas: Schemas) -> None:
    found = dcat_catalogue(schemas, DAY)
    used: set[str] = set()

    def walk(node: object) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                if key != "@context":
                    used.update({key.split(":")[0]} if not key.startswith("@") else ())
                    if key == "@type" and isinstance(value, str):
                        used.add(value.split(":")[0])
                    walk(value)
        elif isinstance(node, list):
            for one in node:
                walk(one)

    walk(found)
    assert used <= set(found["@context"])


def test_the_commands_answer_in_words_and_in_json() -> None:
    from yibiao.cli.elements import elements

    runner = CliRunner()
    told = runner.invoke(elements, ["search", "身份证号", "--limit", "1"])
    assert told.exit_code == 0
    assert "citizen_id" in told.output
    assert "数源 source：公安局《人口基本信息》（public_security.resident_register）" in told.output
    nobody = runner.invoke(elements, ["search", "网格员电话", "--limit", "1"]).output
    assert "（“网格员电话”）" in nobody
    assert "没有部门提供" in nobody
    shown = runner.invoke(elements, ["show", "mobile_phone", "--json"])
    described = json.loads(shown.output)
    assert described["held_by"][0]["department"] == "grid_center"
    assert any(alias.startswith("联系电话 [") for alias in described["aliases"])
    assert runner.invoke(elements, ["search", "没有这个东西"]).exit_code == 1
    assert json.loads(runner.invoke(elements, ["lint", "--json", "--date", "2026-11-28"]).output) == []
    assert runner.invoke(elements, ["lint", "--date", "2030-01-01"]).exit_code == 1
    assert runner.invoke(elements, ["export"]).exit_code == 2
