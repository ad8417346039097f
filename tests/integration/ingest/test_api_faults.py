"""HTTP APIs as they are: ways of paging, tokens, limits, breaks; nothing lost, nothing twice, no secret told."""

from __future__ import annotations

import errno
import json
import logging
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from email.utils import format_datetime

import pytest
from faulty_api import Api, drip, drop, half_a_document, instead, serve, status, truncate

from yibiao.contracts import EditionRule
from yibiao.ingest import fetch_client, fetch_pages, ingest_report
from yibiao.ingest.landing import landed

TOKEN = "Geheim-7f3a9c"


@pytest.fixture
def api(monkeypatch, headers, number):
    made = Api(
        records=[
            dict(zip(headers, [number(n), "张三", "1", "1987-03-05", f"第{n}条"], strict=True)) for n in range(1, 24, 2)
        ]
    )
    server = serve(made)
    monkeypatch.setenv("TEST_API", made.address)
    monkeypatch.setenv("TEST_TOKEN", TOKEN)
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def report(make_report):
    def make(paging=None, edition="parameter", **options):
        given = {"records_path": "data", "page_size": 5, **({"paging": paging} if paging else {}), **options}
        return make_report("api", "${TEST_API}/v1/register", kind="api", options=given, edition=EditionRule(edition))

    return make


def counts(outcome):
    assert not outcome.errors, outcome.errors
    return outcome.loaded[0].manifest["counts"]


PAGINGS = {
    "page": {"by": "page"},
    "offset": {"by": "offset"},
    "cursor": {"by": "cursor", "next": "meta.next"},
    "link": {"by": "link", "next": "meta.link"},
    "header": {"by": "header"},
}


@pytest.mark.parametrize("cap", [1000, 2])
@pytest.mark.parametrize("by", sorted(PAGINGS))
def test_every_way_of_paging_brings_every_record_once(api, report, settings, by, cap):
    api.by, api.cap = by, cap
    outcome = ingest_report(report(PAGINGS[by]), settings)
    assert counts(outcome) == {"read": 12, "accepted": 12, "quarantined": 0}
    assert len({landed("police.register", settings)[0].sha256}) == 1


def test_all_ways_of_paging_give_the_same_delivery(api, report, settings):
    hashes = set()
    for by, paging in PAGINGS.items():
        api.by = by
        ingest_report(report(paging), settings)
        hashes |= {delivery.sha256 for delivery in landed("police.register", settings)}
    assert len(hashes) == 1


@pytest.mark.parametrize("by", ["page", "offset", "cursor", "link", "header"])
def test_an_api_that_states_no_total_is_read_to_its_end(api, report, settings, by):
    api.by, api.total = by, lambda _: None
    outcome = ingest_report(report({**PAGINGS[by], "total": ""}), settings)
    assert counts(outcome)["read"] == 12


def test_a_total_that_is_expected_and_missing_is_an_error(api, report, settings):
    api.total = lambda _: None
    (error,) = ingest_report(report(), settings).errors
    assert "does not state" in error.what
    assert 'total: ""' in error.todo


@pytest.mark.parametrize("by", ["bearer", "basic", "header", "query"])
def test_tokens_come_from_the_environment_or_airflows_connections(api, report, settings, monkeypatch, by):
    api.by = "link" if by == "query" else "page"
    paging = PAGINGS[api.by]
    api.allowed = (by, f"clerk:{TOKEN}" if by == "basic" else TOKEN)
    (error,) = ingest_report(report(paging), settings).errors
    assert (error.what, error.got) == ("The API refuses.", "status 401")
    name = {"header": "X-Token", "query": "key"}.get(by, "")
    auth = {"by": by, **({"name": name} if name else {})}
    monkeypatch.setenv("AIRFLOW_CONN_REGISTER", f"http://clerk:{TOKEN}@127.0.0.1")
    counts(ingest_report(report(paging, auth={**auth, "value": "${airflow:register}"}), settings))
    if by != "basic":
        api.refused = 0
        assert not ingest_report(report(paging, auth={**auth, "value": "${TEST_TOKEN}"}), settings).errors
        assert api.refused == 0


