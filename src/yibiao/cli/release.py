"""`yibiao release`: list, switch back to, or remove releases."""

from __future__ import annotations

import sys

import click

from yibiao.cli.options import as_json as _json
from yibiao.cli.options import home as _home
from yibiao.cli.release_slice import slice_
from yibiao.settings import Settings


@click.group()
def release() -> None:
    """List, switch back to, or remove releases; give communities their slice of one."""


release.add_command(slice_)


@release.command("list")
@_home
@_json
def list_(home: str | None, as_json: bool) -> None:
    """Show all releases, the newest last; the current one is marked."""
    from yibiao.warehouse import releases

    settings = _open(home)
    present = releases.present_version(settings)
    published = {entry["version"]: entry["at"] for entry in releases.journal(settings) if entry["action"] == "publish"}
    found = sorted(releases.every(settings), key=lambda one: published.get(one.version, ""))
    rows = [
        {
            "version": one.version,
            "published_at": published.get(one.version, ""),
            "current": one.version == present,
            "content_hash": one.manifest["content_hash"],
            "residents": one.manifest["tables"].get("resident", {}).get("rows", 0),
            "megabytes": round(sum(file["bytes"] for file in one.manifest["files"].values()) / 1e6, 1),
        }
        for one in found
    ]
    if as_json:
        _print_json(rows)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("", "version", "published", "content", "residents", "MB")
    for row in rows:
        table.add_row(
            "→" if row["current"] else "",
            str(row["version"]),
            str(row["published_at"]),
            str(row["content_hash"])[:12],
            f"{row['residents']:,}",
            str(row["megabytes"]),
        )
    Console().print(table)


@release.command()
@click.argument("version", required=False)
@_home
@_json
def rollback(version: str | None, home: str | None, as_json: bool) -> None:
    """Make VERSION current again; without it, the release that was current before.

    The next run leaves it there until the inputs change; `yibiao run --force` publishes the newest again.
    """
    from yibiao.warehouse import releases

    chosen = releases.rollback(_open(home), version)
    if as_json:
        _print_json({"current": chosen.version})
    else:
        click.echo(f"current is now {chosen.version}")


@release.command()
@click.option("--keep", default=5, show_default=True, help="How many releases stay; the current one always does.")
@_home
@_json
def prune(keep: int, home: str | None, as_json: bool) -> None:
    """Remove the releases that were published longest ago."""
    from yibiao.warehouse import releases

    removed = releases.prune(_open(home), keep)
    if as_json:
        _print_json({"removed": removed})
    else:
        click.echo("\n".join(f"removed {version}" for version in removed) or "nothing to remove")


def _open(home: str | None) -> Settings:
    settings = Settings.load(home=home)
    settings.open_home()
    return settings


def _print_json(value: object) -> None:
    import orjson

    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))
