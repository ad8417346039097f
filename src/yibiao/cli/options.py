"""Options that many commands have, worded alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

AS_JSON = "yibiao.as_json"
"""Key in the meta of a call: whether a program reads what it says, errors too."""


def json_option(help: str = "Print JSON.") -> Callable[[Command], Command]:
    """`--json`: what is said is read by a program; so is the error, if there is one (`yibiao.cli.root`)."""
    return click.option("--json", "as_json", is_flag=True, help=help, callback=_remember)


def _remember(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
    ctx.meta[AS_JSON] = value
    return value


home = click.option("--home", type=click.Path(), help="Working folder. [default: home/ in the project]")
as_json = json_option()
by = click.option("--by", default="", metavar="NAME", help="Who decides. [default: the user of this machine]")
day = click.DateTime(["%Y-%m-%d"])


def decides(command: Command) -> Command:
    """The last options of a command by which somebody decides: `--by`, `--home`, `--json`."""
    return by(home(as_json(command)))
