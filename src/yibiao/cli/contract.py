"""`yibiao contract`: check the schemas and generate what follows from them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from yibiao.settings import Settings


@click.group()
def contract() -> None:
    """Check the contracts and generate what follows from them."""


@contract.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a list of JSON objects.")
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
        for finding in findings:
            click.echo(f"{finding.where}: {finding.severity}: {finding.what} [{finding.rule}]")
            for label, text in (("expected", finding.expected), ("got", finding.got), ("to do", finding.todo)):
                if text:
                    click.echo(f"    {label}: {text}")
        counts = {name: sum(finding.severity == name for finding in findings) for name in ("error", "warning", "info")}
        click.echo(", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items()))
    if any(finding.severity == "error" for finding in findings):
        sys.exit(1)


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


def _shown(path: Path, settings: Settings) -> str:
    return str(path.relative_to(settings.project)) if path.is_relative_to(settings.project) else str(path)
