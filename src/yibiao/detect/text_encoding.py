"""Which encoding the bytes of a text file are in: marks, strict UTF-8, plausible Chinese, statistics last.

Statistical detectors take short Chinese texts for Japanese or Korean, so what they say counts only when the bytes are
no plausible Chinese at all.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PART = 1 << 18
"""Bytes of one sample; a file is judged by its head, its tail and places between them."""
LOOK = 20_000
"""Characters by which it is judged whether a text is plausible."""

SHORT = 400
"""Bytes beyond ASCII up to which statistics are not asked."""

_MARKS = (
    (codecs.BOM_UTF8, "UTF-8-BOM", "utf-8"),
    (codecs.BOM_UTF16_LE, "UTF-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "UTF-16", "utf-16-be"),
)

_COMMON = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
    "十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相"
    "全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料"
    "象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取"
    "姓名性别男女身份证号码民族汉出生住址户籍省市县镇乡街村组号楼单元室电话手机备注编序类型状态金额单位合计社区居委会局医院保险参残疾低"
    "王李张刘陈杨赵黄周吴徐孙胡朱林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范石姚谭"
    "個時來們對會發動過說產種進著電裡現實體機當點從業應開還後關樣與證號碼鄉戶樓類態額單計區醫險參殘陳楊趙黃吳徐孫馬羅鄭謝韓馮蕭鄧許沈蘇盧蔣賈葉閻鍾譚"
)
"""Frequent characters of running text and of registers, simplified and traditional."""

_HANZI = re.compile("[\u3400-\u9fff]")
_PLAIN = re.compile("[\u3000-\u3003\u3008-\u3011\u3014\u3015\u2013-\u2026·×÷°℃№①-⑳\uff01-\uff5e￥]")


@dataclass(frozen=True)
class Encoding:
    """What was found.

    Attributes:
        name: as contracts write it (`UTF-8`, `UTF-8-BOM`, `UTF-16`, `GB18030`, `Big5`), or Python's name of a rare one.
        codec: Python's name, with the byte order where the file does not tell it.
        mark: bytes at the beginning that are no text.
        sure: nothing contradicts and no other encoding fits nearly as well.
        damaged: bytes in the samples that do not decode.
        why: evidence in words.
        rivals: names of other encodings that fit.
    """

    name: str
    codec: str
    mark: int
    sure: bool
    damaged: int
    why: str
    rivals: tuple[str, ...] = ()


def sample(path: Path, parts: int = 6) -> list[bytes]:
    """Head, places between, and tail of a file; all of it if it is small. At most `parts` times `PART` bytes."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        if size <= parts * PART:
            return [stream.read()]
        found = []
        for number in range(parts):
            # Even offsets keep the two bytes of UTF-16 together.
            stream.seek((size - PART) * number // (parts - 1) & ~1)
            found.append(stream.read(PART))
        return found


def find_encoding(samples: Sequence[bytes]) -> Encoding:
    """Judge samples; the first one begins where the file begins, the others anywhere."""
    head = samples[0]
    for mark, name, codec in _MARKS:
        if head.startswith(mark):
            cut = [head[len(mark) :], *samples[1:]]
            damaged = sum(_damage(part, codec, place > 0) for place, part in enumerate(cut))
            return Encoding(name, codec, len(mark), not damaged, damaged, "the file begins with a byte order mark")
    if wide := _utf16(head):
        return wide
    if all(part.isascii() for part in samples):
        return Encoding("UTF-8", "utf-8", 0, True, 0, "plain ASCII, which is the same in every other encoding")
    utf8 = sum(_damage(part, "utf-8", place > 0) for place, part in enumerate(samples))
    if not utf8:
        return Encoding("UTF-8", "utf-8", 0, True, 0, "every multi-byte character is valid UTF-8")
    wide_bytes = sum(len(part) - _ascii(part) for part in samples)
    # A damaged UTF-8 file still has thousands of valid sequences; text of another encoding hardly has one.
    if utf8 * 50 < wide_bytes:
        return Encoding("UTF-8", "utf-8", 0, False, utf8, f"valid UTF-8 but for {utf8} bytes")
    return _legacy(samples, wide_bytes)


def _legacy(samples: Sequence[bytes], wide_bytes: int) -> Encoding:
    found = []
    for name, codec in (("GB18030", "gb18030"), ("Big5", "big5hkscs")):
        damaged = sum(_damage(part, codec, place > 0) for place, part in enumerate(samples))
        text = "".join(_decoded(part, codec, place > 0) for place, part in enumerate(samples))
        found.append((plausible(text, codec) - 20 * damaged / max(1, wide_bytes), name, codec, damaged))
    found.sort(key=lambda one: -one[0])
    (score, name, codec, damaged), (other, rival, _, _) = found
    if score >= 0.5:
        why = f"{score:.0%} of the characters read as {name} are common Chinese, {max(other, 0):.0%} as {rival}"
        close = score - other < 0.2
        return Encoding(name, codec, 0, not damaged and not close, damaged, why, (rival,) if close else ())
    if wide := _wide_without_ascii(samples[0]):
        return wide
    if not damaged and (name == "GB18030" or score >= 0.35) and wide_bytes <= SHORT:
        # So few characters prove nothing, but statistics would call rare names Japanese.
        return Encoding(name, codec, 0, False, 0, f"too short to tell, and it reads as {name} without damage")
    return _statistics(samples, (name, codec, damaged))


def _wide_without_ascii(head: bytes) -> Encoding | None:
    for codec in ("utf-16-le", "utf-16-be"):
        text = _decoded(head, codec, False)
        if not _damage(head, codec, False) and not len(head) % 2 and plausible(text, "gb18030") >= 0.8:
            return Encoding("UTF-16", codec, 0, False, 0, "reads as common Chinese in UTF-16 only")
    return None


def _statistics(samples: Sequence[bytes], chinese: tuple[str, str, int]) -> Encoding:
    from charset_normalizer import from_bytes

    best = from_bytes(samples[0]).best()
    if best is not None:
        return Encoding(best.encoding, best.encoding, 0, False, 0, "only statistics speak for it: no plausible Chinese")
    name, codec, damaged = chinese
    return Encoding(name, codec, 0, False, damaged, "nothing fits; this one fits least badly")


def plausible(text: str, codec: str) -> float:
    """Share, 0 to 1, of the characters beyond ASCII that ordinary Chinese text would have.

    Half a point for a character of the standard's first level (the frequent ones), half for one of the most common.
    """
    wide = [character for character in text[:LOOK] if character > "\x7f"]
    if not wide:
        return 1.0
    points = 0.0
    hanzi = common = 0
    for character in wide:
        if _PLAIN.match(character):
            points += 1
        elif _HANZI.match(character):
            hanzi += 1
            points += _first_level(character, codec)
            common += character in _COMMON
    share = points / len(wide)
    return share if not hanzi else share * (0.6 + 0.4 * min(1.0, common / hanzi / 0.3))


def _first_level(character: str, codec: str) -> float:
    try:
        raw = character.encode("gb2312" if codec == "gb18030" else "big5")
    except UnicodeEncodeError:
        return 0.2
    return 1.0 if (0xB0 <= raw[0] <= 0xD7 if codec == "gb18030" else 0xA4 <= raw[0] <= 0xC6) else 0.5


def _utf16(head: bytes) -> Encoding | None:
    """UTF-16 without a mark shows by the zero bytes of its ASCII characters, all on one side."""
    part = head[: 1 << 16]
    even, odd = part[::2].count(0), part[1::2].count(0)
    few, many = sorted((even, odd))
    if not many or many * 50 < len(part) or few * 2 > many:
        return None
    codec = "utf-16-be" if even > odd else "utf-16-le"
    if _damage(part, codec, False):
        return None
    text = _decoded(part, codec, False)
    if "\0" in text.rstrip("\0") and text.count("\0") * 20 > len(text):
        return None
    order = "little" if codec.endswith("le") else "big"
    return Encoding("UTF-16", codec, 0, True, 0, f"zero bytes stand where ASCII has them in {order}-endian UTF-16")


def _ascii(part: bytes) -> int:
    return len(part.translate(None, bytes(range(128, 256))))


def _aligned(part: bytes, codec: str, inside: bool) -> bytes:
    """A sample from inside a file may begin in the middle of a character: begin at a line."""
    if not inside or codec.startswith("utf-16"):
        return part
    at = part.find(b"\n") + 1 or part.find(b"\r") + 1
    return part[at:]


def _damage(part: bytes, codec: str, inside: bool) -> int:
    """Places that do not decode; a character cut at the end of the sample is none."""
    part = _aligned(part, codec, inside)
    try:
        codecs.getincrementaldecoder(codec)("strict").decode(part)
    except UnicodeDecodeError:
        return _decoded(part, codec, False).count("\ufffd")
    return 0


def _decoded(part: bytes, codec: str, inside: bool) -> str:
    return codecs.getincrementaldecoder(codec)("replace").decode(_aligned(part, codec, inside))
