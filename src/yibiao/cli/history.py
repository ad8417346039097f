"""`yibiao history`: the golden values of an entity in time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from yibiao.cli.options import json_option


@click.command()
@click.argument("entity_id", metavar="ENTITY")
@click.argument("element", required=False)
@click.option("--home", type=click.Path(path_type=Path), help="Working folder.")
@json_option()
def history(entity_id: str, element: str | None, home: Path | None, as_json: bool) -> None:
    """Show the values of a golden record in time: valid from, valid to, known since.

    ENTITY is the id of a resident, household, dwelling, organisation, benefit or event; ELEMENT one data element. What
    held at the end of an edition is what the deliveries of editions up to that day give, by today's rules; whose
    records they are is what is known today. An accepted correction counts from the day on of which its form speaks, and
    is known since it was accepted.
    """
    from yibiao.contracts import load_schemas
    from yibiao.settings import Settings
    from yibiao.warehouse.history import history as values_in_time

    settings = Settings.load(home=home)
    settings.open_home()
    found = values_in_time(settings, load_schemas(settings.schemas), entity_id, element)
    from yibiao.control.usage import record_usage

    record_usage(settings, [found["entity"]], kind="query", via="history", version=found["release"])
    if not found["complete"]:
        click.echo(
            "该版本发布后交付、合同或规则有变动：按现在的规则计算，新到的交付不在内，已撤回的不算。"
            "Inputs have changed since the release; what came since is not in it.",
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
        f"{found['entity']} {found['id']}，版本 {found['release']}，各期源记录 {found['records']} 条", markup=False
    )
    table = Table("数据元", "值", "有效自", "有效至", "获知于", "来源", "行", box=None, pad_edge=False)
    for one in found["elements"]:
        for place, interval in enumerate(one["intervals"]):
            source = interval["source"]
            known = interval["known_since"] or "未发布"
            table.add_row(
                one["name"] if place == 0 else "",
                interval["text"],
                interval["valid_from"],
                interval["valid_to"] or "至今",
                f"{known} 或更早" if interval["known_earlier"] else known,
                *_place(source),
            )
        if not one["intervals"]:
            table.add_row(one["name"], "从未填写", "", "", "", "", "")
    console.print(table, markup=False)


def _place(source: dict[str, Any]) -> tuple[str, str]:
    if "ticket" in source:
        from yibiao.warehouse.corrections import in_words

        return f"{source['report']} {source['edition']}{in_words(source['ticket'])}", ""
    return f"{source['report']} {source['edition']} {source['file']}", str(source["row"])
