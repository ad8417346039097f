"""An HTTP API on loopback that pages in every way there is, asks who calls, and misbehaves as it is told."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Record = dict[str, Any]
Fault = Callable[[BaseHTTPRequestHandler, bytes], bool]
"""Does something else than answer with this body, or nothing; true if the request is dealt with."""


@dataclass
class Api:
    """What the server holds, how it pages, and what goes wrong.

    Attributes:
        by: page, offset, cursor, link or header.
        cap: records that it gives on a page at most.
        faults: number of a request for records, from 1 -> what happens instead of an answer.
        allowed: what a request has to bring: bearer, basic, header or query, and its text.
        total: what it states; None for the truth.
    """

    records: list[Record] = field(default_factory=list)
    by: str = "page"
    cap: int = 1000
    faults: dict[int, Fault] = field(default_factory=dict)
    allowed: tuple[str, str] | None = None
    total: Callable[[int], int | None] | None = None
    served: list[dict[str, str]] = field(default_factory=list)
    refused: int = 0
    address: str = ""

    def page(self, asked: dict[str, str]) -> tuple[dict[str, Any], str]:
        """The document of a page and the value of its header Link."""
        size = min(int(asked.get("size") or asked.get("limit") or 5), self.cap)
        if self.by == "page":
            start = (int(asked["page"]) - 1) * size
        else:
            start = int(asked.get("offset") or asked.get("cursor") or asked.get("from") or 0)
        total = len(self.records) if self.total is None else self.total(len(self.served))
        document: dict[str, Any] = {"data": self.records[start : start + size]}
        if total is not None:
            document["total"] = total
        following = start + size
        if following < len(self.records):
            document["meta"] = {"next": following, "link": f"{self.address}/v1/register?from={following}"}
            return document, f'<{self.address}/v1/register?from=0>; rel="first", <?from={following}>; rel="next"'
        return document, ""

    def may(self, handler: BaseHTTPRequestHandler, asked: dict[str, str]) -> bool:
        if self.allowed is None:
            return True
        by, text = self.allowed
        header = handler.headers.get("Authorization", "")
        return {
            "bearer": header == f"Bearer {text}",
            "basic": header == "Basic " + base64.b64encode(text.encode()).decode(),
            "header": handler.headers.get("X-Token") == text,
            "query": asked.get("key") == text,
        }[by]


def serve(api: Api) -> ThreadingHTTPServer:
    """Start serving; the caller shuts the server down."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            if not api.may(self, asked):
                api.refused += 1
                return answer(self, b"{}", 401)
            if address.path.endswith("/editions"):
                return answer(self, b'["2026-01"]')
            api.served.append(asked)
            document, link = api.page(asked)
            body = json.dumps(document).encode()
            fault = api.faults.get(len(api.served))
            if fault is None or not fault(self, body):
                answer(self, body, headers={"Link": link} if link and api.by == "header" else {})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def answer(
    handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, headers: dict[str, str] | None = None
) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def status(code: int, **headers: str) -> Fault:
    """An answer with this status, and headers with their underscores as hyphens."""

    def fault(handler: BaseHTTPRequestHandler, _: bytes) -> bool:
        answer(handler, b"{}", code, {name.replace("_", "-"): value for name, value in headers.items()})
        return True

    return fault


def drop(handler: BaseHTTPRequestHandler, _: bytes) -> bool:
    """Close the connection without a word."""
    handler.close_connection = True
    handler.connection.close()
    return True


def truncate(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
    """Promise the whole body and send half of it."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True
    return True


def half_a_document(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
    """Send half of the body as if it were the whole."""
    answer(handler, body[: len(body) // 2])
    return True


def drip(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
    """Send a byte now and then, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    try:
        for place in range(len(body)):
            handler.wfile.write(body[place : place + 1])
            time.sleep(0.05)
    except OSError:
        pass
    return True


def instead(document: Any) -> Fault:
    """Another document."""

    def fault(handler: BaseHTTPRequestHandler, _: bytes) -> bool:
        answer(handler, json.dumps(document).encode())
        return True

    return fault
