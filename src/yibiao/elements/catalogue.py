"""The registry as a workbook with the columns of 政务信息资源目录 (政务信息资源目录编制指南(试行), core metadata)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from math import ceil
from pathlib import Path
from unicodedata import east_asian_width

from yibiao.contracts import Element, Schemas
from yibiao.contracts.kinds import FRESHNESS, SHARING, TYPES
from yibiao.elements.resources import Resource, resources
from yibiao.paper import put_on_paper

COLUMNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("信息资源分类", ("类", "项", "目")),
    ("信息资源名称", ()),
    ("信息资源代码", ()),
    ("信息资源提供方", ()),
    ("信息资源提供方代码", ()),
    ("信息资源摘要", ()),
    ("信息资源格式", ()),
    ("信息项信息", ("信息项名称", "数据类型", "口径", "代码集", "单位", "数据元")),
    ("共享属性", ("共享类型", "共享条件", "共享方式")),
    ("开放属性", ("是否向社会开放", "开放条件")),
    ("更新周期", ()),
    ("发布日期", ()),
    ("关联资源代码", ()),
)
"""Heading -> headings below it. Of 信息项信息 the first two are the guide's, the others say what an item means."""

WIDTHS = {"信息资源名称": 24, "信息资源代码": 24, "信息资源提供方代码": 22, "信息资源摘要": 44,
          "口径": 30, "代码集": 28, "数据元": 26,
          "信息项名称": 20, "共享条件": 24, "关联资源代码": 28}  # fmt: skip
NARROW, LINE = 12, 15
"""Widths of columns in signs, Chinese ones being two, and the height of a line; long texts take several."""

DATA_TYPES = {"VARCHAR": "字符型", "DATE": "日期型", "BIGINT": "数值型", "DECIMAL(18,2)": "数值型"}
"""SQL type of an element -> 数据类型 of the guide."""


def catalogue_rows(schemas: Schemas, published: date) -> Iterator[tuple[str, ...]]:
    """One row an item, in the order of `COLUMNS`; what the registry does not know stays empty.

    Args:
        published: 发布日期 of the catalogue.
    """
    found = resources(schemas)
    by_element = {element.id: one.code for one in found for element in one.elements}
    for resource in found:
        related = _related(resource, schemas, by_element)
        for element in resource.elements:
            code_list = schemas.codes.get(element.code_list or "")
            is_open = element.sensitivity == "public" and element.sharing == "unconditional"
            yield (
                *(*resource.classes, resource.entity_name),
                *(
                    resource.name,
                    resource.code,
                    resource.provider.name,
                    resource.provider.credit_code,
                    resource.abstract,
                    "数据库",
                ),
                *(element.name, data_type(element), element.scope),
                *(f"{code_list.name}（{code_list.source}）" if code_list else "", element.unit or "", element.id),
                *(SHARING.get(element.sharing, ""), element.sharing_condition),
                "" if element.sharing == "none" else "共享平台方式",
                *("是" if is_open else "否", ""),
                FRESHNESS[element.freshness][0] if element.freshness else "",
                published.isoformat(),
                related,
            )


def data_type(element: Element) -> str:
    """数据类型 of an element."""
    return DATA_TYPES[TYPES[element.type].sql]


def _lines(text: str, width: int) -> int:
    """Lines of a text in a column; one sign of each line may not fit."""
    signs = sum(1 + (east_asian_width(sign) in "WF") for sign in text)
    return max(1, ceil(signs / (width - 2)))


def _related(resource: Resource, schemas: Schemas, by_element: dict[str, str]) -> str:
    """Resources that hold the keys by which this entity is joined to others."""
    entity = schemas.entities.get(resource.entity)
    names = [name for key in entity.keys for name in key] if entity else []
    names += [name for linked in entity.links.values() for name in linked] if entity else []
    codes = {by_element[name] for name in names if name in by_element} - {resource.code}
    return "; ".join(sorted(codes))


def write_catalogue(schemas: Schemas, path: Path, published: date) -> int:
    """Write the workbook in the place of whatever stands at `path`; the same registry gives the same bytes.

    Returns:
        Items written.
    """
    import xlsxwriter

    descriptor, name = tempfile.mkstemp(prefix=".catalogue-", suffix=".xlsx", dir=path.parent)
    os.close(descriptor)
    try:
        with xlsxwriter.Workbook(name, {"strings_to_formulas": False, "strings_to_urls": False}) as workbook:
            # The library would write the time of day into the file.
            workbook.set_properties({"title": "政务信息资源目录", "created": datetime(2026, 1, 1)})
            header = workbook.add_format(
                {"bold": True, "border": 1, "align": "center", "valign": "vcenter", "text_wrap": True}
            )
            sheet = workbook.add_worksheet("政务信息资源目录")
            sheet.set_row(1, 2 * LINE)
            place, starts = 0, []
            for title, below in COLUMNS:
                starts.append(place)
                if below:
                    sheet.merge_range(0, place, 0, place + len(below) - 1, title, header)
                    for offset, text in enumerate(below):
                        sheet.write_string(1, place + offset, text, header)
                else:
                    sheet.merge_range(0, place, 1, place, title, header)
                place += len(below) or 1
            heads = [text for title, below in COLUMNS for text in (below or (title,))]
            widths = [WIDTHS.get(text, NARROW) for text in heads]
            for column, width in enumerate(widths):
                sheet.set_column(column, column, width)
            cell = workbook.add_format({"border": 1, "valign": "top", "text_wrap": True})
            sheet.freeze_panes(2, 0)
            name_column = heads.index("信息资源名称")
            put_on_paper(sheet, widths, rows=(0, 1), kept=(name_column, name_column), starts=starts)
            count = 0
            for count, row in enumerate(catalogue_rows(schemas, published), start=1):
                # Not every program gives a row the height that its texts need.
                sheet.set_row(count + 1, LINE * max(map(_lines, row, widths)))
                for column, text in enumerate(row):
                    sheet.write_string(count + 1, column, text, cell)
        Path(name).chmod(0o644)
        os.replace(name, path)
        return count
    finally:
        Path(name).unlink(missing_ok=True)
