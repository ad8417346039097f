"""The pages that every filled workbook has besides its form: explanations, and the hidden marker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from yibiao.forms.fill.areas import Area
from yibiao.forms.fill.select import STATUS_NAMES
from yibiao.forms.fill.told import Told
from yibiao.ingest.readers.spreadsheet_marks import column_letters

CONFIRMED_UNTIL = "核对记录"
"""The fact that says which confirmations a workbook was filled with; without it none."""


@dataclass(frozen=True)
class Marker:
    """What matches a returned workbook to what was sent out.

    Attributes:
        version: of the layout: 1 drawn here, 2 a department's own.
        more: further facts of a department's own layout, by name.
        confirmed: which confirmations it was filled with (`Confirmations.until`).
    """

    form: str
    number: str
    community: str
    release: str
    as_of: str
    version: int = 1
    more: tuple[tuple[str, str], ...] = ()
    confirmed: str = ""

    def facts(self, rows: int) -> list[tuple[str, str]]:
        return [
            ("格式", str(self.version)),
            ("表单", self.form),
            ("准入编号", self.number),
            ("社区", self.community),
            ("发布版本", self.release),
            ("数据日期", self.as_of),
            ("预填行数", str(rows)),
            *self.more,
            *([(CONFIRMED_UNTIL, self.confirmed)] if self.confirmed else []),
        ]


def guide_lines(title: str, told: Told, counts: Mapping[str, int], area: Area, marker: Marker) -> list[tuple[str, ...]]:
    """What the page of explanations says: which form, what the colours mean, where the values come from."""
    number = marker.number or "没有有效的准入编号，可以拒绝填报"
    lines: list[tuple[str, ...]] = [
        ("表名", title),
        ("社区", f"{area.name}（{area.code}）"),
        ("准入编号", number),
        ("数据版本", f"{marker.release}，截至 {marker.as_of}"),
        ("本表格数", "，".join(f"{STATUS_NAMES[status]} {count}" for status, count in counts.items())),
        ("绿色", "系统预填，部门已有且一致，或有人核对过。没有错就不用动；错了直接改，改动会作为更正单交给数源部门。"),
        ("黄色", "请核对：部门之间不一致、数据较旧、由户籍关系推定，或栏目含义由系统判断。对的不用动，错的直接改。"),
        ("蓝色", "系统没有，请填写。不知道的可以空着。"),
        ("“无”和“否”", "绿色的是因为名册完整而其中没有这个人或这处房屋；格子里写明是哪几份名册、哪一期。"),
        ("来源", "点中有颜色的格子，会显示数据来自哪个部门、哪一期；表头批注列出整列的来源。"),
        ("新增的人或房屋", "填在空白行。不要改动隐藏的“行标识”列；行可以排序、可以删，列请不要改名。"),
        ("打星号的号码", "只显示一部分，用来核对；要改请填完整号码。"),
        ("发回", "存好后原样发回。文件名可以改。"),
        ("", ""),
        ("列", "来源", "格数"),
    ]
    return lines + [(header, source, str(count)) for header, source, count in told.all_sources()]


def text_sheet(around: tuple[bytes, bytes], texts: Mapping[str, int], lines: Iterable[Sequence[str]]) -> bytes:
    """A sheet of plain texts."""
    rows = []
    for line, cells in enumerate(lines, start=1):
        xml = "".join(
            f'<c r="{column_letters(column)}{line}" s="{texts["bold" if column == 0 else "plain"]}" t="inlineStr">'
            f'<is><t xml:space="preserve">{escape(text, quote=False)}</t></is></c>'
            for column, text in enumerate(cells)
            if text
        )
        rows.append(f'<row r="{line}">{xml}</row>')
    return around[0] + "".join(rows).encode() + around[1]
