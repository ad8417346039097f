"""Picks the pieces of words that forms can have: characters of GB 2312, and short ones of letters, digits and marks.

build/sense/bin/python -m bench.sense.pieces build/sense/pieces.json
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from bench.sense.base import Base

LATIN = re.compile(r"[!-~]{1,2}")
HANZI = re.compile(r"[\u4e00-\u9fff]+")
MARKS = re.compile(r"[、。《》〈〉【】“”‘’—·○●□■△▲☆★√×]")


def is_wanted(piece: str) -> bool:
    """May a header have it? Traditional characters and other scripts are left out, and read as unknown."""
    if HANZI.fullmatch(piece):
        try:
            piece.encode("gb2312")
        except UnicodeEncodeError:
            return False
        return True
    return bool(LATIN.fullmatch(piece) or MARKS.fullmatch(piece))


def main() -> None:
    """Write the pieces with their numbers in the language model."""
    base = Base()
    special = [base.begin, base.blank, base.end, base.unknown]
    chosen = [*special, *(number for text, number in base.numbers.items() if is_wanted(text))]
    texts = ["", "", "", "", *(base.pieces[number] for number in chosen[4:])]
    marks = {"begin": 0, "blank": 1, "end": 2, "unknown": 3, "below": texts.index("/"), "apart": texts.index(";")}
    told = {
        "base": chosen,
        "pieces": texts,
        "chances": [round(float(base.chances[number]), 4) for number in chosen],
        "marks": marks,
        "longest": base.shape.places,
    }
    Path(sys.argv[1]).write_text(json.dumps(told, ensure_ascii=False))
    print(f"{len(chosen)} pieces")


if __name__ == "__main__":
    main()
