"""Every name under which a data element is known: registry, contracts, and what labelled forms taught."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from yibiao.contracts.values import Schemas
from yibiao.matching.alike import Likeness, likeness
from yibiao.matching.normalise import key, label, reduced, words_of

PERSON_TAILS: Mapping[str, str] = {"resident_name": "name", "mobile_phone": "phone", "citizen_id": "citizen_id"}
"""Element of a person -> how an element of its own for one role ends: `legal_representative_name`."""

OWN_ELEMENTS: Mapping[tuple[str, str], str] = {
    ("legal_representative", "mobile_phone"): "person_in_charge_phone",
    ("legal_representative", "landline_phone"): "person_in_charge_phone",
}
"""Role and element of a person -> the registry's element for both, where its id does not follow from them."""

MOST_CODES = 60
"""Longer code lists (divisions) are no words of questions."""


MOST_LIKES = 100_000
"""Pairs of words of which it is kept how like they are."""


@dataclass(frozen=True)
class Fact:
    """What a field may ask; `element` is None for what no data element says.

    `derive` and `value` are those of `yibiao.forms.model.Field`.
    """

    element: str | None
    role: str | None = None
    derive: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class Name:
    """One name of a fact.

    Attributes:
        words: key of it.
        source: `registry`, `contract`, `form`, or `code` (a value of a code list, asked by yes or no).
        said: where it stands, in Chinese.
        contexts: words of which one must stand above it, in it or in the title; empty if it means this anywhere.
    """

    words: str
    fact: Fact
    source: str
    said: str
    contexts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Learned:
    """Words of a header of labelled forms, by `words_of`, and what it asks; `forms` are their number."""

    words: str
    fact: Fact
    forms: int


_PERSON = re.compile(r"(?:人|人员|员|者|长|师|医生|干部)$")
"""Last words of a name for somebody: 安全管理人员, 安全管理人员姓名."""


_PLAIN = re.compile(r"[\w]+")
"""Text without brackets."""


def qualifiers(alias: str) -> tuple[str, ...]:
    """What brackets of an alias say: 档案编号(健康) is no 档案编号 of anything else. Units say nothing of the kind."""
    if _PLAIN.fullmatch(alias):
        return ()  # most of them; to understand each would cost a tenth of a second
    understood = label(alias)
    return tuple(inside for inside in understood.inside if inside != understood.unit)


def _asked(schemas: Schemas, element: str, role: str | None = None) -> Fact:
    """An element as forms ask it: what a dwelling keeps of its owner is the name, or the number, of the owner."""
    return Fact(*schemas.asked_as.get(element, (element, role)))


