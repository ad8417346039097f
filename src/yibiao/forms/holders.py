"""Which of the facts that forms ask are collected already by some report (who holds it: 谁已有)."""

from __future__ import annotations

from yibiao.contracts.values import Schemas
from yibiao.forms.model import Fact


class Holders:
    """Looks up the reports that hold a fact.

    A report holds a fact if it has a column, or a constant, of the same element about the row's own entity, or about
    somebody in the same role. The first is enough for a role as well: the head of a household is a resident too.
    """

    def __init__(self, schemas: Schemas) -> None:
        found: dict[tuple[str, str | None], set[str]] = {}
        for report in schemas.reports.values():
            for column in report.columns:
                if column.element is not None:
                    found.setdefault((column.element, column.role), set()).add(report.id)
            for element in report.constants:
                found.setdefault((element, None), set()).add(report.id)
        self._reports = {key: tuple(sorted(reports)) for key, reports in found.items()}

    def of(self, fact: Fact) -> tuple[str, ...]:
        """Ids of the reports that hold it, ascending; empty if it must be asked."""
        if fact.element is None:
            return ()
        own = self._reports.get((fact.element, None), ())
        return tuple(sorted({*own, *self._reports.get((fact.element, fact.role), ())}))
