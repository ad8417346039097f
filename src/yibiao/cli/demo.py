"""`yibiao demo`: make, count and serve the synthetic district, and score a release against its truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from yibiao.cli.options import json_option


@click.group(invoke_without_command=True)
@click.option("--residents", type=int, default=50_000, show_default=True, help="About how many people live there.")
@click.option("--seed", type=int, default=1, show_default=True, help="Equal seeds give equal districts.")
@click.option("--editions", type=int, default=3, show_default=True, help="Monthly deliveries from 2026-01 on.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Data folder; by default the settings' own."
)
@click.pass_context
def demo(ctx: click.Context, residents: int, seed: int, editions: int, out: Path | None) -> None:
    """Make the synthetic district (示范区), unless the same one is there already."""
    if ctx.invoked_subcommand is not None:
        return
    import sys
    import time

    from yibiao.contracts import load_schemas
    from yibiao.demo import generate
    from yibiao.settings import Settings
    from yibiao.terminal import Terminal

    settings = Settings.load()
    folder = (out or settings.data).expanduser().resolve()
    begin = time.monotonic()
    made = generate(folder, load_schemas(settings.schemas), residents, seed, editions, Terminal(sys.stderr))
    if made:
        click.echo(f"Made the district in {time.monotonic() - begin:.0f} s: {folder}")
    else:
        click.echo(f"The same district is there already: {folder}")


@demo.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@json_option("Print the counts as JSON.")
def audit(folder: Path, as_json: bool) -> None:
    """Recount the damage from the delivered files; fails if a rate is not as wanted."""
    import sys

    from yibiao.contracts import load_schemas
    from yibiao.demo.audit import audit as recount
    from yibiao.files import to_json
    from yibiao.settings import Settings
    from yibiao.terminal import Terminal

    found = recount(folder, load_schemas(Settings.load().schemas), Terminal(sys.stderr))
    click.echo(to_json(found.as_dict()) if as_json else found.as_text(), nl=not as_json)
    sys.exit(0 if found.ok else 1)


@demo.command()
@click.option("--data", type=click.Path(path_type=Path), help="Demo folder; by default the settings' own.")
@click.option("--home", type=click.Path(path_type=Path), help="Working folder.")
@click.option("--release", "version", help="Score this version instead of the current one.")
@json_option()
def score(data: Path | None, home: Path | None, version: str | None, as_json: bool) -> None:
    """Compare a release with the district's truth: links, golden values, and what simpler rules would give."""
    from yibiao.contracts import load_schemas
    from yibiao.demo.score import score as compare
    from yibiao.files import to_json
    from yibiao.settings import Settings
    from yibiao.warehouse.releases import find, need_current

    settings = Settings.load(home=home, data=data)
    settings.open_home()
    release = find(settings, version) if version else need_current(settings)
    found = compare(release, settings.data, load_schemas(settings.schemas), settings)
    if as_json:
        click.echo(to_json(found), nl=False)
        return
    click.echo(f"release {found['release']}\n")
    click.echo(f"{'links':<14}{'records':>12}{'unlinked':>10}{'precision':>11}{'recall':>9}{'f1':>9}")
    for entity, one in found["links"]["by_entity"].items():
        click.echo(_line(entity, one))
        if "keyless" in one:
            click.echo(_line("  keyless", {"records": "", "unlinked": "", **one["keyless"]}))
    wrong = found["links"]["wrong_merges"]
    click.echo(f"wrong merges: {wrong['count']}" + "".join(f"\n  {people}" for people in wrong["listed"]))
    click.echo(
        f"\n{'golden values':<34}{'cells':>11}{'right':>9}{'disputed':>10}{'right':>9}{'latest':>9}{'majority':>9}"
    )
    for entity, elements in found["golden"]["by_entity"].items():
        for element, one in elements.items():
            click.echo(_cells(f"{entity}.{element}", one))
    click.echo(_cells("all", found["golden"]))


def _line(name: str, one: dict[str, Any]) -> str:
    numbers = "".join(f"{one[key]:>{width}}" for key, width in (("records", 12), ("unlinked", 10)))
    return f"{name:<14}{numbers}{one['precision']:>11.5f}{one['recall']:>9.5f}{one['f1']:>9.5f}"


def _cells(name: str, one: dict[str, Any]) -> str:
    def share(part: str, whole: str) -> str:
        return f"{one[part] / one[whole]:.4f}" if one[whole] else "-"

    shares = (share(f"{rule}_right", "disputed") for rule in ("disputed", "latest", "majority"))
    text = f"{name:<34}{one['cells']:>11,}{share('right', 'cells'):>9}{one['disputed']:>10,}"
    return text + "".join(f"{value:>9}" for value in shares)


@demo.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--port", type=int, default=0, help="Port on 127.0.0.1; any free one if not given.")
def serve(folder: Path, port: int) -> None:
    """Serve the reports that two departments deliver by HTTP, on loopback, until interrupted."""
    import threading

    from yibiao.demo.server import serve as serving

    with serving(folder, port) as address:
        click.echo(f"export YIBIAO_API_DEMO={address}")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
