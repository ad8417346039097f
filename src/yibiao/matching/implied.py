"""Whose fact a header asks that does not say so: of the person who was named before it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Lexicon
from yibiao.matching.normalise import key
from yibiao.matching.roles import role_at_end, role_named, section_words
from yibiao.matching.setting import names_own_person

IMPLYING = frozenset({"head", "owner", "tenant", "guardian", "mother", "legal_representative", "contact"})
"""Roles whose person a form goes on about without saying so."""

ADJOINED = frozenset({"legal_representative"})
"""Roles of which the next header may ask something in a form that names the person of its row as well."""

_GOES_ON = re.compile(r"^$|^(?:个人)?(?:身份|户籍|户口|联系|联系方式|通讯|本人|个人|基本|基础|人员)$")
"""Outer headers below which a form goes on about the only person whom it names."""


def implied_roles(fields: Sequence[FormField], title: str, lexicon: Lexicon) -> list[str | None]:
    """Per field the role of the person named before it, unless the form named the person of its row by then.

    户主姓名 | 身份证号: whose number it is, the header does not say. 母亲姓名 | 职业 | 儿童姓名 | 性别: the child comes
    later.
    """
    # Whoever is asked by 申请人名称 may be a company.
    names = [names_own_person(one, title, lexicon) and not key(one.label).endswith("名称") for one in fields]
    named = [role_named(one.label, one.parents) for one in fields]
    own = {tuple(one.parents) for one, is_name in zip(fields, names, strict=True) if is_name}
    # 业主姓名 | 户籍信息/身份证号码: where one person is named in all, sections go on about him.
    only = len({role for role in named if role}) == 1 and not own
    # 不动产权利人: a title that ends with a role says whose the rest is, where nobody else is the row's.
    whole = role_at_end(title) if not own else None
    implied: list[str | None] = []
    last = whole
    before: str | None = None
    section: tuple[str, ...] = ()
    own_named = False
    for one, role, is_name in zip(fields, named, names, strict=True):
        if tuple(one.parents) != section:
            section, before = tuple(one.parents), None
            goes_on = only and _GOES_ON.search(section_words(section[-1]) if section else "")
            last = last if goes_on else whole
        own_named = own_named or (is_name and not section)
        # 申请书/姓名 names the person of the row for its own section, and for what stands in none.
        of_row = own_named or (section in own if section else bool(own - {()}))
        if role:
            implied.append(None)
        elif before in ADJOINED:
            implied.append(before)  # 法定代表人 | 职务: what stands directly behind him is his in any form
        else:
            implied.append(None if of_row else last)
        before = role
        if role:
            last = role if role in IMPLYING else whole
    return implied
