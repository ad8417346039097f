"""Which data element a header names: by the names that the registry and other contracts already use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from yibiao.contracts.kinds import UNIT_WORDS
from yibiao.contracts.registry import SQL_WORDS
from yibiao.contracts.values import Schemas
from yibiao.ingest.drift import name_score, plain

ROLE_WORDS: Mapping[str, str] = {
    "监护人": "guardian",
    "家长": "guardian",
    "父亲": "father",
    "母亲": "mother",
    "户主": "head",
    "配偶": "spouse",
    "产权人": "owner",
    "房主": "owner",
    "业主": "owner",
    "房东": "owner",
    "家属": "relative",
    "亲属": "relative",
    "联系人": "contact",
    "紧急联系人": "contact",
    "法定代表人": "legal_representative",
    "法人代表": "legal_representative",
    "经办人": "agent",
    "代办人": "agent",
    "代理人": "agent",
    "申报人": "reporter",
    "报告人": "reporter",
    "上报人": "reporter",
}
"""Words before a field that say it speaks of another person than the row -> role."""

SELF_WORDS = (
    *("本人", "申请人", "参保人", "参保人员", "持证人", "学生", "逝者", "死者", "患者", "居民", "人员", "被保险人"),
    *("对象", "老人", "职工", "儿童", "受种者", "持卡人", "残疾人", "低保对象", "户籍"),
)
"""Words before a field that name the person of the row himself."""

LIKELY = 0.6
"""Likeness of names from which an element is proposed at all."""

UNSURE = 0.7
"""Score of a word that means an element only in a context that the header does not show."""

_NOISE = re.compile(r"[（(【\[].*?[）)】\]]|[*＊:：_/\-.\s]|是否|（|）")


@dataclass(frozen=True)
class Named:
    """An element that a header may name.

    Attributes:
        element: id.
        role: whom the header speaks of, if it says so.
        score: 0 to 1; 1 if the header is a known name.
        why: the reason in words.
    """

    element: str
    role: str | None
    score: float
    why: str


class Names:
    """The known names of all data elements.

    Args:
        without: a report whose headers are not to be learned: the one that is being drafted.
    """

    def __init__(self, schemas: Schemas, without: str = "") -> None:
        self._schemas = schemas
        self._words = {
            element.id: (element.name, *element.aliases, element.id, element.english.lower())
            for element in schemas.elements.values()
        }
        self._latin = {
            element.id: (_latin_words(element.id), _latin_words(element.english))
            for element in schemas.elements.values()
        }
        self._known: dict[str, list[tuple[str, str | None, str]]] = {}
        self._with_sign: dict[str, list[tuple[str, str]]] = {}
        self._in_context: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for element in schemas.elements.values():
            for word in self._words[element.id]:
                if word in element.contexts:
                    self._in_context.setdefault(plain(word).lower(), []).append((element.id, element.contexts[word]))
                else:
                    self._learn(word, element.id, None, f"a name of `{element.id}` in the registry")
                    for sign in set(text := plain(word).lower()):
                        self._with_sign.setdefault(sign, []).append((element.id, text))
        for report in schemas.reports.values():
            for column in report.columns if report.id != without else ():
                if column.element:
                    for word in (column.header, *column.aliases):
                        self._learn(word, column.element, column.role, f"the header of it in {report.id}")

    def _learn(self, word: str, element: str, role: str | None, why: str) -> None:
        known = self._known.setdefault(plain(word).lower(), [])
        if not any((element, role) == (one[0], one[1]) for one in known):
            known.append((element, role, why))

    def _near(self, text: str) -> dict[str, list[str]]:
        """Element -> its words that have enough signs of a text to be like it: thousands of names are not compared."""
        wanted = plain(text).lower()
        shared: Counter[tuple[str, str]] = Counter()
        for sign, count in Counter(wanted).items():
            for one in self._with_sign.get(sign, ()):
                shared[one] += count
        found: dict[str, list[str]] = {}
        for (element, word), count in shared.items():
            if 2 * count >= LIKELY * (len(wanted) + len(word)):
                found.setdefault(element, []).append(word)
        return found

    def of(self, header: str) -> list[Named]:
        """Elements that a header may name, the likeliest first; empty if none is like it."""
        found: dict[tuple[str, str | None], Named] = {}

        def offer(one: Named) -> None:
            key = (one.element, one.role)
            if key not in found or one.score > found[key].score:
                found[key] = one

        for element, role, why in self._known.get(plain(header).lower(), ()):
            offer(Named(element, role, 1.0, why))
        role, rest = _role(header)
        # Under a merged header the upper one says of whom or of what moment, the lowest one names the field.
        for text in dict.fromkeys((rest, _NOISE.sub("", rest), rest.rpartition("/")[2])):
            for element, known_role, why in self._known.get(plain(text).lower(), ()):
                offer(Named(element, role or known_role, 0.95, why if text == header else f"`{text}` is {why}"))
            for element, context in self._in_context.get(plain(text).lower(), ()):
                near = next((word for word in context if word in header), "")
                why = f"`{text}` is a name of `{element}` near {near or ', '.join(context)}"
                offer(Named(element, role, 0.95 if near else UNSURE, why))
            for element, words in self._near(text).items():
                likeness = name_score(text, words) * 0.9
                if likeness >= LIKELY:
                    offer(Named(element, role, round(likeness, 2), f"`{text}` is like a name of `{element}`"))
        latin = _latin_words(header)
        for element_id, spoken in self._latin.items() if latin else ():
            if latin in spoken:
                offer(Named(element_id, None, 0.95, f"`{header}` is `{element_id}` in words"))
            elif any(set(latin) < set(one) for one in spoken):
                offer(Named(element_id, None, 0.65, f"`{header}` is a part of the name of `{element_id}`"))
        return sorted(found.values(), key=lambda one: (-one.score, one.role is not None, one.element))


def unit_in(header: str) -> tuple[str | None, str]:
    """The unit that stands in brackets behind a header, None if it is none that a contract knows; and these words."""
    found = re.findall(r"[（(【\[]\s*(?:单位\s*[:：]?)?\s*([^（(【\[）)】\]]+?)\s*[）)】\]]", header)
    for words in reversed(found):
        for unit, names in UNIT_WORDS.items():
            if words in names:
                return unit, words
    return None, found[-1] if found else ""


def _latin_words(text: str) -> tuple[str, ...]:
    """Words of a name in Latin letters, whatever keeps them apart: `cityCode`, `city_code`, `City code`."""
    if not text.isascii():
        return ()
    return tuple(word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", text))


def _role(header: str) -> tuple[str | None, str]:
    """Whom a header speaks of, and what is left of it: `监护人/姓名` -> guardian, 姓名."""
    text = plain(header)
    for word in sorted(ROLE_WORDS, key=len, reverse=True):
        if text.startswith(word) and text != word:
            return ROLE_WORDS[word], text[len(word) :].lstrip("/的_-") or text
    for word in sorted(SELF_WORDS, key=len, reverse=True):
        if text.startswith(word) and text != word:
            return None, text[len(word) :].lstrip("/的_-") or text
    return None, text


def property_name(header: str, element: str | None, role: str | None, taken: set[str]) -> str:
    """A snake_case name that is not taken: the element with its role, else English or pinyin of the header."""
    if element:
        name = f"{role}__{element}" if role else element
    else:
        from pypinyin import lazy_pinyin

        words = "_".join(lazy_pinyin(_NOISE.sub("_", plain(header)))).lower()
        name = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", words)).strip("_")[:48].rstrip("_") or "column"
        if not name[0].isalpha():
            name = f"column_{name}"
        if name in SQL_WORDS:
            name += "_field"
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    taken.add(unique)
    return unique
