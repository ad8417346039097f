"""The `yibiao` command: one thin module per sub-command, imported only when it is called."""

from __future__ import annotations

import gc


def main() -> None:
    # What a command imports and reads it keeps: to look for what may go as often as usual costs a twentieth of it.
    gc.set_threshold(50_000, 20, 100)
    from yibiao.cli.root import root

    root()
