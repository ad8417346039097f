"""How right the release of a bench district is, beside the truth that was kept aside and the two usual simple rules."""

from __future__ import annotations

import time
from typing import Any

from yibiao.settings import Settings

LEAST = {
    "links.precision": 0.9995,
    "links.recall": 0.98,
    "links.keyless.precision": 0.998,
    "links.keyless.recall": 0.95,
    "golden.share": 0.99,
}
"""Path in what `yibiao demo score --json` prints -> the least that is accepted, at any size."""

AHEAD = 0.03
"""By so much must golden values on disputed cells be right more often than by `latest` and by `majority`."""


def measure(settings: Settings) -> dict[str, Any]:
    """Score the current release.

    Returns:
        What `yibiao demo score --json` prints; `figures`: path -> value, least; `elements_below`: entity.element ->
        share, of elements with at least 100 cells whose share of right golden values is below the limit; `seconds`.
    """
    from yibiao.contracts import load_schemas
    from yibiao.demo.score import score
    from yibiao.warehouse.releases import need_current

    began = time.perf_counter()
    found = score(need_current(settings), settings.data, load_schemas(settings.schemas), settings)
    golden = found["golden"]
    figures = {path: {"value": _at(found, path), "least": least} for path, least in LEAST.items()}
    for rival in ("latest", "majority"):
        ahead = round(golden["disputed_share"] - golden[f"{rival}_share"], 6)
        figures[f"golden.disputed ahead of {rival}"] = {"value": ahead, "least": AHEAD}
    below = {
        f"{entity}.{name}": one["share"]
        for entity, elements in golden["by_entity"].items()
        for name, one in elements.items()
        if one["cells"] >= 100 and one["share"] < LEAST["golden.share"]
    }
    figures["golden elements below 0.99"] = {"value": len(below), "most": 0}
    return {
        "figures": figures,
        "elements_below": below,
        "seconds": round(time.perf_counter() - began, 1),
        "score": found,
    }


def _at(found: dict[str, Any], path: str) -> float:
    for name in path.split("."):
        found = found[name]
    return float(found)  # type: ignore[arg-type]
