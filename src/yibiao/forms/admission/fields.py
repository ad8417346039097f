"""The fields of a form as they are registered: what each asks, what is to be done with it, how it is filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from yibiao.contracts.values import Schemas
from yibiao.errors import AdmissionError
from yibiao.forms.admission.law import ARTICLE_SHORT
from yibiao.forms.layout import column_of
from yibiao.forms.model import Form, Rows
from yibiao.matching.fields import FormField, FormTable
from yibiao.matching.lexicon import Fact, lexicon_of
from yibiao.matching.model import Model, load_model
from yibiao.matching.persons import PERSONAL
from yibiao.matching.precedents import Precedent, by_words
from yibiao.matching.printable import Shown, printable_of
from yibiao.matching.score import Scored, score_fields
from yibiao.matching.verdict import Judge

SUPPLIED = ("reuse", "derive", "confirm")
"""Verdicts of what sharing supplies."""

BY_HAND = ("typed", "picked")
FILLED_IN = ("confirmed", "automatic")
"""Modes in which a person fills a cell, and those in which the system did it before."""

OTHER = "new"
"""Said of a field that asks none of the data elements."""

SAID_NEW = "填报部门说明：不是任何已有数据元"
"""The reason that is kept then, in front of those of the matcher."""

SAID_ELEMENT = "填报部门指明"
"""The reason that is kept where a department said the element."""


@dataclass(frozen=True)
class AskedField:
    """One field of a registered form.

    Attributes:
        key: headers from the outermost to the innermost, joined by `/`; unique in the form (`姓名#2`).
        sheet, column: where it stands; 0-based as in the file.
        element, role, derive, value: what it asks, `role` as contracts write it; element None if no element says it.
        score, verdict, reasons: of the matcher, or of a human (`--means`).
        held_by: reports that hold it; the department that decides comes first.
        as_of: the newest edition of these in the release, `YYYY-MM-DD`; None without a release.
        sharing: sharing type of the element; None without one.
        hand: how a person fills it where the system does not: `typed` or `picked`.
        mode: how it is filled: one of `BY_HAND` or `FILLED_IN`.
        known: rows of one filling that the system fills in; None if the mode is one of `BY_HAND`, or nobody counted.
        concept: name of what is asked where no element said it when a form of `schemas/forms` was written.
    """

    key: str
    sheet: str
    column: int
    element: str | None
    role: str | None
    derive: str | None
    value: str | None
    score: float
    verdict: str
    reasons: tuple[str, ...]
    held_by: tuple[str, ...]
    as_of: str | None
    sharing: str | None
    hand: str
    mode: str
    known: int | None = None
    concept: str | None = None

    @property
    def supplied(self) -> bool:
        """Whether sharing supplies it: a report holds it, a release can answer it, and its authority shares it."""
        return self.verdict in SUPPLIED and self.sharing != "none"

    @property
    def refused(self) -> bool:
        """Whether it asks people for what sharing supplies."""
        return self.supplied and self.mode in BY_HAND

    @property
    def fact(self) -> str:
        """The same for fields that ask the same, whatever they are called."""
        if self.concept or self.element is None:
            return f"={self.concept or self.key}"
        return ":".join((self.element, self.role or "", self.derive or "", self.value or ""))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> AskedField:
        """The field that `as_dict` gave."""
        return cls(**{**stored, "reasons": tuple(stored["reasons"]), "held_by": tuple(stored["held_by"])})


class Assessor:
    """Judges the fields of forms.

    Args:
        root: the schemas folder, for the model.
        editions, today: newest edition of each report, and of all, in the release that says how fresh values are.
        precedents: what was said of headers in forms that are in force.
    """

    def __init__(
        self,
        root: Path,
        schemas: Schemas,
        editions: Mapping[str, date] | None = None,
        today: date | None = None,
        precedents: Sequence[Precedent] = (),
    ) -> None:
        self._schemas = schemas
        self._model: Model = load_model(root)
        self._judge = Judge(schemas, self._model, editions, today, by_words(precedents))

    def of_file(self, tables: Sequence[FormTable]) -> list[AskedField]:
        """Fields of a form file; what is no question is left out."""
        lexicon = lexicon_of(self._schemas, self._model.learned)
        # What may have been filled in is not kept, as it is not printed: of such a field only its place is said.
        printable = printable_of(lexicon)
        sheets = list(dict.fromkeys(table.sheet for table in tables))
        found = [
            self._asked(scored, _hand(scored.field, scored.fact, self._schemas), shown)
            for table in tables
            for scored, shown in zip(
                score_fields(table.fields, table.title, lexicon, self._model),
                printable.of(table, sheets.index(table.sheet) + 1),
                strict=True,
            )
            if scored.skipped is None
        ]
        return _unique(found)

    def of_form(self, form: Form) -> list[AskedField]:
        """Fields of a form of `schemas/forms/`, which says itself what they ask."""
        found = []
        for position, field in enumerate(form.fields):
            asked = FormField(form.title, column_of(form, position), field.path)
            fact = Fact(field.element, field.role, field.derive, field.value) if field.element else None
            said = ("表单定义写明",) if fact else ("表单定义写明：没有数据元",)
            scored = Scored(asked, fact, 1.0, said)
            found.append(replace(self._asked(scored, field.mode, rows=form.rows), concept=field.concept))
        return _unique(found)

    def again(self, fields: Sequence[AskedField], title: str, rows: Rows | None = None) -> list[AskedField]:
        """The same fields by what is held and how fresh it is now.

        What a human, a form's file or the matcher said that a field asks stays. What no element said then is matched
        once more: the registry may have learned it.

        Args:
            rows: those of the form, where `schemas/forms/` has it.
        """
        matched = self._match(fields, title)
        found = []
        for field in fields:
            if field.key in matched and field.reasons[:1] != (SAID_NEW,):
                found.append(replace(matched[field.key], key=field.key, mode=field.mode, hand=field.hand))
            elif field.element is None or field.element not in self._schemas.elements or field.verdict == "ask":
                found.append(field)
            else:
                found.append(self._fresh(field, Fact(field.element, field.role, field.derive, field.value), rows))
        return found

    def _match(self, fields: Sequence[AskedField], title: str) -> dict[str, AskedField]:
        """The fields that no element was found for, matched anew among all fields of their form."""
        if all(one.element or one.concept for one in fields):
            return {}
        asked = [FormField(one.sheet, one.column, tuple(bare(one.key).split("/"))) for one in fields]
        scored = score_fields(asked, title, lexicon_of(self._schemas, self._model.learned), self._model)
        return {
            field.key: self._asked(one, field.hand)
            for field, one in zip(fields, scored, strict=True)
            if one.skipped is None and field.element is None and field.concept is None
        }

    def means(self, field: AskedField, element: str) -> AskedField:
        """A field of which a human says what it asks: an element's id, or `OTHER`.

        Raises:
            AdmissionError: the matcher is sure, or there is no such element.
        """
        if field.verdict not in ("ask", "confirm", "new"):
            raise AdmissionError(
                "What this field asks is not in doubt.",
                where=f"field {field.key}",
                expected="a field whose verdict is ask, confirm or new",
                got=field.verdict,
                todo="If the verdict is wrong all the same, whoever approves the form says so with --except.",
            )
        if element == OTHER:
            reasons = (SAID_NEW, *field.reasons)
            return replace(
                field,
                element=None,
                concept=None,
                role=None,
                derive=None,
                value=None,
                verdict="new",
                reasons=reasons,
                held_by=(),
                as_of=None,
                sharing=None,
                score=1.0,
            )
        if element not in self._schemas.elements:
            from yibiao.contracts.documents import did_you_mean

            raise AdmissionError(
                "There is no data element of this id.",
                where=f"--means {field.key}=...",
                got=element,
                todo=did_you_mean(element, self._schemas.elements) or "Find it with `yibiao elements search`.",
            )
        if element == field.element:
            fact = Fact(element, field.role, field.derive, field.value)
        else:
            # 监护人/联系号 said to be a mobile number is the guardian's.
            fact = Fact(element, field.role if element in PERSONAL else None)
        concept = field.concept if element == field.element else None
        return self._fresh(replace(field, reasons=(SAID_ELEMENT, *field.reasons), score=1.0, concept=concept), fact)

    def _fresh(self, field: AskedField, fact: Fact, rows: Rows | None = None) -> AskedField:
        place = FormField(field.sheet, field.column, tuple(bare(field.key).split("/")))
        made = self._asked(Scored(place, fact, field.score, field.reasons[:2]), field.hand, rows=rows)
        return replace(made, key=field.key, mode=field.mode, known=field.known, concept=field.concept)

    def _asked(self, scored: Scored, hand: str, shown: Shown | None = None, *, rows: Rows | None = None) -> AskedField:
        verdict = self._judge.of(scored, shown, rows)
        fact = scored.fact if verdict.element is not None else None
        element = self._schemas.elements[verdict.element] if verdict.element else None
        return AskedField(
            key="/".join(verdict.path),
            sheet=verdict.sheet,
            column=verdict.column,
            element=verdict.element,
            role=fact.role if fact else None,
            derive=fact.derive if fact else None,
            value=fact.value if fact else None,
            score=round(verdict.score, 4),
            verdict=verdict.verdict,
            reasons=verdict.reasons,
            held_by=verdict.held_by,
            as_of=verdict.as_of,
            sharing=element.sharing if element else None,
            hand=hand,
            mode=hand,
        )


def with_modes(fields: Sequence[AskedField], modes: Mapping[str, str], *, prefill: bool = False) -> list[AskedField]:
    """The fields with the modes that a department says.

    Args:
        modes: field (see `find_field`) -> mode.
        prefill: everything that sharing supplies is filled in by the system, `confirm` for a person to look at.

    Raises:
        AdmissionError: no such field, or the system is to fill in what nobody holds.
    """
    found = list(fields)
    if prefill:
        filled = {"reuse": "automatic", "derive": "automatic", "confirm": "confirmed"}
        found = [replace(one, mode=filled[one.verdict]) if one.supplied else one for one in found]
    for name, mode in modes.items():
        position = find_field(found, name)
        one = found[position]
        if mode in FILLED_IN and (not one.held_by or one.verdict == "new"):
            raise AdmissionError(
                "Nobody holds what the system is to fill in.",
                where=f"--mode {name}={mode}",
                expected=f"a field that some report holds, or one of {', '.join(BY_HAND)}",
                got=f"verdict {one.verdict}",
                todo=f"Take `{name}` out of --mode, or give it one of {', '.join(BY_HAND)}.",
            )
        found[position] = replace(one, mode=mode, hand=mode if mode in BY_HAND else one.hand)
    return found


def find_field(fields: Sequence[AskedField], name: str) -> int:
    """The place of the one field that a name means: its headers joined by `/`, its innermost header, or its element.

    Raises:
        AdmissionError: none, or more than one.
    """
    for said in (
        lambda one: one.key == name,
        lambda one: bare(one.key).rpartition("/")[2] == name,
        lambda one: one.element == name,
    ):
        places = [place for place, one in enumerate(fields) if said(one)]
        if len(places) == 1:
            return places[0]
        if places:
            raise AdmissionError(
                "More than one field is called so.",
                where=f"field {name}",
                expected="one of " + "、".join(fields[place].key for place in places),
                todo="Write its headers from the outermost to the innermost, joined by `/`.",
            )
    from yibiao.contracts.documents import did_you_mean

    raise AdmissionError(
        "The form has no such field.",
        where=f"field {name}",
        expected="、".join(one.key for one in fields[:20]) + ("…" if len(fields) > 20 else ""),
        todo=did_you_mean(name, [one.key for one in fields]),
    )


def refusal(field: AskedField, schemas: Schemas) -> str:
    """Why a field is refused, in Chinese: what, who holds it, as of when, by which article."""
    element = schemas.elements[field.element or ""].name
    holders: dict[str, list[str]] = {}
    for report in field.held_by[:3]:
        department = report.partition(".")[0]
        known = schemas.departments.get(department)
        holders.setdefault(known.name if known else department, []).append(report)
    named = "、".join(f"{department}（{'、'.join(reports)}）" for department, reports in holders.items())
    more = f"等 {len(field.held_by)} 处" if len(field.held_by) > 3 else ""
    as_of = f"，最近一期 {field.as_of}" if field.as_of else "，最近一期不明（没有发布版本）"
    condition = "，有条件共享，须先申请" if field.sharing == "conditional" else ""
    return f"{field.key}：{element}已由{named}{more}提供{as_of}{condition}；依条例{ARTICLE_SHORT}不得重复收集"


def bare(key: str) -> str:
    """The headers of a field, without the number that tells two of the same apart."""
    head, sign, number = key.rpartition("#")
    return head if sign and number.isdigit() else key


def _hand(field: FormField, fact: Fact | None, schemas: Schemas) -> str:
    element = schemas.elements.get(fact.element or "") if fact is not None else None
    coded = element is not None and element.code_list is not None and fact is not None and fact.derive != "age"
    return "picked" if field.options or coded else "typed"


def _unique(fields: Sequence[AskedField]) -> list[AskedField]:
    seen: dict[str, int] = {}
    found = []
    for one in fields:
        number = seen[one.key] = seen.get(one.key, 0) + 1
        found.append(one if number == 1 else replace(one, key=f"{one.key}#{number}"))
    return found
