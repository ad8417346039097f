"""`yibiao contract`: draft, compare and check contracts, and generate what follows from them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from yibiao.cli.findings import show_findings, stop_at_errors
from yibiao.cli.options import json_option
from yibiao.settings import Settings


@click.group()
def contract() -> None:
    """Draft, compare and check contracts, and generate what follows from them."""


@contract.command()
@json_option("Print the findings as a list of JSON objects.")
def lint(as_json: bool) -> None:
    """Check elements, code lists, entities, contracts, expectations and forms.

    Ends with status 1 if there is an error; warnings and infos do not stop anything.
    """
    from yibiao.contracts.lint import lint as run

    findings = run(Settings.load())
    if as_json:
        from yibiao.files import to_json

        click.echo(to_json([finding.as_dict() for finding in findings]).decode(), nl=False)
    else:
        show_findings(findings)
    stop_at_errors(findings)


@contract.command()
@click.option("--check", is_flag=True, help="Write nothing; list files that are stale and end with status 1.")
def generate(check: bool) -> None:
    """Write dbt models, sources and contracts, expectation specs and the index of DAGs from the schemas."""
    from yibiao.contracts import load_schemas
    from yibiao.contracts.generate import compare
    from yibiao.contracts.generate import generate as run

    settings = Settings.load()
    schemas = load_schemas(settings.schemas)
    if not check:
        changes = run(schemas, settings)
        for path in changes.write:
            click.echo(f"wrote {_shown(path, settings)}")
        for path in changes.remove:
            click.echo(f"removed {_shown(path, settings)}")
        click.echo(f"{len(changes.write)} written, {len(changes.remove)} removed")
        return
    changes, planned = compare(schemas, settings)
    for path in changes.write:
        click.echo(f"{'stale' if path.exists() else 'missing'}: {_shown(path, settings)}")
    for path in changes.remove:
        click.echo(f"left over: {_shown(path, settings)}")
    if changes:
        click.echo("Run `yibiao contract generate`.")
        sys.exit(1)
    click.echo(f"{len(planned)} generated files are up to date")


@contract.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--report", "report_id", required=True, metavar="DEPT.REPORT", help="Id of the new report.")
@click.option("--table", metavar="NAME", help="Sheet or table, if a file has several; default the largest.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where to write it; default its place under schemas/reports."
)
@click.option("--force", is_flag=True, help="Replace a contract that is there.")
@json_option("Print the proposals as JSON besides writing the file.")
def init(
    files: tuple[Path, ...], report_id: str, table: str | None, out: Path | None, force: bool, as_json: bool
) -> None:
    """Draft a contract from sample FILES of a report: layout, columns, types, codes, key, data elements.

    Whatever is unsure stands in the draft as a comment that begins with `# ?`.
    """
    from yibiao.contracts import load_schemas
    from yibiao.contracts.draft.contract import draft_contract
    from yibiao.errors import ContractError
    from yibiao.files import commit_file

    settings = Settings.load()
    schemas = load_schemas(settings.schemas)
    draft = draft_contract(files, report_id, schemas, data=settings.data, table=table)
    target = out or settings.schemas / "reports" / f"{report_id.replace('.', '/')}.odcs.yml"
    if target.exists() and not force:
        raise ContractError(
            "There is a contract already.", where=_shown(target, settings), todo="Compare with `--out`, or use --force."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    commit_file(draft.text.encode(), target, "contract.generate")
    if as_json:
        from yibiao.files import to_json

        found = {
            "contract": str(target),
            "columns": [column.as_dict() for column in draft.columns],
            "doubts": list(draft.doubts),
        }
        click.echo(to_json(found).decode(), nl=False)
        return
    for column in draft.columns:
        meaning = (
            f"{column.element}{f' of the {column.role}' if column.role else ''}" if column.element else "own field"
        )
        mark = " " if column.sure else "?"
        click.echo(f"{mark} {column.header}: {meaning}, {column.type}{', key' if column.key else ''}  ({column.why})")
    for doubt in draft.doubts:
        click.echo(f"? {doubt}")
    click.echo(f"wrote {_shown(target, settings)}, {len(draft.columns)} columns, {len(draft.doubts)} doubts")
    click.echo("Next: decide the lines with `# ?`, then `yibiao contract lint` and `yibiao contract generate`.")


@contract.command()
@click.argument("old", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("new", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option("Print the changes as a list of JSON objects.")
def diff(old: Path, new: Path, as_json: bool) -> None:
    """Say what the change from contract OLD to contract NEW breaks, and for whom.

    Ends with status 1 if something breaks.
    """
    from yibiao.contracts import load_schemas
    from yibiao.contracts.draft.compare import BREAKING, compare, read_contract, usage_of

    settings = Settings.load()
    schemas = load_schemas(settings.schemas)
    usage = usage_of(settings.schemas, schemas, settings.dbt_project)
    changes = compare(read_contract(old, schemas), read_contract(new, schemas), schemas, usage)
    if as_json:
        from yibiao.files import to_json

        click.echo(to_json([change.as_dict() for change in changes]).decode(), nl=False)
    else:
        for change in changes:
            click.echo(f"{change.kind}: {change.where}: {change.what}")
            for one in change.affects:
                click.echo(f"    {one}")
        broken = sum(change.kind == BREAKING for change in changes)
        click.echo(f"{len(changes)} changes, {broken} breaking")
    if any(change.kind == BREAKING for change in changes):
        sys.exit(1)


def _shown(path: Path, settings: Settings) -> str:
    return str(path.relative_to(settings.project)) if path.is_relative_to(settings.project) else str(path)
