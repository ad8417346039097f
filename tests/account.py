"""Accounts for a broken file: every cell that it holds is accepted, quarantined, told as drift, or the file refused.

What a file holds is counted by simple readers that share nothing with the program; a cell is known by the tag in it.
"""

from __future__ import annotations

import contextlib
import datetime
import gzip
import html
import io
import re
import sqlite3
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from broken_table import HEADERS, NAMES, TAGGED, BadFile, row

TAG = re.compile(rf"({'|'.join(TAGGED)})-(\d{{5}})(?!\d)")
_CODECS = {"": "utf-8-sig", "GB18030": "gb18030", "UTF-16": "utf-16", "Big5": "big5"}
_AMOUNT = re.compile(r"(\d{1,4})\.25$")

Tags = Counter[tuple[str, str]]


def tags(texts: Iterable[str | None]) -> Tags:
    """Column and row number of every tag in these texts."""
    return Counter(found for text in texts if text for found in TAG.findall(text))


def held(file: BadFile) -> Tags | None:
    """The tags in a file's bytes; None if they cannot be counted simply."""
    if file.data is None:
        return None
    try:
        return _COUNT[file.kind](file)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, IndexError, UnicodeError, ValueError,
            NotImplementedError, RuntimeError, sqlite3.Error):  # fmt: skip
        return None


def _text(file: BadFile) -> Tags:
    assert file.data is not None
    codec = _CODECS[file.batch.partition(" ")[2]]
    if file.kind == "xml" and (declared := re.match(rb'<\?xml[^>]*encoding="(GB\w+|UTF-16)"', file.data)):
        codec = declared[1].decode().lower()
    if file.kind == "xml" and file.data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        codec = "utf-16"
    text = file.data.decode(codec, "replace")
    if file.kind == "xml":
        text = re.sub(r"<!--.*?-->|<!\[CDATA\[|\]\]>", "", text, flags=re.DOTALL)
    return tags([text])


def _xlsx(file: BadFile) -> Tags:
    """Cells in the order of the sheet's XML; the texts by their numbers."""
    with zipfile.ZipFile(io.BytesIO(file.data or b"")) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        strings = archive.read("xl/sharedStrings.xml").decode()
    texts = [html.unescape(text) for text in re.findall(r"<si><t[^>]*>(.*?)</t></si>", strings, re.DOTALL)]
    shared = [texts[int(number)] for number in re.findall(r't="s"[^>]*><v>(\d+)</v>', sheet)]
    return tags([*shared, re.sub(r't="s"[^>]*><v>.*?</v>', "", sheet)])


def _ods(file: BadFile) -> Tags:
    with zipfile.ZipFile(io.BytesIO(file.data or b"")) as archive:
        content = archive.read("content.xml").decode()
    content = re.sub(r"<office:annotation.*?</office:annotation>", "", content, flags=re.DOTALL)
    return tags([content])


def _sqlite(file: BadFile) -> Tags:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(file.data or b"")
        connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            steps = iter(range(1000))
            connection.set_progress_handler(lambda: next(steps, None) is None, 10_000)
            found = connection.execute(f"select {', '.join(HEADERS)} from 表").fetchall()
        finally:
            connection.close()
    return tags(cell for one in found for cell in one if isinstance(cell, str))


def _zip(file: BadFile) -> Tags:
    total: Tags = Counter()
    with zipfile.ZipFile(io.BytesIO(file.data or b"")) as archive:
        for info in archive.infolist():
            if info.file_size < 1 << 22:
                total += tags([archive.read(info).decode("utf-8", "replace")])
    return total


def _gz(file: BadFile) -> Tags:
    data = file.data or b""
    for _ in range(file.suffix.count(".gz")):
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            data = stream.read(1 << 22)
    return tags([data.decode("utf-8", "replace")])


_COUNT: Mapping[str, Any] = {
    "csv": _text,
    "json": _text,
    "ndjson": _text,
    "xml": _text,
    "xlsx": _xlsx,
    "ods": _ods,
    "sqlite": _sqlite,
    "zip": _zip,
    "gz": _gz,
    "xls": lambda _: None,
    "parquet": lambda _: None,
}


def account(file: BadFile, packages: Sequence[Path], manifests: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with the packages that were made of a file; nothing if every cell is where it belongs."""
    import pyarrow.parquet as pq

    problems: list[str] = []
    accepted: list[dict[str, Any]] = []
    quarantined: list[dict[str, Any]] = []
    for folder, manifest in zip(packages, manifests, strict=True):
        good, bad = (pq.read_table(folder / f"{name}.parquet").to_pylist() for name in ("accepted", "quarantine"))
        numbers = sorted(one["_row"] for one in (*good, *bad))
        counts = {"read": len(numbers), "accepted": len(good), "quarantined": len(bad)}
        if counts != manifest["counts"]:
            problems.append(f"counts {manifest['counts']}, in the files {counts}")
        if numbers != list(range(1, len(numbers) + 1)):
            problems.append("row numbers are not 1 to the last")
        if not all(one["_rules"] for one in bad):
            problems.append("a row is quarantined without a reason")
        accepted += good
        quarantined += bad
    problems += _lost(file, manifests, accepted, quarantined)
    return problems + _misplaced(file, accepted)


def _lost(
    file: BadFile,
    manifests: Sequence[Mapping[str, Any]],
    accepted: Sequence[Mapping[str, Any]],
    quarantined: Sequence[Mapping[str, Any]],
) -> list[str]:
    columns = list(NAMES.values())
    found = tags(one[name] for one in accepted for name in columns)
    for one in quarantined:
        found += tags([one["_raw"]] if one["_raw"] else [one[name] for name in columns])
    # A column that the contract does not have, or that is missing, is told as drift.
    drift = [one for manifest in manifests for one in manifest["drift"]]
    told = {header for header, name in NAMES.items() for one in drift if name == one.get("column")}
    expected = held(file)
    if file.rows is not None:
        known = tags(cell for number in file.rows for cell in row(number))
        expected = known if expected is None else expected | known
    if expected is None:
        return []
    lost = {tag: count for tag, count in (expected - found).items() if tag[0] not in told}
    more = found - expected
    problems = []
    if sum(lost.values()) > file.altered:
        problems.append(f"{sum(lost.values())} cells of {sum(expected.values())} are lost: {sorted(lost)[:4]}")
    if sum(more.values()) > file.altered:
        problems.append(f"{sum(more.values())} cells too many: {sorted(more)[:4]}")
    return problems


def _misplaced(file: BadFile, accepted: Sequence[Mapping[str, Any]]) -> list[str]:
    """Accepted cells under another column, or in another row, than their tag says."""
    wrong: list[str] = []
    for one in accepted:
        rows = Counter[int]()
        for header, name in NAMES.items():
            for column, number in TAG.findall(one[name] or ""):
                rows[int(number)] += 1
                if column != header:
                    wrong.append(f"row {one['_row']}: {column} under {header}")
        if amount := _AMOUNT.match(one["amount"] or ""):
            rows[int(amount[1])] += 1
        with contextlib.suppress(ValueError):
            rows[(datetime.date.fromisoformat((one["born"] or "")[:10]) - datetime.date(1950, 1, 1)).days] += 1
        if len(rows) > 1:
            wrong.append(f"row {one['_row']}: cells of rows {sorted(rows)}")
    return [f"{len(wrong)} cells are misplaced: {wrong[:4]}"] if len(wrong) > file.altered else []
