"""Reasons in words for what a header is taken to mean."""

from __future__ import annotations

from yibiao.matching.alike import Likeness
from yibiao.matching.lexicon import Name


def of_name(name: Name, way: str, like: Likeness) -> str:
    """Why a name is thought to be meant.

    Args:
        way: how it was found: `exact`, `learned`, `alike`, `subject`, `part`, `path`, `tail`, `age` or `like`.
    """
    if way == "age":
        return name.said
    if way in ("exact", "learned"):
        return name.said if name.source != "code" else f"{name.said}，按有无推断"
    if way == "alike":
        return f"与“{name.words}”只差习惯用词（{name.said}）"
    if way == "subject":
        return f"换成通常的说法就是“{name.words}”（{name.said}）"
    if way == "tail":
        return f"末尾的词就是“{name.words}”（{name.said}）"
    if way in ("part", "path") and like.told > 0.999 and like.covered > 0.999:
        where = "连同上级表头" if way == "path" else "其中一部分"
        return f"{where}就是“{name.words}”"
    if like.sound:
        return f"与“{name.words}”同音，像是写错了字"
    if like.typing:
        return f"与“{name.words}”只差一个字"
    return f"用字与“{name.words}”相近（{like.told:.0%}）"
