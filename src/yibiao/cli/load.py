"""`yibiao load`: what is loaded, what waits for a human, what a human accepted, refused or withdrew."""

from __future__ import annotations

import functools
from pathlib import Path

import click

from yibiao.cli.options import json_option

HOME = click.option("--home", type=click.Path(path_type=Path), help="Working folder.")
JSON = json_option()


@click.group()
def load() -> None:
    """Show loads; accept or refuse a snapshot that looks incomplete; withdraw a delivery that was wrong.

    A snapshot with far fewer rows than the one before (the contract says how many) is not used until somebody has
    accepted it, because every row that is missing from it would end a fact.
    """


@load.command("list")
@HOME
@JSON
@click.option("--waiting", is_flag=True, help="Only those that wait for a decision.")
def list_loads(home: Path | None, as_json: bool, waiting: bool) -> None:
    """List the live loads: current, superseded by a newer edition, waiting for a decision, or withdrawn."""
    from yibiao.contracts import load_schemas
    from yibiao.control import reconcile
    from yibiao.files import to_json
    from yibiao.settings import Settings
    from yibiao.warehouse.inputs import WAITING, collect

    settings = Settings.load(home=home)
    settings.open_home()
    reconcile(settings)
    inputs = collect(settings, load_schemas(settings.schemas))
    rows = [
        {
            "load_id": found.load_id,
            "report": found.report,
            "edition": found.manifest["edition"],
            "read": found.read,
            "accepted": found.accepted,
            "quarantined": found.manifest["counts"]["quarantined"],
            "state": found.state,
            "reason": found.reason,
        }
        for found in (*inputs.loads, *inputs.withdrawn)
        if found.state == WAITING or not waiting
    ]
    if as_json:
        click.echo(to_json(rows), nl=False)
        return
    from rich.table import Table

    from yibiao.terminal import table_console

    table = Table(box=None, pad_edge=False)
    for name in ("装载 load", "报表 report", "期 edition", "状态 state"):
        table.add_column(name, no_wrap=True)
    for name in ("读取 read", "通过 accepted", "隔离 quarantined"):
        table.add_column(name, justify="right")
    table.add_column("")
    for row in rows:
        numbers = (f"{row[key]:,}" for key in ("read", "accepted", "quarantined"))
        table.add_row(row["load_id"][:12], row["report"], row["edition"], row["state"], *numbers, row["reason"])
    table_console().print(table)


@load.command()
@HOME
@JSON
@click.option("--report", "report_id", metavar="DEPT.REPORT", help="Only this report.")
def drift(home: Path | None, as_json: bool, report_id: str | None) -> None:
    """List how the columns of live loads differ from their contracts, and what would settle it.

    The rows of a load that is held come out of quarantine by themselves at the next run after its contract was changed.
    """
    from yibiao.contracts import load_schemas
    from yibiao.files import to_json
    from yibiao.ingest.drift_events import drift_events, words
    from yibiao.settings import Settings

    settings = Settings.load(home=home)
    settings.open_home()
    events = drift_events(settings, load_schemas(settings.schemas), report_id)
    if as_json:
        click.echo(to_json(events), nl=False)
        return
    if not events:
        click.echo("没有变化：各报表的列与合约一致。No drift.")
    for event in events:
        click.echo("\n".join(words(event)))


DECISIONS = {
    "accept": "Use a snapshot although it looks incomplete; the next run takes it.",
    "refuse": "Keep a snapshot out, or take an acceptance back.",
    "withdraw": """Take a delivery back: from the next run on the data are as if it had never come.

    Its bytes and its load stay, and so does what the journal says was published with it. The same file delivered again
    stays withdrawn; `yibiao load restore` undoes it.""",
    "restore": "Let a withdrawn delivery count again.",
}
"""What a human may decide about a load: a command each, with its help."""


def _decide(decision: str, load_id: str, reason: str, home: Path | None) -> None:
    from yibiao.control import decide, reconcile
    from yibiao.settings import Settings

    settings = Settings.load(home=home)
    settings.open_home()
    reconcile(settings)
    made = decide(settings, load_id, decision, reason=reason)
    click.echo(
        f"{made.load_id[:12]}: {made.decision}, {made.decided_by}, {made.decided_at}. Run `yibiao run` to apply it."
    )


for _decision, _help in DECISIONS.items():
    load.add_command(
        click.Command(
            _decision,
            callback=functools.partial(_decide, _decision),
            params=[
                click.Argument(["load_id"]),
                click.Option(["--reason"], required=True, help="Why, for whoever audits it."),
                click.Option(["--home"], type=click.Path(path_type=Path), help="Working folder."),
            ],
            help=f"{_help} LOAD_ID may be its first characters.",
        )
    )
