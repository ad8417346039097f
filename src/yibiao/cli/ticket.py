"""`yibiao ticket`: corrections that came back on forms, for the authority to accept or refuse (更正工单)."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from yibiao.cli.options import Command, decides
from yibiao.cli.options import as_json as _json
from yibiao.cli.options import home as _home
from yibiao.settings import TIME_ZONE, Settings

if TYPE_CHECKING:
    from yibiao.contracts import Schemas
    from yibiao.forms.ticket_object import InReleases
    from yibiao.forms.tickets import Decision, Found, Ticket


def _answers(command: Command) -> Command:
    """Which ticket, why, and who says so."""
    reason = click.option("--reason", required=True, help="Why; it is kept and shown.")
    return click.argument("number", type=int)(reason(decides(command)))


@click.group()
def ticket() -> None:
    """Answer corrections that came back on forms: accept or refuse each with a reason, within ten working days."""


@ticket.command("list")
@click.option("--state", type=click.Choice(["open", "accepted", "refused", "withdrawn"]), help="Only in this state.")
@click.option("--department", default="", help="Only of this authority.")
@click.option("--form", default="", help="Only of this form.")
@_home
@_json
def list_(state: str | None, department: str, form: str, home: str | None, as_json: bool) -> None:
    """Show tickets: what is said to be wrong, who decides, until when. Values are not shown (see `show`)."""
    from yibiao.contracts import load_schemas
    from yibiao.forms.tickets import STATES, tickets

    settings = Settings.load(home=home)
    settings.open_home()
    schemas = load_schemas(settings.schemas)
    found = tickets(settings, state=state or "", department=department, form=form)
    today = datetime.now(ZoneInfo(TIME_ZONE)).date()
    if as_json:
        _print_json([_told(one) | {"days_left": one.days_left(today)} for one in found])
        return
    from rich.table import Table

    from yibiao.terminal import table_console

    table = Table("号 no", "表单 form", "栏目 field", "对象 id", "社区", "数源部门", "状态", "截止", "剩余工作日")
    for one in found:
        told = one.found
        name = schemas.departments[told.department].name if told.department in schemas.departments else told.department
        table.add_row(
            *(str(one.ticket_no), told.form, told.header, told.entity_id[:10], told.community_code, name),
            *(STATES[one.state], one.due_on.isoformat(), str(one.days_left(today))),
        )
    table_console(width=180).print(table)


@ticket.command()
@click.argument("number", type=int)
@_home
@_json
def show(number: int, home: str | None, as_json: bool) -> None:
    """Show one ticket with both values, whose cell it is, and all that was decided, for whoever decides.

    Name and number of a person are shown in part.
    """
    from yibiao.contracts import load_schemas
    from yibiao.errors import FormError
    from yibiao.forms import load_forms
    from yibiao.forms.admission import standings
    from yibiao.forms.fill.areas import name_of
    from yibiao.forms.ticket_object import in_releases
    from yibiao.forms.tickets import EXISTS, STATES, tickets

    settings = Settings.load(home=home)
    settings.open_home()
    schemas = load_schemas(settings.schemas)
    one = next((each for each in tickets(settings) if each.ticket_no == number), None)
    if one is None:
        raise FormError("There is no such ticket.", where="yibiao ticket", got=str(number))
    told = one.found
    form = load_forms(settings.schemas, schemas).get(told.form)
    registered = standings(settings).get(told.form) if form is None else None
    registration = registered.registration if registered else None
    title = form.title if form else registration.title if registration else ""
    community = name_of(schemas, told.community_code)
    known = in_releases(settings, one, schemas)
    if as_json:
        _print_json(
            _told(one)
            | {
                "form_title": title,
                "community": community,
                "cell": vars(told.cell) if told.cell else None,
                "object": [vars(each) for each in known.told],
                "object_release": known.told_by,
                "in_release": known.release if known.is_applied else "",
                "value_before": told.value_before,
                "value": one.value,
                "history": [vars(each) for each in one.decisions],
            }
        )
        return
    element = schemas.elements.get(told.element.removesuffix(EXISTS))
    named = f"{element.name}（{told.element}）" if element else told.element
    cell = f"文件 {told.cell.file_name}，工作表“{told.cell.sheet}”，{told.cell.place}" if told.cell else "（没有记下）"
    lines = [
        ("工单", f"{one.ticket_no}（{STATES[one.state]}）"),
        ("表单", f"《{title}》（{told.form}），栏目 {told.header}" if title else f"{told.form}，栏目 {told.header}"),
        ("社区", f"{community}（{told.community_code}）" if community else told.community_code),
        ("格子", cell),
        ("对象", f"{_object(known, told, schemas)}，数据元 {named}"),
        ("原值", _readable(told.value_before, told.element, schemas) or "（空）"),
        ("更正为", _readable(one.value, told.element, schemas) or "（只说原值不对）"),
        ("数据版本", told.release_version + (f"；当前版本 {known.release} 已用更正值" if known.is_applied else "")),
        ("收到", f"{one.opened_at}，截止 {one.due_on}"),
        ("决定", f"{one.decided_by} {one.decided_at} {one.reason}" if one.decided_at else "（未决定）"),
    ]
    for name, text in lines:
        click.echo(f"{name}：{text}")
    if one.decisions:
        click.echo("经过：")
        click.echo(f"  {one.opened_at} 收到")
        for each in one.decisions:
            click.echo(f"  {_happened(each, told.element, schemas)}")


def _object(known: InReleases, found: Found, schemas: Schemas) -> str:
    """Who or what it is, as far as may be shown, and the id by which other commands know it."""
    kind = schemas.entities[found.entity].name if found.entity in schemas.entities else found.entity
    if not known.told:
        return f"{kind} {found.entity_id}（现有数据版本里都没有）"
    said = []
    for one in known.told:
        texts = [f"{schemas.elements[name].name} {text}" for name, text in one.texts.items()]
        said.append(
            f"{schemas.entities[one.entity].name} {one.entity_id}" + (f"（{'，'.join(texts)}）" if texts else "")
        )
    gone = "" if known.told_by == known.release else f"（只在版本 {known.told_by} 里）"
    return "，".join(said) + gone


def _happened(one: Decision, element: str, schemas: Schemas) -> str:
    """A decision in words: when, who, what and why."""
    from yibiao.forms.tickets import DECISIONS

    value = f"（{_readable(one.value, element, schemas)}）" if one.value else ""
    return f"{one.decided_at} {one.decided_by} {DECISIONS[one.decision]}{value}：{one.reason}"


@ticket.command()
@click.option("--value", default="", help="What is right, if not what the form says: a code, a day as YYYY-MM-DD.")
@_answers
def accept(number: int, value: str, reason: str, by: str, home: str | None, as_json: bool) -> None:
    """Accept a ticket: the next release takes the value, whatever sources state, and so does every later form.

    One that was refused or taken back can be accepted all the same; what was decided before stays in its history.
    """
    _decide(number, "accept", reason, by, home, as_json, value)


@ticket.command()
@_answers
def refuse(number: int, reason: str, by: str, home: str | None, as_json: bool) -> None:
    """Refuse a ticket: the value stays, and the community reads the reason.

    One that was accepted can be refused all the same: the next release takes the value out again.
    """
    _decide(number, "refuse", reason, by, home, as_json)


@ticket.command()
@_answers
def withdraw(number: int, reason: str, by: str, home: str | None, as_json: bool) -> None:
    """Take an accepted ticket back: sources decide again, for example because the authority mended its report."""
    _decide(number, "withdraw", reason, by, home, as_json)


def _decide(number: int, decision: str, reason: str, by: str, home: str | None, as_json: bool, value: str = "") -> None:
    from yibiao.contracts import load_schemas
    from yibiao.forms.ticket_object import InReleases, in_releases
    from yibiao.forms.tickets import ACCEPTED, OPEN, STATES, applies, decide

    settings = Settings.load(home=home)
    settings.open_home()
    schemas = load_schemas(settings.schemas)
    one = decide(settings, number, decision, reason, schemas, value=value, by=by)
    before, is_value = one.state_before, applies(one.found, schemas)
    effective = one.state == ACCEPTED and is_value
    known = in_releases(settings, one, schemas) if before == ACCEPTED else InReleases()
    release = known.release if known.is_applied else ""
    if as_json:
        _print_json(_told(one) | {"applies": effective, "state_before": before, "in_release": release})
        return
    click.echo(f"工单 {one.ticket_no}：{STATES[one.state]}（{one.reason}）")
    if before != OPEN:
        click.echo(
            f"改变了原来的答复：{STATES[before]} → {STATES[one.state]}。原来的答复留在经过里（yibiao ticket show）。"
        )
    if one.state == ACCEPTED:
        click.echo(
            ("下一次 yibiao run 起重新采用这个值。" if before != OPEN else "下一次 yibiao run 起生效。")
            if effective
            else "主键、关联项和是否类栏目不能直接覆盖：请在本部门的报表里改。"
        )
    elif before == ACCEPTED and is_value:
        here = f"当前版本 {release} 里还是更正值，" if release else ""
        click.echo(f"{here}下一次 yibiao run 起不再采用，由各报表的说法决定。")


def _readable(value: str, element: str, schemas: Schemas) -> str:
    """A code with its name: whoever decides does not know codes by heart."""
    known = schemas.elements.get(element)
    listed = schemas.codes[known.code_list].by_code if known is not None and known.code_list else {}
    return f"{listed[value].name}（{value}）" if value in listed else value


def _told(one: Ticket) -> dict[str, Any]:
    told = {key: value for key, value in vars(one.found).items() if key not in ("value", "value_before", "cell")}
    return {
        "ticket": one.ticket_no,
        **told,
        "state": one.state,
        "opened_at": one.opened_at,
        "due_on": one.due_on.isoformat(),
        "decided_by": one.decided_by,
        "reason": one.reason,
        "decided_at": one.decided_at,
    }


def _print_json(value: object) -> None:
    import orjson

    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))
