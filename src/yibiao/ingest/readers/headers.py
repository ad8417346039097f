"""Headers of several rows, flattened: a merged upper cell and the cell below it become `户主/姓名`."""

from __future__ import annotations

from collections.abc import Sequence


def flatten(rows: Sequence[Sequence[str]], spans: Sequence[tuple[int, int, int, int]] | None = None) -> list[str]:
    """One header per column.

    Args:
        rows: the header rows, texts.
        spans: merged cells among them as (top, left, bottom, right), inclusive, 0 is the first header row. None if the
            format does not tell: then an empty upper cell takes the one to its left where a lower cell stands below it.

    Returns:
        Texts joined by `/` from top to bottom; a text that repeats the one above counts once.
    """
    width = max(map(len, rows), default=0)
    grid = [[*(text.strip() for text in row), *[""] * (width - len(row))] for row in rows]
    if spans:
        for top, left, bottom, right in spans:
            text = grid[top][left]
            for line in range(top, min(bottom, len(grid) - 1) + 1):
                for place in range(left, min(right, width - 1) + 1):
                    grid[line][place] = text
    elif len(grid) > 1:
        for line in range(len(grid) - 1):
            for place in range(1, width):
                if not grid[line][place] and any(grid[below][place] for below in range(line + 1, len(grid))):
                    grid[line][place] = grid[line][place - 1]
    headers = []
    for place in range(width):
        parts: list[str] = []
        for texts in grid:
            if texts[place] and (not parts or parts[-1] != texts[place]):
                parts.append(texts[place])
        headers.append("/".join(parts))
    return headers
