"""An accepted correction outranks what sources state, says so, and goes away again when it is taken back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from installations import Installation, publish
from yibiao.contracts import load_schemas
from yibiao.control.database import connect
from yibiao.forms.count import last_day
from yibiao.forms.fill.corrected import days_of_acceptance
from yibiao.forms.fill.select import AUTOMATIC
from yibiao.forms.tickets import ACCEPT, WITHDRAW, Found, decide, open_tickets, tickets
from yibiao.identity.decisions import Verdict, decide_links
from yibiao.warehouse.inputs import collect
from yibiao.warehouse.releases import need_current
from yibiao.warehouse.states import state_as_of

AT, ACCEPTED_AT = datetime(2026, 4, 3, 9, 0, tzinfo=UTC), datetime(2026, 4, 9, 9, 0, tzinfo=UTC)
SAID_ON = date(2026, 3, 31)
"""Last day of the release that the form was filled from."""


@pytest.fixture(scope="module")
def corrected(few_published: Installation, tmp_path_factory: pytest.TempPathFactory) -> tuple[Installation, dict]:
    """The small project published once more after two values of one resident were corrected, one of them disputed."""
    at = few_published.copy(tmp_path_factory.mktemp("corrected"), data=few_published.data)
    settings = at.settings
    schemas = load_schemas(settings.schemas)
    (person,) = at.query(
        "select resident_id, political_status_code, hukou_type_code, marital_status_code from resident"
        " where hukou_type_code is not null and resident_id in (select resident_id from resident_conflict"
        " where element = 'marital_status_code') order by resident_id limit 1"
    )
    values = {
        "marital_status_code": next(code for code in ("20", "10") if code != person["marital_status_code"]),
        "hukou_type_code": next(code for code in ("1", "2") if code != person["hukou_type_code"]),
    }
    before = collect(settings, schemas).fingerprint
    with connect(settings) as connection:
        found = [
            Found(
                "f.x",
                "999901001001",
                at.manifest["version"],
                "resident",
                person["resident_id"],
                name,
                "public_security",
                str(person[name]),
                value,
                name,
                "0" * 64,
            )
            for name, value in values.items()
        ]
        assert open_tickets(connection, found, AT) == 2
        assert open_tickets(connection, found, AT) == 0
    assert collect(settings, schemas).fingerprint == before
    for one in tickets(settings):
        decide(settings, one.ticket_no, ACCEPT, "核对证件", schemas, by="王科长", at=ACCEPTED_AT)
    made = publish(at)
    assert made["state"] == "published"
    return at, {"id": person["resident_id"], "values": values, "was": person, "fingerprint": before, "made": made}


def test_the_next_release_has_the_corrected_values_and_nothing_else_is_another(
    corrected: tuple[Installation, dict], few_published: Installation
) -> None:
    at, told = corrected
    columns = "* exclude (disputed_count)"
    now = {row["resident_id"]: row for row in at.query(f"select {columns} from resident")}
    before = {row["resident_id"]: row for row in few_published.query(f"select {columns} from resident")}
    assert now.pop(told["id"]) == {**before.pop(told["id"]), **told["values"]}
    assert now == before
    assert at.manifest["tables"]["correction"]["rows"] == 2
    assert "correction" not in few_published.manifest["tables"]
    # A ticket is no source record: its number stands below zero.
    (source,) = at.query(f"select * from resident_provenance where resident_id = '{told['id']}'")
    assert {source[name] for name in told["values"]} == {-1, -2}


def test_only_what_was_corrected_is_built_and_it_is_what_a_whole_build_gives(
    corrected: tuple[Installation, dict], tmp_path: Path
) -> None:
    shared, told = corrected
    made = told["made"]
    assert (made["whole"], made["changed"], made["corrected"]) == ("", 0, 2)
    at = shared.copy(tmp_path, data=shared.data)
    forced = publish(at, force=True)
    assert (forced["state"], forced["whole"], forced["corrected"]) == ("verified", "--force", None)
    assert forced["content_hash"] == made["content_hash"]


def test_why_names_the_ticket_and_what_lost_to_it(corrected: tuple[Installation, dict]) -> None:
    at, told = corrected
    found = json.loads(at.run("why", told["id"], "--json").stdout)
    by_element = {one["element"]: one for one in found["elements"]}
    for name, value in told["values"].items():
        one = by_element[name]
        assert (one["value"], one["rule"], one["source"]["report"]) == (value, "correction", "更正工单")
    disputed = by_element["marital_status_code"]
    assert disputed["rivals"]
    assert {rival["lost_by"] for rival in disputed["rivals"]} == {"correction"}
    others = [one["rule"] for name, one in by_element.items() if name not in told["values"]]
    assert "correction" not in others
    ticket = by_element["hukou_type_code"]["source"]["ticket"]
    assert (ticket["decided_by"], ticket["decided_at"][:10], ticket["form"]) == ("王科长", "2026-04-09", "f.x")
    assert not {"reason", "value", "value_before"} & ticket.keys()
    shown = at.call("why", told["id"]).stdout
    assert "数源部门采纳的更正优先" in shown
    assert "（王科长 2026-04-09 采纳）" in shown
    assert "None" not in shown


def test_a_correction_stands_in_the_history_from_the_day_on_of_which_its_form_speaks(
    corrected: tuple[Installation, dict], few_published: Installation
) -> None:
    at, told = corrected

    def in_time(asked: Installation, element: str) -> list[dict]:
        (found,) = json.loads(asked.call("history", told["id"], element, "--json").stdout)["elements"]
        return found["intervals"]

    for element, value in told["values"].items():
        before, now = in_time(few_published, element), in_time(at, element)
        last = now[-1]
        assert (last["value"], last["valid_from"], last["valid_to"]) == (value, SAID_ON.isoformat(), None)
        # Valid since the form's day, known since the authority agreed: two different days.
        assert (last["known_since"], last["known_earlier"]) == ("2026-04-09", False)
        source = last["source"]
        assert (source["report"], source["department"], source["file"]) == ("更正工单", "public_security", None)
        assert source["ticket"]["decided_by"] == "王科长"
        # What was valid before is as it was, and ends where the correction begins.
        assert [one["value"] for one in now[:-1]] == [
            one["value"] for one in before if one["valid_from"] < SAID_ON.isoformat()
        ]
        assert now[-2]["valid_to"] == (SAID_ON - timedelta(days=1)).isoformat()
    assert "（王科长 2026-04-09 采纳）" in at.call("history", told["id"], "hukou_type_code").stdout


def test_the_state_of_a_past_day_has_the_corrections_that_speak_of_it(corrected: tuple[Installation, dict]) -> None:
    at, _ = corrected
    schemas = load_schemas(at.settings.schemas)
    assert collect(at.settings, schemas, until=SAID_ON - timedelta(days=1)).corrections == ()
    assert [one.ticket_no for one in collect(at.settings, schemas, until=SAID_ON).corrections] == [2, 1]
    assert state_as_of(at.settings, SAID_ON) == need_current(at.settings).database


def test_a_later_form_shows_a_corrected_value_as_settled(corrected: tuple[Installation, dict]) -> None:
    from yibiao.forms import load_forms
    from yibiao.forms.collect.sent import asking, sent
    from yibiao.settings import Settings

    at, told = corrected
    schemas = load_schemas(at.settings.schemas)
    form = load_forms(Settings.load().schemas, schemas)["public_security.resident_collection"]
    release = need_current(at.settings)
    codes = [row["community_code"] for row in at.query(f"from resident where resident_id = '{told['id']}'")]
    with asking(release.database, schemas) as connection:
        rows = sent(connection, form, schemas, last_day(release.database), codes).rows[codes[0]]
    row = rows[told["id"]]
    place = [one.element for one in form.fields].index("marital_status_code")
    assert (row.values[place], row.statuses[place]) == (told["values"]["marital_status_code"], AUTOMATIC)


def test_filled_forms_know_on_which_day_a_correction_was_accepted(corrected: tuple[Installation, dict]) -> None:
    at, _ = corrected
    numbers = [one.ticket_no for one in tickets(at.settings)]
    assert days_of_acceptance(at.settings) == dict.fromkeys(numbers, "2026-04-09")


def test_taken_back_it_leaves_no_trace_in_the_next_release(
    corrected: tuple[Installation, dict], few_published: Installation, tmp_path: Path
) -> None:
    shared, told = corrected
    at = shared.copy(tmp_path, data=shared.data)
    schemas = load_schemas(at.settings.schemas)
    assert collect(at.settings, schemas).fingerprint != told["fingerprint"]
    for one in tickets(at.settings):
        decide(at.settings, one.ticket_no, WITHDRAW, "部门已改", schemas)
    assert collect(at.settings, schemas).fingerprint == told["fingerprint"]
    made = publish(at)
    assert (made["version"], made["whole"], made["corrected"]) == (few_published.manifest["version"], "", 2)
    assert made["content_hash"] == few_published.manifest["content_hash"]


def an_accepted(at: Installation, entity_id: str, value: str, element: str = "hukou_type_code") -> int:
    """A ticket about a resident, accepted."""
    schemas = load_schemas(at.settings.schemas)
    version = at.manifest["version"]
    found = Found(
        "f.x", "999901001001", version, "resident", entity_id, element, "public_security", "", value, "户口", "0" * 64
    )
    with connect(at.settings) as connection:
        assert open_tickets(connection, [found], AT) == 1
    number = tickets(at.settings)[-1].ticket_no
    decide(at.settings, number, ACCEPT, "核对证件", schemas)
    return number


def value_of(at: Installation, entity_id: str) -> tuple[str, int]:
    (row,) = at.query(
        "select golden.hukou_type_code, source.hukou_type_code as record from resident as golden"
        f" join resident_provenance as source using (resident_id) where resident_id = '{entity_id}'"
    )
    return row["hukou_type_code"], row["record"]


def test_another_ticket_with_the_same_value_is_another_source(few_published: Installation, tmp_path: Path) -> None:
    """Else two releases with one fingerprint would differ."""
    at = few_published.copy(tmp_path, data=few_published.data)
    schemas = load_schemas(at.settings.schemas)
    (person,) = at.query("select resident_id from resident where hukou_type_code = '2' order by 1 limit 1")
    first = an_accepted(at, person["resident_id"], "5")
    before = collect(at.settings, schemas).fingerprint
    decide(at.settings, first, WITHDRAW, "重复", schemas)
    an_accepted(at, person["resident_id"], "5")
    assert collect(at.settings, schemas).fingerprint != before


def test_a_correction_goes_with_its_entity_into_another_and_comes_back(
    few_published: Installation, tmp_path: Path
) -> None:
    at = few_published.copy(tmp_path, data=few_published.data)
    one, other = (
        row["resident_id"]
        for row in at.query(
            "select resident_id from resident where hukou_type_code = '2' and citizen_id is not null order by 1 limit 2"
        )
    )
    gone, stays = an_accepted(at, other, "5"), an_accepted(at, one, "9")
    nobody = an_accepted(at, "0" * 24, "5")
    decide_links(at.settings, "resident", [Verdict(one, other, "same", "换过号码")])
    made = publish(at)
    assert (made["whole"], made["corrected"]) == ("", 3)
    (left,) = at.query(f"select resident_id from resident where resident_id in ('{one}', '{other}')")
    # Two tickets about one value meet: the last one counts, as of one id.
    assert value_of(at, left["resident_id"]) == ("9", -stays)
    assert made["counts"]["corrections"] == {"accepted": 3, "applied": 1, "passed_over": sorted([gone, nobody])}
    (row,) = at.query("from correction")
    assert (row["entity_id"], row["ticket_no"]) == (left["resident_id"], stays)
    schemas = load_schemas(at.settings.schemas)
    decide(at.settings, stays, WITHDRAW, "部门已改", schemas)
    made = publish(at)
    assert (made["whole"], made["corrected"]) == ("", 1)
    assert value_of(at, left["resident_id"]) == ("5", -gone)
    assert publish(at, force=True)["state"] == "verified"

    decide_links(at.settings, "resident", [Verdict(one, other, "undecided", "还是两个人")])
    made = publish(at)
    assert made["whole"] == ""
    assert (value_of(at, other), value_of(at, one)[0]) == (("5", -gone), "2")
    assert publish(at, force=True)["state"] == "verified"
