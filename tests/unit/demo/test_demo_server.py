"""The loopback API gives every stored row once, and refuses what it does not have."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from yibiao.demo import DemoError
from yibiao.demo.marker import FORMAT, MARKER
from yibiao.demo.server import serve

ROWS = [{"号": str(number)} for number in range(23)]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "api" / "health" / "family_doctor"
    folder.mkdir(parents=True)
    (folder / "2026-01.ndjson").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in ROWS))
    (folder / "2026-02.ndjson").write_bytes(b"")
    (tmp_path / MARKER).write_bytes(orjson.dumps({"format": FORMAT, "api": ["health.family_doctor"]}))
    with serve(tmp_path) as base:
        yield f"{base}/v1/health/family_doctor"


def get(address: str) -> object:
    with urllib.request.urlopen(address, timeout=5) as answer:
        return orjson.loads(answer.read())


def test_pages_together_are_the_whole_and_the_last_one_is_short(address: str) -> None:
    pages = [get(f"{address}?edition=2026-01&page={page}&size=10") for page in (1, 2, 3, 4)]
    assert [row for page in pages for row in page["data"]] == ROWS
    assert [len(page["data"]) for page in pages] == [10, 10, 3, 0]
    assert {page["total"] for page in pages} == {23}


def test_an_edition_without_rows_is_an_empty_page(address: str) -> None:
    assert get(f"{address}?edition=2026-02") == {"total": 0, "page": 1, "size": 1000, "data": []}
    assert get(f"{address}/editions") == ["2026-01", "2026-02"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?edition=2026-03", 404),
        ("?edition=../../demo", 404),
        ("", 404),
        ("?edition=2026-01&page=0", 400),
        ("?edition=2026-01&size=100000", 400),
        ("?edition=2026-01&page=x", 400),
        ("/other", 404),
    ],
)
def test_what_is_not_there_is_refused(address: str, query: str, status: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(address + query)
    assert refused.value.code == status
    assert "error" in orjson.loads(refused.value.read())


def test_only_reports_of_the_marker_are_served(address: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(address.replace("family_doctor", "health_record") + "/editions")
    assert refused.value.code == 404


def test_a_folder_without_marker_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(DemoError), serve(tmp_path / "nothing"):
        pass
