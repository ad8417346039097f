"""Understands delimited text that no contract describes: encoding, dialect, titles, header, rows, notes, tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from yibiao.detect.table import Choice, Detected
from yibiao.detect.text_dialect import Scored, find_dialect
from yibiao.detect.text_encoding import Encoding, find_encoding, sample
from yibiao.detect.text_lines import bare, lines_of, read_lines
from yibiao.detect.text_records import Record, read_records
from yibiao.detect.text_split import BACKSLASH, Dialect
from yibiao.detect.text_table import Source, TableReader
from yibiao.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Sequence

LINE_ENDS = {"\r\n": "CRLF", "\n": "LF", "\r": "CR"}


def detect_text(path: Path, *, limit: int | None = None) -> Detected:
    """The table of a delimited text file; of several tables the longest (`detect_tables` gives all).

    Args:
        path: file of any size; without a limit all of its rows are held in memory, as Arrow text.
        limit: rows to read at most; the end of the file is looked at all the same.

    Raises:
        DeliveryError: the file is no text at all.
    """
    tables = detect_tables(path, limit=limit)
    return max(tables, key=lambda one: one.rows.num_rows + len(one.held))


def detect_tables(path: Path, *, limit: int | None = None) -> tuple[Detected, ...]:
    """Every table of a file, from top to bottom; at least one, maybe without columns (an empty file)."""
    samples = sample(path)
    encoding = find_encoding(samples)
    _refuse_bytes(path, samples, encoding)
    parts = [lines for lines in _sample_lines(samples, encoding) if lines]
    judged = [bare(line) for number, lines in enumerate(parts) for line in (lines[:350] if not number else lines[1:12])]
    best, others = find_dialect(judged)
    common = _encoding_choice(encoding) | _dialect_choices(best, others, judged) | _line_ends(parts)
    source = Source(read_records(read_lines(path, encoding), best.dialect))
    tables: list[TableReader] = []
    read = 0
    while not source.done or not tables:
        table = TableReader(best.dialect, source, len(tables))
        table.read(None if limit is None else max(0, limit - read))
        if tables and not table.headers and not table.count and not table.held:
            break
        tables.append(table)
        read += table.count
        if limit is not None and read >= limit and not source.done:
            table.look_at_end(_end_records(path, samples, encoding, best.dialect))
            break
    count = len(tables)
    found = []
    for number, table in enumerate(tables):
        choices = {**common, **table.choices()}
        if count > 1:
            again = number and table.headers == tables[0].headers
            why = f"{count} headers stand one under another in the file"
            if again:
                why += "; this one repeats the first: it may be the same table going on"
            choices["tables"] = Choice("tables", count, False, why)
        found.append(table.detected("" if count == 1 else f"{number + 1}", choices))
    return tuple(found)


def _refuse_bytes(path: Path, samples: Sequence[bytes], encoding: Encoding) -> None:
    text = samples[0][encoding.mark :].decode(encoding.codec, errors="replace")[:100_000]
    controls = sum(1 for character in text if character < " " and character not in "\t\n\r\x01\x1e\x1f")
    if controls * 10 > len(text):
        raise DeliveryError(
            "The file is no text.",
            where=path.name,
            expected="delimited text",
            got=f"{controls / len(text):.0%} control characters",
            todo="Look at what kind of file it is; ask the sender to export it as CSV.",
        )


def _sample_lines(samples: Sequence[bytes], encoding: Encoding) -> Iterator[list[str]]:
    for number, part in enumerate(samples):
        text = part[encoding.mark :] if not number else part
        lines = list(lines_of(text.decode(encoding.codec, errors="replace")))
        if len(samples) > 1:
            lines = lines[:-1] if not number else lines[1:] if number == len(samples) - 1 else lines[1:-1]
        yield lines


def _end_records(path: Path, samples: Sequence[bytes], encoding: Encoding, dialect: Dialect) -> list[Record]:
    if len(samples) == 1:
        lines = list(read_lines(path, encoding))[-60:]
    else:
        lines = list(_sample_lines(samples, encoding))[-1][-60:]
    return list(read_records(lines, dialect))


def _encoding_choice(encoding: Encoding) -> dict[str, Choice]:
    return {"encoding": Choice("encoding", encoding.name, encoding.sure, encoding.why, encoding.rivals)}


def _dialect_choices(best: Scored, others: Sequence[Scored], lines: Sequence[str]) -> dict[str, Choice]:
    dialect, found = best.dialect, {}
    rival = next((one for one in others if one.score > 0.8 * best.score and not _part(one.dialect, dialect)), None)
    found["delimiter"] = Choice(
        "delimiter",
        dialect.delimiter,
        rival is None and (best.score >= 0.5 or not dialect.delimiter) and len(lines) > 1,
        f"{best.share:.0%} of the lines looked at have {best.width} cells with it"
        if dialect.delimiter
        else "no character divides the lines alike",
        (rival.dialect.delimiter,) if rival else (),
    )
    quotes = sum(line.count(dialect.quote) for line in lines) if dialect.quote else 0
    found["quote"] = Choice(
        "quote",
        dialect.quote,
        not quotes or best.share >= 0.5,
        f"{quotes} of it in the lines looked at, at the edges of cells"
        if quotes
        else "no quotes in the lines looked at",
    )
    if dialect.escape == BACKSLASH:
        found["escape"] = Choice("escape", "\\", best.share >= 0.5, "a backslash stands before quotes inside cells")
    return found


def _part(one: Dialect, other: Dialect) -> bool:
    """Whether one delimiter is a part of the other, and so divides as often."""
    return one.delimiter in other.delimiter or other.delimiter in one.delimiter


def _line_ends(parts: Sequence[Sequence[str]]) -> dict[str, Choice]:
    ends = {name: 0 for name in LINE_ENDS.values()}
    for lines in parts:
        for line in lines:
            for end, name in LINE_ENDS.items():
                if line.endswith(end):
                    ends[name] += 1
                    break
    used = [name for name, count in ends.items() if count]
    why = ", ".join(f"{count} {name}" for name, count in ends.items() if count) or "a single line"
    return {"lineEnd": Choice("lineEnd", used[0] if len(used) == 1 else "mixed" if used else "", len(used) < 2, why)}
