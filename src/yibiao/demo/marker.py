"""The file that marks a demo folder and says what it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from yibiao.errors import YibiaoError

MARKER = "demo.json"
FORMAT = 1


class DemoError(YibiaoError):
    """The demo district cannot be made, read or served."""


def read_marker(data: Path) -> dict[str, Any]:
    """What a demo folder was made from: residents, seed, editions, contracts, api, rows, rates.

    Raises:
        DemoError: it is no demo folder, or another program version's.
    """
    try:
        found = orjson.loads((data / MARKER).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise DemoError(
            "This is not a demo folder of this program.",
            where=str(data),
            expected=f"a folder with {MARKER} of format {FORMAT}",
            todo="Make one with `yibiao demo --out`.",
        )
    return found
