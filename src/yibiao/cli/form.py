"""`yibiao form`: the forms asked of the grassroots, their empty workbooks, what they cost, what a new one asks anew."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yibiao.cli.form_admission import ADMISSION
from yibiao.cli.form_fill import FILLING
from yibiao.cli.options import as_json as _json
from yibiao.collecting import no_collecting
from yibiao.settings import Settings

if TYPE_CHECKING:
    from datetime import date

    from yibiao.contracts import Schemas
    from yibiao.forms import Form
    from yibiao.forms.admission import Standing
    from yibiao.matching.verdict import Verdict


@click.group()
def form() -> None:
    """Show the forms asked of the grassroots and what they cost."""


for _command in (*ADMISSION, *FILLING):
    form.add_command(_command)


@form.command("list")
@click.option("--home", type=click.Path(), help="Working folder whose register says which forms are admitted.")
@click.option(
    "--unused", "months", type=click.IntRange(1), metavar="MONTHS", help="Only forms nobody used for so long."
)
@_json
def list_(home: str | None, months: int | None, as_json: bool) -> None:
    """Show all forms: who asks, how many fields, how many of them a report holds, how often; number and expiry.

    A form without a control number may be declined.
    """
    from yibiao.forms.admission import Standing, standings
    from yibiao.forms.admission.shown import row_of
    from yibiao.forms.admission.states import STATES
    from yibiao.forms.holders import Holders

    settings = Settings.load(home=home)
    forms, schemas = _load(settings)
    holders = Holders(schemas)
    known = standings(settings)
    rows = [
        {
            "form": one.id,
            "title": one.title,
            "department": one.department,
            "source": one.source,
            "fields": len(one.fields),
            "fields_held": sum(bool(holders.of(field.kept_as, one.rows)) for field in one.fields),
            "times_a_year": one.times_a_year,
            **row_of(known.get(one.id) or Standing(one.id, "unregistered")),
        }
        for one in forms.values()
    ]
    rows += [_registered(one) for name, one in known.items() if name not in forms]
    if months is not None:
        from yibiao.cli.form_admission import unused
        from yibiao.forms.admission.registry import now

        settings.open_home()
        proposed = {one.name for one in unused(settings, schemas, months, now().date()) if one.kind == "form"}
        rows = [row for row in rows if row["form"] in proposed]
    if as_json:
        _print_json(rows)
        return
    from rich.table import Table

    table = Table(
        "表单 form", "名称 title", "部门 department", "字段 fields", "已有 held", "次/年 a year", "准入 admission"
    )
    for row in rows:
        name = schemas.departments[str(row["department"])].name
        admitted = f"{row['control_number']} 至 {row['expires']}" if row["control_number"] else "可以拒填"
        table.add_row(
            str(row["form"]),
            str(row["title"]),
            name,
            *(str(row[key]) for key in ("fields", "fields_held", "times_a_year")),
            f"{STATES[str(row['state'])]} {admitted}",
        )
    _console().print(table)
    if declined := sum(bool(row["may_decline"]) for row in rows):
        click.echo(
            f"{declined} 张表没有有效的准入编号，可以拒填。Without a valid control number a form may be declined."
        )


def _registered(one: Standing) -> dict[str, object]:
    """A form that came as a file, in the words of `yibiao form list`."""
    from yibiao.forms.admission.shown import row_of

    shown = one.registration
    assert shown is not None  # whatever has an event has a registration
    return {
        "form": one.form,
        "title": shown.title,
        "department": shown.department,
        "source": shown.source_name,
        "fields": len(shown.fields),
        "fields_held": sum(bool(field.held_by) for field in shown.fields),
        "times_a_year": shown.times_a_year,
        **row_of(one),
    }


@form.command()
@click.argument("name", metavar="FORM", required=False)
@click.option("--all", "every", is_flag=True, help="Write all forms.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.")
@click.option("--home", type=click.Path(), help="Working folder whose register says which forms are admitted.")
@_json
def template(name: str | None, every: bool, out: Path, home: str | None, as_json: bool) -> None:
    """Write the empty workbook of FORM (for example housing.dangerous_houses), or of all forms.

    Its control number and expiry are printed under it, or that it may be declined.
    """
    from yibiao.forms.admission import Standing, standings
    from yibiao.forms.template import write_templates

    if bool(name) == every:
        raise click.UsageError("Give the id of one form, or --all.")
    settings = Settings.load(home=home)
    forms, schemas = _load(settings)
    known = standings(settings)
    chosen = {
        key: replace(one, notes=(*one.notes, (known.get(key) or Standing(key, "unregistered")).notice))
        for key, one in (forms if name is None else {name: find_form(forms, name)}).items()
    }
    paths = write_templates(chosen, schemas, out)
    if as_json:
        _print_json([{"form": key, "file": str(path)} for key, path in zip(sorted(chosen), paths, strict=True)])
        return
    for path in paths:
        click.echo(path)


@form.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--home", type=click.Path(), help="Working folder whose current release says how fresh values are.")
@_json
@no_collecting()
def check(file: Path, home: str | None, as_json: bool) -> None:
    """Say for every field of a form FILE what is held already, by whom, and what is left to ask.

    FILE is an XLSX, XLS, ODS, DOCX or CSV, empty or filled in. Nothing in it is executed, and no value of it is shown.
    """
    from yibiao.arrow import spare_pandas
    from yibiao.matching.model import SENSE
    from yibiao.matching.sense import unpack_ahead

    settings = Settings.load(home=home)
    unpack_ahead(settings.schemas / SENSE)
    spare_pandas()
    from yibiao.contracts import load_schemas
    from yibiao.forms.admission import standings
    from yibiao.forms.admission.precedents import precedents_of
    from yibiao.forms.admission.printed import recognise
    from yibiao.matching.check import check_tables, editions_of, read_ahead
    from yibiao.matching.prepared import Prepared
    from yibiao.matching.reading import read_form

    editions: dict[str, date] = {}
    today: date | None = None
    if home is not None or "YIBIAO_HOME" in os.environ:
        from yibiao.warehouse.releases import current, need_current

        release = current(settings) if home is None else need_current(settings)
        if release is not None:
            settings.open_home()
            editions, today = editions_of(release.database)
    tables = read_form(file)
    prepared = Prepared(settings.schemas, settings.cache)
    read_ahead(tables, settings.schemas)
    schemas = load_schemas(settings.schemas)
    registered = standings(settings)
    precedents = precedents_of(registered)
    verdicts = check_tables(tables, settings.schemas, schemas, editions, today, precedents, file.name)
    # The list of verdicts is what programs read; whether the form may be declined is said beside it.
    notice = recognise(file, tables[0].title, registered).notice
    if as_json:
        _print_json([one.as_dict() for one in verdicts])
    else:
        _show_verdicts(verdicts, schemas)
    click.echo(notice, err=as_json)
    if tables[0].unseen:
        click.echo(f"隐藏的没有看：{'；'.join(tables[0].unseen)}。要一起检查，请先取消隐藏。", err=True)
    prepared.leave()


def _show_verdicts(verdicts: Sequence[Verdict], schemas: Schemas) -> None:
    from rich.table import Column, Table

    from yibiao.matching.verdict import VERDICTS

    # Chinese has no blanks to break lines at: what is too long for its column is folded, never cut.
    headers = (
        "列 column",
        "表头 header",
        "数据元 element",
        "谁 role",
        "把握 score",
        "结论 verdict",
        "已有 held by",
        "理由 reasons",
    )
    table = Table(*(Column(header, overflow="fold") for header in headers))
    for one in verdicts:
        element = schemas.elements[one.element].name if one.element else ""
        verdict = f"{one.verdict} {VERDICTS[one.verdict]}"
        held = "、".join(schemas.reports[report].title for report in one.held_by[:1])
        held += f" 等 {len(one.held_by)} 份" if len(one.held_by) > 1 else ""
        held += f" {one.as_of}" if one.as_of else ""
        table.add_row(
            *(str(one.column), "/".join(one.path), element, one.role or "", f"{one.score:.2f}", verdict, held),
            "；".join(one.reasons),
        )
    console = _console()
    console.print(table)
    counts = Counter(one.verdict for one in verdicts)
    console.print("、".join(f"{VERDICTS[verdict]} {counts[verdict]}" for verdict in VERDICTS if counts[verdict]))


@form.command()
@click.option("--home", type=click.Path(), help="Working folder. [default: home/ in the project]")
@click.option("--release", "version", help="Count against this version instead of the current one.")
@_json
def burden(home: str | None, version: str | None, as_json: bool) -> None:
    """Count what the forms ask in a year and how much of it the current release knows already."""
    from yibiao.forms.burden import account
    from yibiao.forms.count import last_day
    from yibiao.warehouse.releases import find, need_current

    settings = Settings.load(home=home)
    settings.open_home()
    release = find(settings, version) if version else need_current(settings)
    forms, schemas = _load(settings)
    total = account(forms, schemas, release.database, last_day(release.database))
    if as_json:
        _print_json({"release": release.version, **total.as_dict()})
        return
    from rich.table import Table

    table = Table("表单 form", "次/年", "行 rows", "每年格数 cells", "已有 known", "", "小时 hours", "复用后 if reused")
    for part in sorted(total.forms, key=lambda part: -part.hours):
        share = part.cells_known / part.cells_asked if part.cells_asked else 0.0
        table.add_row(
            part.title,
            str(part.times_a_year),
            f"{part.rows:,}",
            f"{part.cells_asked:,}",
            f"{part.cells_known:,}",
            f"{share:.0%}",
            f"{part.hours:,.0f}",
            f"{part.hours_if_reused:,.0f}",
        )
    table.add_section()
    table.add_row(
        f"合计 {len(total.forms)}",
        "",
        "",
        f"{total.cells_asked:,}",
        f"{total.cells_known:,}",
        f"{total.share_known:.0%}",
        f"{total.hours:,.0f}",
        f"{total.hours_if_reused:,.0f}",
    )
    console = _console()
    console.print(table)
    seconds = ", ".join(f"{mode} {value}" for mode, value in total.seconds_per_cell.items())
    console.print(f"Assumed seconds a cell: {seconds}; a return of one community: {total.seconds_per_return}.")


def _load(settings: Settings) -> tuple[Mapping[str, Form], Schemas]:
    from yibiao.contracts import load_schemas
    from yibiao.forms import load_forms

    schemas = load_schemas(settings.schemas)
    return load_forms(settings.schemas, schemas), schemas


def find_form(forms: Mapping[str, Form], name: str, others: Collection[str] = ()) -> Form:
    """The form of an id.

    Args:
        others: further names that may have been meant.

    Raises:
        ContractError: there is none.
    """
    from yibiao.contracts.documents import did_you_mean
    from yibiao.errors import ContractError

    if name not in forms:
        raise ContractError(
            "There is no form of this id.",
            where="schemas/forms",
            got=name,
            todo=did_you_mean(name, [*forms, *others]) or "See them with `yibiao form list`.",
        )
    return forms[name]


def _console():
    from yibiao.terminal import table_console

    return table_console(width=200)


def _print_json(value: object) -> None:
    import orjson

    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))
