"""The synthetic district (示范区): its truth, its departments' deliveries, their damage, and the count of it.

generate(out, schemas, residents=50_000, seed=1, editions=3) -> bool
yibiao.demo.server.serve(data, port=0) -> context manager that gives the base URL
yibiao.demo.audit.audit(data, schemas) -> Audit
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yibiao.demo.district import generate
    from yibiao.demo.marker import DemoError, read_marker

__all__ = ["DemoError", "generate", "read_marker"]


def __getattr__(name: str) -> Any:
    # numpy and pyarrow are loaded when the district is made, not when the package is named.
    if name == "generate":
        return importlib.import_module("yibiao.demo.district").generate
    if name in __all__:
        return getattr(importlib.import_module("yibiao.demo.marker"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
