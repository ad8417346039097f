"""Deliveries of the population register with mistakes in known cells, and the clerk who mends them in a workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from yibiao.contracts import Schemas, load_schemas
from yibiao.quarantine.slips import make_slip
from yibiao.quarantine.states import HeldLoad, held_loads
from yibiao.quarantine.workbook import DATA_SHEET, HEADER_ROW, ROW, write_slip
from yibiao.settings import Settings

REGISTER = "public_security.resident_register"

ID, NAME, SEX, BIRTH = "公民身份号码", "姓名", "性别", "出生日期"


@cache
def schemas_at(folder: Path) -> Schemas:
    """The schemas in a folder that nobody changes; reading them takes longer than most tests."""
    return load_schemas(folder)


@dataclass(frozen=True)
class Spoiled:
    """A delivery with mistakes.

    Attributes:
        path: the file.
        truth: number of a spoiled row -> its true cells by header.
        rules: number of a spoiled row -> rule that it breaks.
    """

    path: Path
    truth: dict[int, dict[str, str]] = field(default_factory=dict)
    rules: dict[int, str] = field(default_factory=dict)


def wrong_digit(row: dict[str, str]) -> None:
    last = row[ID][-1]
    row[ID] = row[ID][:-1] + ("1" if last == "0" else "0")


def wrong_date(row: dict[str, str]) -> None:
    row[BIRTH] = "不记得"


def wrong_code(row: dict[str, str]) -> None:
    row[SEX] = "男女"


def no_name(row: dict[str, str]) -> None:
    row[NAME] = ""


def split_row(row: dict[str, str]) -> None:
    row["户籍地址"] = "甲地,乙室"  # written without quotes below: one cell too many


MISTAKES: Mapping[str, Callable[[dict[str, str]], None]] = {
    "citizen_id.check_digit": wrong_digit,
    "birth_date.type": wrong_date,
    "sex_code.code": wrong_code,
    "resident_name.required": no_name,
    "row.columns": split_row,
}


def spoil(source: Path, target: Path, rows: Mapping[int, str]) -> Spoiled:
    """Copy a register (UTF-8 CSV) with mistakes in some rows.

    Args:
        rows: number of a data row, 1-based -> key of `MISTAKES`.
    """
    table = list(csv.DictReader(io.StringIO(source.read_text(encoding="utf-8"), newline="")))
    made = Spoiled(target)
    lines = [",".join(table[0])]
    for number, row in enumerate(table, start=1):
        if rule := rows.get(number):
            made.truth[number], made.rules[number] = dict(row), rule
            MISTAKES[rule](row)
        cells = list(row.values())
        lines.append(",".join(f'"{cell}"' if "," in cell and number not in rows else cell for cell in cells))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made


def held(settings: Settings, report: str = REGISTER, edition: str | None = None) -> HeldLoad:
    """The newest load of a report with rows in quarantine, or the one of an edition."""
    loads = held_loads(schemas_at(settings.schemas), settings, report)
    return max((one for one in loads if edition in (None, one.edition)), key=lambda one: one.edition)


def slip_of(settings: Settings, path: Path, edition: str | None = None) -> Path:
    """Write the return slip of a load."""
    load = held(settings, edition=edition)
    write_slip(make_slip(load, settings), load, schemas_at(settings.schemas), settings, path)
    return path


def mend(slip: Path, truth: Mapping[int, Mapping[str, str]], rows: Collection[int] | None = None) -> Path:
    """Type the true cells into a slip, as a clerk does; only those of `rows` if given. Saves it in its place."""
    import openpyxl

    book = openpyxl.load_workbook(slip)
    sheet = book[DATA_SHEET]
    headers = [cell.value for cell in sheet[HEADER_ROW + 1]]
    for cells in sheet.iter_rows(min_row=HEADER_ROW + 2):
        number = cells[headers.index(ROW)].value
        if number in map(str, truth) and (rows is None or int(number) in rows):
            for header, text in truth[int(number)].items():
                cells[headers.index(header)].value = text
    book.save(slip)
    return slip