PASSING = {
    "dropped": drop,
    "truncated": truncate,
    "half a document": half_a_document,
    "429": status(429, Retry_After="0"),
    "500": status(500),
    "503": status(503),
}


@pytest.mark.parametrize("fault", sorted(PASSING))
def test_a_failure_that_passes_costs_nothing(api, report, settings, fault):
    api.faults = {1: PASSING[fault], 3: PASSING[fault], 4: PASSING[fault]}
    assert counts(ingest_report(report(), settings))["read"] == 12
    assert len(api.served) == 6


def test_what_the_server_asks_for_is_waited(api, report, settings, monkeypatch):
    waits = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    from datetime import UTC, datetime, timedelta

    api.faults = {
        1: status(429, Retry_After="7"),
        2: status(503, Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)),
    }
    assert counts(ingest_report(report(), settings))["read"] == 12
    assert waits[0] == 7
    assert 27 <= waits[1] <= 30


def test_a_server_that_asks_for_an_hour_ends_the_run_and_the_next_one_goes_on(api, report, settings):
    api.faults = {3: status(429, Retry_After="3600")}
    (error,) = ingest_report(report(), settings).errors
    assert error.got == "status 429, 3600 seconds"
    assert landed("police.register", settings) == []
    api.faults = {}
    asked = len(api.served)
    assert counts(ingest_report(report(), settings))["read"] == 12
    # The first and the last kept page are asked for again, to see that the source is as it was; then the missing one.
    assert [request["page"] for request in api.served[asked:]] == ["1", "2", "3"]


@pytest.mark.parametrize("by", sorted(PAGINGS))
def test_after_a_break_only_the_missing_pages_are_fetched(api, report, settings, by):
    api.by, api.cap = by, 1
    api.faults = dict.fromkeys(range(9, 40), drop)
    one = replace(report(PAGINGS[by]), retries=0)
    (error,) = ingest_report(one, settings).errors
    assert error.what == "The API cannot be reached."
    asked = len(api.served)
    api.faults = {}
    outcome = ingest_report(one, settings)
    assert counts(outcome)["read"] == 12
    assert len(api.served) - asked == 2 + 4
    assert list((settings.landing / "pages").rglob("*.ndjson")) == []


@pytest.mark.parametrize("change", ["another total", "another first page", "another last page", "a damaged page"])
def test_pages_of_a_source_that_changed_meanwhile_are_fetched_anew(api, report, settings, change):
    api.cap = 2
    api.faults = dict.fromkeys(range(4, 40), drop)
    one = replace(report(), retries=0)
    assert ingest_report(one, settings).errors
    api.faults = {}
    if change == "another total":
        api.records.pop()
    elif change == "a damaged page":
        (page,) = (settings.landing / "pages").rglob("00000002.ndjson")
        page.write_bytes(page.read_bytes().replace("第".encode(), "地".encode(), 1))
    else:
        api.records[0 if "first" in change else 5]["备注"] = "改了"
    outcome = ingest_report(one, settings)
    assert counts(outcome)["read"] == len(api.records)
    import orjson

    from yibiao.ingest.landing import object_path

    lines = object_path(settings, landed("police.register", settings)[0].sha256).read_bytes().splitlines()
    assert sorted(map(repr, map(orjson.loads, lines))) == sorted(repr(dict(sorted(one.items()))) for one in api.records)


CHILD = """
import pickle, sys
from yibiao.ingest import ingest_report
report, settings = pickle.load(open(sys.argv[1], "rb"))
ingest_report(report, settings)
"""


