"""An accepted correction outranks what sources state, says so, and goes away again when it is taken back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from installations import Installation, publish
from yibiao.contracts import load_schemas
from yibiao.control.database import connect
from yibiao.forms.count import last_day
from yibiao.forms.fill.select import AUTOMATIC
from yibiao.forms.tickets import ACCEPT, WITHDRAW, Found, decide, open_tickets, tickets
from yibiao.warehouse.inputs import collect
from yibiao.warehouse.releases import need_current

AT = datetime(2026, 4, 3, 9, 0, tzinfo=UTC)


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
                "v",
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
        decide(settings, one.ticket_no, ACCEPT, "核对证件", schemas)
    told = publish(at)
    assert told["state"] == "published"
    return at, {"id": person["resident_id"], "values": values, "was": person, "fingerprint": before}


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
    shown = at.call("why", told["id"]).stdout
    assert "数源部门采纳的更正优先" in shown
    assert "None" not in shown


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


def test_taken_back_it_leaves_no_trace_in_the_next_release(
    corrected: tuple[Installation, dict], tmp_path: Path
) -> None:
    shared, told = corrected
    at = shared.copy(tmp_path, data=shared.data)
    schemas = load_schemas(at.settings.schemas)
    assert collect(at.settings, schemas).fingerprint != told["fingerprint"]
    for one in tickets(at.settings):
        decide(at.settings, one.ticket_no, WITHDRAW, "部门已改", schemas)
    assert collect(at.settings, schemas).fingerprint == told["fingerprint"]
