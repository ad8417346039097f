"""Criteria of survivorship as the registry writes them, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from yibiao.contracts import load_schemas
from yibiao.contracts.generate.canonical import canonical_files
from yibiao.contracts.survivorship import Criterion, applicable, sentence
from yibiao.errors import ContractError

REPORT = "reports/police/people.odcs.yml"
ELEMENTS = "elements/person.yml"
Edit = Callable[[str, str, str], str]


@pytest.fixture
def with_household(schemas_folder: Path) -> Path:
    """Persons with a citizen ID number, who belong to households, of which no report speaks."""
    path = schemas_folder / ELEMENTS
    text = path.read_text(encoding="utf-8")
    one = text[text.index("  - id: person_number") : text.index("  - id: sex_code")]
    for id_, name in (
        ("citizen_id", "身份号码"),
        ("household_code", "户号"),
        ("home_address", "住址"),
        ("address", "户址"),
    ):
        text += one.replace("person_number", id_).replace("编号", name)
    path.write_text(text, encoding="utf-8")
    (schemas_folder / "entities/person.yml").write_text(
        "id: person\nname: 人\nid_column: person_id\nkeys:\n  - [person_number]\n"
        "links:\n  household: [household_code]\n"
        "elements: [person_number, citizen_id, sex_code, birth_date, income_amount, household_code, home_address]\n",
        encoding="utf-8",
    )
    (schemas_folder / "entities/household.yml").write_text(
        "id: household\nname: 户\nid_column: household_id\nkeys:\n  - [household_code]\n"
        "elements: [household_code, address]\n",
        encoding="utf-8",
    )
    return schemas_folder


def _of(folder: Path, element: str, survivorship: str) -> None:
    """Give an element this survivorship."""
    path = folder / ELEMENTS
    text = path.read_text(encoding="utf-8")
    head = f"  - id: {element}\n"
    assert text.count(head) == 1
    path.write_text(text.replace(head, f"{head}    survivorship: {survivorship}\n"), encoding="utf-8")


@pytest.mark.parametrize(
    ("element", "survivorship", "criteria"),
    [
        ("income_amount", "authority", ()),
        ("income_amount", "recency", (Criterion("recency"),)),
        ("income_amount", "[{leading: 30}, agreement]", (Criterion("leading", 30), Criterion("agreement"))),
        ("birth_date", "[citizen_id, agreement]", (Criterion("citizen_id"), Criterion("agreement"))),
        ("sex_code", '[{minimum_age: 18, codes: ["2"]}]', (Criterion("minimum_age", 18, ("2",)),)),
        (
            "sex_code",
            '[agreement, {outgrown: 16, codes: ["1"], born_from: "1980-07-01"}]',
            (Criterion("agreement"), Criterion("outgrown", 16, ("1",), born_from="1980-07-01")),
        ),
        (
            "home_address",
            "[{same_as: household.address}]",
            (Criterion("same_as", entity="household", element="address"),),
        ),
    ],
)
def test_criteria_are_read_in_their_order(
    with_household: Path, element: str, survivorship: str, criteria: tuple[Criterion, ...]
) -> None:
    _of(with_household, element, survivorship)
    schemas = load_schemas(with_household)
    assert schemas.elements[element].survivorship == criteria
    for criterion in criteria:
        assert sentence(criterion, schemas.entities, schemas.elements)


MISTAKES = {
    "criterion that nobody knows": ("income_amount", "newest", "no criterion"),
    "misspelt": ("income_amount", "agrement", "`agreement`?"),
    "number for a word": ("income_amount", "[3]", "no criterion"),
    "empty list": ("income_amount", "[]", "empty"),
    "twice": ("income_amount", "[agreement, agreement]", "named twice"),
    "authority among others": ("income_amount", "[agreement, authority]", "stands alone"),
    "days that are no number": ("income_amount", "[{leading: year}]", "no criterion"),
    "no days": ("income_amount", "[{leading: 0}]", "no criterion"),
    "days that are true": ("income_amount", "[{leading: true}]", "no criterion"),
    "key too much": ("income_amount", "[{leading: 30, days: 3}]", "no criterion"),
    "age without codes": ("sex_code", "[{minimum_age: 18}]", "no criterion"),
    "age of no codes": ("sex_code", "[{minimum_age: 18, codes: []}]", "own list"),
    "age of a code that is not in the list": ("sex_code", '[{minimum_age: 18, codes: ["7"]}]', "own list"),
    "age of an element without codes": ("income_amount", '[{minimum_age: 18, codes: ["1"]}]', "own list"),
    "outgrown by whom": ("sex_code", '[{outgrown: 16, codes: ["1"]}]', "no criterion"),
    "birthday that is no day": (
        "sex_code",
        '[{outgrown: 16, codes: ["1"], born_from: "1980-02-30"}]',
        "no criterion",
    ),
    "outgrown code that is not in the list": (
        "sex_code",
        '[{outgrown: 16, codes: ["7"], born_from: "1980-07-01"}]',
        "own list",
    ),
    "unquoted codes": ("sex_code", "[{minimum_age: 18, codes: [1]}]", "no criterion"),
    "what no number states": ("income_amount", "citizen_id", "does not state"),
    "entity without an element": ("home_address", "[{same_as: household}]", "no criterion"),
    "entity without a link": ("home_address", "[{same_as: dwelling.address}]", "no link"),
    "element that the entity has not": (
        "home_address",
        "[{same_as: household.birth_date}]",
        "no element of `household`",
    ),
    "element of another type": ("birth_date", "[{same_as: household.address}]", "one type"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_with_its_place(with_household: Path, name: str) -> None:
    element, survivorship, words = MISTAKES[name]
    _of(with_household, element, survivorship)
    with pytest.raises(ContractError) as caught:
        load_schemas(with_household)
    assert words in str(caught.value)
    assert caught.value.where.startswith(("schemas/elements/person.yml:", "schemas/entities/"))


def test_what_a_value_is_chosen_by_is_itself_chosen_by_authority(with_household: Path) -> None:
    _of(with_household, "birth_date", "citizen_id")
    load_schemas(with_household)
    _of(with_household, "citizen_id", "agreement")
    with pytest.raises(ContractError, match="has to be chosen by authority"):
        load_schemas(with_household)


def test_a_number_that_the_entity_does_not_have_decides_nothing(schemas_folder: Path) -> None:
    _of(schemas_folder, "birth_date", "citizen_id")
    with pytest.raises(ContractError, match="`person` has none"):
        load_schemas(schemas_folder)


def test_two_entities_do_not_wait_for_each_other(with_household: Path) -> None:
    _of(with_household, "home_address", "[{same_as: household.address}]")
    load_schemas(with_household)
    household = with_household / "entities/household.yml"
    household.write_text(
        household.read_text().replace("elements: [", "links:\n  person: [household_code]\nelements: ["),
        encoding="utf-8",
    )
    _of(with_household, "address", "[{same_as: person.home_address}]")
    with pytest.raises(ContractError, match="depends on them"):
        load_schemas(with_household)


def test_a_household_that_no_report_speaks_of_is_not_looked_at(with_household: Path) -> None:
    _of(with_household, "home_address", "[{same_as: household.address}, agreement]")
    schemas = load_schemas(with_household)
    assert applicable(schemas.elements["home_address"], schemas.told) == (Criterion("agreement"),)
    assert "survivor_household" not in canonical_files(schemas)["models/identity/survivor_person.sql"]


def test_a_column_may_speak_of_one_entity_only(with_household: Path, edit: Edit) -> None:
    edit(REPORT, "value: [person]", "value: [person, household]")
    edit(
        REPORT,
        "派出所\n        logicalType: string",
        "户号\n        logicalType: string\n        customProperties:\n"
        "          - {property: element, value: household_code}\n          - {property: entity, value: household}",
    )
    files = canonical_files(load_schemas(with_household))["macros/generated/entities.sql"]
    assert '"elements": ["household_code"]' in files
    assert '"elements": ["person_number", "sex_code", "birth_date", "income_amount"]' in files


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ("[{property: element, value: sex_code}, {property: entity, value: household}]", "household"),
        ("[{property: element, value: sex_code}, {property: entity, value: persn}]", "`person`?"),
        (
            "[{property: element, value: sex_code}, {property: role, value: head}, {property: entity, value: person}]",
            "not both",
        ),
    ],
)
def test_a_column_speaks_of_an_entity_that_the_rows_speak_of(
    schemas_folder: Path, edit: Edit, properties: str, words: str
) -> None:
    edit(
        REPORT,
        '          - {property: element, value: sex_code}\n          - {property: codes, value: {男: "1", 女: "2"}}\n',
        "",
    )
    path = schemas_folder / REPORT
    text = path.read_text(encoding="utf-8")
    head, tail = text.split("        physicalName: 性别\n        logicalType: string\n        customProperties:\n")
    named = f"        physicalName: 性别\n        logicalType: string\n        customProperties: {properties}\n"
    path.write_text(head + named + tail, encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        load_schemas(schemas_folder)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("mode", "as_of", "checks"),
    [("snapshot", "", True), ("events", "", False), ("snapshot", "event", False), ("events", "check", True)],
)
def test_the_day_of_a_row_is_that_of_a_check_or_of_an_event(
    schemas_folder: Path, edit: Edit, mode: str, as_of: str, checks: bool
) -> None:
    more = f"\n  - {{property: asOf, value: {as_of}}}" if as_of else ""
    edit(REPORT, "{property: mode, value: snapshot}", f"{{property: mode, value: {mode}}}{more}")
    path = schemas_folder / ELEMENTS
    text = path.read_text(encoding="utf-8")
    born = text[text.index("  - id: birth_date") : text.index("  - id: income_amount")]
    path.write_text(text + born.replace("birth_date", "as_of_date").replace("出生日期", "数据日期"), encoding="utf-8")
    assert not load_schemas(schemas_folder).reports["police.people"].checks_rows
    edit(
        REPORT,
        "派出所\n        logicalType: string",
        "更新日期\n        logicalType: date\n        customProperties:\n"
        "          - {property: element, value: as_of_date}\n          - {property: dateFormat, value: '%Y%m%d'}",
    )
    assert load_schemas(schemas_folder).reports["police.people"].checks_rows is checks
