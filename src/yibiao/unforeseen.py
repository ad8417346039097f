"""Errors that nobody foresaw, told without their text: what a library says may quote a value of a row."""

from __future__ import annotations

import errno
import traceback
from pathlib import Path

from yibiao.errors import HomeError, YibiaoError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SAY_FULL = ("no space left", "disk is full", "disk i/o error", "file too large", "quota exceeded")
"""How libraries say that the disk is full; only searched for, never shown."""

_PACKAGE = Path(__file__).parent


def tell(error: BaseException) -> YibiaoError:
    """An error as it may be shown: a foreseen one as it is, of any other its kind and its place in the program."""
    if isinstance(error, YibiaoError):
        return error
    if _is_full_disk(error):
        return HomeError(
            "The disk is full, or refuses to be written to.",
            where=_place(error),
            got=type(error).__name__,
            todo="Free space, then run again; nothing half-written is left. See docs/runbook.md, The disk is full.",
        )
    return YibiaoError(
        "The program failed in an unexpected way.",
        where=_place(error),
        got=type(error).__name__,
        todo="Run again. If it stays so, it is a defect of the program: report the kind and the place.",
    )


def _is_full_disk(error: BaseException) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        if says_full(str(error)):
            return True
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return False


def says_full(text: str) -> bool:
    """Whether a library's text says that the disk is full."""
    text = text.lower()
    return any(words in text for words in _SAY_FULL)


def _place(error: BaseException) -> str:
    """Our own lines on the way to the error, the last one first."""
    frames = [
        f"{Path(frame.filename).relative_to(_PACKAGE)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_PACKAGE)
    ]
    return ", called from ".join(reversed(frames[-3:])) or "outside the program's own code"
