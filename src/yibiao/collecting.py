"""Python's search for what may go, left out where much comes and little goes."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collecting() -> Iterator[None]:
    """Look for no cycles meanwhile; what nobody refers to goes at once all the same.

    To look for them while a quarter of a million objects come takes longer than to make these, and finds nothing.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
