"""`yibiao query`: ask the current release with SQL."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from yibiao.cli.options import json_option
from yibiao.settings import Settings


@click.command()
@click.argument("sql")
@click.option("--home", type=click.Path(), help="Working folder. [default: home/ in the project]")
@click.option("--release", "version", help="Ask this version instead of the current one.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Ask the dataset as the editions up to this day give it; the first question about a day builds it.",
)
@json_option("Print a list of objects.")
@click.option("--limit", default=1000, show_default=True, help="Rows shown at most in the table; --json prints all.")
def query(sql: str, home: str | None, version: str | None, as_of: datetime | None, as_json: bool, limit: int) -> None:
    """Ask the current release, for example: yibiao query "select sex_code, count(*) from resident group by all"."""
    from yibiao.warehouse.query import ask
    from yibiao.warehouse.releases import find, need_current

    settings = Settings.load(home=home)
    settings.open_home()
    if as_of and version:
        raise click.UsageError("--as-of and --release exclude each other: a release is of its own moment.")
    if as_of:
        from yibiao.terminal import Terminal
        from yibiao.warehouse.states import state_as_of

        asked, database = None, state_as_of(settings, as_of.date(), progress=Terminal(sys.stderr))
    else:
        release = find(settings, version) if version else need_current(settings)
        asked, database = release.version, release.database
    columns, rows = ask(database, sql)
    from yibiao.control.usage import record_usage, tables_read

    record_usage(settings, tables_read(database, sql), kind="query", via="query", version=asked)
    if as_json:
        import orjson

        objects = [dict(zip(columns, row, strict=True)) for row in rows]
        sys.stdout.buffer.write(orjson.dumps(objects, default=str, option=orjson.OPT_APPEND_NEWLINE))
        return
    from rich.table import Table

    from yibiao.terminal import table_console

    table = Table(*columns)
    for row in rows[:limit]:
        table.add_row(*["" if value is None else str(value) for value in row])
    console = table_console(width=200)
    console.print(table)
    if len(rows) > limit:
        console.print(f"{limit} of {len(rows)} rows; --limit shows more, --json all.")
