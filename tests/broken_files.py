"""Some hundred broken files of every kind that departments send, the same in every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from broken_books import ods_files, xls_files, xlsx_files
from broken_documents import json_files, ndjson_files, xml_files
from broken_stores import gz_files, parquet_files, sqlite_files, zip_files
from broken_table import HTML, KINDS, SUFFIXES, WHOLE, BadFile, cuts, flips
from broken_text import csv_files

__all__ = ["BadFile", "broken_files", "sample"]

CUTS, FLIPS = 12, 16

_OWN = (csv_files, xlsx_files, xls_files, ods_files, json_files, ndjson_files, xml_files, parquet_files, sqlite_files,
        zip_files, gz_files)  # fmt: skip


def broken_files() -> list[BadFile]:
    """All of them, batch by batch; cases are unique within a batch."""
    found = [one for make in _OWN for one in make()]
    found += [one for kind in KINDS for one in _any_kind(kind)]
    return sorted(found, key=lambda one: one.batch)


def sample(files: Sequence[BadFile]) -> list[BadFile]:
    """Some of every kind of damage in every batch: the first and every eighth after it; what is costly is left out."""
    met: Counter[tuple[str, str]] = Counter()
    found = []
    for one in files:
        if not one.costly:
            if met[one.batch, one.damage] % 8 == 0:
                found.append(one)
            met[one.batch, one.damage] += 1
    return found


def _any_kind(kind: str) -> Iterator[BadFile]:
    """What can happen to a file of any kind."""
    whole, suffix = WHOLE[kind](), SUFFIXES[kind]
    # Rows of text and records without a checksum can end or change without anybody seeing it.
    seen = kind in ("xlsx", "ods", "zip", "gz")
    for case, data in cuts(whole, kind, CUTS):
        whole_records = kind in ("csv", "ndjson", "xls")
        yield BadFile(case, kind, suffix, data, verdict="either" if whole_records else "refused")
    for case, data in flips(whole, kind, FLIPS):
        yield BadFile(case, kind, suffix, data, altered=0 if seen else 60)
    yield BadFile("empty", kind, suffix, b"", verdict="refused")
    yield BadFile("a folder", kind, suffix, None, verdict="refused")
    yield BadFile("one byte", kind, suffix, b"\n", verdict="refused")
    yield BadFile("noise", kind, suffix, bytes(range(256)) * 40, verdict="refused")
    yield BadFile("zeros", kind, suffix, b"\0" * 10_000, verdict="refused")
    yield BadFile("web page", kind, suffix, HTML, verdict="refused")
    yield BadFile("PDF", kind, suffix, b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", verdict="refused")
    for other in KINDS:
        # A reader of workbooks tells by the bytes which kind it has before it.
        same = {kind, other} <= {"xlsx", "xls", "ods"}
        if other != kind:
            yield BadFile(f"{other} in disguise", kind, suffix, WHOLE[other](), verdict="either" if same else "refused")