class Lexicon:
    """Names of all data elements, and the words they are made of.

    Args:
        schemas: registry, code lists and contracts.
        learned: headers of labelled forms.
        without: a report whose own headers teach nothing: the one that is being drafted.
        unheard: keys of words that nothing but the own name of an element may have: training asks what is to be made of
            a header that nobody has written so far.
    """

    def __init__(
        self,
        schemas: Schemas,
        learned: Iterable[Learned] = (),
        without: str = "",
        unheard: Set[str] = frozenset(),
    ) -> None:
        self.schemas = schemas
        self._unheard = unheard - {key(one.name) for one in schemas.elements.values()}
        self.homes = {one.id: one.entity for one in schemas.elements.values() if one.entity not in ("", "common")}
        self._likes: dict[tuple[str, str], Likeness] = {}
        self.names: list[Name] = []
        self.exact: dict[str, list[int]] = defaultdict(list)
        self.alike: dict[str, list[int]] = defaultdict(list)
        for element in schemas.elements.values():
            fact = _asked(schemas, element.id)
            self._add(element.name, fact, "registry", f"与数据元“{element.name}”同名")
            for alias in element.aliases:
                said = f"“{alias}”是数据元“{element.name}”的别名"
                contexts = element.contexts.get(alias) or qualifiers(alias)
                self._add(alias, fact, "registry", said, contexts)
                if element.type == "name" and _PERSON.search(alias):
                    self._add(f"{alias}姓名", fact, "registry", said, contexts)
            self._add(element.english, fact, "registry", f"与数据元“{element.name}”的英文名相同")
            self._add(element.id.replace("_", ""), fact, "registry", f"与数据元“{element.name}”的标识相同")
        for report in schemas.reports.values():
            for column in report.columns if report.id != without else ():
                if column.element:
                    for word in (column.header, *column.aliases):
                        said = f"报表《{report.title}》用“{word}”表示它"
                        self._add(
                            word.rpartition("/")[2], _asked(schemas, column.element, column.role), "contract", said
                        )
        self._add_codes()
        self.votes: dict[str, dict[tuple[str | None, str | None], int]] = {}
        self.votes_alike: dict[str, dict[tuple[str | None, str | None], int]] = {}
        for one in learned:
            words = one.words
            if words not in self._unheard and (one.fact.element is None or one.fact.element in schemas.elements):
                asked = (one.fact.element, one.fact.derive)
                for votes, of in ((self.votes, words), (self.votes_alike, reduced(words))):
                    counted = votes.setdefault(of, {})
                    counted[asked] = counted.get(asked, 0) + one.forms
                self._add_words(words, one.fact, "form", "已标注的表单里这样写过")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_likes": {}}

    def like(self, asked: str, words: str) -> Likeness:
        """How like the words of a header are to those of a name; one form asks the same more than once."""
        found = self._likes.get((asked, words))
        if found is None:
            if len(self._likes) >= MOST_LIKES:
                self._likes.clear()
            found = self._likes[asked, words] = likeness(asked, words, self.weight, self.unseen)
        return found

    def _add(self, text: str, fact: Fact, source: str, said: str, contexts: tuple[str, ...] = ()) -> None:
        self._add_words(words_of(text) or key(text), fact, source, said, contexts)

    def _add_words(self, words: str, fact: Fact, source: str, said: str, contexts: tuple[str, ...] = ()) -> None:
        if not words or words in self._unheard:
            return
        places = self.exact[words]
        # A word that some report or form uses as it is counts without the context that the registry wants.
        for place in places:
            if self.names[place].fact == fact and bool(self.names[place].contexts) == bool(contexts):
                return
        place = len(self.names)
        self.names.append(Name(words, fact, source, said, tuple(contexts)))
        places.append(place)
        self.alike[reduced(words)].append(place)

    def _add_codes(self) -> None:
        """是否低保: a value of a code list, asked by yes or no, is the element with a derivation."""
        for element in self.schemas.elements.values():
            codes = self.schemas.codes.get(element.code_list or "")
            if codes is None or len(codes.codes) > MOST_CODES or codes.id in ("yes_no", "sex"):
                continue
            for code in codes.codes:
                for word in (code.name, *code.aliases):
                    if len(word) > 1 and word not in ("其他", "正常", "未知", "不详", "未说明"):
                        fact = Fact(element.id, None, "exists", code.code)
                        self._add("是否" + word, fact, "code", f"“{word}”是数据元“{element.name}”的一个取值")

    def entity(self, element: str | None) -> str | None:
        """The entity that an element speaks of; None for what may stand anywhere."""
        return self.homes.get(element or "")

    @cached_property
    def weight(self) -> Mapping[str, float]:
        """Character -> how much it tells: the rarer among the elements, the more."""
        holders: dict[str, set[str]] = defaultdict(set)
        for name in self.names:
            if name.fact.element and name.source != "code":
                for character in set(name.words):
                    holders[character].add(name.fact.element)
        total = max(len(self.schemas.elements), 1)
        return {character: math.log(1 + total / len(found)) for character, found in holders.items()}

    @cached_property
    def unseen(self) -> float:
        """Weight of a character that no name has."""
        return math.log(1 + 2 * max(len(self.schemas.elements), 1)) * 0.8

    @cached_property
    def _places(self) -> Mapping[str, Any]:
        """Character -> places of the names that have it, as an array."""
        import numpy as np

        found: dict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(self.names):
            for character in set(name.words):
                found[character].append(place)
        return {character: np.array(places) for character, places in found.items()}

    @cached_property
    def _lengths(self) -> Any:
        import numpy as np

        return np.array([len(name.words) for name in self.names])

    def near(self, words: str, most: int = 40) -> list[int]:
        """Places of the names that share most of the weight of their characters with `words`."""
        import numpy as np

        shared = np.zeros(len(self.names))
        some = np.zeros(len(self.names), dtype=bool)
        for character in sorted(set(words)):
            if (places := self._places.get(character)) is not None:
                shared[places] += self.weight.get(character, 0.0)
                some[places] = True
        places = np.flatnonzero(some)
        told = -shared[places] / (4 + self._lengths[places])
        return [int(place) for place in places[np.lexsort((places, told))[:most]]]

    def owned(self, fact: Fact) -> Fact:
        """The same fact by the element that the registry has for this role, if it has one."""
        own = OWN_ELEMENTS.get((fact.role or "", fact.element or ""))
        if own in self.schemas.elements:
            return Fact(own, None, fact.derive, fact.value)
        tail = PERSON_TAILS.get(fact.element or "")
        own = f"{fact.role}_{tail}"
        if fact.role and tail and own in self.schemas.elements:
            return Fact(own, None, fact.derive, fact.value)
        return fact


_MADE: list[tuple[Schemas, Iterable[Learned], Lexicon]] = []


def lexicon_of(schemas: Schemas, learned: tuple[Learned, ...]) -> Lexicon:
    """The lexicon of a registry and of what a model learned: the one that was made last, if it is of these two."""
    for of, taught, lexicon in _MADE:
        if of is schemas and taught is learned:
            return lexicon
    return know_lexicon(Lexicon(schemas, learned), learned)


def know_lexicon(lexicon: Lexicon, learned: tuple[Learned, ...]) -> Lexicon:
    """Take a lexicon from whoever made it, of this very registry and of what a model learned."""
    _MADE[:] = [(lexicon.schemas, learned, lexicon)]
    return lexicon
