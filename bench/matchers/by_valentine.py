"""Matchers of valentine with their defaults, on the task that `bench.matchers.compare` writes.

    python bench/matchers/by_valentine.py TASK MATCHER

Prints `{forms, top1_element, best, seconds}`. Runs in an environment of its own; nothing is downloaded. Cupid is
left out: it asks for WordNet, which is English and would have to be downloaded.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import nltk
import pandas as pd
from valentine import valentine_match
from valentine.algorithms import Coma, DistributionBased, JaccardDistanceMatcher, SimilarityFlooding

nltk.download = lambda *_, **__: False  # an instance of Coma would fetch English word lists

MATCHERS = {
    "Coma (schema)": lambda: Coma(use_instances=False),
    "SimilarityFlooding (schema)": lambda: SimilarityFlooding(),
    "Coma (instances)": lambda: Coma(use_instances=True),
    "JaccardDistance (instances)": lambda: JaccardDistanceMatcher(),
    "DistributionBased (instances)": lambda: DistributionBased(),
}
SECONDS = 20
"""A matcher that needs more is stopped after the form that it is at, and judged on the forms until then."""


def main() -> None:
    task = json.loads(Path(sys.argv[1]).read_text())
    print(json.dumps(judge(MATCHERS[sys.argv[2]], task), ensure_ascii=False))


def judge(make: Any, task: dict[str, Any]) -> dict[str, Any]:
    began = time.perf_counter()
    elements = {f"{place}:{name}": element for place, (element, name, _) in enumerate(task["columns"])}
    # Names must be unique inside a table; the number in front is cut off again by what reads it.
    right_names = unique([name for _, name, _ in task["columns"]])
    target = frame(right_names, [values for _, _, values in task["columns"]])
    owner = dict(zip(right_names, elements.values(), strict=True))
    pairs: list[tuple[float, bool, bool]] = []
    forms = 0
    for form in task["forms"]:
        if time.perf_counter() - began > SECONDS:
            break
        forms += 1
        left = unique([field["path"] for field in form["fields"]])
        source = frame(left, [field["options"] for field in form["fields"]])
        found: dict[str, tuple[float, str]] = {}
        try:
            matches = valentine_match([source, target], make())
        except Exception as error:  # an instance matcher may not take a table without values
            return {"error": type(error).__name__}
        for pair, score in matches.items():
            if score > found.get(pair.source_column, (0.0, ""))[0]:
                found[pair.source_column] = (float(score), pair.target_column)
        for name, field in zip(left, form["fields"], strict=True):
            score, best = found.get(name, (0.0, ""))
            pairs.append((score, owner.get(best) == field["element"] is not None, field["element"] is not None))
    known = sum(has for _, _, has in pairs)
    return {
        "forms": forms,
        "top1_element": round(sum(right for _, right, _ in pairs) / max(known, 1), 4),
        "best": best_point(pairs, known),
        "seconds": round(time.perf_counter() - began, 1),
    }


def best_point(pairs: list[tuple[float, bool, bool]], known: int) -> dict[str, float]:
    best = {"precision": 0.0, "recall": 0.0}
    right = 0
    for place, (_, hit, _) in enumerate(sorted(pairs, key=lambda one: -one[0]), start=1):
        right += hit
        precision, recall = right / place, right / max(known, 1)
        if recall >= 0.5 and precision > best["precision"]:
            best = {"precision": round(precision, 4), "recall": round(recall, 4)}
    return best


def unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else name + " " * (seen[name] - 1))
    return found


def frame(names: list[str], values: list[list[str]]) -> pd.DataFrame:
    longest = max([1, *map(len, values)])
    return pd.DataFrame(
        {name: [*some, *[None] * (longest - len(some))] for name, some in zip(names, values, strict=True)},
        dtype="object",
    )


if __name__ == "__main__":
    main()
