"""How long work reports where it is: plain calls, so that functions need neither a terminal nor Airflow."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives what a stage has done. One object per run; stages follow each other, never nest."""

    def stage(self, name: str, total: int | None = None, unit: str = "") -> None:
        """A stage begins; `total` in `unit`s if it is known."""

    def advance(self, amount: int = 1, note: str = "") -> None:
        """The current stage moved on by `amount`; `note` names what was just done (never a value)."""

    def end(self) -> None:
        """The current stage ended."""


class Silent:
    """Progress for tests and library use: says nothing."""

    def stage(self, name: str, total: int | None = None, unit: str = "") -> None: ...

    def advance(self, amount: int = 1, note: str = "") -> None: ...

    def end(self) -> None: ...
