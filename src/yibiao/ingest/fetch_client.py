"""Asks an HTTP API: who we are, how often, again after a failure that may pass, and never another server."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson
import tenacity

from yibiao.contracts.reports import Report
from yibiao.errors import DeliveryError
from yibiao.ingest.addresses import Connection, named_connection, resolve_base, resolve_secret

TIMEOUT = 60.0
"""Seconds without a byte after which an attempt has failed."""

LONGEST_ANSWER = 300.0
"""Seconds for a whole answer: a server that drips must not hold a run for ever."""

LARGEST_ANSWER = 256 << 20
"""Bytes of one answer."""

LONGEST_WAIT = 10.0
"""Seconds between two attempts at most, if the server does not say."""

LONGEST_ASKED = 120.0
"""Seconds that a server may ask us to wait (Retry-After); for longer the run is ended, and the next one goes on."""

REDIRECTS = 5

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})

# Both libraries log every address, query included, and a token may stand there.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class _Passing(Exception):
    """A failure that another attempt may mend; `wait` is what the server asks for, in seconds."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.wait = wait


@dataclass(frozen=True)
class Answer:
    """A parsed answer: its JSON document, and the address of the next page if its header `Link` has one."""

    document: Any
    next: str | None


class Client:
    """One API, for one extraction. Use it as a context.

    Raises:
        DeliveryError: address, account or token are not known.
    """

    def __init__(self, report: Report) -> None:
        self._report, options = report, report.server.options
        self.address = resolve_base(report.server.location, report.id).rstrip("/")
        try:
            self._home = httpx.URL(self.address)
        except httpx.InvalidURL:
            self._home = httpx.URL("")
        if self._home.scheme not in ("http", "https") or not self._home.host:
            raise DeliveryError(
                "The address of the report is none.", where=report.id, expected="http:// or https:// and a host"
            )
        headers, self._parameters, account = _who(report, options.get("auth", {}))
        # An internal network's proxy settings must not send a call to this very machine elsewhere.
        loopback = self._home.host in ("127.0.0.1", "localhost", "::1")
        self._client = httpx.Client(timeout=TIMEOUT, trust_env=not loopback, headers=headers, auth=account)
        per_minute = options.get("requests_per_minute", 0)
        self._pause = 60.0 / per_minute if per_minute > 0 else 0.0
        self._last = -self._pause

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, address: str, parameters: Mapping[str, Any]) -> Answer:
        """GET an address, relative ones from the report's location.

        Raises:
            DeliveryError: no attempt succeeded, the API refuses, or it names another server. Neither the address nor
                the answer is quoted.
        """
        url = self._on_this_server(self._home, address).copy_merge_params({**parameters, **self._parameters})
        attempts = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._report.retries + 1),
            wait=_wait,
            retry=tenacity.retry_if_exception_type(_Passing),
            reraise=True,
        )
        try:
            return attempts(self._once, url)
        except _Passing as error:
            raise DeliveryError(
                "The API cannot be reached.",
                where=self._report.id,
                expected="an answer",
                got=f"{error} in each of {self._report.retries + 1} attempts",
                todo="Check the address and the network; the next run tries again.",
            ) from None

    def without_token(self, address: str) -> str:
        """A link without the token that the server may have repeated in it: links are kept on disk."""
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL:
            return address  # refused when it is asked for
        for name in self._parameters:
            if name in url.params:
                url = url.copy_remove_param(name)
        return str(url)

    def _once(self, url: httpx.URL) -> Answer:
        for _ in range(REDIRECTS + 1):
            status, headers, content = self._get(url)
            if status in (301, 302, 303, 307, 308) and "location" in headers:
                url = self._on_this_server(url, headers["location"])
                continue
            if status in _PASSING:
                wait = _asked_to_wait(headers.get("retry-after", ""))
                if wait is not None and wait > LONGEST_ASKED:
                    raise DeliveryError(
                        "The API asks to come back later.",
                        where=self._report.id,
                        expected=f"to wait at most {LONGEST_ASKED:.0f} seconds",
                        got=f"status {status}, {wait:.0f} seconds",
                        todo="Nothing: the next run goes on with the pages that were not fetched yet. "
                        "If it happens often, set `requestsPerMinute` in the contract.",
                    )
                raise _Passing(f"status {status}", wait)
            if status != 200:
                raise DeliveryError(
                    "The API refuses.",
                    where=self._report.id,
                    expected="status 200",
                    got=f"status {status}",
                    todo="Check the address and the permission.",
                )
            try:
                return Answer(orjson.loads(content), _next_link(headers.get("link", "")))
            except orjson.JSONDecodeError:
                raise _Passing("an answer that is no JSON") from None
        raise DeliveryError("The API redirects in circles.", where=self._report.id, expected="an answer")

    def _get(self, url: httpx.URL) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and body of one answer, bounded in time and size."""
        if self._pause:
            time.sleep(max(0.0, self._last + self._pause - time.monotonic()))
        began = self._last = time.monotonic()
        content = bytearray()
        try:
            with self._client.stream("GET", url) as answer:
                for block in answer.iter_bytes():
                    content += block
                    if time.monotonic() - began > LONGEST_ANSWER:
                        raise _Passing(f"an answer that took longer than {LONGEST_ANSWER:.0f} seconds")
                    if len(content) > LARGEST_ANSWER:
                        raise DeliveryError(
                            "The API's answer is too large.",
                            where=self._report.id,
                            expected=f"at most {LARGEST_ANSWER >> 20} MiB a page",
                            todo="Set a smaller `pageSize` in the contract.",
                        )
                return answer.status_code, answer.headers, bytes(content)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _Passing(type(error).__name__) from None

    def _on_this_server(self, base: httpx.URL, address: str) -> httpx.URL:
        """The address, if it is on the report's own server: our token must not follow a link elsewhere.

        Raises:
            DeliveryError: it is on another one.
        """
        try:
            url = base.join(address) if address else base
        except httpx.InvalidURL:
            url = httpx.URL("")
        if (url.scheme, url.host, url.port) != (self._home.scheme, self._home.host, self._home.port):
            raise DeliveryError(
                "The API sends us to another server.",
                where=self._report.id,
                expected="links and redirects on its own server",
                got="another scheme, host or port",
                todo="If that is right, set `location` in the contract to it: a token is never sent elsewhere unasked.",
            )
        return url


def _who(report: Report, auth: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str], httpx.BasicAuth | None]:
    """Headers, query parameters and account with which every request is sent."""
    if not auth:
        return {}, {}, None
    by, name = auth.get("by", "bearer"), auth.get("name", "")
    if by == "basic":
        account: Connection | None
        if (account := named_connection(auth["value"], report.id)) is None or not account.login:
            raise DeliveryError(
                "The account of the report is not known.", where=report.id, expected="a connection with a login"
            )
        return {}, {}, httpx.BasicAuth(account.login, account.password)
    token = resolve_secret(auth["value"], report.id)
    if not token or not re.fullmatch(r"[\x20-\x7e]+", token):
        raise DeliveryError(
            "The token of the report cannot be used.",
            where=report.id,
            expected="printable ASCII",
            got="nothing, or other signs (not shown)",
            todo="Set it again, without a line end.",
        )
    if by == "query":
        return {}, {name or "token": token}, None
    if by == "header":
        return {name or "X-API-Key": token}, {}, None
    return {"Authorization": f"Bearer {token}"}, {}, None


def _wait(state: tenacity.RetryCallState) -> float:
    """What the server asked for, else growing pauses."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _Passing) and error.wait is not None:
        return error.wait
    return tenacity.wait_exponential_jitter(multiplier=0.2, max=LONGEST_WAIT, jitter=0.2)(state)


def _asked_to_wait(header: str) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3): a number or a date."""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _next_link(header: str) -> str | None:
    """The address with `rel=next` of a Link header (RFC 8288)."""
    for part in re.finditer(r"<([^>]*)>([^<]*)", header):
        if re.search(r"""rel\s*=\s*"?[^";,]*\bnext\b""", part[2]):
            return part[1]
    return None
