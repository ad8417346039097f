"""The return slip as a workbook for clerks: their own rows, what is wrong in which cell, how to mend it."""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from yibiao.contracts.values import Schemas
from yibiao.quarantine.rows import HeldRow
from yibiao.quarantine.slip_layout import BAD, CHECK, GOOD, Styles, column_width, is_wide, print_setup
from yibiao.quarantine.slips import SlipContent, delivered_headers
from yibiao.quarantine.states import HeldLoad
from yibiao.quarantine.texts import Explanation, allowed_values, explain
from yibiao.settings import Settings

DATA_SHEET, GUIDE_SHEET, CONTROL_SHEET = "退回数据", "填写说明", "控制信息"
ROW, PROBLEM, PROPOSAL, ADOPT, RAW = "行号", "问题说明", "修改建议", "采用建议", "原始文本"
"""Our own columns; the sender's stand after them."""

YES = "是"
"""What stands in the column 采用建议 of a row whose proposal is to be taken over."""

OWN_WIDTHS = {ROW: 8, PROBLEM: 48, PROPOSAL: 40, ADOPT: 10, RAW: 40}

HEADER_ROW = 2
"""0-based; above it the title and one line of advice."""

COMMENTED = 500
"""Rows whose bad cells have a comment: each is a drawing, and thousands make a workbook slow."""

LONGEST = 32_767
"""Characters of a cell."""

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LINE_ENDS = re.compile("\r\n?")
_RISKY = ("=", "+", "-", "@", "\t")
"""First signs that a spreadsheet program may take for a formula, once the sheet is saved as CSV and opened again."""


def shown(text: str | None) -> str:
    """A cell as a workbook can hold it: what XML cannot carry left out, line ends as one sign, cut at its limit."""
    if not text or (text.isprintable() and len(text) <= LONGEST):  # nearly every cell
        return text or ""
    return _NOT_IN_XML.sub("", _LINE_ENDS.sub("\n", text))[:LONGEST]


def write_slip(content: SlipContent, held: HeldLoad, schemas: Schemas, settings: Settings, path: Path) -> None:
    """Write the workbook in the place of whatever file stands at `path`; equal slips give equal bytes."""
    import xlsxwriter

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".slip-", suffix=".xlsx", dir=path.parent)
    os.close(descriptor)
    try:
        # Rows go to the disk as they are written, beside the workbook: the scratch folder may be emptied by a run.
        options = {"constant_memory": True, "tmpdir": str(path.parent)}
        with xlsxwriter.Workbook(name, options) as workbook:
            # The library would write the time of day into the file.
            workbook.set_properties({"title": content.slip.slip_number, "created": datetime(2026, 1, 1)})
            writer = _Writer(workbook, content, held, schemas, settings)
            writer.data()
            writer.guide()
            writer.control()
        os.chmod(name, 0o600)  # it holds personal data
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


