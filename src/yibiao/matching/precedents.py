"""What a human said that a header asks, in a form that was approved since: what is settled once is not asked again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from yibiao.contracts.values import Schemas
from yibiao.matching.lexicon import Fact
from yibiao.matching.model import Model
from yibiao.matching.normalise import words_of
from yibiao.matching.roles import word_of
from yibiao.matching.score import Scored


@dataclass(frozen=True)
class Precedent:
    """What a header asks by a department's word, which whoever approved the form let pass.

    Attributes:
        header: as printed.
        element, role: what it asks, and of whom.
        number: control number of the form. Its title is told to nobody else: a department may have put a name in it.
    """

    header: str
    element: str
    role: str | None
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


def settled(scored: Scored, precedents: Mapping[str, Precedent], model: Model, schemas: Schemas) -> Scored:
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
    if fact == Fact(one.element, one.role):
        said = f"准入编号 {one.number} 的表里，填报部门指明过是它"
        return replace(scored, score=model.likely, reasons=(said, *scored.reasons))
    if fact.element == one.element:
        return scored  # of another person, or derived
    whose = f"{word_of(one.role)}的" if one.role else ""
    other = f"准入编号 {one.number} 的表里，同样的表头指的是{whose}“{schemas.elements[one.element].name}”"
    return replace(scored, reasons=(*scored.reasons, other))
