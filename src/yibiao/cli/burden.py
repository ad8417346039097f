"""`yibiao burden`: the account of what forms cost, before and after, and what a change would save (负担账)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yibiao.cli.form_admission import MODES, Pairs
from yibiao.cli.options import as_json as _json
from yibiao.cli.options import day as _day
from yibiao.cli.options import home as _home
from yibiao.settings import Settings

if TYPE_CHECKING:
    from yibiao.contracts import Schemas
    from yibiao.forms.account.change import Change
    from yibiao.forms.account.costs import FormCost
    from yibiao.forms.account.report import Line, Report
    from yibiao.forms.admission import Standing


@click.group()
def burden() -> None:
    """Account for what forms cost the grassroots, before and after; simulate changes."""


@burden.command()
@click.option("--by", type=click.Choice(["form", "department", "community", "month"]), default="form")
@click.option("--from", "since", type=_day, help="First day; before is what was in force then. [default: as submitted]")
@click.option("--to", "until", type=_day, help="Last day. [default: today]")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write one page with charts.")
@_home
@_json
def report(
    by: str, since: datetime | None, until: datetime | None, html: Path | None, home: str | None, as_json: bool
) -> None:
    """Show what the registered forms cost a year, before and after, in parts, and what really came back.

    A percentage is given only where both figures can be recomputed; else the reason stands in its place.
    """
    from yibiao.contracts import load_schemas
    from yibiao.files import to_json
    from yibiao.forms.account.report import report as account
    from yibiao.forms.admission import standings
    from yibiao.forms.admission.registry import now
    from yibiao.forms.returns import returns

    settings = Settings.load(home=home)
    settings.open_home()
    schemas = load_schemas(settings.schemas)
    last = until.date() if until else now().date()
    first = since.date() if since else None
    today = standings(settings, last)
    then = standings(settings, first) if first else {}
    back = returns(settings, until=last.isoformat())
    titles = {name: one.registration.title for name, one in today.items() if one.registration}
    ended = _month_ends(settings, today, first, last) if by == "month" else None
    made = account(by, first, last, then, today, back, _names(schemas, titles), ended)
    if html is not None:
        from yibiao.forms.account.page import page

        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(page(made), encoding="utf-8")
    if as_json:
        click.echo(to_json(made.as_dict()), nl=False)
        return
    _show(made)
    if html is not None:
        click.echo(str(html))


def _month_ends(
    settings: Settings, known: Mapping[str, Standing], first: date | None, last: date
) -> dict[str, Mapping[str, Standing]]:
    """Month -> every form on its last day, or on the last day of all; without a first day, since one was approved."""
    from yibiao.forms.account.report import months_between
    from yibiao.forms.admission import standings

    approved = [event.decided_at for one in known.values() for event in one.events if event.action == "approve"]
    if first is None and not approved:
        return {}
    begin = first.isoformat() if first else min(approved)
    ends = {}
    for month in months_between(begin, last.isoformat()):
        year, number = int(month[:4]), int(month[5:])
        end = min(last, date(year, number, monthrange(year, number)[1]))
        ends[month] = known if end == last else standings(settings, end)
    return ends


@burden.command()
@click.option("--merge", multiple=True, metavar="FORM,FORM", help="Forms that become one.")
@click.option("--drop", multiple=True, metavar="[FORM:]FIELD", help="A field that is asked no more.")
@click.option("--mode", "modes", multiple=True, type=Pairs(MODES), help="[FORM:]FIELD=MODE: how it is filled then.")
@click.option("--all", "every", is_flag=True, help="All forms of schemas/forms as they are filled by hand.")
@_home
@_json
def simulate(
    merge: Sequence[str],
    drop: Sequence[str],
    modes: Sequence[tuple[str, str]],
    every: bool,
    home: str | None,
    as_json: bool,
) -> None:
    """Say what a change would save, of the forms in force and of those that are named.

    A form that is not registered is taken from schemas/forms as it is filled by hand, counted in the current release.
    """
    from yibiao.contracts import load_schemas
    from yibiao.errors import AdmissionError
    from yibiao.files import to_json
    from yibiao.forms.account.costs import hours, total_seconds
    from yibiao.forms.account.simulate import simulate as think

    if not (merge or drop or modes):
        raise click.UsageError("Give a change: --merge, --drop or --mode.")
    settings = Settings.load(home=home)
    settings.open_home()
    schemas = load_schemas(settings.schemas)
    groups = [[name.strip() for name in one.split(",") if name.strip()] for one in merge]
    fields = [*drop, *(name for name, _ in modes)]
    named = {name for group in groups for name in group} | {name.rpartition(":")[0] for name in fields if ":" in name}
    forms = _forms(settings, schemas, named, every)
    if not forms:
        raise AdmissionError(
            "There is no form whose change could be simulated.",
            where="yibiao burden simulate",
            expected="forms in force, or forms that are named (FORM:FIELD)",
            got="none",
            todo="Submit and approve forms, or take all of schemas/forms with --all.",
        )
    made = think(forms, merge=groups, drop=drop, modes=dict(modes))
    before, after = total_seconds(made.before), total_seconds(made.after)
    if as_json:
        found = {
            "before": {"forms": len(made.before), "seconds": before, "hours": hours(before)},
            "after": {"forms": len(made.after), "seconds": after, "hours": hours(after)},
            "change": made.change.as_dict(),
            **made.percent.as_dict(),
            "assumptions": list(made.assumptions),
        }
        click.echo(to_json(found), nl=False)
        return
    click.echo(f"现在 now    {len(made.before)} 张表 forms，{hours(before):,.1f} 小时/年 hours a year")
    click.echo(f"改后 then   {len(made.after)} 张表 forms，{hours(after):,.1f} 小时/年 hours a year")
    click.echo(f"变化 change {_parts(made.change)}；{made.percent.text}")
    for line in made.assumptions:
        click.echo(f"假定 assumed  {line}")


def _forms(settings: Settings, schemas: Schemas, named: set[str], every: bool) -> list[FormCost]:
    """Forms in force, and those of `schemas/forms` that are named or all wanted."""
    from yibiao.forms.account.costs import cost_of
    from yibiao.forms.admission import standings

    known = standings(settings)
    found = {name: cost_of(one.registration) for name, one in known.items() if one.control_number and one.registration}
    if every or named - found.keys():
        from yibiao.forms import load_forms

        forms = load_forms(settings.schemas, schemas)
        wanted = {name: forms[name] for name in forms if (every or name in named) and name not in found}
        if wanted:
            found |= _counted(settings, schemas, wanted)
    return [form for _, form in sorted(found.items())]


def _counted(settings: Settings, schemas: Schemas, forms: dict) -> dict[str, FormCost]:
    from yibiao.forms.account.costs import by_hand_of
    from yibiao.forms.count import count, last_day
    from yibiao.warehouse.releases import need_current

    release = need_current(settings)
    counts = count(forms, schemas, release.database, last_day(release.database))
    # A form of which the release holds no row is handed in by nobody and costs nothing.
    return {name: by_hand_of(form, counts[name]) for name, form in forms.items() if counts[name].rows}


def _names(schemas: Schemas, titles: dict[str, str]) -> Callable[[str, str], str]:
    from yibiao.forms.fill.areas import name_of

    divisions = schemas.codes["division"].by_code if "division" in schemas.codes else {}

    def name(by: str, key: str) -> str:
        if by == "form":
            return titles.get(key, key)
        if by == "department" and key in schemas.departments:
            return schemas.departments[key].name
        if by == "community" and key in divisions:
            return name_of(schemas, key)
        return key

    return name


def _show(made: Report) -> None:
    from rich.table import Table

    from yibiao.forms.account.change import PARTS
    from yibiao.forms.account.costs import distinct_fields
    from yibiao.forms.account.report import EMPTY
    from yibiao.forms.burden import PRESENT
    from yibiao.terminal import table_console

    registered = made.has_registered
    heads = {"form": "表单 form", "department": "部门 department", "community": "社区 community", "month": "月 month"}
    table = Table(heads[made.by])
    if registered:
        for head in ("之前 before", "之后 after", *PARTS.values(), "变化 change"):
            table.add_column(head, justify="right")
    for head in ("收回 returns", "实际 hours", "手填要 by hand", "变化 change"):
        table.add_column(head, justify="right")
    notes: list[str] = []
    for line in made.lines:
        table.add_row(*_cells(line, registered, notes))
    table.add_section()
    table.add_row(*_cells(made.total, registered, notes))
    console = table_console(width=200)
    console.print(table)
    if made.is_empty:
        console.print(f"{EMPTY} (no approved form)。")
    if made.note:
        console.print(f"{made.note}。")
    for number, note in enumerate(notes, 1):
        console.print(f"[{number}] 不给百分比 no percentage：{note}")
    before, after = made.total.before or (), made.total.after or ()
    console.print(
        f"表单 forms {len(before)} → {len(after)}；要人填的不同栏目 distinct fields asked "
        f"{distinct_fields(before, asked=True)} → {distinct_fields(after, asked=True)}"
    )
    seconds = ", ".join(f"{mode} {number}" for mode, number in PRESENT.seconds.items())
    console.print(f"公式 formula {PRESENT.version}: assumed seconds a cell: {seconds}; a return: {PRESENT.fixed}.")


def _cells(line: Line, registered: bool, notes: list[str]) -> list[str]:
    from yibiao.forms.account.change import PARTS, Change
    from yibiao.forms.account.costs import hours, total_seconds

    cells = [line.name]
    if registered and line.before is None:
        cells += [""] * (3 + len(PARTS))
    elif registered:
        change = line.change or Change()
        cells += [f"{hours(total_seconds(forms or ())):,.1f}" for forms in (line.before, line.after)]
        cells += [f"{hours(getattr(change, part)):+,.1f}" if getattr(change, part) else "" for part in PARTS]
        cells.append(line.percent.cell(notes) if line.percent else "")
    actual = line.actual
    cells.append(f"{actual.returns:,}")
    if not actual.returns:
        return [*cells, "", "", ""]
    by_hand = f"{hours(actual.seconds_by_hand):,.1f}"
    return [*cells, f"{hours(actual.seconds):,.1f}", by_hand, actual.percent.cell(notes)]


def _parts(change: Change) -> str:
    from yibiao.forms.account.change import PARTS
    from yibiao.forms.account.costs import hours

    parts = "，".join(f"{word} {hours(getattr(change, part)):+,.1f}" for part, word in PARTS.items())
    return f"{hours(change.total):+,.1f} 小时 hours（{parts}）"
