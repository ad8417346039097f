"""From what departments deliver to checked load packages: landing, readers, checks.

Names are imported when they are first used, so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yibiao.ingest.deliveries import Delivery
    from yibiao.ingest.packages import LoadPackage, live_packages, manifests
    from yibiao.ingest.run import IngestOutcome, ingest_report

_HOMES = {
    "Delivery": "deliveries",
    "IngestOutcome": "run",
    "LoadPackage": "packages",
    "ingest_report": "run",
    "live_packages": "packages",
    "manifests": "packages",
}

__all__ = ["Delivery", "IngestOutcome", "LoadPackage", "ingest_report", "live_packages", "manifests"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"yibiao.ingest.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
