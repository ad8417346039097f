"""What a human said that a header asks, in a form that was approved since: what is settled once is not asked again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from yibiao.matching.lexicon import Fact
from yibiao.matching.model import Model
from yibiao.matching.normalise import words_of
from yibiao.matching.score import Scored


@dataclass(frozen=True)
class Precedent:
    """What a header asks by a department's word, which whoever approved the form let pass.

    Attributes:
        header: the innermost header, as printed.
        element, role: what it asks, and of whom.
        form, number: title and control number of the form.
    """

    header: str
    element: str
    role: str | None
    form: str
    number: str


def by_words(precedents: Iterable[Precedent]) -> dict[str, Precedent]:
    """Words of a header -> the precedent; without words of which two forms say different things."""
    found: dict[str, Precedent] = {}
    disputed = set()
    for one in precedents:
        words = words_of(one.header)
        before = found.setdefault(words, one)
        if (before.element, before.role) != (one.element, one.role):
            disputed.add(words)
    return {words: one for words, one in found.items() if words and words not in disputed}


def settled(scored: Scored, precedents: Mapping[str, Precedent], model: Model) -> Scored:
    """A doubtful field as it is beside what was said of its words.

    Where the matcher's best guess is what was said, it is proposed, for confirmation; where it is another one, the
    field stays doubtful and says so: the same words may ask something else in another form.
    """
    fact = scored.fact
    if scored.skipped or fact is None or not model.unsure <= scored.score < model.likely:
        return scored
    one = precedents.get(words_of(scored.field.label))
    if one is None:
        return scored
    where = f"《{one.form}》（{one.number}）"
    if fact.derive is None and fact == Fact(one.element, one.role):
        return replace(scored, score=model.likely, reasons=(f"{where}里填报部门指明过是它", *scored.reasons))
    return replace(scored, reasons=(*scored.reasons, f"{where}里同样的表头指的是 {one.element}"))
