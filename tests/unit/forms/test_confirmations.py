"""What was confirmed on a form holds for the same value, while it is good, until somebody says that it is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import duckdb
import numpy as np

from yibiao.contracts import Schemas
from yibiao.control.database import connect
from yibiao.forms.confirmations import Confirmed, confirmations, record
from yibiao.forms.fill.select import AUTOMATIC, CONFIRM, NEW, UNKNOWN, Asked, status_of
from yibiao.forms.fill.told import DOUBTS, Loads, Places, Rows, Source, Told
from yibiao.forms.fill.values import Cell
from yibiao.forms.model import Field, Form
from yibiao.forms.model import Rows as FormRows
from yibiao.forms.tickets import Found, open_tickets
from yibiao.settings import Settings

AT = datetime(2026, 4, 3, 9, 0, tzinfo=UTC)
PLACE = "999901001001"


def confirm(settings: Settings, *told: tuple[str, str, str], at: datetime = AT) -> None:
    """Keep that values (resident, element, value) were confirmed."""
    with connect(settings) as connection:
        record(connection, [Confirmed("f.x", PLACE, "2026-03-x", "resident", *one, "0" * 64) for one in told], at)


def doubt(settings: Settings, resident: str, element: str, at: datetime) -> None:
    with connect(settings) as connection:
        found = Found("f.y", PLACE, "2026-03-x", "resident", resident, element, "d", "20", "10", element, "1" * 64)
        open_tickets(connection, [found], at)


def shown(settings: Settings, schemas: Schemas, as_of: date, until: str | None = None) -> dict[str, str]:
    """Resident -> what is said of his marital status, 已婚 of all three."""
    found = confirmations(settings, until=until, titles={"f.x": "走访表"})
    with duckdb.connect() as connection:
        connection.execute(
            "create table resident as select * from (values ('a', '20'), ('b', '20'), ('c', '20'))"
            " as t (resident_id, marital_status_code)"
        )
        told = found.put(connection, schemas, as_of)
        if not told.elements:
            return {}
        rows = connection.execute("select resident_id, marital_status_code from confirmed_resident").fetchall()
    return {resident: told.texts[number - 1] for resident, number in rows if number is not None}


def test_a_confirmation_says_when_and_where_and_holds_for_the_same_value(settings: Settings, schemas: Schemas) -> None:
    confirm(settings, ("a", "marital_status_code", "20"), ("b", "marital_status_code", "10"))
    place = schemas.codes[schemas.elements["community_code"].code_list or ""].by_code[PLACE].name
    assert shown(settings, schemas, date(2026, 3, 31)) == {"a": f"2026-04-03 由{place}在《走访表》中核对无误"}


def test_the_last_confirmation_of_a_value_counts(settings: Settings, schemas: Schemas) -> None:
    confirm(settings, ("a", "marital_status_code", "20"))
    confirm(settings, ("a", "marital_status_code", "10"), at=AT + timedelta(days=1))
    assert shown(settings, schemas, date(2026, 3, 31)) == {}
    confirm(settings, ("a", "marital_status_code", "20"), at=AT + timedelta(days=2))
    assert shown(settings, schemas, date(2026, 3, 31))["a"].startswith("2026-04-05 ")


def test_a_confirmation_grows_old_as_the_element_does(settings: Settings, schemas: Schemas) -> None:
    confirm(settings, ("a", "marital_status_code", "20"))
    good = schemas.elements["marital_status_code"].max_age_days
    assert good is not None
    assert "a" in shown(settings, schemas, AT.date() + timedelta(days=good))
    assert shown(settings, schemas, AT.date() + timedelta(days=good + 1)) == {}


def test_whoever_says_later_that_the_value_is_wrong_ends_it(settings: Settings, schemas: Schemas) -> None:
    confirm(settings, ("a", "marital_status_code", "20"), ("b", "marital_status_code", "20"))
    doubt(settings, "a", "marital_status_code", AT + timedelta(days=1))
    doubt(settings, "b", "sex_code", AT + timedelta(days=1))
    assert set(shown(settings, schemas, date(2026, 3, 31))) == {"b"}
    confirm(settings, ("a", "marital_status_code", "20"), at=AT + timedelta(days=2))
    assert set(shown(settings, schemas, date(2026, 3, 31))) == {"a", "b"}


def test_a_workbook_is_held_against_what_was_confirmed_when_it_was_filled(settings: Settings, schemas: Schemas) -> None:
    assert confirmations(settings).until == ""
    confirm(settings, ("a", "marital_status_code", "20"))
    until = confirmations(settings).until
    confirm(settings, ("b", "marital_status_code", "20"))
    doubt(settings, "a", "marital_status_code", AT + timedelta(days=1))
    assert set(shown(settings, schemas, date(2026, 3, 31), until)) == {"a"}
    assert set(shown(settings, schemas, date(2026, 3, 31))) == {"b"}
    for said in ("", "x", "1", "-1/0", "1/x", "99999999999999999999/1"):
        assert set(shown(settings, schemas, date(2026, 3, 31), said)) <= {"a", "b"}
    assert shown(settings, schemas, date(2026, 3, 31), "x") == {}


def test_a_doubtful_cell_that_was_confirmed_is_green_and_says_by_whom() -> None:
    field = Field("婚姻状况", "marital_status_code", None, None, None, None, "picked", (), None)
    form = Form(
        *("health.a", "甲表", "health", "", "", 1, "", "community"),
        FormRows("resident", None, Fraction(1), ""),
        *((), (field,)),
    )
    cell = Cell("resident", "marital_status_code", "", "")
    asked = Asked(form, (cell,), "", "", (10,), frozenset({0}))
    # Old, disputed, neither, old and not confirmed, unknown, and corrected: the limit of what is old is record 10.
    records = np.array([5, 50, 50, 5, UNKNOWN, -3], np.int64)
    disputed, confirmed = np.array([0, 1, 0, 0, 0, 0]), np.array([1, 1, 1, 0, 0, 0], np.int64)
    loads = Loads([0], [Source("民政局", "台账", "2026-03", "2026-03-31")], confirmed=["2026-04-03 由甲社区核对无误"])
    told = Told(asked, Rows(b"", disputed, [records], {0: confirmed}), loads, Places([1], [0], 1, 7))
    assert told.counts() == {AUTOMATIC: 4, CONFIRM: 1, NEW: 1}
    source = "来源：民政局《台账》2026-03 期，截至 2026-03-31"
    said = {row - 1: text for row, _, text in told.noted() if row > 0}
    assert said[0] == said[1] == f"{source}；2026-04-03 由甲社区核对无误"
    assert (said[2], said[3]) == (source, DOUBTS[2] + source)
    assert said[5].startswith("来源：基层更正")
    for row, status in enumerate((AUTOMATIC, AUTOMATIC, AUTOMATIC, CONFIRM)):
        assert status_of(asked, 0, int(records[row]), int(disputed[row]), bool(confirmed[row])) == status
    assert status_of(asked, 0, None, 0, True) == NEW
