"""The row checks of the resident register as a good engineer would write them with pandas.

    python bench/rivals/by_pandas.py FILE CODES OUT --last-day YYYY-MM-DD

Whole columns where pandas has a whole-column operation, plain Python for the few cells that are untidy. Writes
accepted and quarantined rows as Parquet and prints `{seconds, rows, accepted, quarantined, rules}`: with other verdicts
than those of ingest its time would say nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK = np.array(list("10X98765432"))
NOTHING = {"", "空", "无", "不详", "未知", "/", "N/A", "n/a", "NULL", "Null", "null", "NaN", "nan", "None"}
DAMAGED = "\ufffd"


def tidy(text: str) -> str:
    """Half-width, without spaces and without the apostrophe that spreadsheets put before numbers."""
    return re.sub(r"[\s\u200b\ufeff'‘’`]", "", unicodedata.normalize("NFKC", text)).upper()


def stated(cells: pd.Series) -> pd.Series:
    """Cells that say something."""
    return ~(cells.isin(NOTHING) | cells.str.fullmatch(r"[\s\u3000]*|-+|—+"))


def citizen_numbers(cells: pd.Series) -> tuple[pd.Series, pd.Series, pd.Series]:
    """The number in 18 characters; whether its check character fits; its eight digits of birth."""
    numbers = cells.where(cells.str.fullmatch(r"[1-9][0-9]{16}[0-9X]"))
    for place in np.flatnonzero(numbers.isna() & cells.ne("")):
        text = re.sub(r"\.0+$", "", tidy(cells.iat[place]))
        if re.fullmatch(r"[1-9][0-9]{14}", text):
            text = text[:6] + "19" + text[6:]
            text += str(CHECK[sum(int(one) * weight for one, weight in zip(text, WEIGHTS, strict=True)) % 11])
        if re.fullmatch(r"[1-9][0-9]{16}[0-9X]", text):
            numbers.iat[place] = text
    whole = numbers.fillna("0" * 18)
    total = sum(whole.str[place].replace("X", "0").astype("int16") * weight for place, weight in enumerate(WEIGHTS))
    fits = pd.Series(CHECK[total.to_numpy() % 11], index=cells.index) == whole.str[17]
    return numbers, fits, whole.str[6:14]


def of_few(cells: pd.Series, which: pd.Series, wrong: Callable[[str], bool]) -> pd.Series:
    """Rows among `which` whose cell is wrong, asked one by one."""
    found = np.zeros(len(cells), bool)
    places = np.flatnonzero(which)
    found[places] = [wrong(text) for text in cells.iloc[places]]
    return pd.Series(found, index=cells.index)


def phone(text: str) -> bool:
    text = re.sub(r"[-()]", "", re.sub(r"^(\+|00)86-?", "", tidy(text)))
    return re.fullmatch(r"1[3-9][0-9]{9}|[48]00[0-9]{7}|[2-9][0-9]{6,7}|0[0-9]{9,11}", text) is not None


def address(text: str) -> bool:
    return any(unicodedata.category(one)[0] == "L" for one in text) and DAMAGED not in text


def day(text: str) -> bool:
    text = re.sub(r"\D", "", tidy(text))
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def check(frame: pd.DataFrame, codes: dict[str, list[str]], last_day: str) -> dict[str, tuple[pd.Series, bool]]:
    """Rule -> which rows break it, and whether that keeps a row out."""
    broken: dict[str, tuple[pd.Series, bool]] = {}
    cells = frame["公民身份号码"]
    numbers, fits, births = citizen_numbers(cells)
    known = numbers.notna()
    there = stated(cells)
    days = pd.to_datetime(births, format="%Y%m%d", errors="coerce")
    broken["citizen_id.form"] = (~known & there, True)
    broken["citizen_id.required"] = (~there, True)
    broken["citizen_id.check_digit"] = (known & ~fits, True)
    days = days.where(days.dt.year.between(1850, 2099))
    broken["citizen_id.day"] = (known & days.isna(), True)

    cells = frame["姓名"]
    there = stated(cells)
    good = cells.str.fullmatch(r"[\u4e00-\u9fff]{2,16}")
    broken["resident_name.type"] = (
        of_few(cells, there & ~good, lambda text: bool(re.search("[0-9０-９]{4}", text)) or not address(text)),
        True,
    )
    broken["resident_name.required"] = (~there, True)

    births_stated = pd.to_datetime(frame["出生日期"], format="%Y%m%d", errors="coerce")
    there = stated(frame["出生日期"])
    broken["birth_date.type"] = (births_stated.isna() & there, True)
    broken["birth_date.required"] = (~there, True)
    broken["birth_date.range"] = (
        births_stated.notna() & ~births_stated.between(pd.Timestamp(1850, 1, 1), pd.Timestamp(last_day)),
        True,
    )
    broken["citizen_id.birth_date_differs"] = (
        known & days.notna() & births_stated.notna() & (days != births_stated),
        False,
    )

    sexes = frame["性别"].map({"1": "1", "2": "2", "男": "1", "女": "2", "男性": "1", "女性": "2", "M": "1", "F": "2"})
    male = numbers.str[16].isin(list("13579")).map({True: "1", False: "2"})
    broken["citizen_id.sex_differs"] = (known & sexes.notna() & (male != sexes), False)

    for name, texts in codes.items():
        cells = frame[name]
        distinct = pd.Series(cells.unique())
        unknown = distinct[~distinct.isin(texts) & ~distinct.map(tidy).isin(texts) & stated(distinct)]
        broken[f"{name}.code"] = (cells.isin(unknown), True)

    cells = frame["户号"]
    broken["household_code.required"] = (~stated(cells), True)
    for name in ("户籍地址", "实际居住地"):
        cells = frame[name]
        good = cells.eq("") | cells.str.match(r"[\u4e00-\u9fff]") & ~cells.str.contains(DAMAGED, regex=False)
        broken[f"{name}.type"] = (of_few(cells, ~good & stated(cells), lambda text: not address(text)), True)
        broken[f"{name}.length"] = (cells.str.len() > 1333, True)
    cells = frame["登记机关"]
    broken["police_station_name.type"] = (cells.str.contains(DAMAGED, regex=False), True)
    broken["police_station_name.length"] = (cells.str.len() > 1333, True)

    cells = frame["联系电话"]
    good = cells.eq("") | cells.str.fullmatch(r"1[3-9][0-9]{9}")
    broken["mobile_phone.type"] = (of_few(cells, ~good & stated(cells), lambda text: not phone(text)), False)

    cells = frame["变动日期"]
    distinct = pd.Series(cells.unique())
    wrong = of_few(distinct, stated(distinct), lambda text: not day(text))
    broken["as_of_date.type"] = (cells.isin(distinct[wrong]), True)
    broken["citizen_id.unique"] = (frame["公民身份号码"].duplicated(), False)
    return broken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("codes", type=Path, help="JSON: header -> texts that the code list knows")
    parser.add_argument("out", type=Path)
    parser.add_argument("--last-day", required=True)
    parser.add_argument("--engine", default="c", choices=["c", "pyarrow"])
    given = parser.parse_args()
    codes = json.loads(given.codes.read_bytes())

    began = time.perf_counter()
    frame = pd.read_csv(given.file, dtype=str, keep_default_na=False, encoding="utf-8", engine=given.engine)
    broken = check(frame, codes, given.last_day)
    out = np.zeros(len(frame), bool)
    rules = pd.Series([""] * len(frame))
    for rule, (rows, keeps_out) in broken.items():
        if keeps_out and rows.any():
            out |= rows.to_numpy()
            rules[rows.to_numpy()] += f"{rule} "
    frame[~out].to_parquet(given.out / "accepted.parquet", compression="snappy", index=False)
    frame[out].assign(_rules=rules[out].str.split()).to_parquet(given.out / "quarantine.parquet", index=False)
    seconds = time.perf_counter() - began
    counts = {rule: int(rows.sum()) for rule, (rows, _) in broken.items() if rows.any()}
    print(
        json.dumps(
            {
                "seconds": seconds,
                "rows": len(frame),
                "accepted": int((~out).sum()),
                "quarantined": int(out.sum()),
                "rules": counts,
            }
        )
    )


if __name__ == "__main__":
    main()
