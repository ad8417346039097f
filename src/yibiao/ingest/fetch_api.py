"""HTTP APIs with pages: every edition they offer, retried with back-off, reconciled with the total they state."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import tenacity

from yibiao.contracts.values import Report
from yibiao.errors import DeliveryError, YibiaoError
from yibiao.files import scratch
from yibiao.ingest.deliveries import edition_date
from yibiao.ingest.fetch import Fetched, land_lines, resolve
from yibiao.ingest.readers.documents import find_records
from yibiao.settings import Settings

PAGE_SIZE = 1000
TIMEOUT = 60.0
LONGEST_WAIT = 10.0
"""Seconds between two attempts at most."""

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class _Passing(Exception):
    """A failure that another attempt may mend."""

    def __init__(self, what: str) -> None:
        super().__init__(what)


def fetch_api(report: Report, settings: Settings, fetched: Fetched, edition: str | None = None) -> None:
    """Land every edition that the API at the report's location offers, or the one asked for.

    The API answers `GET <location>/editions` with a list of editions and `GET <location>?edition=&page=&size=` with
    `{"total": .., "data": [..]}`, the records at `recordsPath`.

    Raises:
        DeliveryError: the API cannot be reached. What fails for one edition stands in `fetched.errors`.
    """
    address = resolve(report.server.location, report.id).rstrip("/")
    # An internal network's proxy settings must not send a call to this very machine elsewhere.
    loopback = httpx.URL(address).host in ("127.0.0.1", "localhost", "::1")
    with httpx.Client(timeout=TIMEOUT, trust_env=not loopback, follow_redirects=True) as client:
        ask = _Asker(client, report)
        if edition is not None:
            editions = [edition]
        else:
            editions = ask.json(f"{address}/editions", {})
            if not isinstance(editions, list) or not all(isinstance(one, str) for one in editions):
                raise DeliveryError(
                    "The API does not tell which editions it has.",
                    where=report.id,
                    expected="a list of texts at <location>/editions",
                    got=type(editions).__name__,
                )
        for one in sorted(editions):
            try:
                edition_date(one)
                _fetch_edition(ask, address, report, one, settings, fetched)
            except YibiaoError as error:
                fetched.errors.append(error)


def _fetch_edition(
    ask: _Asker, address: str, report: Report, edition: str, settings: Settings, fetched: Fetched
) -> None:
    size = report.server.options.get("page_size", PAGE_SIZE)
    where = f"{report.id} {edition}"
    lines: list[bytes] = []
    total: int | None = None
    page = 0
    while total is None or len(lines) < total:
        page += 1
        answer = ask.json(address, {"edition": edition, "page": page, "size": size})
        stated = answer.get("total") if isinstance(answer, dict) else None
        if not isinstance(stated, int) or (total is not None and stated != total):
            raise DeliveryError(
                "The API's pages do not agree on the number of records.",
                where=where,
                expected="one integer `total` on every page" if total is None else f"total {total}",
                got=f"total {stated} on page {page}" if isinstance(stated, int) else "no total",
                todo="Fetch again when the department has finished updating.",
            )
        total = stated
        records = find_records(answer, report.server.options.get("records_path", "data"), where)
        if not records:
            break
        lines += [orjson.dumps(record, option=orjson.OPT_SORT_KEYS) for record in records]
    if len(lines) != total:
        raise DeliveryError(
            "The API did not give as many records as it states.",
            where=where,
            expected=f"{total} records",
            got=f"{len(lines)} records on {page} pages",
            todo="Fetch again; if it stays so, ask the department.",
        )
    lines.sort()
    with scratch(settings.work, "api") as folder:
        path = folder / "rows.ndjson"
        with path.open("wb") as stream:
            stream.writelines(line + b"\n" for line in lines)
        fetched.add(land_lines(path, report, edition, "api", settings), settings)


class _Asker:
    """Asks an API, again and again with growing pauses if the failure may pass."""

    def __init__(self, client: httpx.Client, report: Report) -> None:
        self._client, self._report = client, report

    def json(self, address: str, parameters: dict[str, Any]) -> Any:
        """The answer as JSON.

        Raises:
            DeliveryError: no attempt succeeded, or the answer is no JSON. Neither the address nor the answer is quoted.
        """
        attempts = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._report.retries + 1),
            wait=tenacity.wait_exponential_jitter(multiplier=0.2, max=LONGEST_WAIT, jitter=0.2),
            retry=tenacity.retry_if_exception_type(_Passing),
            reraise=True,
        )
        try:
            return attempts(self._once, address, parameters)
        except _Passing as error:
            raise DeliveryError(
                "The API cannot be reached.",
                where=self._report.id,
                expected="an answer",
                got=f"{error} in each of {self._report.retries + 1} attempts",
                todo="Check the address and the network; the next run tries again.",
            ) from None

    def _once(self, address: str, parameters: dict[str, Any]) -> Any:
        try:
            answer = self._client.get(address, params=parameters)
        except httpx.TransportError as error:
            raise _Passing(type(error).__name__) from None
        if answer.status_code in _PASSING:
            raise _Passing(f"status {answer.status_code}")
        if answer.status_code != 200:
            raise DeliveryError(
                "The API refuses.",
                where=self._report.id,
                expected="status 200",
                got=f"status {answer.status_code}",
                todo="Check the address and the permission.",
            )
        try:
            return orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            raise _Passing("an answer that is no JSON") from None
