"""Damage is what it says, and can be told from the text alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yibiao.contracts import Schemas
from yibiao.demo import harm, verdicts
from yibiao.demo.chance import draw
from yibiao.demo.damage import RATES, SHEET_RATES, blank_rate, contradiction_rate, is_person_report, make_plan
from yibiao.demo.names import SURNAME_LIST
from yibiao.demo.numbers import calendar, citizen_valid, matrix, strings
from yibiao.demo.world import World


def chance_of(rows: int):
    return lambda salt: draw(7, salt, np.arange(rows))


@pytest.mark.parametrize("sheet", [True, False])
def test_the_audit_reads_back_each_damage_of_a_number(world: World, sheet: bool) -> None:
    rows = 40_000
    people = np.arange(rows) % world.families.persons
    true = world.residents.numbers[people]
    born, _, _ = calendar(world.residents.birth[people])
    marks = harm.Marks(rows)
    text, as_number = harm.citizen_numbers(true.copy(), born, chance_of(rows), 0.1, 0.03, sheet, marks)
    found = verdicts.citizen_numbers(text, strings(true))
    for place, name in enumerate(harm.BITS[:9]):
        marked = (marks.bits >> np.uint64(place) & np.uint64(1)).astype(bool)
        assert np.array_equal(marked, found[name.split(".")[1]]), name
    assert found["missing"].mean() == pytest.approx(0.1, rel=0.05)
    assert (found["mistyped"] | found["mistyped_valid"]).mean() == pytest.approx(0.03, rel=0.1)
    assert as_number.any() == sheet
    assert (as_number <= found["as_number"]).all()


def test_a_mistyped_number_is_never_valid_unless_meant_to_be(world: World) -> None:
    numbers = world.residents.numbers
    marks = harm.Marks(len(numbers))
    born, _, _ = calendar(world.residents.birth)
    text, _ = harm.citizen_numbers(numbers.copy(), born, chance_of(len(numbers)), 0.0, 1.0, False, marks)
    kept = np.flatnonzero(marks.bits == 1 << harm.BITS.index("citizen_id.mistyped_valid"))
    whole = np.array([len(one) == 18 for one in text.to_pylist()])
    valid = np.zeros(len(numbers), dtype=bool)
    valid[whole] = citizen_valid(matrix(text.filter(pa.array(whole)), 18))
    assert np.array_equal(np.flatnonzero(valid), kept)
    assert len(kept) < 0.005 * len(numbers)


@given(
    st.one_of(
        st.tuples(st.sampled_from(SURNAME_LIST), st.text("伟丽军静浩涵𬎆㛃", min_size=1, max_size=2)).map("".join),
        st.sampled_from(["买买提·吐尔逊", "阿依古丽·热合曼", "吉克·木呷"]),
    ),
    st.floats(0, 1, exclude_max=True),
)
def test_a_misspelt_name_is_another_text(name: str, luck: float) -> None:
    wrong = harm.misspell(name, luck)
    assert wrong
    assert wrong != name


def test_a_wrong_phone_is_another_number() -> None:
    tails = np.arange(10_000) * 9973 % 10**8
    former = np.where(np.arange(10_000) % 3 == 0, tails + 1, -1)
    marks = harm.Marks(10_000)
    found, short = harm.phones(tails, former, chance_of(10_000), 1.0, marks, "mobile_phone.wrong")
    assert (found != tails).all()
    assert (marks.bits > 0).all()
    assert 0 < len(short) < 2000


def test_a_contradicting_code_is_another_code_of_the_list() -> None:
    values = pa.array(["1", "2", None, "1"] * 2000).dictionary_encode()
    marks = harm.Marks(8000)
    wrong = harm.codes(values, "sex_code", chance_of(8000), 0.2, marks, {"1", "2"}).cast(pa.string()).to_pylist()
    changed = np.array([one != two for one, two in zip(wrong, values.to_pylist(), strict=True)])
    assert np.array_equal(changed, marks.bits > 0)
    assert changed.mean() == pytest.approx(0.15, abs=0.02)
    assert set(wrong) == {"1", "2", None}


def test_a_wrong_birth_day_is_another_day_and_not_in_the_future() -> None:
    birth = np.arange(-20_000, 20_400, 40)
    marks = harm.Marks(len(birth))
    wrong = harm.birth_days(birth, chance_of(len(birth)), 1.0, 20_400, marks)
    assert (wrong != birth).all()
    assert wrong.max() <= 20_400


def test_marks_name_what_was_done_to_each_row() -> None:
    marks = harm.Marks(3)
    marks.add("resident_name.typo", np.array([0, 2]))
    marks.add("sex_code.contradiction", np.array([False, False, True]))
    assert marks.texts().to_pylist() == ["resident_name.typo", "", "resident_name.typo|sex_code.contradiction"]


def test_the_plan_meets_the_rates_over_all_person_reports(schemas: Schemas) -> None:
    reports = list(schemas.reports.values())
    rows = {report.id: 1000 * (place + 1) for place, report in enumerate(reports)}
    plan = make_plan(reports, rows)
    for damage, wanted in RATES.items():
        element = damage.split(".")[0]
        base = [
            report
            for report in reports
            if is_person_report(report) and element in {column.element for column in report.columns if not column.role}
        ]
        whole = sum(rows[report.id] for report in base)
        assert sum(plan.rate(damage, report) * rows[report.id] for report in base) / whole == pytest.approx(wanted)
    register = schemas.reports["public_security.resident_register"]
    assert plan.rate("citizen_id.missing", register) == 0


def test_an_authority_errs_less_than_the_others(schemas: Schemas) -> None:
    own = contradiction_rate(schemas, "marital_status_code", "civil_affairs")
    second = contradiction_rate(schemas, "marital_status_code", "public_security")
    other = contradiction_rate(schemas, "marital_status_code", "health")
    assert own < second < other
    assert blank_rate(schemas, "sex_code", "public_security") < blank_rate(schemas, "sex_code", "health")
    assert contradiction_rate(schemas, "school_name", "health") == 0


def test_spreadsheet_damage_covers_what_the_standards_page_lists() -> None:
    assert {name.split(".")[1] for name in SHEET_RATES} == {
        "as_number",
        "apostrophe",
        "full_width",
        "spaced",
        "fifteen",
    }
