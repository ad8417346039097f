"""What is to be done with a field: reuse what is held, derive it, have it confirmed, ask for it, or ask a human."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from yibiao.contracts.values import Element, Schemas
from yibiao.forms.holders import Holders
from yibiao.forms.model import Fact as AskedFact
from yibiao.forms.model import Rows
from yibiao.forms.paths import INFERRED, answers
from yibiao.matching.lexicon import Fact
from yibiao.matching.model import Model
from yibiao.matching.precedents import Precedent, settled
from yibiao.matching.printable import Shown
from yibiao.matching.roles import word_of
from yibiao.matching.score import Scored

VERDICTS: Mapping[str, str] = {
    "reuse": "已有，不再填",
    "derive": "可由已有数据得出",
    "confirm": "已有，请核对",
    "new": "没有，需要填",
    "ask": "拿不准，请人判断",
    "skip": "不是问题",
}
"""Verdict -> how it is shown."""

GRACE_DAYS = 62
"""So much later than an element's freshness says its newest edition may be: deliveries need time to arrive."""


@dataclass(frozen=True)
class Verdict:
    """One field of a form as judged; `as_dict` is what `yibiao form check --json` prints.

    Attributes:
        column: 0-based as in the file.
        sheet, label, path: as printed; where they may have been filled in, only a place in words.
        element: what it asks, or most likely asks; None if nothing is like it.
        role: in Chinese, whom it speaks of if not the row's own.
        held_by: ids of the reports that hold it.
        as_of: the newest edition of these reports in the release, `YYYY-MM-DD`; None without a release.
    """

    sheet: str
    column: int
    label: str
    path: tuple[str, ...]
    element: str | None
    role: str | None
    score: float
    verdict: str
    reasons: tuple[str, ...]
    held_by: tuple[str, ...]
    as_of: str | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Judge:
    """Turns scored fields into verdicts.

    Args:
        editions: report id -> last day of its newest edition in the current release; empty without one.
        today: the last day that the release speaks of.
        precedents: what was said of headers in forms that are in force, as `by_words` gives it.
    """

    def __init__(
        self,
        schemas: Schemas,
        model: Model,
        editions: Mapping[str, date] | None = None,
        today: date | None = None,
        precedents: Mapping[str, Precedent] | None = None,
    ) -> None:
        self._schemas, self._model = schemas, model
        self._holders = Holders(schemas)
        self._editions, self._today = editions or {}, today
        self._precedents = precedents or {}

    def of(self, scored: Scored, shown: Shown | None = None, rows: Rows | None = None) -> Verdict:
        """The verdict on one field.

        Args:
            shown: how to speak of it, where its words may have been filled in.
            rows: which rows the form has, where that is known.
        """
        scored = settled(scored, self._precedents, self._model, self._schemas)
        if shown is None:
            return self._of(scored, rows)
        if shown.hidden:
            found = self._verdict(scored, rows, None, "ask", ["像是填写的内容，不像表头，所以只说位置"])
        else:
            found = self._of(scored, rows)
        return replace(found, sheet=shown.sheet, label=shown.path[-1], path=shown.path)

    def _of(self, scored: Scored, rows: Rows | None) -> Verdict:
        fact, reasons = scored.fact, list(scored.reasons)
        if scored.skipped is not None:
            return self._verdict(scored, rows, None, "skip", reasons)
        if fact is None or fact.element is None or scored.score < self._model.unsure:
            best = f"只有 {scored.score:.2f}" if scored.score >= 0.005 else "也不到 0.01"
            reasons = ["没有数据元与它相符" + (f"，最相近的{best}" if fact else ""), *reasons[:2]]
            return self._verdict(scored, rows, None, "new", reasons)
        if scored.score < self._model.likely:
            return self._verdict(scored, rows, fact, "ask", [f"像“{self._name(fact)}”，但把握不足", *reasons])
        if not self.held_by(fact):
            return self._verdict(scored, rows, fact, "new", [*reasons, "还没有部门提供它"])
        held = self.held_by(fact, rows)
        if not held:
            # Other holders are no holders of this row: nobody can fill it in from them.
            return self._verdict(scored, rows, fact, "new", [*reasons, "报送这一类的部门不提供它"])
        if not answers(self._schemas.entities, rows.entity if rows else None, fact):
            # Honest to whoever asks: what no golden record has, no filled form can show.
            return self._verdict(scored, rows, fact, "new", [*reasons, "有部门掌握，但发布的数据里还没有这一项"])
        if fact.role in INFERRED:
            return self._verdict(scored, rows, fact, "confirm", [*reasons, "按户内关系推定，请核对"])
        if fact.derive:
            how = "由日期推算" if fact.derive == "age" else "按名单有无得出"
            return self._verdict(scored, rows, fact, "derive", [*reasons, how])
        if scored.score < self._model.sure:
            return self._verdict(scored, rows, fact, "confirm", [*reasons, "把握较大，请核对"])
        as_of, good = self._as_of(held), self._kept(fact).max_age_days
        if as_of and self._today and good is not None and (self._today - as_of).days > good + GRACE_DAYS:
            return self._verdict(scored, rows, fact, "confirm", [*reasons, f"最近一期是 {as_of.isoformat()}，已不新"])
        return self._verdict(scored, rows, fact, "reuse", reasons)

    def held_by(self, fact: Fact, rows: Rows | None = None) -> tuple[str, ...]:
        """Reports that hold it; the department that decides comes first, and of its reports the one that says most."""
        held = self._holders.of(AskedFact(fact.element, fact.role, fact.derive, fact.value, None), rows)
        order = {name: place for place, name in enumerate(self._kept(fact).authority)}
        said = {one: len(self._schemas.reports[one].columns) for one in held}
        return tuple(sorted(held, key=lambda one: (order.get(one.partition(".")[0], len(order)), -said[one], one)))

    def _kept(self, fact: Fact) -> Element:
        """The element that answers: of the owner of a dwelling, the dwelling's own."""
        kept = self._schemas.kept_as(fact.element or "", fact.role)
        return self._schemas.elements[kept[0] if kept else fact.element or ""]

    def _as_of(self, held: tuple[str, ...]) -> date | None:
        return max((self._editions[one] for one in held if one in self._editions), default=None)

    def _name(self, fact: Fact) -> str:
        return self._schemas.elements[fact.element or ""].name

    def _verdict(
        self, scored: Scored, rows: Rows | None, fact: Fact | None, verdict: str, reasons: list[str]
    ) -> Verdict:
        held = self.held_by(fact, rows) if fact else ()
        as_of = self._as_of(held)
        one = scored.field
        return Verdict(
            sheet=one.sheet,
            column=one.column,
            label=one.label,
            path=one.path,
            element=fact.element if fact else None,
            role=word_of(fact.role) if fact else None,
            score=scored.score,
            verdict=verdict,
            reasons=tuple(reasons),
            held_by=held,
            as_of=as_of.isoformat() if as_of else None,
        )
