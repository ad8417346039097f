"""`yibiao release slice`: give communities what a release knows about them, and what changed (数据回流)."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from yibiao.cli.options import json_option
from yibiao.settings import Settings


@click.command("slice")
@click.option("--area", required=True, metavar="CODE", help="A community, or a street, town or county of communities.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.")
@click.option("--release", "version", help="This version instead of the current one.")
@click.option("--home", type=click.Path(), help="Working folder. [default: home/ in the project]")
@json_option()
def slice_(area: str, out: Path, version: str | None, home: str | None, as_json: bool) -> None:
    """Write for every community of an area a workbook and Parquet files with its own part of the release.

    What changed since last time is told by what stands in the folder already. Sensitive elements are left out.
    """
    from yibiao.contracts import load_schemas
    from yibiao.forms.fill.areas import communities
    from yibiao.forms.slices import slice_release
    from yibiao.warehouse.releases import find, need_current

    settings = Settings.load(home=home)
    settings.open_home()
    release = find(settings, version) if version else need_current(settings)
    schemas = load_schemas(settings.schemas)
    made = slice_release(release, schemas, settings, communities(schemas, area), out)
    if as_json:
        import orjson

        told = [vars(one) for one in made]
        sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
        return
    from rich.table import Table

    from yibiao.terminal import table_console

    kinds = ("新增", "移出", "修改")
    table = Table("社区", *(entity.name for entity in schemas.entities.values()), *kinds, "自版本 since")
    for one in made:
        rows = (f"{one.rows.get(name, 0):,}" for name in schemas.entities)
        changes = (str(one.changes[kind]) if one.since else "" for kind in kinds)
        table.add_row(one.name, *rows, *changes, one.since or "（第一次）")
    table_console(width=160).print(table)
    click.echo(f"{release.version} -> {out}")
