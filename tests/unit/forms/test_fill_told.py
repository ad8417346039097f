"""What a filled cell says of its source: a register, or who accepted a correction and when; and why it is doubtful."""

from __future__ import annotations

import numpy as np
import pytest

from yibiao.contracts import Schemas
from yibiao.forms.fill.areas import Area
from yibiao.forms.fill.pages import Marker, guide_lines
from yibiao.forms.fill.select import AUTOMATIC, CONFIRM, NEW, UNKNOWN, Asked
from yibiao.forms.fill.told import DOUBTS, LONGEST_LISTS, Loads, Places, Rows, Source, Told, registers
from yibiao.forms.fill.values import NONE, NOTHING, REGISTERED, Cell, offered
from yibiao.forms.model import Field, Form
from yibiao.forms.model import Rows as FormRows
from yibiao.forms.template import drop_down

ROLL = Source("网格中心", "人口台账", "2026-03", "2026-03-31")
LIST = Source("残疾人联合会", "残疾人持证", "2026-03", "2026-03-31")
TICKET = -7


def field(header: str, element: str | None = None, *, mode: str = "typed", is_sure: bool = True) -> Field:
    return Field(header, element, None, None, None, None if element else header, mode, (), None, is_sure)


def told_of(records: list[int], *, disputed: int = 0, is_inferred: bool = False, is_sure: bool = True) -> Told:
    """One column of these records; the first load has records up to 100, of which 10 are old."""
    form = Form(
        "health.a", "甲表", "health", "", "", 1, "", "community", FormRows("resident", None, 1, ""), (),
        (field("甲", is_sure=is_sure),),
    )  # fmt: skip
    cell = Cell("resident", "disability_type_code", "", "", is_inferred=is_inferred)
    asked = Asked(form, (cell,), "", "", (10,))
    rows = Rows(b"", np.full(len(records), disputed), [np.array(records, np.int64)])
    loads = Loads([0, 100], [ROLL, LIST], {-TICKET: "公安局 2026-04-09 采纳"}, [registers([LIST])])
    return Told(asked, rows, loads, Places([1], [0], 1, 1 + len(records)))


def said(told: Told) -> list[str]:
    return [text for row, _, text in told.noted() if row > 0]


def test_a_corrected_cell_names_department_day_and_ticket() -> None:
    assert said(told_of([TICKET])) == ["来源：基层更正，公安局 2026-04-09 采纳（更正工单 7）"]
    assert told_of([TICKET]).counts() == {AUTOMATIC: 1, CONFIRM: 0, NEW: 0}


def test_what_follows_from_a_register_names_it_and_its_edition() -> None:
    assert said(told_of([0])) == ["来源：与名册比对得出（残疾人联合会《残疾人持证》2026-03 期，截至 2026-03-31）"]
    assert told_of([0]).counts() == {AUTOMATIC: 1, CONFIRM: 0, NEW: 0}


@pytest.mark.parametrize(
    ("told", "doubt"),
    [
        (told_of([50], disputed=1), DOUBTS[1]),
        (told_of([0], disputed=1), DOUBTS[1]),
        (told_of([5]), DOUBTS[2]),
        (told_of([50], is_inferred=True), DOUBTS[3]),
        (told_of([50], is_inferred=True, is_sure=False), DOUBTS[4]),
        (told_of([0], is_inferred=True, is_sure=False), DOUBTS[4]),
        (told_of([TICKET], is_inferred=True, is_sure=False), DOUBTS[4]),
    ],
)
def test_a_yellow_cell_says_why_whatever_its_source(told: Told, doubt: str) -> None:
    (text,) = said(told)
    assert text.startswith(f"{doubt}来源：")
    assert told.counts() == {AUTOMATIC: 0, CONFIRM: 1, NEW: 0}


def test_every_reason_for_yellow_stands_in_the_legend() -> None:
    marker = Marker("health.a", "", "", "2026-03-x", "2026-03-31")
    told = told_of([UNKNOWN, 50])
    lines = {line[0]: line[1] for line in guide_lines("甲表", told, told.counts(), Area("1", "甲社区"), marker)}
    for doubt in DOUBTS[1:]:
        reason = doubt.removeprefix("请核对：").removesuffix("。")
        assert reason in lines["黄色"].replace("部门之间不一致", "部门数据不一致")
    assert told.counts() == {AUTOMATIC: 1, CONFIRM: 0, NEW: 1}


def test_many_registers_are_cut_before_a_prompt_is_full() -> None:
    many = registers([LIST] * 20)
    assert many.endswith("；等 20 份")
    assert len(many) <= LONGEST_LISTS + len("；等 20 份")
    (text,) = said(Told(*_with(many)))
    assert len(text) <= 250
    assert registers([]) == ""


def _with(listed: str) -> tuple[Asked, Rows, Loads, Places]:
    told = told_of([0], is_inferred=True)
    return told._asked, told._rows, Loads([0], [ROLL], {}, [listed]), told._places


def test_a_drop_down_offers_what_is_filled_in(schemas: Schemas) -> None:
    for element in sorted(REGISTERED):
        asked = field("甲", element, mode="picked")
        choices = drop_down(asked, schemas)
        assert offered(asked, schemas) == ((*choices, NONE) if choices else ())
    assert any(drop_down(field("甲", one, mode="picked"), schemas) for one in REGISTERED)
    sex = field("性别", "sex_code", mode="picked")
    assert offered(sex, schemas) == drop_down(sex, schemas)
    assert NOTHING.table is None