class _Writer:
    """The three sheets of one slip."""

    def __init__(
        self, workbook: Any, content: SlipContent, held: HeldLoad, schemas: Schemas, settings: Settings
    ) -> None:
        self._workbook, self._content, self._held, self._schemas = workbook, content, held, schemas
        self._report = held.report
        self._told: dict[str, Explanation] = {}
        self._columns = delivered_headers(held, settings)
        self._widths: dict[str, int] = {}
        self._letters: dict[str, str] = {}
        rows = content.rows
        self._own = [ROW, PROBLEM]
        self._own += [PROPOSAL, ADOPT] if any(row.proposal for row in rows) else []
        self._own += [RAW] if any(row.raw for row in rows) else []
        self._style = Styles(workbook)

    def _explain(self, rule: str) -> Explanation:
        if rule not in self._told:
            self._told[rule] = explain(rule, self._report, self._schemas)
        return self._told[rule]

    def data(self) -> None:
        """The sender's rows under the sender's headers."""
        from xlsxwriter.utility import xl_col_to_name

        sheet = self._workbook.add_worksheet(DATA_SHEET)
        slip, own = self._content.slip, len(self._own)
        by_name = {column.name: column for column in self._report.columns}
        for place, name in enumerate(self._own):
            sheet.set_column(place, place, OWN_WIDTHS[name])
        for place, (name, header) in enumerate(self._columns, start=own):
            cells = (shown(row.cells[name]) for row in self._content.rows)
            self._widths[name] = column_width(header, cells)
            self._letters[name] = xl_col_to_name(place)
            sheet.set_column(place, place, self._widths[name])
        sheet.freeze_panes(HEADER_ROW + 1, 2)
        print_setup(sheet, f"退回单 {slip.slip_number}", rows=HEADER_ROW)
        sheet.write_string(
            0, 0, f"退回单 {slip.slip_number}　{self._report.title}（{slip.edition}）", self._style.title
        )
        advice = (
            f"共 {len(self._content.rows)} 行。红色单元格没有通过检查，请直接在格内改正；黄色单元格请核对。"
            "改好后保存，把本文件发回。请不要改动“行号”一列。详见“填写说明”。"
        )
        sheet.write_string(1, 0, advice, self._style.plain)
        for place, name in enumerate(self._own):
            title = f"{ADOPT}（填“{YES}”）" if name == ADOPT else name
            sheet.write_string(HEADER_ROW, place, title, self._style.own_header)
        for place, (name, header) in enumerate(self._columns, start=own):
            style = self._style.key_header if name in self._report.key else self._style.header
            sheet.write_string(HEADER_ROW, place, shown(header), style)
        for number, row in enumerate(self._content.rows):
            self._row(sheet, HEADER_ROW + 1 + number, row, commented=number < COMMENTED)
        last = HEADER_ROW + len(self._content.rows)
        sheet.autofilter(HEADER_ROW, 0, last, own + len(self._columns) - 1)
        if ADOPT in self._own:
            place = self._own.index(ADOPT)
            sheet.data_validation(HEADER_ROW + 1, place, last, place, {"validate": "list", "source": [YES]})
        for place, (name, _) in enumerate(self._columns, start=own):
            values = allowed_values(by_name[name], self._schemas)
            if values and len(",".join(values)) <= 255 and not any("," in value for value in values):
                # A warning, not a ban: the checks have the last word.
                rule = {"validate": "list", "source": values, "error_type": "warning", "error_title": "请核对"}
                sheet.data_validation(HEADER_ROW + 1, place, last, place, rule)

    def _row(self, sheet: Any, line: int, row: HeldRow, *, commented: bool) -> None:
        told = [self._explain(rule) for rule in row.rules]
        proposal = "；".join(
            f"{header}：{shown(row.proposal[name]) or '（空）'}"
            for name, header in self._columns
            if name in row.proposal
        )
        ours = {
            ROW: str(row.row),
            PROBLEM: "\n".join(map(self._problem, told)),
            PROPOSAL: proposal,
            ADOPT: "",
            RAW: row.raw,
        }
        for place, name in enumerate(self._own):
            style = self._style.cell() if name in (ROW, ADOPT) else self._style.note
            _text(sheet, line, place, ours[name], style)
        bad = {one.column for one in told}
        for place, (name, _) in enumerate(self._columns, start=len(self._own)):
            text = shown(row.cells[name])
            # A row that is wrong as a whole has no bad cell: what could not be read is filled in, the rest looked at.
            lost = "" in bad and bool(row.raw) and row.cells[name] is None
            state = BAD if lost or name in bad else CHECK if "" in bad else GOOD
            wrapped = is_wide(text, self._widths[name])
            style = self._style.cell(state, risky=text.startswith(_RISKY), wrapped=wrapped)
            _text(sheet, line, place, text, style)
            if commented and name in bad:
                note = "\n".join(self._problem(one) for one in told if one.column == name)
                if name in row.proposal:
                    note += f"\n修改建议：{shown(row.proposal[name])}"
                sheet.write_comment(line, place, note, {"x_scale": 2.2, "y_scale": 1.4, "author": "一表"})

    def _problem(self, told: Explanation) -> str:
        """Which cell, which rule, which clause, how to mend it; the cell by the letters that stand above its column."""
        letters = self._letters.get(told.column, "")
        where = f"【{letters} 列 {told.header}】" if told.header else "【整行】"
        return f"{where}{told.what}。依据：{told.clause}。{told.mend}"

    def guide(self) -> None:
        """How to fill in, and every rule that is broken here."""
        sheet = self._workbook.add_worksheet(GUIDE_SHEET)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 3, 44)
        sheet.set_column(4, 4, 10)
        print_setup(sheet, f"退回单 {self._content.slip.slip_number}", one_wide=True)
        slip, manifest = self._content.slip, self._held.package.manifest
        department = self._schemas.departments.get(self._report.department)
        facts = [
            ("退回单编号", slip.slip_number),
            ("报送部门", department.name if department else self._report.department),
            ("经办", self._report.owner),
            ("报表", self._report.title),
            ("期", slip.edition),
            ("原文件", manifest["delivery"]["name"]),
            ("原文件行数", str(manifest["counts"]["read"])),
            ("本单退回行数", str(len(self._content.rows))),
            ("制单时间", slip.made_at[:16].replace("T", " ")),
        ]
        line = 0
        sheet.write_string(line, 0, "退回单填写说明", self._style.title)
        for name, fact in facts:
            line += 1
            sheet.write_string(line, 0, name, self._style.bold)
            _text(sheet, line, 1, shown(fact), self._style.plain)
        line += 1
        for number, text in enumerate(_steps(self._content, self._own), start=1):
            line += 1
            sheet.write_string(line, 0, f"第 {number} 条", self._style.bold)
            sheet.write_string(line, 1, text, self._style.plain)
        line += 2
        for place, name in enumerate(("列", "问题", "依据", "如何修改", "行数")):
            sheet.write_string(line, place, name, self._style.own_header)
        counts = Counter(rule for row in self._content.rows for rule in set(row.rules))
        for rule, count in sorted(counts.items()):
            line += 1
            told = self._explain(rule)
            where = f"{self._letters.get(told.column, '')} 列 {told.header}" if told.header else "整行"
            for place, text in enumerate((where, told.what, told.clause, told.mend, str(count))):
                sheet.write_string(line, place, shown(text), self._style.boxed)

    def control(self) -> None:
        """What matches the returned file to its delivery; hidden, because nobody should have to look at it."""
        sheet = self._workbook.add_worksheet(CONTROL_SHEET)
        slip = self._content.slip
        facts = [
            ("退回单编号", slip.slip_number),
            ("装载", self._held.load_id),
            ("报表", slip.report),
            ("期", slip.edition),
            ("原文件校验值", slip.delivery_sha256),
            ("原文件行数", str(self._held.package.manifest["counts"]["read"])),
            ("退回行数", str(len(self._content.rows))),
        ]
        for line, (name, fact) in enumerate(facts):
            sheet.write_string(line, 0, name)
            sheet.write_string(line, 1, fact)
        sheet.write_string(len(facts), 0, ROW)
        for line, row in enumerate(self._content.rows, start=len(facts)):
            sheet.write_string(line, 1, str(row.row))
        sheet.hide()


