"""`yibiao demo`: make, count and serve the synthetic district."""

from __future__ import annotations

from pathlib import Path

import click


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
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
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
