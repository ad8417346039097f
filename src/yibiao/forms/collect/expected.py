"""What may stand in the cells of a field, in words for whoever has to mend one: by its type, or by its drop-down."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from yibiao.contracts.values import Schemas
from yibiao.forms.fill.values import NO, YES
from yibiao.forms.model import Field, Form
from yibiao.forms.template import LONGEST_DROP_DOWN, drop_down
from yibiao.forms.workbook.own import OwnForm

SHOWN = 5
"""Options of a drop-down that are named to whoever has to mend a cell; the drop-down shows the others."""

TYPES: Mapping[str, str] = {
    "text": "文字，没有的留空",
    "name": "姓名，不含数字",
    "address": "地址，写到门牌号",
    "number_text": "号码，只含字母和数字，一位不少",
    "citizen_id": "公民身份号码，18 位，最后一位是校验码",
    "uscc": "统一社会信用代码，18 位，最后一位是校验码",
    "person_number": "身份证件号码，一位不少",
    "organisation_code": "组织机构代码，9 位，最后一位是校验码",
    "division_code": "区划代码，12 位数字",
    "phone": "手机号码（11 位），或带区号的固定电话",
    "code": "代码",
    "month": "年月，如 2026-01",
    "date": "日期，如 2026-01-31",
    "integer": "整数，如 3",
    "decimal": "数字，如 12.5",
}
"""Type of a data element -> what is expected of its cells."""


@dataclass(frozen=True)
class Expected:
    """What may stand in the cells of a field.

    Attributes:
        words: in Chinese, to stand behind 应为.
        options: what its drop-down offers, as `same` makes them comparable, with all words and codes of its code list;
            empty if it has none.
    """

    words: str
    options: frozenset[str] = frozenset()

    def allows(self, *texts: str) -> bool:
        """Whether the drop-down offers one of these, or there is none."""
        return not self.options or any(same(text) in self.options for text in texts)


def same(text: str) -> str:
    """A text without what differs between ways to type it: full-width signs, blanks around it."""
    return unicodedata.normalize("NFKC", text).strip()


def expected(form: Form, schemas: Schemas, own: OwnForm | None = None) -> tuple[Expected, ...]:
    """What is expected of every field of a form.

    Args:
        own: the form as its department's own workbook has it; None if the layout was drawn here.
    """
    offered = _offered(own) if own is not None else [drop_down(field, schemas) for field in form.fields]
    return tuple(_expected(field, options, schemas) for field, options in zip(form.fields, offered, strict=True))


def _expected(field: Field, offered: Sequence[str], schemas: Schemas) -> Expected:
    element = schemas.elements[field.element] if field.element else None
    if element is not None and not field.derive and element.type == "code" and element.code_list:
        codes = schemas.codes[element.code_list].codes
        if len(codes) > LONGEST_DROP_DOWN and not offered:
            return Expected("名称（和预填的写法一样）或代码")
        # A contract that was written when nothing was known of the field takes any text; so this is asked as well.
        known = (word for code in codes for word in (code.code, code.name, *code.aliases)) if offered else ()
        named = [word for _, word in field.wording] or [code.name for code in codes]
        return Expected(_one_of(named, bool(offered)), frozenset(map(same, (*offered, *known))))
    if field.derive == "exists":
        return Expected(_one_of(offered or (YES, NO), bool(offered)), frozenset(map(same, (*offered, YES, NO))))
    if offered and not field.derive:
        return Expected(_one_of(offered, True), frozenset(map(same, offered)))
    words = TYPES[element.type] if element is not None and not field.derive else "文字"
    return Expected(f"{words}（单位：{field.unit}）" if field.unit else words)


def _one_of(options: Sequence[str], is_offered: bool) -> str:
    named = "、".join(options[:SHOWN]) + ("……" if len(options) > SHOWN else "")
    return f"选项之一（{len(options)} 个：{named}）" + ("，请从下拉框选" if is_offered else "")


def _offered(own: OwnForm) -> list[tuple[str, ...]]:
    """Per field what the department's own drop-down offers in the rows that are there to be filled."""
    lists = _lists(own.path, own.table.sheet)
    first, last = own.table.first, max(own.table.first, own.table.last)
    return [
        tuple(
            dict.fromkeys(
                option
                for (top, left, bottom, right), options in lists
                if left <= column <= right and top <= last and bottom >= first
                for option in options
            )
        )
        for column in own.columns
    ]


Span = tuple[int, int, int, int]


@lru_cache(maxsize=32)
def _lists(path: Path, sheet: str) -> list[tuple[Span, tuple[str, ...]]]:
    """Drop-downs of a sheet whose options are all known; one is a formula or a name that nobody followed."""
    from yibiao.matching.prompts import MOST_OPTIONS, prompts_of

    found = prompts_of(path, [sheet]).get(sheet)
    known = found.lists if found is not None else []
    return [(span, options) for span, options, _ in known if 1 < len(options) < MOST_OPTIONS]
