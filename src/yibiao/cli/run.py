"""`yibiao run`: the main job."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from yibiao.cli.options import json_option


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder with the departments' deliveries.")
@click.option("--home", type=click.Path(path_type=Path), help="Working folder; made if it is not there.")
@click.option("--only", metavar="DEPT.REPORT", help="Ingest this report alone; unify what is live.")
@click.option("--edition", metavar="YYYY-MM", help="Edition of reports that take it as a parameter or from the day.")
@click.option("--force", is_flag=True, help="Rebuild and publish although nothing is new.")
@json_option("Print the summary as JSON; progress goes to standard error.")
def run(
    data: Path | None, home: Path | None, only: str | None, edition: str | None, force: bool, as_json: bool
) -> None:
    """Ingest every report, unify, gate, release.

    Ends with status 0 only if the current release is up to date with everything that could be read and passed its gate.
    A report that cannot be read is shown, and does not stop the others.
    """
    from yibiao.files import to_json
    from yibiao.orchestration.main_job import main_job
    from yibiao.settings import Settings

    settings = Settings.load(home=home, data=data)
    if edition is not None:
        from yibiao.ingest.deliveries import edition_date

        edition_date(edition)
    summary = main_job(settings, only=only, edition=edition, force=force, stream="stderr" if as_json else "stdout")
    if as_json:
        click.echo(to_json(summary), nl=False)
    else:
        from yibiao.orchestration.screen import show

        show(summary, sys.stdout)
    sys.exit(0 if summary["ok"] else 1)
