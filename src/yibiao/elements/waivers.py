"""Waivers (`schemas/waivers.yml`): who may collect what another report collects already, why, until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from yibiao.contracts import Schemas
from yibiao.contracts.documents import Document, Findings, read_fields
from yibiao.contracts.registry import check_reference, read_items

ANY = "any"
"""Instead of a list of reports: whoever collects the element. Only for what tells rows apart, see `lint`."""

_FIELDS: dict[str, type | tuple[type, ...]] = {"element": str, "reports": (list, str), "reason": str, "until": date}


@dataclass(frozen=True)
class Waiver:
    """One permission to collect an element again.

    Attributes:
        reports: ids of the reports that collect it besides its source; None for any.
        until: last day on which it holds.
    """

    element: str
    reports: frozenset[str] | None
    reason: str
    until: date
    document: Document
    place: int

    @property
    def where(self) -> str:
        """`file:line`; the file is read again for it, so only a finding asks."""
        return self.document.where("waivers", self.place)

    def covers(self, report: str) -> bool:
        return self.reports is None or report in self.reports


def read_waivers(root: Path, schemas: Schemas, findings: Findings) -> tuple[Waiver, ...]:
    """All waivers of a schemas folder, in the order of the file; none if there is no file."""
    path = root / "waivers.yml"
    if not path.exists():
        return ()
    document = Document(path, root.parent)
    waivers = []
    for place, item in enumerate(read_items(document, "waivers", findings)):
        at = ("waivers", place)
        data = read_fields(document, at, item, _FIELDS, list(_FIELDS), findings)
        if data is None:
            continue
        given = data["reports"]
        if isinstance(given, str) and given != ANY:
            where = document.where(*at)
            findings.error(
                "waiver",
                "`reports` is a list of reports, or `any`.",
                where,
                expected="[<report>, ...] or any",
                got=given,
                todo="Put the reports in square brackets.",
            )
            continue
        listed = [] if given == ANY else [str(one) for one in given]
        if not data["reason"].strip():
            where = document.where(*at)
            findings.error(
                "waiver",
                "A waiver without a reason.",
                where,
                expected="`reason:` in words",
                got="nothing but blanks" if data["reason"] else "nothing",
                todo="Say why it cannot be shared yet.",
            )
        if data["element"] not in schemas.elements:
            where, known = document.where(*at), schemas.elements
            check_reference("unknown-element", "data element", data["element"], known, where, findings)
        for report in listed:
            if report not in schemas.reports:
                check_reference("unknown-report", "report", report, schemas.reports, document.where(*at), findings)
        reports = None if given == ANY else frozenset(listed)
        waivers.append(Waiver(data["element"], reports, data["reason"], data["until"], document, place))
    return tuple(waivers)
