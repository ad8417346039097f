"""Tells what a delimited file looks to be when it is not what its contract says."""

from __future__ import annotations

from pathlib import Path

from yibiao.detect.text_split import Dialect
from yibiao.errors import DeliveryError

ROWS = 300
"""Rows that are looked at."""


def wrong_dialect(path: Path, declared: Dialect, titles: int, headers: int, error: DeliveryError) -> DeliveryError:
    """The error to raise for a header that does not fit: the given one, if the file is written as declared.

    Only how the file is written is told, nothing that stands in it.
    """
    from yibiao.detect.text import detect_text

    found = detect_text(path, limit=ROWS).choices
    said = {
        "delimiter": declared.delimiter,
        "quote": declared.quote,
        "titleRows": titles,
        "headerRows": headers,
    }
    other = {name: found[name].value for name in said if found[name].value != said[name]}
    if "quote" in other and "no quotes" in found["quote"].why:
        del other["quote"]
    if "delimiter" not in other and not found["headerRows"].sure:
        return error
    if not other or ("delimiter" in other and not found["delimiter"].value):
        return error
    names = [name for name in said if name in other]
    return DeliveryError(
        "The delivery is not written as the contract declares.",
        where=error.where,
        expected=", ".join(f"{name} {said[name]!r}" for name in names),
        got=", ".join(f"{name} {other[name]!r}" for name in names) + f"; {error.got}" * bool(error.got),
        todo=f"Ask the sender for the agreed form, or set {', '.join(f'`{name}`' for name in names)} in the contract.",
    )
