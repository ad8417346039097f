"""The table of readings says what the library pypinyin says, of every character that it knows."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pypinyin import Style, pinyin
from pypinyin.pinyin_dict import pinyin_dict

from yibiao.pinyin import readings, sound


def test_readings_are_those_of_the_library() -> None:
    different = [
        character
        for character in map(chr, list(pinyin_dict)[::7])
        if readings(character) != tuple(pinyin(character, style=Style.NORMAL, heteronym=True, errors="default")[0])
    ]
    assert different == []


@pytest.mark.parametrize(
    ("character", "expected"),
    [("重", "zhong"), ("女", "nv"), ("略", "lve"), ("a", "a"), ("！", "！")],
)
def test_the_usual_reading_comes_first(character: str, expected: str) -> None:
    assert sound(character) == expected


def test_the_package_itself_is_not_imported() -> None:
    """It reads its phrases, which costs every check of a form a third of a second."""
    code = "import sys; from yibiao.pinyin import sound; sound('民'); print('pypinyin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
