"""pyarrow without pandas, for commands that answer at once."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any


class _NoPandas(MetaPathFinder):
    """Says that there is no pandas."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name == "pandas":
            raise ImportError(name)


def spare_pandas() -> None:
    """Let pyarrow find no pandas in this process.

    At the first list that it makes an array of, pyarrow 26 imports pandas, if it is installed, to ask whether the list
    is one of its series: a third of a second, which nobody who checks a form needs. Others may import it afterwards.
    """
    if "pandas" in sys.modules:
        return
    absent = _NoPandas()
    sys.meta_path.insert(0, absent)
    try:
        import pyarrow as pa

        pa.array(["-"])
    finally:
        sys.meta_path.remove(absent)
