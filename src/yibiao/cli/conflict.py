"""`yibiao conflict`: who disagrees with whom, and the correction lists for the departments concerned."""

from __future__ import annotations

from pathlib import Path

import click

from yibiao.cli.options import json_option

HOME = click.option("--home", type=click.Path(path_type=Path), help="Working folder.")
RELEASE = click.option("--release", "version", help="This version instead of the current one.")
JSON = json_option()


@click.group()
def conflict() -> None:
    """Show where departments disagree, and write correction lists for them."""


@conflict.command("list")
@HOME
@RELEASE
@JSON
@click.option("--department", help="Only disagreements of this one.")
@click.option("--limit", default=40, show_default=True, help="Lines shown at most; --json prints all.")
def list_conflicts(home: Path | None, version: str | None, as_json: bool, department: str | None, limit: int) -> None:
    """Count disagreements by data element and pair of departments, the most frequent first."""
    from yibiao.contracts import load_registry
    from yibiao.files import to_json
    from yibiao.settings import Settings
    from yibiao.warehouse.disputes import summary
    from yibiao.warehouse.releases import find, need_current

    settings = Settings.load(home=home)
    settings.open_home()
    schemas = load_registry(settings.schemas)
    rows = summary(find(settings, version) if version else need_current(settings), schemas, department)
    if as_json:
        click.echo(to_json(rows), nl=False)
        return
    from rich.table import Table

    from yibiao.terminal import table_console

    table = Table(box=None, pad_edge=False)
    for name in ("实体 entity", "数据元 element", "采用 kept", "落选 lost"):
        table.add_column(name, no_wrap=True)
    for name in ("处 cells", "条 claims"):
        table.add_column(name, justify="right")
    for row in rows[:limit]:
        kept, lost = (schemas.departments[row[key]].name for key in ("kept", "lost"))
        table.add_row(
            row["entity"], f"{row['name']} {row['element']}", kept, lost, f"{row['cells']:,}", f"{row['claims']:,}"
        )
    console = table_console()
    console.print(table)
    if len(rows) > limit:
        console.print(f"{limit} / {len(rows)}: --limit")


@conflict.command()
@HOME
@RELEASE
@JSON
@click.option("--department", required=True, help="The department that gets the lists.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the workbooks."
)
def export(home: Path | None, version: str | None, as_json: bool, department: str, out: Path) -> None:
    """Write one correction list (更正清单) per report of a department. They hold personal data."""
    from yibiao.contracts import load_schemas
    from yibiao.files import to_json
    from yibiao.settings import Settings
    from yibiao.warehouse.correction_list import write
    from yibiao.warehouse.disputes import corrections
    from yibiao.warehouse.releases import find, need_current

    settings = Settings.load(home=home)
    settings.open_home()
    schemas = load_schemas(settings.schemas)
    release = find(settings, version) if version else need_current(settings)
    made = []
    for report, rows in corrections(release, schemas, department, settings):
        title = schemas.reports[report].title
        path = out / f"{report}_{title}_更正清单_{release.version}.xlsx"
        made.append(
            {
                "report": report,
                "rows": write(path, schemas.reports[report], release.version, rows, schemas),
                "file": str(path),
            }
        )
    from yibiao.control.usage import record_usage

    tables = {f"{entity}_conflict" for one in made for entity in schemas.reports[str(one["report"])].about}
    record_usage(settings, tables, kind="export", via="conflict export", version=release.version)
    if as_json:
        click.echo(to_json(made), nl=False)
        return
    for one in made:
        click.echo(f"{one['report']}  {one['rows']:,} 行 rows  {one['file']}")
    if not made:
        click.echo("没有不一致的数据。No disagreements.")
