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
    from yibiao.forms.tickets import Ticket


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
    """Show one ticket with both values, for whoever decides."""
    from yibiao.contracts import load_schemas
    from yibiao.errors import FormError
    from yibiao.forms.tickets import EXISTS, STATES, tickets

    settings = Settings.load(home=home)
    settings.open_home()
    schemas = load_schemas(settings.schemas)
    one = next((each for each in tickets(settings) if each.ticket_no == number), None)
    if one is None:
        raise FormError("There is no such ticket.", where="yibiao ticket", got=str(number))
    if as_json:
        _print_json(_told(one) | {"value_before": one.found.value_before, "value": one.value})
        return
    told = one.found
    entity = schemas.entities[told.entity].name if told.entity in schemas.entities else told.entity
    element = schemas.elements.get(told.element.removesuffix(EXISTS))
    named = f"{element.name}（{told.element}）" if element else told.element
    lines = [
        ("工单", f"{one.ticket_no}（{STATES[one.state]}）"),
        ("表单", f"{told.form}，栏目 {told.header}"),
        ("对象", f"{entity} {told.entity_id}，数据元 {named}"),
        ("原值", _readable(told.value_before, told.element, schemas) or "（空）"),
        ("更正为", _readable(one.value, told.element, schemas) or "（只说原值不对）"),
        ("数据版本", one.found.release_version),
        ("收到", f"{one.opened_at}，截止 {one.due_on}"),
        ("决定", f"{one.decided_by} {one.decided_at} {one.reason}" if one.decided_at else "（未决定）"),
    ]
    for name, text in lines:
        click.echo(f"{name}：{text}")


@ticket.command()
@click.option("--value", default="", help="What is right, if not what the form says: a code, a day as YYYY-MM-DD.")
@_answers
def accept(number: int, value: str, reason: str, by: str, home: str | None, as_json: bool) -> None:
    """Accept a ticket: the next release takes the value, whatever sources state, and so does every later form."""
    _decide(number, "accept", reason, by, home, as_json, value)


@ticket.command()
@_answers
def refuse(number: int, reason: str, by: str, home: str | None, as_json: bool) -> None:
    """Refuse a ticket: the value stays, and the community reads the reason."""
    _decide(number, "refuse", reason, by, home, as_json)


@ticket.command()
@_answers
def withdraw(number: int, reason: str, by: str, home: str | None, as_json: bool) -> None:
    """Take an accepted ticket back: sources decide again, for example because the authority mended its report."""
    _decide(number, "withdraw", reason, by, home, as_json)


def _decide(number: int, decision: str, reason: str, by: str, home: str | None, as_json: bool, value: str = "") -> None:
    from yibiao.contracts import load_schemas
    from yibiao.forms.tickets import ACCEPTED, STATES, applies, decide

    settings = Settings.load(home=home)
    settings.open_home()
    schemas = load_schemas(settings.schemas)
    one = decide(settings, number, decision, reason, schemas, value=value, by=by)
    effective = one.state == ACCEPTED and applies(one.found, schemas)
    if as_json:
        _print_json(_told(one) | {"applies": effective})
        return
    click.echo(f"工单 {one.ticket_no}：{STATES[one.state]}（{one.reason}）")
    if one.state == ACCEPTED:
        click.echo(
            "下一次 yibiao run 起生效。"
            if effective
            else "主键、关联项和是否类栏目不能直接覆盖：请在本部门的报表里改。"
        )


def _readable(value: str, element: str, schemas: Schemas) -> str:
    """A code with its name: whoever decides does not know codes by heart."""
    known = schemas.elements.get(element)
    listed = schemas.codes[known.code_list].by_code if known is not None and known.code_list else {}
    return f"{listed[value].name}（{value}）" if value in listed else value


def _told(one: Ticket) -> dict[str, Any]:
    told = {key: value for key, value in vars(one.found).items() if key not in ("value", "value_before")}
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
