"""The demo's API on loopback: what two departments serve by HTTP, page by page.

GET /v1/<department>/<report>/editions                         ["2026-01", ...]
GET /v1/<department>/<report>?edition=2026-01&page=1&size=1000 {"total", "page", "size", "data": [...]}
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson

from yibiao.demo.marker import read_marker

MAXIMUM_SIZE = 5000
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_EDITION = re.compile(r"\d{4}-\d{2}")


class _Refused(Exception):
    """A request that gets an error status instead of data."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Pages:
    """The stored rows of every API report of a demo folder, by edition and page."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "api"
        self.reports = set(read_marker(data)["api"])
        self._lines = lru_cache(maxsize=8)(self._read)

    def editions(self, report: str) -> list[str]:
        return sorted(path.stem for path in self._place(report).glob("*.ndjson"))

    def page(self, report: str, edition: str, page: int, size: int) -> bytes:
        """One page as a JSON document; a page beyond the last one has no data."""
        if not _EDITION.fullmatch(edition) or edition not in self.editions(report):
            raise _Refused(404, "no such edition")
        if page < 1 or not 1 <= size <= MAXIMUM_SIZE:
            raise _Refused(400, f"page begins at 1, size is 1 to {MAXIMUM_SIZE}")
        lines = self._lines(report, edition)
        data = b",".join(lines[(page - 1) * size : page * size])
        return b'{"total":%d,"page":%d,"size":%d,"data":[%b]}' % (len(lines), page, size, data)

    def _place(self, report: str) -> Path:
        if report not in self.reports:
            raise _Refused(404, "no such report")
        return self.folder.joinpath(*report.split("."))

    def _read(self, report: str, edition: str) -> list[bytes]:
        return (self._place(report) / f"{edition}.ndjson").read_bytes().splitlines()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        try:
            body = self._answer(address.path.strip("/").split("/"), parse_qs(address.query))
            status = 200
        except _Refused as refused:
            body, status = orjson.dumps({"error": refused.reason}), refused.status
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, parts: list[str], query: dict[str, list[str]]) -> bytes:
        if len(parts) not in (3, 4) or parts[0] != "v1" or not all(_NAME.fullmatch(part) for part in parts[1:]):
            raise _Refused(404, "no such address")
        report = f"{parts[1]}.{parts[2]}"
        if len(parts) == 4:
            if parts[3] != "editions":
                raise _Refused(404, "no such address")
            return orjson.dumps(self.server.pages.editions(report))

        def number(name: str, default: int) -> int:
            try:
                return int(query.get(name, [str(default)])[0])
            except ValueError:
                raise _Refused(400, f"{name} is a whole number") from None

        edition = query.get("edition", [""])[0]
        return self.server.pages.page(report, edition, number("page", 1), number("size", 1000))

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: nothing that concerns a person leaves this process."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, pages: Pages, port: int) -> None:
        self.pages = pages
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextlib.contextmanager
def serve(data: Path, port: int = 0) -> Iterator[str]:
    """Serve a demo folder's API reports on loopback for as long as the context lasts.

    Args:
        data: the demo folder.
        port: 0 takes any free one.

    Yields:
        The base address, for the environment variable `YIBIAO_API_DEMO`; nothing global is set.

    Raises:
        DemoError: `data` is no demo folder.
    """
    server = _Server(Pages(data), port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="demo-api", daemon=True)
    thread.start()
    try:
        yield server.address
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
