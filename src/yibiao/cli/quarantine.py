"""`yibiao quarantine`: rows kept out, slips that send them back, and mended rows that come in again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yibiao.cli.load import HOME, JSON

if TYPE_CHECKING:
    from yibiao.contracts.values import Schemas
    from yibiao.settings import Settings


@click.group()
def quarantine() -> None:
    """Show quarantined rows, send them back to their sender (退回单), and take mended rows in again.

    A mended row takes the place of its original: the number, the edition, the order. LOAD is the id of a load, or its
    first characters.
    """


@quarantine.command("list")
@HOME
@JSON
@click.option("--report", metavar="DEPT.REPORT", help="Only this report.")
def list_rows(home: Path | None, as_json: bool, report: str | None) -> None:
    """List, per load and rule, the rows that are open, resolved or rejected."""
    from yibiao.quarantine.decisions import settle_slips, slips
    from yibiao.quarantine.rows import counts_by_rule
    from yibiao.quarantine.slips import last_slip
    from yibiao.quarantine.states import held_loads
    from yibiao.quarantine.texts import explain

    settings, schemas = _open(home)
    loads = held_loads(schemas, settings, report)
    settle_slips(settings, [((held.report.id, held.edition, held.delivery), held.states.open) for held in loads])
    made = slips(settings)
    rows: list[dict[str, Any]] = []
    for held in loads:
        slip = last_slip(held, made)
        rows.append(
            {
                "load_id": held.load_id,
                "report": held.report.id,
                "title": held.report.title,
                "edition": held.edition,
                "file": held.package.manifest["delivery"]["name"],
                "read": held.package.manifest["counts"]["read"],
                "open": held.states.open,
                "resolved": held.states.resolved,
                "rejected": held.states.rejected,
                "orphaned": sum(one.manifest["counts"]["orphaned"] for one in held.amendments),
                "slip": slip.slip_number if slip else "",
                "slip_state": slip.state if slip else "",
                "rules": [
                    {"rule": rule, "text": explain(rule, held.report, schemas).what, **counts}
                    for rule, counts in counts_by_rule(held).items()
                ],
            }
        )
    if as_json:
        _json(rows)
        return
    table = _table("装载 load", "报表 report", "期 edition", "规则 rule", "说明")
    for name in ("待改 open", "已改 resolved", "拒收 rejected"):
        table.add_column(name, justify="right")
    table.add_column("退回单 slip", no_wrap=True)
    for row in rows:
        numbers = [f"{row[key]:,}" for key in ("open", "resolved", "rejected")]
        state = {"open": "未结", "closed": "已结"}.get(row["slip_state"], "")
        table.add_row(
            row["load_id"][:12], row["report"], row["edition"], "合计 all", "", *numbers, f"{row['slip']} {state}"
        )
        for rule in row["rules"]:
            numbers = [f"{rule[key]:,}" for key in ("open", "resolved", "rejected")]
            table.add_row("", "", "", rule["rule"], rule["text"], *numbers, "")
    _print(table if rows else "没有被隔离的行。Nothing is in quarantine.")


@quarantine.command()
@click.argument("load")
@HOME
@JSON
@click.option("--rule", help="Only rows that break this rule, for example citizen_id.check_digit.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many rows.")
@click.option("--reveal", is_flag=True, help="Show values, not their shapes. They are personal data.")
def show(load: str, home: Path | None, as_json: bool, rule: str | None, limit: int, reveal: bool) -> None:
    """Show open rows of a load: the rules they break, why, and the shape of the cells concerned.

    A shape has 0 for a digit, A for a letter, 文 for a Chinese sign: the screen may be logged.
    """
    from yibiao.quarantine.mask import shape
    from yibiao.quarantine.rows import held_rows
    from yibiao.quarantine.states import find_load
    from yibiao.quarantine.texts import explain

    settings, schemas = _open(home)
    held = find_load(load, schemas, settings)

    def masked(text: str | None) -> str | None:
        return text if reveal else shape(text)

    rows: list[dict[str, Any]] = []
    for row in held_rows(held):
        if rule is not None and rule not in row.rules:
            continue
        if len(rows) == limit:
            break
        problems = []
        for rule_id in row.rules:
            told = explain(rule_id, held.report, schemas)
            problems.append(
                {
                    "rule": rule_id,
                    "column": told.column,
                    "header": told.header,
                    "text": told.what,
                    "clause": told.clause,
                    "mend": told.mend,
                    "value": masked(row.cells.get(told.column) if told.column else row.raw),
                    "proposal": masked(row.proposal.get(told.column)),
                }
            )
        rows.append({"row": row.row, "load_id": held.load_id, "problems": problems})
    if as_json:
        _json(rows)
        return
    table = _table("行 row", "列 column", "规则 rule", "说明", "如何修改", "值 value" if reveal else "值的形状 shape")
    for told_row in rows:
        for place, one in enumerate(told_row["problems"]):
            number = str(told_row["row"]) if place == 0 else ""
            table.add_row(number, one["header"], one["rule"], one["text"], one["mend"], repr(one["value"] or ""))
    _print(table)


@quarantine.command()
@click.argument("load", required=False)
@HOME
@JSON
@click.option("--report", metavar="DEPT.REPORT", help="One slip for every load of this report that has open rows.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="File, or folder for several; the present folder if left out."
)
@click.option("--resolved", is_flag=True, help="Also rows that are resolved already, to be mended once more.")
def export(
    load: str | None, home: Path | None, as_json: bool, report: str | None, out: Path | None, resolved: bool
) -> None:
    """Write the return slip (退回单) of a load as a workbook for its sender. It holds personal data in full."""
    from yibiao.quarantine.slips import make_slip
    from yibiao.quarantine.states import find_load, held_loads
    from yibiao.quarantine.workbook import write_slip

    if (load is None) == (report is None):
        raise click.UsageError("Give a load, or --report.")
    settings, schemas = _open(home)
    if load is not None:
        loads = [find_load(load, schemas, settings)]
    else:
        loads = [held for held in held_loads(schemas, settings, report) if held.states.open]
    into = out or Path.cwd()
    if len(loads) != 1 and into.suffix.lower() == ".xlsx":
        raise click.UsageError(f"{report} has {len(loads)} loads with open rows: give a folder with --out.")
    written = []
    for held in loads:
        content = make_slip(held, settings, resolved=resolved)
        name = f"{content.slip.slip_number}_{held.report.title}.xlsx"
        path = into if into.suffix.lower() == ".xlsx" else into / name
        write_slip(content, held, schemas, settings, path)
        written.append(
            {
                "slip": content.slip.slip_number,
                "load_id": held.load_id,
                "report": held.report.id,
                "edition": held.edition,
                "rows": len(content.rows),
                "left_over": content.left_over,
                "file": str(path),
            }
        )
    if as_json:
        _json(written)
        return
    for one in written:
        click.echo(f"{one['slip']}  {one['report']}  {one['edition']}  {one['rows']:,} 行 rows  {one['file']}")
    if not written:
        click.echo("没有待改的行。No row is open.")


@quarantine.command()
@click.argument("file", type=click.Path(path_type=Path))
@HOME
@JSON
@click.option("--load", help="The load that the file mends, where the file itself does not tell.")
def replay(file: Path, home: Path | None, as_json: bool, load: str | None) -> None:
    """Take a mended slip, a whole mended file or its mended rows in; `yibiao run` publishes them."""
    from yibiao.orchestration.lock import run_lock
    from yibiao.quarantine.replay import replay as take_in

    settings, schemas = _open(home)
    with run_lock(settings, "yibiao quarantine replay", shared=True):
        done = take_in(file, schemas, settings, load)
    if as_json:
        _json(done.as_dict())
        return
    told = done.as_dict()
    click.echo(f"{done.report}  {done.edition}  {done.load_id[:12]}  {done.slip}".rstrip())
    for text, count in (
        ("改好 resolved", len(done.resolved)),
        ("以前已改 resolved before", len(done.repeated)),
        ("仍有问题 still failing", len(done.failing)),
        ("没有改动 unchanged", len(done.unchanged)),
        ("已拒收 rejected before", len(done.rejected)),
        ("不予采用 refused", len(done.refused)),
        ("无法分列 unreadable", done.unreadable),
        ("仍待改 still open", done.open),
    ):
        click.echo(f"  {text}: {count:,}")
    for row in told["failing"][:20]:
        click.echo(f"  行 row {row['row']}: {', '.join(row['rules'])}")
    for row in told["refused"][:20]:
        click.echo(
            f"  {row['text']} (refused: {row['reason']}), 返回文件第 {row['place']} 行, 行号 {row['row'] or '?'}"
        )
    if done.outranked:
        rows = ", ".join(map(str, done.outranked[:20]))
        click.echo(f"  另一份更正优先 another amendment counts for rows {rows}: see docs/runbook.md, Return slips.")
    if done.closed:
        click.echo("退回单已结 The slip is closed.")
    if done.resolved:
        click.echo("Run `yibiao run` to publish it.")


@quarantine.command()
@click.argument("load")
@click.option(
    "--row", "rows", type=click.IntRange(1), multiple=True, required=True, help="Row number; may be repeated."
)
@click.option("--reason", required=True, help="Why, for whoever audits it.")
@click.option("--undo", is_flag=True, help="Take an earlier rejection back: the row is open again.")
@HOME
def reject(load: str, rows: tuple[int, ...], reason: str, undo: bool, home: Path | None) -> None:
    """Reject rows of a load for good: they will not be mended, and hold nothing of the edition before."""
    from yibiao.quarantine.reject import reject_rows

    settings, schemas = _open(home)
    left = reject_rows(load, rows, reason, schemas, settings, undo=undo)
    click.echo(f"{len(rows)} 行 rows {'重新待改 reopened' if undo else '已拒收 rejected'}, {left:,} 行待改 rows open.")
    click.echo("Run `yibiao run` to apply it.")


def _open(home: Path | None) -> tuple[Settings, Schemas]:
    from yibiao.contracts import load_schemas
    from yibiao.settings import Settings

    settings = Settings.load(home=home)
    settings.open_home()
    return settings, load_schemas(settings.schemas)


def _json(value: object) -> None:
    from yibiao.files import to_json

    click.echo(to_json(value), nl=False)


def _table(*columns: str) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, no_wrap=" " in name)  # names and numbers stay whole, Chinese texts may wrap
    return table


def _print(what: Any) -> None:
    from yibiao.terminal import table_console

    table_console().print(what)
