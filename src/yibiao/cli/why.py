"""`yibiao why`: the value of a golden record, its source, and why other values lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from yibiao.cli.options import json_option


@click.command()
@click.argument("entity_id", metavar="ENTITY")
@click.argument("element", required=False)
@click.option("--home", type=click.Path(path_type=Path), help="Working folder.")
@click.option("--release", "version", help="Ask this version instead of the current one.")
@json_option()
def why(entity_id: str, element: str | None, home: Path | None, version: str | None, as_json: bool) -> None:
    """Explain a golden record: per element the value, the rule, the source row and the rivals.

    ENTITY is the id of a resident, household, dwelling, organisation, benefit or event; ELEMENT one data element.
    """
    from yibiao.settings import Settings
    from yibiao.warehouse.releases import find, need_current
    from yibiao.warehouse.why import changed_since, counting_records, explain

    settings = Settings.load(home=home)
    settings.open_home()
    release = find(settings, version) if version else need_current(settings)
    with counting_records(release, entity_id) as counted:
        # The rest of what takes long, while the engine counts.
        from yibiao.contracts import load_registry
        from yibiao.control.usage import record_usage

        registry = load_registry(settings.schemas)
        found = explain(release, registry, entity_id, element, settings, counted)
    record_usage(settings, [f"{found['entity']}_why"], kind="query", via="why", version=release.version)
    if changed_since(release, registry):
        click.echo(
            "数据元目录在该版本发布后有改动：取值理由仍是该版本的，名称按现在的目录。"
            "The registry has changed since; the reasons are those of the release.",
            err=True,
        )
    if as_json:
        from yibiao.files import to_json

        click.echo(to_json(found), nl=False)
        return
    _show(found)


def _show(found: dict[str, Any]) -> None:
    from rich.table import Table

    from yibiao.terminal import table_console

    console = table_console(width=200)
    console.print(
        f"{found['entity']} {found['id']}，版本 {found['release']}，源记录 {found['records']} 条", markup=False
    )
    table = Table("数据元", "", "值", "取值规则", "来源", "行", box=None, pad_edge=False)
    for one in found["elements"]:
        table.add_row(one["name"], "✓", one["text"] or "", one["rule_text"], *_place(one["source"]))
        for rival in one["rivals"]:
            table.add_row("", "✗", rival["text"], rival["lost_text"], *_place(rival))
    console.print(table, markup=False)


def _place(source: dict[str, Any] | None) -> tuple[str, str]:
    if source is None:
        return "", ""
    day = f" {source['as_of']}" if "as_of" in source else ""
    if source["file"] is None:  # a ticket: no row of any file
        from yibiao.warehouse.corrections import in_words

        who = in_words(source["ticket"]) if "ticket" in source else ""
        return f"{source['report']} {source['edition']}{who}", ""
    sheet = f" [{source['sheet']}]" if source["sheet"] else ""
    return f"{source['report']} {source['edition']}{day} {source['file']}{sheet}", str(source["row"])
