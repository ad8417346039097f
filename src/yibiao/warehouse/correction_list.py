"""Correction lists (更正清单): what a department stated otherwise than the release, as a workbook for its clerks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from yibiao.contracts.reports import Report
from yibiao.contracts.values import Schemas
from yibiao.quarantine.slip_layout import BAD, GOOD, Styles, print_setup
from yibiao.quarantine.workbook import shown

COLUMNS = (
    ("期", "edition", 10),
    ("文件", "file", 30),
    ("行号", "row", 8),
    ("贵单位主键", "key", 24),
    ("数据项", "name", 16),
    ("贵单位填报", "value", 34),
    ("数据日期", "as_of", 12),
    ("现采用", "used", 34),
    ("采用自", "used_from", 20),
    ("其日期", "used_as_of", 12),
    ("采用理由", "lost_text", 30),
    ("核对结果", "", 14),
)
"""Header, key of a row of `disputes.corrections`, width."""

ANSWERS = ("已改", "我方正确", "查无此人")

ADVICE = (
    "下列各行与平台采用的值不一致, “采用理由”一栏说明采用的是哪条取值规则。请核对: 贵单位有误的, 改后随下一期报送; "
    "认为贵单位正确的, 在“核对结果”中选“我方正确”并与采用单位核实。"
)
HEADER_ROW = 2
MOST = 1_000_000
"""Rows of one sheet."""


def write(path: Path, report: Report, version: str, rows: Iterable[dict[str, Any]], schemas: Schemas) -> int:
    """Write the list of one report in the place of whatever file stands at `path`; equal lists give equal bytes.

    Args:
        rows: as `disputes.corrections` gives them; more than fit into one sheet go on in the next.

    Returns:
        Rows written.
    """
    import xlsxwriter

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".list-", suffix=".xlsx", dir=path.parent)
    os.close(descriptor)
    try:
        options = {"constant_memory": True, "tmpdir": str(path.parent)}
        with xlsxwriter.Workbook(name, options) as workbook:
            workbook.set_properties({"title": f"更正清单 {report.id}", "created": datetime(2026, 1, 1)})
            count = _write(workbook, report, version, rows, schemas)
        os.chmod(name, 0o600)  # it holds personal data
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
    return count


def _write(workbook: Any, report: Report, version: str, rows: Iterable[dict[str, Any]], schemas: Schemas) -> int:
    styles = Styles(workbook)
    sheet: Any = None
    count = 0
    for row in rows:
        if count % MOST == 0:
            sheet = _sheet(workbook, styles, report, version, count // MOST + 1)
        line = HEADER_ROW + 1 + count % MOST
        for place, (_, key, _) in enumerate(COLUMNS):
            value = row[key] if key else ""
            if key == "used_from":
                value = schemas.departments[value].name
            if key in ("value", "used"):
                value = _named(value, row["element"], schemas)
            if key == "row":
                sheet.write_number(line, place, value, styles.boxed)
            else:
                risky = str(value).startswith(("=", "+", "-", "@", "\t"))
                sheet.write_string(line, place, shown(value), styles.cell(BAD if key == "value" else GOOD, risky=risky))
        count += 1
    return count


def _named(value: str, element: str, schemas: Schemas) -> str:
    """A code with its name, for clerks who write names; any other value as it is."""
    code_list = schemas.elements[element].code_list
    known = schemas.codes[code_list].by_code.get(value) if code_list else None
    return f"{value} {known.name}" if known else value


def _sheet(workbook: Any, styles: Styles, report: Report, version: str, number: int) -> Any:
    sheet = workbook.add_worksheet("更正清单" if number == 1 else f"更正清单{number}")
    for place, (_, _, width) in enumerate(COLUMNS):
        sheet.set_column(place, place, width)
    sheet.freeze_panes(HEADER_ROW + 1, 5)
    print_setup(sheet, f"更正清单 {report.title}", rows=HEADER_ROW)
    sheet.write_string(0, 0, f"更正清单　{report.title}　（发布版本 {version}）", styles.title)
    sheet.write_string(1, 0, ADVICE, styles.plain)
    for place, (header, _, _) in enumerate(COLUMNS):
        sheet.write_string(HEADER_ROW, place, header, styles.header)
    last = HEADER_ROW + MOST
    sheet.data_validation(
        HEADER_ROW + 1, len(COLUMNS) - 1, last, len(COLUMNS) - 1, {"validate": "list", "source": list(ANSWERS)}
    )
    return sheet
