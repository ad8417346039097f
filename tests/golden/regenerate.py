"""Rewrites the golden tables from a fresh run of the present program and shows what changed.

    python tests/golden/regenerate.py

Look at the difference before you commit it: every changed line is a changed answer of the program.
"""

from __future__ import annotations

import difflib
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]
from golden_tables import EXPECTED, expected_tables, golden_tables  # noqa: E402 - the path is set above

from installations import make_district, new_installation  # noqa: E402


def difference(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Unified difference of all files, line by line."""
    lines = []
    for name in sorted({*before, *after}):
        old, new = (tables.get(name, "").splitlines(keepends=True) for tables in (before, after))
        lines += difflib.unified_diff(old, new, f"before/{name}", f"now/{name}", n=1)
    return lines


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        make_district(Path(folder) / "data")
        installation = new_installation(Path(folder) / "home", Path(folder) / "data")
        installation.run("run")
        tables = golden_tables(installation.release)
    changed = difference(expected_tables(), tables)
    EXPECTED.mkdir(exist_ok=True)
    for path in EXPECTED.glob("*.csv"):
        path.unlink()
    for name, text in tables.items():
        (EXPECTED / name).write_text(text, encoding="utf-8")
    sys.stdout.writelines(changed)
    added, removed = (sum(line.startswith(sign) and line[1:3] != sign * 2 for line in changed) for sign in "+-")
    print(f"{len(tables)} tables written: {added} lines added, {removed} removed")


if __name__ == "__main__":
    main()
