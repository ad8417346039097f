"""The command group: names the sub-commands and imports one only when it is asked for."""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any, NoReturn

import click

from yibiao import __version__
from yibiao.cli.options import AS_JSON
from yibiao.errors import YibiaoError

COMMANDS = {
    "run": "Run the main job: ingest every report, unify, gate, release.",
    "read": "Show what a file is and which table stands in it, without a contract.",
    "contract": "Draft, compare and check contracts, and generate what follows from them.",
    "demo": "Make and inspect the synthetic district.",
    "load": "List loads; accept or refuse an incomplete snapshot; withdraw a wrong delivery.",
    "quarantine": "Show quarantined rows, send them back, take mended ones in.",
    "release": "List, switch back to, or remove releases.",
    "query": "Ask the current release with SQL.",
    "why": "Explain the value of a golden record: source, rule, rivals.",
    "history": "Show from when to when each value of a golden record was valid, and since when known.",
    "conflict": "Show where departments disagree; write correction lists for them.",
    "identity": "Review uncertain matches, keep what humans decided, train the linkage models.",
    "quality": "Show what the gate found.",
    "id": "Check identity numbers, credit codes and telephone numbers, one a line.",
    "elements": "Find a data element and who holds it; check the registry; export the catalogue.",
    "ticket": "Answer corrections that came back on forms.",
    "form": "Show and admit the forms asked of the grassroots; check a new one before it is sent out.",
    "burden": "Account for what forms cost, before and after; simulate a change.",
}
"""Sub-command -> the line shown by `--help`; module `yibiao.cli.<name>` has a click command of the same name."""


class LazyGroup(click.Group):
    """Lists commands without importing them, so that `yibiao --help` stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"yibiao.cli.{cmd_name}")
        return getattr(module, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        try:
            return super().make_context(*arguments, **extra)
        except click.ClickException as error:
            _say_usage(error)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except YibiaoError as error:
            _fail(error, as_json=ctx.meta.get(AS_JSON, False))
        except (click.exceptions.Exit, click.Abort):
            raise
        except click.ClickException as error:
            _say_usage(error)
            raise
        except Exception as error:
            if os.environ.get("YIBIAO_TRACEBACK"):  # for developers: the texts of errors may quote values
                raise
            from yibiao.unforeseen import tell

            _fail(tell(error), as_json=ctx.meta.get(AS_JSON, False))


def _fail(error: YibiaoError, *, as_json: bool) -> NoReturn:
    """Say an error in Chinese where somebody has put it so, then as the log has it, and end.

    Whoever asked for JSON has it on standard output as well, an object where an answer would be.
    """
    from yibiao.said import said

    chinese = said(error)
    if as_json:
        told = {"type": type(error).__name__, **error.as_dict(), "said": chinese or ""}
        click.echo(json.dumps({"error": told}, ensure_ascii=False))
    if chinese:
        click.echo(chinese, err=True)
    click.echo(f"{type(error).__name__}: {error}", err=True)
    sys.exit(error.exit_code)


def _say_usage(error: click.ClickException) -> None:
    """Say in Chinese how the command was called wrongly; click says it in English after that, and ends."""
    from yibiao.said_usage import said_usage

    if chinese := said_usage(error):
        click.echo(chinese, err=True)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="yibiao")
def root() -> None:
    """Yibiao (一表): departmental reports in, one validated grassroots dataset out."""