@pytest.mark.parametrize("by", ["page", "link"])
def test_a_kill_in_the_middle_costs_the_missing_pages_only(api, report, settings, tmp_path, by):
    api.by, api.cap = by, 2
    given = tmp_path / "given.pickle"
    given.write_bytes(pickle.dumps((report(PAGINGS[by]), settings)))
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(given)])

    def kill(handler, _):
        child.kill()
        return drop(handler, _)

    api.faults = {5: kill}
    assert child.wait(60) == -signal.SIGKILL
    assert landed("police.register", settings) == []
    asked, api.faults = len(api.served), {}
    assert counts(ingest_report(report(PAGINGS[by]), settings))["read"] == 12
    assert len(api.served) - asked == 2 + 2
    assert list((settings.landing / "pages").rglob("*.ndjson")) == []


def test_a_full_disk_is_an_error_and_the_next_run_goes_on(api, report, settings, monkeypatch):
    api.cap = 2
    add = fetch_pages.Pages.add

    def full(pages, page, lines):
        if page.number == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        add(pages, page, lines)

    with monkeypatch.context() as patch:
        patch.setattr(fetch_pages.Pages, "add", full)
        (error,) = ingest_report(report(), settings).errors
    assert (error.what, error.got) == ("What was fetched cannot be kept.", "No space left on device")
    asked = len(api.served)
    assert counts(ingest_report(report(), settings))["read"] == 12
    assert len(api.served) - asked == 2 + 3


def test_two_processes_at_once_do_not_share_pages(api, report, settings):
    from yibiao.ingest.fetch_pages import Pages, page_of

    settings.open_home()
    first = Pages(settings.landing / "pages" / "police.register" / "2026-01", "x")
    with first.open():
        first.add(page_of(1, {}, None, None, [b"{}"]), [b"{}"])
        assert counts(ingest_report(report(), settings))["read"] == 12
        assert first.write_sorted(settings.work / "rows") == 0
        assert (settings.work / "rows").read_bytes() == b"{}\n"


def test_a_total_that_changes_once_is_fetched_again_and_one_that_goes_on_changing_is_an_error(api, report, settings):
    api.total = lambda served: 13 if served == 2 else 12
    assert counts(ingest_report(report(), settings))["read"] == 12
    api.total = lambda served: 12 + served % 2
    api.records[0]["备注"] = "改了"
    (error,) = ingest_report(report(), settings).errors
    assert "do not agree" in error.what
    assert len(landed("police.register", settings)) == 1


def test_a_server_that_does_not_know_the_parameter_and_repeats_its_first_page_is_an_error(api, report, settings):
    api.by = "offset"
    (error,) = ingest_report(report({"by": "offset", "parameter": "ab"}), settings).errors
    assert error.what == "The API gives the same page twice."
    assert landed("police.register", settings) == []


def test_records_that_moved_to_another_page_while_it_was_read_are_noticed(api, report, settings):
    shifted = {"total": 12, "data": [api.records[4], *api.records[5:9]]}
    api.faults = {2: instead(shifted)}
    outcome = ingest_report(report(), settings)  # fetched again, this time in peace
    assert counts(outcome)["read"] == 12
    ours = [*api.records]
    api.faults = {len(api.served) + n: instead({"total": 12, "data": [ours[4 - n % 2], *ours[5:9]]}) for n in (2, 5)}
    ours[11]["备注"] = "改了"
    (error,) = ingest_report(report(), settings).errors
    assert "overlap" in error.what


def test_a_source_that_really_holds_a_record_twice_is_taken_as_it_is(api, report, settings):
    api.records[11] = api.records[0]
    outcome = ingest_report(report(), settings)
    assert counts(outcome)["read"] == 12
    assert len(api.served) == 6


def test_links_that_go_in_circles_end(api, report, settings):
    api.by = "cursor"
    api.faults = {3: instead({"data": api.records[10:], "meta": {"next": 5}})}
    (error,) = ingest_report(report({"by": "cursor", "next": "meta.next", "total": ""}), settings).errors
    assert "circles" in error.what


