"""Options that many commands have, worded alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

home = click.option("--home", type=click.Path(), help="Working folder. [default: home/ in the project]")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
by = click.option("--by", default="", metavar="NAME", help="Who decides. [default: the user of this machine]")
day = click.DateTime(["%Y-%m-%d"])


def decides(command: Command) -> Command:
    """The last options of a command by which somebody decides: `--by`, `--home`, `--json`."""
    return by(home(as_json(command)))
