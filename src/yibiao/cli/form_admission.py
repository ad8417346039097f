"""`yibiao form submit`, `approve`, `reject`, `renew`, `retire`, `show`, `propose-retire`: admission (表单准入)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yibiao.cli.options import as_json as _json
from yibiao.cli.options import day as _day
from yibiao.cli.options import decides
from yibiao.cli.options import home as _home
from yibiao.settings import Settings

if TYPE_CHECKING:
    from yibiao.contracts import Schemas
    from yibiao.forms.admission import AskedField, Standing
    from yibiao.forms.admission.fields import Assessor
    from yibiao.forms.count import Counts
    from yibiao.warehouse.releases import Release

MODES = ("typed", "picked", "confirmed", "automatic")

FILES = (".xlsx", ".xlsm", ".xls", ".ods", ".docx", ".csv")
"""What names a file and no id, also where the file is not there."""


class Pairs(click.ParamType[tuple[str, str]]):
    """`NAME=VALUE`; the name may hold `=` no more than a header does."""

    name = "FIELD=VALUE"

    def __init__(self, values: Sequence[str] = ()) -> None:
        self._values = values

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, sign, said = str(value).partition("=")
        if not (name.strip() and sign and said.strip()):
            self.fail(f"{value!r} is no FIELD=VALUE.", param, ctx)
        if self._values and said not in self._values:
            self.fail(f"{said!r} is none of {', '.join(self._values)}.", param, ctx)
        return name.strip(), said.strip()


def _counts(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say how often a form is asked, of how many, and how its fields are filled in."""
    for option in (
        click.option("--prefill", is_flag=True, help="Let the system fill in whatever sharing supplies."),
        click.option(
            "--mode", "modes", multiple=True, type=Pairs(MODES), help=f"How it is filled: {', '.join(MODES)}."
        ),
        click.option("--times-a-year", type=click.IntRange(1), help="Fillings a year."),
        click.option("--rows", type=click.IntRange(1), help="Rows of one filling in all. [default: one a respondent]"),
        click.option("--respondents", type=click.IntRange(1), help="Returns of one filling."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("what", metavar="FILE|FORM")
@click.option("--department", required=True, help="The department that asks.")
@click.option("--owner", required=True, help="Who answers for it.")
@click.option("--legal-basis", required=True, help="What entitles the department to ask.")
@click.option("--expires", type=_day, help="Last day, at most three years ahead. [default: in a year]")
@_counts
@click.option("--means", multiple=True, type=Pairs(), help="What a doubtful field asks: an element, or `new`.")
@click.option("--id", "form_id", metavar="DEPT.NAME", help="Id of the form in a FILE. [default: made from its title]")
@click.option("--title", help="Title of the form in a FILE. [default: the words above its table]")
@click.option("--entity", help="What a row of the form in a FILE is about: resident, household, dwelling ...")
@click.option("--where", help="Which rows the form in a FILE has, as `rows.where` in schemas/forms. [default: all]")
@click.option("--reason", default="", help="Why it is asked, or changed.")
@decides
def submit(
    what: str,
    department: str,
    owner: str,
    legal_basis: str,
    expires: datetime | None,
    modes: Sequence[tuple[str, str]],
    means: Sequence[tuple[str, str]],
    form_id: str | None,
    title: str | None,
    entity: str | None,
    respondents: int | None,
    rows: int | None,
    times_a_year: int | None,
    prefill: bool,
    where: str | None,
    reason: str,
    by: str,
    home: str | None,
    as_json: bool,
) -> None:
    """Submit a form for admission: a FILE (XLSX, XLS, ODS, DOCX, CSV) or the id of a form in schemas/forms.

    Every field gets a verdict. Fields that sharing supplies are refused with article and holder, unless the system
    fills them in (--prefill, or --mode FIELD=automatic). A FILE is kept: `yibiao form fill` fills that very workbook.
    """
    from yibiao.contracts import load_schemas
    from yibiao.forms.admission import submit as keep
    from yibiao.forms.admission.registry import in_a_year, now
    from yibiao.forms.admission.request import Request, of_file, of_form
    from yibiao.matching.prepared import Prepared

    settings = Settings.load(home=home)
    settings.open_home()
    prepared = Prepared(settings.schemas, settings.cache)
    schemas = load_schemas(settings.schemas)
    request = Request(
        department=department,
        owner=owner,
        legal_basis=legal_basis,
        expires=expires.date() if expires else in_a_year(now().date()),
        form=form_id,
        title=title,
        entity=entity,
        respondents=respondents,
        rows=rows,
        times_a_year=times_a_year,
        modes=dict(modes),
        means=dict(means),
        prefill=prefill,
    )
    assessor, release = _assessor(settings, schemas)
    if Path(what).is_file():
        registration = of_file(Path(what), request, assessor, schemas)
        _check_where(where, entity, schemas)
    else:
        from yibiao.cli.form import find_form
        from yibiao.forms import load_forms

        if Path(what).suffix.lower() in FILES or len(Path(what).parts) > 1:
            raise click.BadParameter(f"There is no file {what}.", param_hint="FILE|FORM")
        form = find_form(load_forms(settings.schemas, schemas), what)
        counts: Counts | None = None
        if release is not None:
            from yibiao.forms.count import count, last_day

            counts = count({form.id: form}, schemas, release.database, last_day(release.database))[form.id]
        registration = of_form(form, request, assessor, schemas, counts)
    made = keep(settings, registration, reason=reason, by=by)
    if Path(what).is_file():
        from yibiao.forms.workbook.own import keep_form_file

        keep_form_file(settings, registration.form, Path(what), where)
    _say(made, schemas, as_json)
    if Path(what).is_file() and not as_json:
        _say_layout(settings, schemas, registration.form)
    prepared.leave()


@click.command()
@click.argument("form")
@click.option("--except", "exceptions", multiple=True, type=Pairs(), help="Why this field may be asked all the same.")
@click.option("--expires", type=_day, help="Last day. [default: as the department wished]")
@click.option("--reason", default="", help="Why, for whoever audits it.")
@decides
def approve(
    form: str,
    exceptions: Sequence[tuple[str, str]],
    expires: datetime | None,
    reason: str,
    by: str,
    home: str | None,
    as_json: bool,
) -> None:
    """Approve what was submitted of FORM: it gets a control number.

    Refused while fields are left that sharing supplies; `--except FIELD=REASON` lets one pass, for each its reason.
    """
    from yibiao.forms.admission import approve as decide

    settings, schemas = _open(home)
    last = expires.date() if expires else None
    made = decide(settings, form, schemas, exceptions=dict(exceptions), expires=last, reason=reason, by=by)
    _say(made, schemas, as_json)


@click.command()
@click.argument("form")
@click.option("--reason", required=True, help="Why, for the department and whoever audits it.")
@decides
def reject(form: str, reason: str, by: str, home: str | None, as_json: bool) -> None:
    """Send what was submitted of FORM back; what is in force of it stays so."""
    from yibiao.forms.admission import reject as decide

    settings, schemas = _open(home)
    _say(decide(settings, form, reason=reason, by=by), schemas, as_json)


@click.command()
@click.argument("form")
@click.option("--expires", required=True, type=_day, help="New last day, at most three years ahead.")
@click.option("--reason", required=True, help="Why, for whoever audits it.")
@_counts
@click.option("--except", "exceptions", multiple=True, type=Pairs(), help="Why this field may be asked all the same.")
@decides
def renew(
    form: str,
    expires: datetime,
    reason: str,
    modes: Sequence[tuple[str, str]],
    exceptions: Sequence[tuple[str, str]],
    respondents: int | None,
    rows: int | None,
    times_a_year: int | None,
    prefill: bool,
    by: str,
    home: str | None,
    as_json: bool,
) -> None:
    """Let FORM be asked longer under its number; its fields are judged anew, its counts re-estimated if given."""
    from yibiao.forms import load_forms
    from yibiao.forms.admission import renew as decide
    from yibiao.forms.admission import standing
    from yibiao.forms.admission.request import renewed
    from yibiao.forms.admission.states import check_action

    settings, schemas = _open(home)
    found = standing(settings, form)
    check_action(found, "renew")
    assert found.registration is not None
    assessor, _ = _assessor(settings, schemas)
    kept = load_forms(settings.schemas, schemas).get(found.form)
    again = renewed(
        found.registration,
        assessor,
        kept.rows if kept else None,
        respondents=respondents,
        rows=rows,
        times_a_year=times_a_year,
        modes=dict(modes),
        prefill=prefill,
    )
    made = decide(
        *(settings, found.form, schemas, again),
        expires=expires.date(),
        reason=reason,
        exceptions=dict(exceptions),
        by=by,
    )
    _say(made, schemas, as_json)


@click.command()
@click.argument("form")
@click.option("--reason", required=True, help="Why, for whoever audits it.")
@decides
def retire(form: str, reason: str, by: str, home: str | None, as_json: bool) -> None:
    """End FORM; its control number is given to no other form."""
    from yibiao.forms.admission import retire as decide

    settings, schemas = _open(home)
    _say(decide(settings, form, reason=reason, by=by), schemas, as_json)


@click.command()
@click.argument("form", metavar="FORM|NUMBER")
@_home
@_json
def show(form: str, home: str | None, as_json: bool) -> None:
    """Show what FORM is today: number and expiry, or that it may be declined; its fields; who decided what and why.

    FORM is an id or a control number.
    """
    from yibiao.contracts import load_schemas
    from yibiao.forms import load_forms
    from yibiao.forms.admission import Standing, standings

    settings = Settings.load(home=home)
    schemas = load_schemas(settings.schemas)
    known = standings(settings)
    found = known.get(form) or next((one for one in known.values() if one.former_number == form), None)
    if found is None:
        from yibiao.cli.form import find_form

        found = Standing(find_form(load_forms(settings.schemas, schemas), form, known).id, "unregistered")
    _say(found, schemas, as_json, fields=True)


@click.command("propose-retire")
@click.option("--months", default=12, show_default=True, help="So long nobody used it.")
@_home
@_json
def propose_retire(months: int, home: str | None, as_json: bool) -> None:
    """Name the forms and shared tables that nobody used for so many months; nothing is retired by it."""
    from yibiao.files import to_json
    from yibiao.forms.admission.registry import now

    settings, schemas = _open(home)
    found = unused(settings, schemas, months, now().date())
    if as_json:
        click.echo(to_json([one.as_dict() for one in found]), nl=False)
        return
    if not found:
        click.echo(f"{months} 个月内都有人用过。Everything was used.")
        return
    from rich.table import Table

    from yibiao.terminal import table_console

    table = Table("种类 kind", "名称 name", "标题 title", "最近一次 last used", "理由 reason")
    for one in found:
        table.add_row(one.kind, one.name, one.title, one.last or "", one.reason)
    table_console(width=200).print(table)
    click.echo("停用一张表 To retire a form: yibiao form retire FORM --reason ...")


def unused(settings: Settings, schemas: Schemas, months: int, today: date) -> list[Any]:
    """Forms and tables of the current release that nobody used; see `yibiao.forms.admission.unused`."""
    from yibiao.control.usage import recorded_since, usages
    from yibiao.forms.admission import standings
    from yibiao.forms.admission.unused import find_unused
    from yibiao.forms.returns import returns
    from yibiao.warehouse.releases import available

    release = available(settings)
    tables = {}
    if release is not None:
        tables = {str(name): _table_title(str(name), schemas) for name in release.manifest.get("tables", {})}
    returned = {one.form: one.received_at for one in returns(settings, every=True)}
    used = {name: one.last for name, one in usages(settings).items()}
    return find_unused(months, today, standings(settings, today), returned, tables, used, recorded_since(settings))


def _check_where(where: str | None, entity: str | None, schemas: Schemas) -> None:
    from yibiao.errors import AdmissionError
    from yibiao.forms.load import condition_problems

    if where is None:
        return
    if entity is None:
        raise click.UsageError("--where needs --entity: what a row is about.")
    for problem, expected, got, todo in condition_problems(schemas, entity, where):
        raise AdmissionError(problem, where="--where", expected=expected, got=got, todo=todo)


def _say_layout(settings: Settings, schemas: Schemas, form: str) -> None:
    """Whether the form can be filled in the department's own workbook, said while somebody can still mend it."""
    from yibiao.errors import YibiaoError
    from yibiao.forms.admission import standings
    from yibiao.forms.workbook.own import own_forms
    from yibiao.said import said

    known = standings(settings)
    waiting = known[form].pending
    if waiting is None:
        return
    try:
        own = own_forms(settings, schemas, [form], {form: replace(known[form], registration=waiting)})[form]
    except YibiaoError as error:
        click.echo(f"不能按原样预填：{said(error)}\nIt cannot be filled in its own layout:\n{error}")
        return
    rows = f"{own.table.prepared} 行空行" if own.table.prepared else "没有预留空行"
    click.echo(
        f"可按原样预填：工作表“{own.table.sheet}”，{len(own.form.fields)} 栏，{rows}。Fillable in its own layout."
    )


ADMISSION = (submit, approve, reject, renew, retire, show, propose_retire)
"""Commands of the group `yibiao form`."""


def _table_title(name: str, schemas: Schemas) -> str:
    entity = schemas.entities.get(name)
    return entity.name if entity else ""


def _open(home: str | None) -> tuple[Settings, Schemas]:
    from yibiao.contracts import load_schemas

    settings = Settings.load(home=home)
    settings.open_home()
    return settings, load_schemas(settings.schemas)


def _assessor(settings: Settings, schemas: Schemas) -> tuple[Assessor, Release | None]:
    from yibiao.forms.admission import standings
    from yibiao.forms.admission.fields import Assessor
    from yibiao.forms.admission.precedents import precedents_of
    from yibiao.warehouse.releases import available

    precedents = precedents_of(standings(settings))
    release = available(settings)
    if release is None:
        return Assessor(settings.schemas, schemas, precedents=precedents), None
    from yibiao.matching.check import editions_of

    editions, today = editions_of(release.database)
    return Assessor(settings.schemas, schemas, editions, today, precedents), release


def _say(standing: Standing, schemas: Schemas, as_json: bool, *, fields: bool = False) -> None:
    from yibiao.files import to_json
    from yibiao.forms.admission.shown import as_dict, head_lines
    from yibiao.forms.admission.states import ACTION_NAMES

    if as_json:
        click.echo(to_json(as_dict(standing, schemas)), nl=False)
        return
    click.echo("\n".join(head_lines(standing, schemas)))
    shown = standing.pending or standing.registration
    if not fields or shown is None:
        return
    _table_of_fields(shown.fields, schemas)
    click.echo("经过 history")
    for event in standing.events:
        extra = " ".join(filter(None, (event.control_number, f"至 {event.expires}" if event.expires else "")))
        done = f"{event.action} {ACTION_NAMES[event.action]}"
        click.echo(f"  {event.decided_at}  {done}  {event.decided_by}  {extra}  {event.reason}".rstrip())
        for field, why in event.exceptions.items():
            click.echo(f"    例外 exception  {field}：{why}")


def _table_of_fields(fields: Sequence[AskedField], schemas: Schemas) -> None:
    from rich.table import Table

    from yibiao.matching.verdict import VERDICTS
    from yibiao.terminal import table_console

    table = Table("栏目 field", "数据元 element", "结论 verdict", "填法 mode", "已有 held by", "期 as of")
    for one in fields:
        element = schemas.elements.get(one.element or "")
        held = " ".join((*one.held_by[:2], *(["…"] if len(one.held_by) > 2 else [])))
        verdict = f"{one.verdict} {VERDICTS[one.verdict]}" + ("（不得再问）" if one.refused else "")
        table.add_row(one.key, element.name if element else "", verdict, one.mode, held, one.as_of or "")
    table_console(width=200).print(table)
