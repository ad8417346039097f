"""Progress on a screen: a bar per stage on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

LABELS = {
    "prepare": "准备 prepare",
    "ingest": "读取与检查 ingest",
    "unify": "整合 unify",
    "gate": "质量门 gate",
    "release": "发布 release",
    "generate": "生成 generate",
    "records": "读取记录 records",
    "train": "学习参数 train",
}
"""Stage name -> what the screen says; a name that is not here is shown as it is."""


def table_console(*, width: int = 160) -> Console:
    """A console for tables of values, as wide as the terminal, else `width` characters.

    What stands in a cell is shown as it is: brackets are no markup and `:-1:` no picture.
    """
    import sys

    from rich.console import Console

    return Console(
        file=sys.stdout, width=None if sys.stdout.isatty() else width, highlight=False, markup=False, emoji=False
    )


class Terminal:
    """Implements `yibiao.progress.Progress` and measures each stage.

    Args:
        stream: where to write; bars are drawn only if it is a terminal.

    Attributes:
        seconds: stage name -> seconds of wall time, in the order of their beginning.
    """

    def __init__(self, stream: TextIO) -> None:
        self.seconds: dict[str, float] = {}
        self._stream = stream
        self._console: Console | None = None
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._name = ""
        self._began = 0.0
        self._done = 0
        self._total: int | None = None
        self._unit = ""
        if stream.isatty():
            from rich.console import Console

            self._console = Console(file=stream)

    def stage(self, name: str, total: int | None = None, unit: str = "") -> None:
        if self._name:
            self.end()
        self._name, self._total, self._unit, self._done = name, total, unit, 0
        self._began = time.monotonic()
        label = LABELS.get(name, name)
        if self._console is None:
            self._line(f"{label} ..." if total is None else f"{label} ({total:,} {unit})".replace(" )", ")"))
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30)]
        if total is not None:
            columns += [MofNCompleteColumn(), TextColumn(unit)]
        columns += [TimeElapsedColumn(), TextColumn("[dim]{task.fields[note]}")]
        self._bar = Progress(*columns, console=self._console)
        self._bar.start()
        self._task = self._bar.add_task(label, total=total, note="")

    def advance(self, amount: int = 1, note: str = "") -> None:
        self._done += amount
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=amount, note=note)
        elif note and self._console is None:
            count = f"{self._done:,}/{self._total:,} " if self._total is not None else ""
            self._line(f"  {count}{note}")

    def end(self) -> None:
        if not self._name:
            return
        seconds = time.monotonic() - self._began
        self.seconds[self._name] = round(self.seconds.get(self._name, 0.0) + seconds, 3)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._total if self._total is not None else 1, note="")
            if self._total is None:
                self._bar.update(self._task, total=1)
            self._bar.stop()
            self._bar = self._task = None
        else:
            self._line(f"  {LABELS.get(self._name, self._name)}: {seconds:.1f} s")
        self._name = ""

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()
