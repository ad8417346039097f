"""The `yibiao` command: one thin module per sub-command, imported only when it is called."""

from __future__ import annotations


def main() -> None:
    from yibiao.cli.root import root

    root()
