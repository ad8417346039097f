"""A pattern by which the notes below a table are known, for the contract's `footerPattern`."""

from __future__ import annotations

import re
from collections.abc import Sequence


def pattern(notes: Sequence[str]) -> str:
    """Regular expression that matches the beginning of every note: its first word, no number, nothing after it."""
    words = []
    for note in notes:
        match = re.match(r"[\s\"']*([^\s\d,，:：;；|\t]{1,8})", note)
        word = re.escape(match[1]) if match else ""
        if word and word not in words:
            words.append(word)
    return "(?:" + "|".join(sorted(words)) + ")" if len(words) > 1 else "".join(words)
