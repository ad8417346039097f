"""`yibiao form fill` and `collect`: forms go out filled in, and come back checked cell by cell (预填与回收)."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yibiao.cli.options import as_json as _json
from yibiao.cli.options import home as _home
from yibiao.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from yibiao.contracts import Schemas
    from yibiao.forms import Form
    from yibiao.forms.fill import Filled


MOST_LINES = 20
"""Lines about refused cells of one file on the screen; the reply has them all."""


@click.command()
@click.argument("names", metavar="FORM...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Fill all forms.")
@click.option("--area", required=True, metavar="CODE", help="A community, or a street, town or county of communities.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.")
@click.option("--release", "version", help="Fill from this version instead of the current one.")
@_home
@_json
def fill(
    names: Sequence[str], every: bool, area: str, out: Path, version: str | None, home: str | None, as_json: bool
) -> None:
    """Fill FORM (for example housing.dangerous_houses) for every community of an area, one workbook for each.

    A form that was submitted as an .xlsx or .xlsm file is filled in that file: its formulas, pictures, macros and other
    sheets stay. --all means the forms of schemas/forms. Known cells say which department they come from and as of when:
    green is filled in, yellow is to be confirmed, blue is to be asked.
    """
    from yibiao.control.fills import record_fill
    from yibiao.control.usage import record_usage
    from yibiao.forms.admission import Standing, standings
    from yibiao.forms.confirmations import confirmations
    from yibiao.forms.count import last_day
    from yibiao.forms.fill import fill_forms
    from yibiao.forms.fill.areas import communities
    from yibiao.forms.fill.corrected import days_of_acceptance
    from yibiao.forms.fill.run import Order, part_of_memory
    from yibiao.forms.workbook.own import own_forms
    from yibiao.warehouse.releases import find, need_current

    if bool(names) == every:
        raise click.UsageError("Give the ids of forms, or --all.")
    settings = Settings.load(home=home)
    settings.open_home()
    release = find(settings, version) if version else need_current(settings)
    forms, schemas = _load(settings)
    areas = communities(schemas, area)
    known = standings(settings)
    own = own_forms(settings, schemas, forms if every else names, known)
    forms = {**forms, **{name: one.form for name, one in own.items()}}
    chosen = dict(forms) if every else {name: _find(forms, name) for name in names}
    standing = {name: known.get(name) or Standing(name, "unregistered") for name in chosen}
    processes = max(1, settings.threads)
    titles = {name: one.registration.title for name, one in known.items() if one.registration}
    titles |= {name: one.title for name, one in forms.items()}
    order = Order(
        database=release.database,
        version=release.version,
        as_of=last_day(release.database),
        schemas=schemas,
        forms=chosen,
        areas=tuple(areas),
        out=out,
        numbers={name: one.control_number for name, one in standing.items() if one.control_number},
        notices={name: one.notice for name, one in standing.items()},
        spill=settings.work / "fill",
        own=own,
        confirmations=confirmations(settings, titles=titles),
        accepted=days_of_acceptance(settings),
        memory=part_of_memory(settings.memory_limit, processes),
    )
    began = time.perf_counter()
    filled = fill_forms(order, processes=processes)
    record_fill(settings, release.version, area, sorted(chosen), sum(one.books for one in filled))
    record_usage(settings, chosen, kind="export", via="form fill", version=release.version)
    if as_json:
        _print_json(
            {
                "release": release.version,
                "area": area,
                "communities": len(areas),
                "forms": [_told(one) for one in filled],
                "total": _told_total(filled),
            }
        )
        return
    _show(filled, len(areas), out, time.perf_counter() - began)


@click.command("collect")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", type=click.Path(), help="Folder of deliveries, where new values go. [default: data/demo]")
@click.option("--dry-run", is_flag=True, help="Only look; take nothing in.")
@click.option(
    "--replies",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write a reply (回执) in Chinese for each file to, for whoever sent it.",
)
@_home
@_json
def collect_(
    folder: Path, data: str | None, dry_run: bool, replies: Path | None, home: str | None, as_json: bool
) -> None:
    """Take the returned forms in FOLDER in, cell by cell.

    Corrections become tickets to the authority, new values a delivery of the form's own contract; what cannot be taken
    is named with its cell. No value is shown.
    """
    from dataclasses import asdict

    from yibiao.forms.admission import standings
    from yibiao.forms.collect import OUTCOMES, collect
    from yibiao.forms.collect.reply import OUTCOME_NAMES, refused_lines, write_replies
    from yibiao.forms.collect.run import REFUSED_FILE, TAKEN, known_report

    settings = Settings.load(home=home, data=data)
    settings.open_home()
    forms, schemas = _load(settings)
    found = collect(settings, forms, schemas, folder, dry_run=dry_run)
    if replies is not None:
        titles = {name: one.registration.title for name, one in standings(settings).items() if one.registration}
        write_replies(found, titles | {name: one.title for name, one in forms.items()}, replies)
    if as_json:
        _print_json([asdict(one) for one in found])
        sys.exit(1 if any(one.state == REFUSED_FILE for one in found) else 0)
    from rich.table import Table

    from yibiao.errors import YibiaoError
    from yibiao.terminal import table_console

    names = [OUTCOME_NAMES[outcome] for outcome in OUTCOMES]
    table = Table("文件 file", "社区", "行 rows", *names, "工单", "未返回")
    for one in found:
        if one.state == TAKEN and one.cells is not None:
            counts = (str(one.cells[outcome]) for outcome in OUTCOMES)
            table.add_row(one.file, one.community, str(one.rows), *counts, str(one.tickets), str(one.missing))
        else:
            table.add_row(one.file, {REFUSED_FILE: "退回"}.get(one.state, "已收过"))
    console = table_console(width=160)
    console.print(table)
    for one in found:
        for note in one.notes:
            console.print(f"{one.file}：{note}", markup=False)
        lines = refused_lines(one.refused)
        for line in lines[:MOST_LINES]:
            console.print(f"{one.file} {line}", markup=False)
        if len(lines) > MOST_LINES:
            console.print(f"{one.file}：另有 {len(lines) - MOST_LINES} 处不采用，见 --replies 或 --json", markup=False)
        if one.said:
            console.print(f"{one.file}：{one.said}", markup=False)
        if one.error is not None:
            told = dict(one.error)
            click.echo(str(YibiaoError(told.pop("what"), **told)), err=True)
    missing = sorted({one.form for one in found if one.delivery and known_report(one.form, schemas) is None})
    for name in missing:
        console.print(f"{name} 还没有数据契约，新填的值要先运行：yibiao form contract {name} --write", markup=False)
    sys.exit(1 if any(one.state == REFUSED_FILE for one in found) else 0)


@click.command()
@click.argument("name", metavar="FORM")
@click.option("--write", is_flag=True, help="Write it into schemas/reports/; then run `yibiao contract generate`.")
@_home
@_json
def contract(name: str, write: bool, home: str | None, as_json: bool) -> None:
    """Print the data contract by which new values on FORM are taken in.

    With --write, data elements that no golden record has yet are listed in schemas/entities/ too: from the next run on
    an answer is filled in in every form that asks it.
    """
    from yibiao.errors import FormError
    from yibiao.forms.collect.contract import contract_text, report_id
    from yibiao.forms.collect.golden import add_columns, file_of, lacking
    from yibiao.forms.workbook.own import own_forms

    settings = Settings.load(home=home)
    forms, schemas = _load(settings)
    own = own_forms(settings, schemas, [name])
    form = own[name].form if name in own else _find(forms, name)
    text, new = contract_text(form, schemas), lacking(form, schemas)
    if not write:
        if as_json:
            _print_json({"form": form.id, "report": report_id(form), "contract": text, "new_elements": new})
        else:
            click.echo(text, nl=False)
        return
    path = settings.schemas / "reports" / form.department / f"{report_id(form).partition('.')[2]}.odcs.yml"
    if path.exists():
        raise FormError(
            "The form has a contract already.", where=str(path), todo="Change it there, or remove it to have it anew."
        )
    path.write_text(text, encoding="utf-8")
    entity = file_of(settings.schemas, form.rows.entity)
    added = not new or add_columns(entity, new)
    if as_json:
        _print_json(
            {"form": form.id, "report": report_id(form), "file": str(path), "new_elements": new if added else ()}
        )
        return
    click.echo(str(path))
    if new:
        names = "、".join(schemas.elements[name].name for name in new)
        listed = ", ".join(new)
        click.echo(
            f"{entity}：新增 {names}（{listed}），填过一次以后各表都预填"
            if added
            else f"请在 {entity} 的 elements 里写上 {listed}（{names}），填过一次以后各表才会预填"
        )
    click.echo("接下来 next: yibiao contract generate && yibiao contract lint")


def _told(one: Filled) -> dict[str, Any]:
    return {
        "form": one.form,
        "books": one.books,
        "rows": one.rows,
        **one.cells,
        "share": round(one.share, 4),
        "unplaced": one.unplaced,
    }


def _told_total(filled: Sequence[Filled]) -> dict[str, Any]:
    cells: Counter[str] = Counter()
    for one in filled:
        cells.update(one.cells)
    total = sum(cells.values())
    share = (total - cells["new"]) / total if total else 0.0
    return {"books": sum(one.books for one in filled), **cells, "share": round(share, 4)}


def _show(filled: Sequence[Filled], communities: int, out: Path, seconds: float) -> None:
    from rich.table import Table

    from yibiao.terminal import table_console

    table = Table("表单 form", "行 rows", "系统预填", "请核对", "请填写", "已有 known", "未归社区")
    for one in filled:
        cells = (f"{one.cells[status]:,}" for status in ("automatic", "confirm", "new"))
        table.add_row(one.title, f"{one.rows:,}", *cells, f"{one.share:.0%}", str(one.unplaced or ""))
    total = _told_total(filled)
    table.add_section()
    cells = (f"{total.get(status, 0):,}" for status in ("automatic", "confirm", "new"))
    rows = sum(one.rows for one in filled)
    table.add_row(f"合计 {len(filled)}", f"{rows:,}", *cells, f"{total['share']:.0%}", "")
    console = table_console(width=160)
    console.print(table)
    console.print(f"{communities} 个社区，{total['books']:,} 份表，{seconds:.0f} 秒 -> {out}")


def _load(settings: Settings) -> tuple[Mapping[str, Form], Schemas]:
    from yibiao.contracts import load_schemas
    from yibiao.forms import load_forms

    schemas = load_schemas(settings.schemas)
    return load_forms(settings.schemas, schemas), schemas


def _find(forms: Mapping[str, Form], name: str) -> Form:
    from yibiao.contracts.documents import did_you_mean
    from yibiao.errors import FormError

    if name not in forms:
        raise FormError(
            "There is no form of this id.",
            where="schemas/forms",
            got=name,
            todo=did_you_mean(name, forms) or "See them with `yibiao form list`.",
        )
    return forms[name]


def _print_json(value: object) -> None:
    import orjson

    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))


FILLING = (fill, collect_, contract)