def _text(sheet: Any, line: int, place: int, text: str, style: Any) -> None:
    """Write a cell that stays the text it is: `write_string` never makes a formula, a number or a link of it."""
    if text:
        sheet.write_string(line, place, shown(text), style)
    else:
        sheet.write_blank(line, place, None, style)


def _steps(content: SlipContent, own: Sequence[str]) -> list[str]:
    steps = [
        "“退回数据”中每一行都是贵单位报送的原行，红色单元格没有通过检查，原因和改法见“问题说明”列和单元格批注。",
        "标明“整行”的问题：空着的红色单元格请补填，黄色单元格请逐格核对。",
        "请对照原始材料直接在本文件中改正并保存。没有把握的行可以不改，下次再退回。",
        "改好后从收到本单的渠道把本文件发回（另存为 CSV 也可以）。文件名可以改，单号和表头请不要改。",
        "只有改过并通过检查的行会补入本期数据，仍按原期、原行号计；其他行不受影响，不必重报整个文件。",
        "“行号”用来对上原行，请不要改动；行可以排序、可以删去暂不处理的行，列请不要改名。",
        "深蓝表头是主键列：该列不是红色的，不能改动，改了主键的行会被退回。",
        "所有单元格都是文本格式，号码不会变形；从别处粘贴时请选“只粘贴值”。",
    ]
    if PROPOSAL in own:
        steps.append(f"“{PROPOSAL}”是系统的推测，不一定对。同意整行采用的，在“{ADOPT}”列填“{YES}”，不必再抄。")
    if content.left_over:
        steps.append(f"还有 {content.left_over} 行没有列在本单内，改好本单后再退；也可以直接发回改好的整个原文件。")
    return steps
