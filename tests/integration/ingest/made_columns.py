"""Columns of a contract made in Python, for tests that need no file."""

from __future__ import annotations

from typing import Any

from yibiao.contracts import Column
from yibiao.contracts.values import Frozen


def column(name: str, header: str, type_: str = "text", **more: Any) -> Column:
    """A column of a contract with everything else left at its default."""
    given: dict[str, Any] = {
        "title": header,
        "element": None,
        "role": None,
        "aliases": (),
        "required": False,
        "key": False,
        "code_list": None,
        "date_formats": (),
        "codes": Frozen(),
        "codes_as": "code",
        "pairs": (),
        "unit": None,
        "factor": "1",
        "on_invalid": "quarantine",
    }
    return Column(name=name, header=header, type=type_, **{**given, **more})
