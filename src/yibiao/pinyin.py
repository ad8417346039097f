"""How Chinese characters are read: the tables of the library pypinyin, without tones.

Whatever compares sounds in this project asks here. Only words of several characters go to pypinyin itself, which
knows phrases (`重庆`); its import reads them all and takes a third of a second, this table a fifth of that.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache


@lru_cache(maxsize=1 << 16)
def readings(character: str) -> tuple[str, ...]:
    """All syllables that a character is read as, the usual one first; the character itself if it has none.

    >>> readings("重"), readings("女")
    (('zhong', 'chong', 'tong'), ('nv', 'ru'))
    """
    written = _table().get(ord(character), "")
    return tuple(dict.fromkeys(_without_tone(one) for one in written.split(",") if one)) or (character,)


def sound(character: str) -> str:
    """The syllable that a character is usually read as; the character itself if it has none."""
    return readings(character)[0]


def _without_tone(syllable: str) -> str:
    """As pypinyin writes it: `lǜ` becomes `lv`, `ê` becomes `ê`."""
    kept: list[str] = []
    for sign in unicodedata.normalize("NFD", syllable):
        if sign == "\u0308" and kept and kept[-1] == "u":
            kept[-1] = "v"
        elif not unicodedata.combining(sign) or sign == "\u0302":
            kept.append(sign)
    return unicodedata.normalize("NFC", "".join(kept))


@lru_cache(maxsize=1)
def _table() -> Mapping[int, str]:
    """Code point -> readings with tones, commas between them.

    The module is loaded from its file: an import by its name would run the package, which reads its phrases.
    """
    import importlib.util
    from pathlib import Path

    package = importlib.util.find_spec("pypinyin")
    assert package is not None
    assert package.origin is not None
    spec = importlib.util.spec_from_file_location("_pypinyin_table", Path(package.origin).with_name("pinyin_dict.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    table: Mapping[int, str] = module.pinyin_dict
    return table
