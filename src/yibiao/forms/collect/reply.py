"""What whoever filled a form in is told of it, in Chinese (回执): what was taken, and which cells to mend how.

The operator's log speaks English like every other error; this is for the community that sent the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING

from yibiao.errors import FormError, YibiaoError

if TYPE_CHECKING:
    from yibiao.forms.collect.run import Collected

ENDING = ".回执.txt"

WHOLE_ROW = 3
"""From so many cells of a row on that are refused for one reason, the row is named and not its cells."""

OUTCOME_NAMES: Mapping[str, str] = {
    "unchanged": "未改",
    "confirmed": "已核对",
    "corrected": "更正",
    "new": "新填",
    "refused": "不采用",
    "blank": "空",
}

OTHERWISE = "文件没有采用：不能按发出的表格读取。请在发出的原表里填写，另存为 .xlsx 后重新发送"
"""Of a refusal that nobody put into Chinese; the operator's log says more."""


class ReturnRefused(FormError):
    """A returned file is refused whole.

    Args:
        said: the same in Chinese, for whoever sent the file: what is wrong and what to do.
    """

    def __init__(
        self, what: str, *, said: str = "", where: str = "", expected: str = "", got: str = "", todo: str = ""
    ) -> None:
        super().__init__(what, where=where, expected=expected, got=got, todo=todo)
        self.said = said


def said_of(error: YibiaoError) -> str:
    """Why a file was refused, in Chinese."""
    return (error.said if isinstance(error, ReturnRefused) else "") or OTHERWISE


def reply(one: Collected, titles: Mapping[str, str]) -> str:
    """The reply to one returned file.

    Args:
        titles: id of a form -> its title.
    """
    lines = [f"文件：{one.file}"]
    if one.form:
        lines.append(f"表单：{titles.get(one.form, one.form)}，社区 {one.community}")
    if one.error is not None:
        lines.append(f"结果：退回，整份没有采用。{one.said or OTHERWISE}。")
        if one.refused:
            lines.append("各格的原因：")
            lines += [f"  {line}" for line in refused_lines(one.refused)]
        return "\r\n".join(lines) + "\r\n"
    if one.cells is None:
        lines.append("结果：同一份文件已经收过，没有重复采用。")
        return "\r\n".join(lines) + "\r\n"
    counts = "，".join(f"{name} {one.cells.get(outcome, 0)} 格" for outcome, name in OUTCOME_NAMES.items())
    lines.append(f"结果：已收，{one.rows} 行；{counts}。")
    if one.tickets:
        lines.append(f"更正 {one.tickets} 处，已转数源部门核实，十个工作日内答复。")
    if one.missing:
        lines.append(f"有 {one.missing} 行没有交回：视为没有意见。")
    lines += list(one.notes)
    if one.refused:
        lines.append("以下各格没有采用，请改正后重新发送：")
        lines += [f"  {line}" for line in refused_lines(one.refused)]
    return "\r\n".join(lines) + "\r\n"


def refused_lines(refused: Iterable[tuple[str, str, str]]) -> list[str]:
    """Refused cells in words; what is wrong with whole rows for one reason is said once for all of them.

    Args:
        refused: place as Excel names it, header, reason.
    """
    rows: dict[int, list[tuple[str, str, str]]] = {}
    for cell in refused:
        rows.setdefault(int(cell[0].lstrip(ascii_uppercase)), []).append(cell)
    lines: list[str] = []
    whole: list[int] = []  # rows one below the other with one reason, which are not told yet
    cells, told = 0, ""

    def tell() -> None:
        if whole:
            span = f"{whole[0]}" if len(whole) == 1 else f"{whole[0]}—{whole[-1]}"
            lines.append(f"第 {span} 行（{cells} 格）：{told}")
            whole.clear()

    for number, found in sorted(rows.items()):
        reasons = {reason for _, _, reason in found}
        if len(found) < WHOLE_ROW or len(reasons) > 1:
            tell()
            lines += [f"{place} {header}：{reason}" for place, header, reason in found]
            continue
        (reason,) = reasons
        if not whole or whole[-1] + 1 != number or told != reason:
            tell()
            cells, told = 0, reason
        whole.append(number)
        cells += len(found)
    tell()
    return lines


def write_replies(found: Sequence[Collected], titles: Mapping[str, str], folder: Path) -> list[Path]:
    """Write a reply for every file: text that any office program opens.

    Returns:
        The files, in the order of what was found; of two returned files of one name the second has a number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken: dict[str, int] = {}
    written = []
    for one in found:
        number = taken[one.file] = taken.get(one.file, 0) + 1
        path = folder / f"{one.file}{f'.{number}' if number > 1 else ''}{ENDING}"
        path.write_bytes(b"\xef\xbb\xbf" + reply(one, titles).encode())
        written.append(path)
    return written
