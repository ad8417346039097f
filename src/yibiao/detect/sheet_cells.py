"""Cells of a table without a contract: what was mended, and rows that only a human can mend."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yibiao.contracts.properties import REPAIRS
from yibiao.contracts.reports import Column, plain_column
from yibiao.detect.table import ASK, Held
from yibiao.ingest.readers.spreadsheet_marked import marked
from yibiao.ingest.readers.spreadsheet_rows import Part
from yibiao.ingest.repairs import LOST, NUMBER, TEXT, Finding, find, replaced


@dataclass
class Judged:
    """A part after repairs.

    Attributes:
        columns: texts of every column, group columns last, without the rows that are held.
        held: rows that only a human can mend.
        repairs: (kind, class) -> cells.
    """

    columns: list[pa.Array]
    held: list[Held] = field(default_factory=list)
    repairs: Counter[tuple[str, str]] = field(default_factory=Counter)


def judge(part: Part) -> Judged:
    """Make the safe repairs, hold the rows that need another."""
    judged = Judged([])
    asked: dict[int, tuple[str, dict[int, str]]] = {}
    for place in range(len(part.headers)):
        texts, kinds, before = marked(part, place)
        texts = _apply(place, texts, before, judged, asked)
        column = _column(place, texts, kinds)
        texts = _apply(place, texts, find(column, texts, kinds), judged, asked)
        judged.columns.append(texts)
    judged.columns += part.group_values
    if asked:
        places = sorted(asked)
        cells = list(zip(*(column.take(pa.array(places)).to_pylist() for column in judged.columns), strict=True))
        for at, row in zip(places, cells, strict=True):
            kind, proposal = asked[at]
            mended = tuple(proposal.get(place, text) for place, text in enumerate(row)) if proposal else None
            judged.held.append(Held(int(part.rows[at]) + 1, f"row.{kind}", "\t".join(row), mended))
        keep = np.ones(len(part.rows), dtype=bool)
        keep[places] = False
        judged.columns = [column.filter(pa.array(keep)) for column in judged.columns]
    return judged


def _apply(
    place: int,
    texts: pa.Array,
    findings: list[Finding],
    judged: Judged,
    asked: dict[int, tuple[str, dict[int, str]]],
) -> pa.Array:
    for finding in findings:
        if not len(finding.places):
            continue
        decided = REPAIRS[finding.kind][1]
        judged.repairs[finding.kind, decided] += len(finding.places)
        if decided == ASK:
            proposals = finding.proposal.to_pylist() if finding.proposal is not None else [None] * len(finding.places)
            for at, proposal in zip(finding.places.tolist(), proposals, strict=True):
                known = asked.setdefault(at, (finding.kind, {}))[1]
                if proposal is not None:
                    known[place] = proposal
        elif finding.proposal is not None:
            texts = replaced(texts, finding.places, finding.proposal)
    return texts


def _column(place: int, texts: pa.Array, kinds: np.ndarray | None) -> Column:
    """A column of the type that its cells have most: an identifier, numbers, or anything else."""
    type_ = "text"
    if kinds is not None:
        digits = texts.filter(pc.and_(pc.match_substring_regex(texts, r"^\d{2,}$"), pa.array(kinds == TEXT)))
        named = pc.any(pc.or_(pc.starts_with(digits, "0"), pc.greater_equal(pc.binary_length(digits), 9))).as_py()
        given = int(pc.sum(pc.greater(pc.binary_length(texts), 0)).as_py() or 0)
        if named or (kinds == LOST).any():
            type_ = "number_text"
        elif (kinds == NUMBER).sum() > 0.5 * given:
            type_ = "decimal"
    return plain_column(f"c{place}", type_=type_)
