"""Whose telephone a form about an organisation asks, by what stands before it: 联系人 | 联系电话, 法定代表人 | 手机."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Fact
from yibiao.matching.normalise import label
from yibiao.matching.roles import readings

_TELEPHONE = re.compile(r"(?:联系|办公|固定|移动)?(?:电话|手机)(?:号码?)?|联系方式|座机(?:号码?)?")
_MOBILE = re.compile(r"移动|手机")
_FIXED = re.compile(r"固定|办公|座机")
_SOMEBODY = re.compile(r"(?:人|员|者|长|负责人|经理|主任)(?:姓名|签字|签名)?$")

ITS_OWN = Fact("organisation_phone")
OF_ROLE: Mapping[str, Fact] = {
    "contact": Fact("mobile_phone", "contact"),
    "legal_representative": Fact("person_in_charge_phone"),
}
"""Role of the person named before a telephone -> his."""

TELEPHONES = frozenset({"organisation_phone", "mobile_phone", "person_in_charge_phone", "landline_phone"})
"""Elements among which a bare 联系电话 is to be placed."""


def telephones(fields: Sequence[FormField], named: Sequence[str | None]) -> dict[FormField, Fact]:
    """What bare telephones of a form most likely are; without those of which the place says nothing.

    Directly behind a contact or a representative it is his, a mobile one also further on; behind anybody else nothing
    is said; all others reach the organisation.

    Args:
        named: per field the role of the person whose name it asks.
    """
    found: dict[FormField, Fact] = {}
    last: str | None = None
    before: str | None = None
    behind_somebody = False
    section: tuple[str, ...] = ()
    for one, role in zip(fields, named, strict=True):
        if tuple(one.parents) != section:
            section, last, before, behind_somebody = tuple(one.parents), None, None, False
        words = label(one.label).words
        if _TELEPHONE.fullmatch(words) and not any(whom.role for whom in readings(words, one.parents)):
            mobile, fixed = bool(_MOBILE.search(words)), bool(_FIXED.search(words))
            whose = None if fixed else last if mobile else before
            if his := OF_ROLE.get(whose or ""):
                found[one] = his
            elif fixed or not (mobile or behind_somebody):
                found[one] = ITS_OWN
        before = role
        last = role or last
        # 填表人 | 联系电话: his, whoever he is, and so nothing that a register holds.
        behind_somebody = bool(role or _SOMEBODY.search(words))
    return found
