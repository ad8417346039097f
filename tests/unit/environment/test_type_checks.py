"""The type checker leaves out only libraries that nothing here imports."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def imported(path: Path) -> set[str]:
    """Names of the packages that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


def test_no_library_that_is_used_here_is_left_out() -> None:
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    left_out = {name.removesuffix(".*") for one in overrides if "follow_imports" in one for name in one["module"]}
    used = set[str]().union(*map(imported, (ROOT / "src").rglob("*.py")))
    assert {"duckdb", "airflow", "pathlib"} <= used
    assert left_out & used == set()
    assert len(left_out) > 5
