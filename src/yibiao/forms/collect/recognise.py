"""Which form a returned file is: by its hidden sheet, held against what its visible sheet says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path

from yibiao.contracts.values import Schemas
from yibiao.forms.admission import Standing, standings
from yibiao.forms.admission.number import find_number
from yibiao.forms.collect.deliver import ReturnedFile
from yibiao.forms.collect.reply import ReturnRefused
from yibiao.forms.collect.table import HEADER_WITHIN, find_own_table
from yibiao.forms.collect.workbook import Book, read_book
from yibiao.forms.fill.skeleton import GUIDE_SHEET
from yibiao.forms.layout import TITLE_ROW
from yibiao.forms.model import Form
from yibiao.forms.template import CODE_SHEET
from yibiao.forms.workbook.book import OWN_FORMAT
from yibiao.forms.workbook.own import OwnForm, of_registration
from yibiao.settings import Settings

FORMAT = "1"


class OwnForms:
    """Forms in departments' own layouts, each registration read once."""

    def __init__(self, settings: Settings, schemas: Schemas) -> None:
        self._settings, self._schemas = settings, schemas
        self._read: dict[tuple[str, str], OwnForm | None] = {}

    def of(self, form: str, number: str) -> OwnForm | None:
        """The form as its registration of this number said; None if there is none."""
        if (form, number) not in self._read:
            self._read[form, number] = of_registration(self._settings, self._schemas, form, number)
        return self._read[form, number]

    def title(self, form: str) -> str:
        """The title of a registered form; empty if there is none of this id."""
        known = self._standings.get(form)
        return known.registration.title if known is not None and known.registration is not None else ""

    def registered(self, number: str) -> str:
        """The id of the form that has a registration of this number; empty if none has."""
        found = (name for name, one in self._standings.items() if number.isdigit() and int(number) in one.registrations)
        return next(found, "")

    @cached_property
    def _standings(self) -> Mapping[str, Standing]:
        return standings(self._settings)


def recognised(
    path: Path, digest: str, forms: Mapping[str, Form], schemas: Schemas, departments: OwnForms
) -> ReturnedFile:
    """Read one file and make sure that it is the form that it says it is.

    Args:
        digest: SHA-256 of the file.

    Raises:
        YibiaoError: it cannot be read, or is no form that was sent out.
    """
    book = read_book(path)
    facts = book.facts
    form, own = forms.get(facts.get("表单", "")), None
    if facts.get("格式") == str(OWN_FORMAT):
        own = departments.of(facts.get("表单", ""), facts.get("登记号", ""))
        form = own.form if own else None
    elif facts.get("格式") != FORMAT:
        form = None
    if form is None:
        _check_not_mixed_up(path, facts, forms, departments)
        raise ReturnRefused(
            "The hidden sheet names no form that is known.",
            where=path.name,
            expected="the workbook as `yibiao form fill` made it",
            got=f"format {facts.get('格式', '')[:8] or '(none)'}",
            todo="Ask for the answers in the workbook as it was sent out.",
            said="标识页里的表单不认识，或被改过。请把填写的内容复制到发出的原表里，再发送原表",
        )
    if not _has_title(book, form, own):
        raise ReturnRefused(
            "The sheet is another form than the hidden sheet says.",
            where=path.name,
            expected=form.title,
            got="another title, or none",
            todo="Ask for the workbook as it was sent out; a sheet must not be copied into another form's workbook.",
            said=f"工作表不是这份表单（{form.title}）：表名不符，或工作表被删。"
            "请不要把别的表复制进来；在发出的原表里填写",
        )
    known = {GUIDE_SHEET, CODE_SHEET} if own is None else own.sheets
    strange = [name for name in book.others if name not in known and not name.startswith(GUIDE_SHEET)]
    if strange:
        note = f"另有工作表{'、'.join(f'“{name}”' for name in strange)}，没有读取：要报的内容请填在原表里"
        book = replace(book, notes=(*book.notes, note))
    number = facts.get("准入编号", "")
    around = book.grid[:3]
    if own is not None:
        table = find_own_table(book, own, path)
        around = [*book.grid[: table.first], *book.grid[table.last :]]
    printed = find_number(" ".join(text for row in around for text in row if text))
    if (printed[0] if printed else "") != number:
        raise ReturnRefused(
            "The number that is printed is not that of this form.",
            where=path.name,
            expected=number or "no number",
            got=printed[0] if printed else "no number",
            todo="A form carries its own control number. Ask who sent it out.",
            said=f"印的准入编号不是这份表单的（这份表单{f'的编号是 {number}' if number else '没有编号'}）。"
            "请用发出的原表填写；有疑问请问发表的部门",
        )
    community = facts.get("社区", "")
    if community not in schemas.codes[schemas.elements["community_code"].code_list or ""].by_code:
        raise ReturnRefused(
            "The hidden sheet names no community.",
            where=path.name,
            todo="Ask for the workbook again.",
            said="标识页里没有社区。请用发给本社区的原表填写",
        )
    try:
        as_of = date.fromisoformat(facts.get("数据日期", ""))
    except ValueError:
        raise ReturnRefused(
            "The hidden sheet names no day.",
            where=path.name,
            todo="Ask for the workbook again.",
            said="标识页里没有数据日期。请用发出的原表填写",
        ) from None
    return ReturnedFile(path, digest, book, form, community, number, facts.get("发布版本", ""), as_of, own)


def _check_not_mixed_up(path: Path, facts: Mapping[str, str], forms: Mapping[str, Form], departments: OwnForms) -> None:
    """A form that is known, but not as the form of this sheet: its id was typed over, or the hidden sheet is another's.

    Raises:
        ReturnRefused: the sheet belongs to another form than the hidden sheet says.
    """
    named = facts.get("表单", "")
    title = forms[named].title if named in forms else departments.title(named)
    own = facts.get("格式") == str(OWN_FORMAT)
    # Of a sheet that was drawn here the title says which form it is; a department's own is told by its registration.
    of = departments.registered(facts.get("登记号", "")) if own else ""
    if not title or (own and of in ("", named)) or facts.get("格式") not in (FORMAT, str(OWN_FORMAT)):
        return
    raise ReturnRefused(
        "The sheet is another form than the hidden sheet says.",
        where=path.name,
        expected=f"a sheet of {named}",
        got=f"a sheet of {of}" if of else "a sheet in a layout that this form does not have",
        todo="Ask for the workbook as it was sent out; the hidden sheet must not be changed or copied.",
        said=f"标识页写的是《{title}》，工作表却是另一份表单"
        + (f"《{departments.title(of)}》" if of else "")
        + "的：标识页被改过，或表被复制到了别的工作簿里。请把填写的内容复制到发出的原表里，再发送原表",
    )


def _has_title(book: Book, form: Form, own: OwnForm | None) -> bool:
    """Whether the sheet says the title that its form has; a department's own form may have none."""
    if own is not None:
        texts = (text.strip() for row in book.grid[: own.table.first + HEADER_WITHIN] for text in row)
        return not own.table.title or any(text.startswith(own.table.title) for text in texts)
    title = next((text for text in book.grid[TITLE_ROW] if text.strip()), "").strip() if book.grid else ""
    return title == form.title
