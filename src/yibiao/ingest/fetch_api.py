"""HTTP APIs: every edition they offer, page by page, reconciled with the total that they state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from yibiao.contracts.reports import Report
from yibiao.errors import DeliveryError, YibiaoError
from yibiao.files import scratch, sha256_file
from yibiao.ingest.deliveries import edition_date
from yibiao.ingest.fetch import Fetched, edition_to_extract, land_lines
from yibiao.ingest.fetch_client import Answer, Client
from yibiao.ingest.fetch_pages import Page, Pages, page_of
from yibiao.ingest.readers.documents import find_records
from yibiao.settings import Settings

PAGE_SIZE = 1000

ATTEMPTS = 2
"""Extractions from the first page on, if pages contradict each other: somebody may be updating the source."""

_PARAMETERS = {"page": "page", "offset": "offset", "cursor": "cursor", "link": "", "header": ""}
_SIZES = {"page": "size", "offset": "limit", "cursor": "limit", "link": "", "header": ""}


class _Inconsistent(Exception):
    """Pages that contradict each other; carries the error to raise if that stays so."""

    def __init__(self, error: DeliveryError) -> None:
        super().__init__(error.what)
        self.error = error


def fetch_api(report: Report, settings: Settings, fetched: Fetched, edition: str | None, now: datetime) -> None:
    """Land every edition that the API at the report's location offers, or the one asked for.

    Raises:
        DeliveryError: the API cannot be reached. What fails for one edition stands in `fetched.errors`.
    """
    with Client(report) as client:
        for one in _editions(client, report, settings, fetched, edition, now):
            try:
                edition_date(one)
                _Extraction(client, report, settings, one).land(fetched)
            except YibiaoError as error:
                fetched.errors.append(error)


def _editions(
    client: Client, report: Report, settings: Settings, fetched: Fetched, edition: str | None, now: datetime
) -> list[str]:
    if edition is not None or report.edition.source == "schedule":
        found = edition_to_extract(report, settings, fetched, edition, now)
        return [found] if found else []
    path = report.server.options.get("editions", "editions").strip("/")
    offered = client.ask(f"{client.address}/{path}", {}).document
    if not isinstance(offered, list) or not all(isinstance(one, str) for one in offered):
        raise DeliveryError(
            "The API does not tell which editions it has.",
            where=report.id,
            expected=f"a list of texts at <location>/{path}",
            got=type(offered).__name__,
        )
    return sorted(offered)


class _Extraction:
    """One edition of one report."""

    def __init__(self, client: Client, report: Report, settings: Settings, edition: str) -> None:
        self._client, self._report, self._settings, self._edition = client, report, settings, edition
        options = report.server.options
        self._where = f"{report.id} {edition}"
        self._paging: Mapping[str, Any] = options.get("paging", {})
        self._by = self._paging.get("by", "page")
        self._parameter = self._paging.get("parameter", _PARAMETERS[self._by])
        self._size = options.get("page_size", PAGE_SIZE)
        self._records_path = options.get("records_path", "data")
        self._total_path = self._paging.get("total", "total")
        name = options.get("edition_parameter", "" if report.edition.source == "schedule" else "edition")
        self._always = {name: edition} if name else {}
        if size := self._paging.get("size", _SIZES[self._by]):
            self._always[size] = self._size
        meaning = [report.server.location, self._always, dict(self._paging), self._records_path]
        self._pages = Pages(settings.landing / "pages" / report.id / edition, meaning)

    def land(self, fetched: Fetched) -> None:
        """Fetch what is missing, check the whole, land it.

        Raises:
            DeliveryError: the source fails, or its pages contradict each other in every attempt.
        """
        with self._pages.open(), scratch(self._settings.work, "api") as folder:
            if self._pages.pages and not self._still_the_same():
                self._pages.clear()
            path = folder / "rows.ndjson"
            before: str | None = None
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    self._fetch_all()
                    overlaps = self._pages.write_sorted(path)
                except _Inconsistent as contradiction:
                    self._pages.clear()
                    if attempt == ATTEMPTS:
                        raise contradiction.error from None
                    continue
                if overlaps and (content := sha256_file(path)) != before:
                    before = content
                    self._pages.clear()
                    if attempt == ATTEMPTS:
                        raise self._error(
                            "The API's pages overlap: what stands on two of them may be missing on another.",
                            "every record on one page, or the same overlap twice",
                            f"{overlaps} records on two pages",
                        )
                    continue
                fetched.add(land_lines(path, self._report, self._edition, "api", self._settings), self._settings)
                self._pages.clear()
                return

    def _still_the_same(self) -> bool:
        """Do the first and the last kept page still say what they said?"""
        first, last = self._pages.pages[0], self._pages.pages[-1]
        for page in {first.number: first, last.number: last}.values():
            again, _ = self._page(page.number, page.request)
            if (again.sha256, again.total, again.count) != (page.sha256, page.total, page.count):
                return False
        return True

    def _fetch_all(self) -> None:
        pages = self._pages
        requests = {orjson.dumps(page.request) for page in pages.pages}
        contents = {page.sha256 for page in pages.pages if page.count > 1}
        while (request := self._next_request()) is not None:
            key = orjson.dumps(request)
            if key in requests:
                raise self._error("The API's pages go in circles.", "a new page", "one that was read before")
            requests.add(key)
            page, lines = self._page(len(pages.pages) + 1, request)
            stated = pages.pages[0].total if pages.pages else page.total
            if page.total != stated:
                raise _Inconsistent(
                    self._error(
                        "The API's pages do not agree on the number of records.",
                        f"total {stated}",
                        f"total {page.total} on page {page.number}",
                        "Fetch again when the department has finished updating.",
                    )
                )
            if page.count > 1 and page.sha256 in contents:
                raise _Inconsistent(
                    self._error(
                        "The API gives the same page twice.",
                        f"other records on page {page.number}",
                        "those of a page before",
                        "Check `paging` in the contract: the API may not know the parameter.",
                    )
                )
            contents.add(page.sha256)
            pages.add(page, lines)
        stated = pages.pages[0].total
        if stated is not None and pages.count != stated:
            raise _Inconsistent(
                self._error(
                    "The API did not give as many records as it states.",
                    f"{stated} records",
                    f"{pages.count} records on {len(pages.pages)} pages",
                    "Fetch again; if it stays so, ask the department.",
                )
            )

    def _next_request(self) -> dict[str, Any] | None:
        """What to ask next: query parameters, and for links `""`: the address; None after the last page."""
        pages = self._pages.pages
        if self._by in ("page", "offset"):
            first = self._paging.get("first", 1 if self._by == "page" else 0)
            # A page without records is the last; a short one need not be: a server may give fewer than it is asked for.
            if pages and (not pages[-1].count or (pages[0].total is not None and self._pages.count >= pages[0].total)):
                return None
            return {self._parameter: first + (len(pages) if self._by == "page" else self._pages.count)}
        if not pages:
            return {}
        if (following := pages[-1].next) is None:
            return None
        return {self._parameter: following} if self._by == "cursor" else {"": following}

    def _page(self, number: int, request: dict[str, Any]) -> tuple[Page, list[bytes]]:
        linked = "" in request
        parameters = {} if linked else {**self._always, **request}
        answer = self._client.ask(request[""] if linked else self._client.address, parameters)
        records = find_records(answer.document, self._records_path, self._where)
        lines = [orjson.dumps(record, option=orjson.OPT_SORT_KEYS) for record in records]
        return page_of(number, request, self._total(answer), self._following(answer), lines), lines

    def _total(self, answer: Answer) -> int | None:
        stated = _at(answer.document, self._total_path) if self._total_path else None
        if isinstance(stated, int) and not isinstance(stated, bool):
            return stated
        required = self._total_path and (self._by in ("page", "offset") or "total" in self._paging)
        if required or stated is not None:
            raise self._error(
                "The API does not state how many records it has.",
                f"an integer at `{self._total_path}` on every page",
                "no total" if stated is None else type(stated).__name__,
                'If it states none, set `total: ""` under `paging` in the contract: then an empty page is the last.',
            )
        return None

    def _following(self, answer: Answer) -> Any:
        if self._by == "header":
            return self._client.without_token(answer.next) if answer.next else None
        if self._by not in ("cursor", "link"):
            return None
        following = _at(answer.document, self._paging.get("next", "next"))
        if following in (None, "", False):
            return None
        if not isinstance(following, str | int):
            raise self._error("The API's mark of the next page is none.", "a text or number", type(following).__name__)
        return self._client.without_token(str(following)) if self._by == "link" else following

    def _error(
        self, what: str, expected: str, got: str, todo: str = "Fetch again; if it stays so, ask the department."
    ) -> DeliveryError:
        return DeliveryError(what, where=self._where, expected=expected, got=got, todo=todo)


def _at(document: Any, path: str) -> Any:
    """The value at a dotted path; None if there is none."""
    for step in filter(None, path.split(".")):
        document = document.get(step) if isinstance(document, dict) else None
    return document
