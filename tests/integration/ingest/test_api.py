"""HTTP APIs with pages: all pages, retries, totals that must agree; a real server on loopback."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import pytest

from yibiao.contracts import EditionRule
from yibiao.ingest import ingest_report

SECRET = "99990119870305987X"


class Api:
    """What the server has and how it misbehaves."""

    def __init__(self):
        self.editions = {"2026-01": []}
        self.total = None  # stated instead of the true total
        self.failures = []  # statuses to answer before the truth, in order
        self.cap = 1000
        self.calls = []
        self.body = None


@pytest.fixture
def api(monkeypatch, make_report, headers, rows):
    state = Api()
    state.editions["2026-01"] = [dict(zip(headers, row, strict=True)) for row in rows * 4]
    for place, record in enumerate(state.editions["2026-01"]):
        record["备注"] = f"第{place}条"

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            address = urlparse(self.path)
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            state.calls.append((address.path, asked))
            if state.failures:
                self.send_response(state.failures.pop(0))
                self.end_headers()
                return
            if address.path.endswith("/editions"):
                answer = sorted(state.editions)
            else:
                records = state.editions[asked["edition"]]
                size, page = min(int(asked["size"]), state.cap), int(asked["page"])
                answer = {
                    "total": len(records) if state.total is None else state.total,
                    "data": records[(page - 1) * size : page * size],
                }
            content = state.body if state.body is not None else json.dumps(answer).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("TEST_API", f"http://127.0.0.1:{server.server_port}")
    state.report = make_report(
        "api",
        "${TEST_API}/v1/register",
        kind="api",
        options={"records_path": "data", "page_size": 5},
        edition=EditionRule("parameter"),
    )
    yield state
    server.shutdown()
    server.server_close()


def test_all_pages_of_all_editions_are_fetched(api, settings, content):
    api.editions["2026-02"] = api.editions["2026-01"][:2]
    outcome = ingest_report(api.report, settings)
    assert not outcome.errors
    assert [package.manifest["edition"] for package in outcome.loaded] == ["2026-01", "2026-02"]
    accepted, _ = content(outcome.loaded[0].folder)
    assert sorted(row["remark"] for row in accepted) == sorted(f"第{place}条" for place in range(12))
    assert outcome.loaded[0].manifest["delivery"]["kind"] == "api"
    pages = [asked["page"] for path, asked in api.calls if asked.get("edition") == "2026-01"]
    assert pages == ["1", "2", "3"]


def test_a_server_that_gives_smaller_pages_than_asked_loses_nothing(api, settings):
    api.cap = 2
    assert ingest_report(api.report, settings).loaded[0].manifest["counts"]["read"] == 12


def test_equal_content_in_another_order_is_the_same_delivery(api, settings):
    first = ingest_report(api.report, settings)
    api.editions["2026-01"].reverse()
    again = ingest_report(api.report, settings)
    assert again.loaded == ()
    assert again.load_ids == first.load_ids


@pytest.mark.parametrize("failures", [[503, 503], [429], [500, 502]])
def test_an_api_that_fails_and_then_works_is_read_in_full(api, settings, failures):
    api.failures = list(failures)
    outcome = ingest_report(api.report, settings)
    assert not outcome.errors
    assert outcome.loaded[0].manifest["counts"]["read"] == 12


def test_an_api_that_keeps_failing_is_an_error_after_the_contracts_retries(api, settings):
    api.failures = [503] * 50
    (error,) = ingest_report(api.report, settings).errors
    assert len(api.calls) == api.report.retries + 1
    assert "status 503" in error.got


def test_a_refusal_is_not_tried_again(api, settings):
    api.failures = [403] * 5
    (error,) = ingest_report(api.report, settings).errors
    assert len(api.calls) == 1
    assert "status 403" in error.got


@pytest.mark.parametrize("total", [11, 13, "12"])
def test_a_total_that_does_not_agree_is_an_error_and_nothing_lands(api, settings, total):
    api.total = total
    outcome = ingest_report(api.report, settings)
    (error,) = outcome.errors
    assert "2026-01" in error.where
    assert outcome.loaded == ()
    assert list(settings.landing.rglob("*.json")) == []


def test_one_broken_edition_does_not_stop_the_others(api, settings):
    api.editions["2026-13"] = []
    api.editions["2026-02"] = api.editions["2026-01"]
    outcome = ingest_report(api.report, settings)
    assert len(outcome.errors) == 1
    assert len(outcome.loaded) == 2


def test_neither_address_nor_answer_stands_in_an_error(api, settings, monkeypatch):
    api.body = f'{{"total": 1, "data": [{{"x": "{SECRET}"'.encode()
    (error,) = ingest_report(api.report, settings).errors
    assert SECRET not in str(error)
    monkeypatch.setenv("TEST_API", "http://user:hunter2@127.0.0.1:9")
    (error,) = ingest_report(api.report, settings).errors
    assert "hunter2" not in str(error)
    monkeypatch.delenv("TEST_API")
    (error,) = ingest_report(api.report, settings).errors
    assert "TEST_API" in error.expected