@pytest.mark.parametrize("by", ["link", "redirect"])
def test_a_token_is_not_sent_to_another_server(api, report, settings, headers, by):
    api.by, other = "link", Api()
    server = serve(other)
    try:
        elsewhere = f"{other.address}/v1/register?from=1"
        api.faults = {
            1: status(302, Location=elsewhere)
            if by == "redirect"
            else instead({"data": api.records[:2], "meta": {"link": elsewhere}})
        }
        auth = {"by": "header", "name": "X-Token", "value": "${TEST_TOKEN}"}
        (error,) = ingest_report(report({"by": "link", "next": "meta.link", "total": ""}, auth=auth), settings).errors
        assert "another server" in error.what
        assert other.served == []
    finally:
        server.shutdown()
        server.server_close()


def test_a_redirect_on_its_own_server_is_followed(api, report, settings):
    api.faults = {1: status(307, Location="/v1/register?page=1&size=5&edition=2026-01")}
    assert counts(ingest_report(report(), settings))["read"] == 12


def test_an_answer_without_end_or_bounds_is_given_up(api, report, settings, monkeypatch):
    monkeypatch.setattr(fetch_client, "LONGEST_ANSWER", 0.3)
    api.faults = dict.fromkeys(range(1, 40), drip)
    (error,) = ingest_report(replace(report(), retries=0), settings).errors
    assert "took longer" in error.got
    monkeypatch.setattr(fetch_client, "LONGEST_ANSWER", 60)
    monkeypatch.setattr(fetch_client, "LARGEST_ANSWER", 100)
    api.faults = {}
    (error,) = ingest_report(report(), settings).errors
    assert "pageSize" in error.todo


def test_no_more_requests_a_minute_than_allowed(api, report, settings, monkeypatch):
    slept = []
    monkeypatch.setattr(fetch_client.time, "sleep", slept.append)
    counts(ingest_report(report(requests_per_minute=60), settings))
    assert [round(one) for one in slept[1:]] == [1, 1, 1]


def test_no_token_stands_in_an_error_a_log_or_a_file(api, report, settings, monkeypatch, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    api.by, api.cap, api.allowed = "link", 1, ("query", TOKEN)
    page = api.page

    def echoing(asked):
        document, link = page(asked)
        if "meta" in document:
            document["meta"]["link"] += f"&key={TOKEN}"  # servers do repeat what they were asked
        return document, link

    monkeypatch.setattr(api, "page", echoing)
    auth = {"by": "query", "name": "key", "value": "${TEST_TOKEN}"}
    one = replace(report(PAGINGS["link"], auth=auth), retries=0)
    told = []
    for fault in (drop, half_a_document, status(403), status(302, Location=f"http://x/?key={TOKEN}"), truncate):
        api.faults = dict.fromkeys(range(len(api.served) + 4, len(api.served) + 40), fault)
        outcome = ingest_report(one, settings)
        assert outcome.errors
        told.append(json.dumps(outcome.as_dict()))
    assert list((settings.landing / "pages").rglob("*.ndjson"))
    monkeypatch.setenv("TEST_TOKEN", f"{TOKEN}\n")
    told.append(str(ingest_report(one, settings).errors))
    monkeypatch.setenv("TEST_API", f"http://clerk:{TOKEN}@127.0.0.1:9/v1")
    told.append(str(ingest_report(one, settings).errors))
    monkeypatch.setenv("TEST_API", f"gopher://clerk:{TOKEN}@127.0.0.1:9/v1")
    told.append(str(ingest_report(one, settings).errors))
    written = b"".join(path.read_bytes() for path in settings.home.rglob("*") if path.is_file())
    printed = capfd.readouterr()
    for text in (*told, caplog.text, printed.out, printed.err, written.decode("utf-8", "replace")):
        assert TOKEN not in text
