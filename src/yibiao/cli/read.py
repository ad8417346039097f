"""`yibiao read`: what a file is and which table stands in it, without any contract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yibiao.cli.options import json_option

if TYPE_CHECKING:
    from yibiao.detect.table import Detected

LIMIT = 200_000
"""Rows that are read unless the whole table is written to a CSV."""

_FORMULA = r"^[=+\-@\t\r＝＋－＠]"
_PLAIN_NUMBER = r"^[+-]?\d[\d,]*(\.\d+)?%?$"


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--csv", "out", type=click.Path(path_type=Path), help="Write the table as UTF-8 CSV with BOM; no cell is a formula."
)
@click.option("--table", metavar="NAME", help="Sheet or table to write, if there are several; default the largest.")
@click.option("--rows", "shown", default=0, show_default=True, help="Show so many rows; they hold personal values.")
@json_option("Print a list of tables; no row stands in it.")
def read(file: Path, out: Path | None, table: str | None, shown: int, as_json: bool) -> None:
    """Show what was detected in a FILE of any kind: encoding, layout, columns, what is no data, what is unsure.

    Rows are shown, or written, only on demand.
    """
    from yibiao.detect.file import detect
    from yibiao.errors import DeliveryError

    if out and out.exists() and out.samefile(file):
        raise DeliveryError(
            "The table cannot be written over the file it is read from.", where=str(out), todo="Name another file."
        )
    tables = detect(file, limit=None if out else LIMIT)
    if table is not None and table not in [one.name for one in tables]:
        raise DeliveryError(
            "The file has no such table.",
            where=file.name,
            expected=", ".join(one.name for one in tables if one.name) or "one table without a name",
            got=table,
        )
    if as_json:
        from yibiao.files import to_json

        click.echo(to_json([_as_dict(one) for one in tables]).decode(), nl=False)
    else:
        for one in tables:
            _show(one, shown)
    if out:
        chosen = [one for one in tables if one.name == table] if table is not None else tables
        best = max(chosen, key=lambda one: one.rows.num_rows)
        marked = write_csv(best, out)
        click.echo(f"{best.rows.num_rows:,} rows written to {out}", err=as_json)
        if best.held:
            click.echo(f"{len(best.held):,} held rows are not in it", err=as_json)
        if marked:
            click.echo(f"{marked:,} cells that would be formulas have an apostrophe (') in front", err=as_json)


def _as_dict(table: Detected) -> dict[str, Any]:
    return {
        "name": table.name,
        "format": table.format,
        "columns": list(table.headers),
        "rows": table.rows.num_rows,
        "choices": {
            name: {"value": one.value, "sure": one.sure, "why": one.why, "rivals": list(one.rivals)}
            for name, one in table.choices.items()
        },
        "held": [{"place": one.place, "rule": one.rule, "proposal": one.proposal is not None} for one in table.held],
        "left_out": dict(table.left_out),
        "control_totals": [dict(one) for one in table.control_totals],
        "repairs": [
            {"kind": one.kind, "class": one.repair_class, "count": one.count, "why": one.why} for one in table.repairs
        ],
    }


def _show(table: Detected, rows: int) -> None:
    name = f" {table.name}" if table.name else ""
    at_least = "at least " if table.rows.num_rows >= LIMIT else ""
    click.echo(
        f"表 table{name}: {table.format}, {len(table.headers)} 列 columns, {at_least}{table.rows.num_rows:,} 行 rows"
    )
    for what, choice in table.choices.items():
        if choice.value in (None, ""):
            continue
        mark = " " if choice.sure else "?"
        rivals = f"; 或 or {', '.join(map(repr, choice.rivals))}" if choice.rivals else ""
        click.echo(f"  {mark} {what}: {choice.value!r}  ({choice.why}{rivals})")
    for kind, count in table.left_out.items():
        click.echo(f"    不是数据 no data: {count} {kind}")
    for total in table.control_totals:
        agrees = "相符 agrees" if total.get("stated") == total.get("counted") else "不符 DISAGREES"
        click.echo(
            f"    合计 printed total {total.get('name')}: {total.get('stated')}, {total.get('counted')} {agrees}"
        )
    for one in table.repairs:
        click.echo(f"    修正 repair {one.kind} ({one.repair_class}): {one.count}, {one.why}")
    if table.held:
        with_proposal = sum(one.proposal is not None for one in table.held)
        click.echo(f"    待确认 held: {len(table.held)} rows, {with_proposal} with a proposed repair")
        for held in table.held[:5]:
            click.echo(f"      {held.rule} at {held.place}")
    for number, header in enumerate(table.headers, start=1):
        click.echo(f"    {number:>3}  {header}")
    for row in table.rows.slice(0, rows).to_pylist() if rows else ():
        click.echo("    " + " | ".join("" if value is None else str(value) for value in row.values()))


def write_csv(table: Detected, out: Path) -> int:
    """Write a table as CSV that spreadsheet programs open with its Chinese intact: UTF-8 with a byte order mark.

    Returns:
        Cells that such a program would compute: they are written with an apostrophe in front.
    """
    import codecs

    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as arrow_csv

    headers = [header or f"column {place}" for place, header in enumerate(table.headers, start=1)]
    marked = 0
    columns = []
    for column in (pa.chunked_array([pa.array(headers, pa.string())]), *table.rows.columns):
        risky = pc.and_(
            pc.match_substring_regex(column, _FORMULA), pc.invert(pc.match_substring_regex(column, _PLAIN_NUMBER))
        )
        marked += pc.sum(risky).as_py() or 0
        columns.append(pc.if_else(risky, pc.binary_join_element_wise("'", column, ""), column))
    rows = pa.Table.from_arrays(columns[1:], names=columns[0].to_pylist())
    with out.open("wb") as stream:
        stream.write(codecs.BOM_UTF8)
        arrow_csv.write_csv(rows, stream)
    return marked
