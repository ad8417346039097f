"""The field matcher beside the package `valentine`: schema and instance matchers, in an environment of their own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.labelled import LabelledForm
from yibiao.contracts.values import Schemas

HERE = Path(__file__).parent

MATCHERS = (
    "Coma (schema)",
    "SimilarityFlooding (schema)",
    "Coma (instances)",
    "JaccardDistance (instances)",
    "DistributionBased (instances)",
)
"""As `by_valentine.py` names them."""

PATIENCE = 45
"""Seconds after which a matcher that has not come through its first form is stopped."""


def compare(schemas: Schemas, forms: Sequence[LabelledForm], python: Path) -> dict[str, Any]:
    """Top-1 accuracy of each matcher of valentine over the fields that have an element, the element alone counting.

    Every name and alias of the registry is a column of the one table, every header of a form one of the other. Instance
    matchers get what an empty form has of values: drop-downs on the one side, code lists on the other.

    Args:
        python: of the environment in which valentine is installed.

    Returns:
        Per matcher `top1_element`, `seconds`, and `best`: the best precision with a recall of at least a half, its
        threshold chosen on these very forms, which flatters it.
    """
    columns = [
        (
            element.id,
            name,
            [code.name for code in schemas.codes[element.code_list].codes][:60] if element.code_list else [],
        )
        for element in schemas.elements.values()
        for name in dict.fromkeys((element.name, *element.aliases))
    ]
    asked = [
        {
            "form": form.id,
            "fields": [
                {"path": "/".join(one.field.path), "options": list(one.field.options), "element": one.fact.element}
                for one in form.fields
                if not one.skipped
            ],
        }
        for form in forms
    ]
    with tempfile.TemporaryDirectory() as folder:
        task = Path(folder) / "task.json"
        task.write_text(json.dumps({"columns": columns, "forms": asked}, ensure_ascii=False))
        return {name: _run(python, task, name) for name in MATCHERS}


def _run(python: Path, task: Path, name: str) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [python, HERE / "by_valentine.py", task, name],
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return {"forms": 0, "stopped_after": PATIENCE}
    return json.loads(done.stdout.splitlines()[-1])
