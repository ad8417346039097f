"""`yibiao elements`: find a data element, see who holds it, check the registry, hand it on as a catalogue."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from yibiao.cli.findings import show_findings, stop_at_errors
from yibiao.cli.options import json_option

if TYPE_CHECKING:
    from yibiao.contracts import Element, Schemas
    from yibiao.elements import Holding
    from yibiao.settings import Settings

JSON = json_option()
HOME = click.option("--home", type=click.Path(path_type=Path), help="Working folder, for what is loaded.")
DAY = click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day to go by; today in Asia/Shanghai unless said."
)


@click.group()
def elements() -> None:
    """Find a data element and who holds it; check that each is collected once; export the catalogue."""


@elements.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", default=12, show_default=True, help="Elements at most.")
@HOME
@JSON
def search(words: tuple[str, ...], limit: int, home: Path | None, as_json: bool) -> None:
    """Find elements by Chinese words, English words or pinyin (shouji), also its first letters (sfzh).

    Shows which report collects each one, and the newest edition that is in use. If none is called so, those that are
    nearly called so: mistyped, of the same sound, in another order. Ends with status 1 if there are none of them
    either.
    """
    from yibiao.elements import nearest
    from yibiao.elements import search as find

    schemas, held = _registry(home)
    found = find(schemas.elements, words) or nearest(schemas.elements, words)
    if as_json:
        _print(
            [
                {
                    **_described(one.element, schemas, held),
                    "score": one.score,
                    "why": one.why,
                    "match": one.match,
                    "near": one.near,
                }
                for one in found[:limit]
            ]
        )
    elif not found:
        click.echo(f"没有叫“{' '.join(words)}”的数据元。No data element is called so.")
    else:
        if found[0].near:
            click.echo("没有完全相同的，您是不是要找：None is called exactly so. Did you mean:")
        for one in found[:limit]:
            click.echo(f"{one.element.id}  {one.element.name}（{one.why}）")
            click.echo(f"    {one.element.definition}{f'；口径：{one.element.scope}' if one.element.scope else ''}")
            for line in _held_in_short(held.get(one.element.id, ())):
                click.echo(f"    {line}")
        if len(found) > limit:
            click.echo(f"另有 {len(found) - limit} 个：再加一个词，或用 --limit。More: say another word, or --limit.")
    if not found:
        sys.exit(1)


@elements.command()
@click.argument("element_id", metavar="ID")
@HOME
@JSON
def show(element_id: str, home: Path | None, as_json: bool) -> None:
    """Show all that the registry says of one element, and who holds it."""
    from yibiao.contracts.documents import did_you_mean
    from yibiao.errors import ContractError

    schemas, held = _registry(home)
    if element_id not in schemas.elements:
        raise ContractError(
            "There is no such data element.",
            where="ID",
            got=element_id,
            todo=did_you_mean(element_id, schemas.elements) or "Find it with `yibiao elements search`.",
        )
    described = _described(schemas.elements[element_id], schemas, held)
    if as_json:
        _print(described)
        return
    for key, value in described.items():
        if key == "held_by":
            for line in _held_by(held.get(element_id, ())):
                click.echo(line)
        elif value:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            click.echo(f"{key}: {text}")


@elements.command()
@DAY
@JSON
def lint(day: date | None, as_json: bool) -> None:
    """Check the registry: everything said, no word with two meanings, each element collected by one report.

    A report that collects again what another one collects needs a waiver in schemas/waivers.yml, with a reason and a
    last day; after that day it is an error. Ends with status 1 if there is an error.
    """
    from yibiao.elements.lint import lint_elements
    from yibiao.settings import Settings

    findings = lint_elements(Settings.load().schemas, _day(day))
    if as_json:
        _print([finding.as_dict() for finding in findings])
    else:
        show_findings(findings)
    stop_at_errors(findings)


@elements.command()
@click.option("--dcat", type=click.Path(path_type=Path, dir_okay=False), help="Write a DCAT 3 catalogue as JSON-LD.")
@click.option("--xlsx", type=click.Path(path_type=Path, dir_okay=False), help="Write 政务信息资源目录 as a workbook.")
@click.option("--odcs", type=click.Path(path_type=Path, dir_okay=False), help="Write an ODCS document as JSON.")
@DAY
def export(dcat: Path | None, xlsx: Path | None, odcs: Path | None, day: date | None) -> None:
    """Write the registry as a catalogue for other systems; the date is that of its publication."""
    from yibiao.contracts import load_registry
    from yibiao.errors import ContractError
    from yibiao.settings import Settings

    if dcat is xlsx is odcs is None:
        raise click.UsageError("Say --dcat FILE, --xlsx FILE or --odcs FILE.")
    schemas = load_registry(Settings.load().schemas)
    for path in (dcat, xlsx, odcs):
        if path is not None and not path.absolute().parent.is_dir():
            raise ContractError("The folder is not there.", where=str(path.parent), todo="Make it first.")
    if dcat is not None:
        from yibiao.elements.dcat import write_dcat

        click.echo(f"wrote {dcat}, {write_dcat(schemas, dcat.absolute(), _day(day))} elements")
    if xlsx is not None:
        from yibiao.elements.catalogue import write_catalogue

        click.echo(f"wrote {xlsx}, {write_catalogue(schemas, xlsx.absolute(), _day(day))} items")
    if odcs is not None:
        from yibiao.elements.odcs import write_odcs

        click.echo(f"wrote {odcs}, {write_odcs(schemas, odcs.absolute())} elements")


def _registry(home: Path | None) -> tuple[Schemas, Mapping[str, tuple[Holding, ...]]]:
    from yibiao.contracts import load_schemas
    from yibiao.elements import holdings
    from yibiao.settings import Settings

    settings = Settings.load(home=home)
    schemas = load_schemas(settings.schemas)
    return schemas, holdings(schemas, _editions(settings, schemas))


def _editions(settings: Settings, schemas: Schemas) -> dict[str, str]:
    """Report -> newest edition in use; empty where nothing was ever loaded."""
    if not (settings.home / "lake").is_dir():
        return {}
    from yibiao.warehouse.inputs import WAITING, collect

    newest: dict[str, str] = {}
    for found in collect(settings, schemas).loads:
        if found.state != WAITING:
            newest[found.report] = max(newest.get(found.report, ""), found.manifest["edition"])
    return newest


def _described(element: Element, schemas: Schemas, held: Mapping[str, tuple[Holding, ...]]) -> dict[str, Any]:
    """What people and programs are shown of an element."""
    code_list = schemas.codes.get(element.code_list or "")
    return {
        "id": element.id,
        "name": element.name,
        "english": element.english,
        "entity": element.entity,
        "type": element.type,
        "unit": element.unit or "",
        "code_list": f"{code_list.id} ({code_list.name}, {code_list.source})" if code_list else "",
        "definition": element.definition,
        "scope": element.scope,
        "aliases": [
            f"{alias} [{'/'.join(element.contexts[alias])}]" if alias in element.contexts else alias
            for alias in element.aliases
        ],
        "sensitivity": element.sensitivity,
        "authority": [schemas.departments[name].name for name in element.authority],
        "freshness": element.freshness,
        "sharing": element.sharing,
        "sharing_condition": element.sharing_condition,
        "purpose": element.purpose,
        "source": element.source,
        "held_by": [one.as_dict() for one in held.get(element.id, ())],
    }


_NOBODY = "没有部门提供，没有报表收集 held by nobody"

_NAMED = 3
"""So many reports that also collect an element are named in a list of elements: the next element should be in sight."""


def _held_by(reports: tuple[Holding, ...]) -> list[str]:
    if not reports:
        return [_NOBODY]
    parts = ("数源 source", *["另有收集 also collected"] * (len(reports) - 1))
    return [f"{part}：{_collected(one)}，schedule {one.schedule}" for part, one in zip(parts, reports, strict=True)]


def _held_in_short(reports: tuple[Holding, ...]) -> list[str]:
    """The source, and one line for whoever else collects it; `elements show` has all of it."""
    if not reports:
        return [_NOBODY]
    source, *others = reports
    lines = [f"数源 source：{_collected(source)}"]
    if others:
        named = "、".join(f"{one.department_name}《{one.title}》" for one in others[:_NAMED])
        more = f"等 {len(others)} 项（{len(others)} in all）" if len(others) > _NAMED else ""
        lines.append(f"另有收集 also collected：{named}{more}")
    return lines


def _collected(one: Holding) -> str:
    fresh = f"最近一期 edition {one.edition}" if one.edition else "没有装载 nothing loaded"
    return f"{one.department_name}《{one.title}》（{one.report}），{fresh}"


def _day(given: Any) -> date:
    if given is not None:
        return given.date() if hasattr(given, "date") else given
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from yibiao.settings import TIME_ZONE

    return datetime.now(ZoneInfo(TIME_ZONE)).date()


def _print(found: object) -> None:
    from yibiao.files import to_json

    click.echo(to_json(found).decode(), nl=False)
