"""Checks a form before it is sent out: which fields are held already, by whom, how fresh; what is left to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from yibiao.contracts.values import Schemas
from yibiao.errors import DeliveryError
from yibiao.matching.fields import FormTable
from yibiao.matching.lexicon import lexicon_of
from yibiao.matching.model import load_model
from yibiao.matching.precedents import Precedent, by_words
from yibiao.matching.printable import printable_of
from yibiao.matching.reading import read_form
from yibiao.matching.score import score_fields
from yibiao.matching.verdict import Judge, Verdict


def check_form(
    path: Path, root: Path, schemas: Schemas, editions: Mapping[str, date] | None = None, today: date | None = None
) -> list[Verdict]:
    """A verdict on every field of a form file, in the order of the file.

    Args:
        path: XLSX, XLS, ODS, DOCX or CSV; empty or filled in.
        root: the schemas folder, for the model.
        editions: newest edition of each report in the current release.
        today: the last day that the release speaks of.

    Raises:
        DeliveryError: no form can be read from the file, or it has answers and no label.
        ContractError: the model does not fit this program.
    """
    tables = read_form(path)
    read_ahead(tables, root)
    return check_tables(tables, root, schemas, editions, today, name=path.name)


def read_ahead(tables: Sequence[FormTable], root: Path) -> None:
    """Begin to read the sense of forms beside what else is to be loaded before `check_tables`.

    Raises:
        ContractError: the model does not fit this program.
    """
    model = load_model(root)
    if model.sense:
        model.sense.ahead([(table.title, table.fields) for table in tables])


def check_tables(
    tables: Sequence[FormTable],
    root: Path,
    schemas: Schemas,
    editions: Mapping[str, date] | None = None,
    today: date | None = None,
    precedents: Sequence[Precedent] = (),
    name: str = "",
) -> list[Verdict]:
    """The same for forms that are read already.

    Args:
        precedents: what was said of headers in forms that are in force.
        name: of the file, for errors.

    Raises:
        DeliveryError: there are answers, and no label.
    """
    model = load_model(root)
    lexicon = lexicon_of(schemas, model.learned)
    judge = Judge(schemas, model, editions, today, by_words(precedents))
    printable = printable_of(lexicon)
    if all(map(printable.is_data, tables)):
        raise DeliveryError(
            "No header was found: where headers would stand, the file has what looks like answers.",
            where=name,
            expected="a row of headers, or labels beside empty cells",
            got="numbers or addresses, and no word that is known of headers",
            todo="Put the row of headers over the answers, or check the empty form.",
        )
    sheets = list(dict.fromkeys(table.sheet for table in tables))
    return [
        judge.of(scored, shown)
        for table in tables
        for scored, shown in zip(
            score_fields(table.fields, table.title, lexicon, model),
            printable.of(table, sheets.index(table.sheet) + 1),
            strict=True,
        )
    ]


def editions_of(database: Path) -> tuple[dict[str, date], date | None]:
    """Newest edition of each report in a release, and the newest of all.

    Args:
        database: the release's DuckDB file.
    """
    from yibiao.warehouse.query import ask

    _, rows = ask(database, "select report, max(edition_date)::date from load where state = 'current' group by report")
    editions = {str(report): day for report, day in rows if day is not None}
    return editions, max(editions.values(), default=None)
