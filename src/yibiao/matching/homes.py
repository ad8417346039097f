"""Which entity each data element is defined for: the file of the registry that it stands in."""

from __future__ import annotations

import re
from pathlib import Path

_ID = re.compile(r"^\s*-\s+id:\s*['\"]?([a-z][a-z0-9_]*)", re.MULTILINE)


def element_homes(schemas: Path) -> dict[str, str]:
    """Element id -> entity, for the files of `elements/` that are named after one; `common` is nobody's."""
    homes = {}
    for file in sorted((schemas / "elements").glob("*.yml")):
        if file.stem != "common":
            homes.update(dict.fromkeys(_ID.findall(file.read_text(encoding="utf-8")), file.stem))
    return homes
