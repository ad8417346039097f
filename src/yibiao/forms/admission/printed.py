"""Which form a file is, and whether it may be declined: by the number printed on it, its bytes, or its title."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yibiao.forms.admission.number import find_number
from yibiao.forms.admission.states import DECLINE, Standing

LARGEST = 4 << 20
"""Bytes of a part of a workbook or document that is looked at; the number stands on a sheet, not in a picture."""

_TAG = re.compile(r"<[^>]*>")
_PARTS = re.compile(r"(xl/(sharedStrings|worksheets/[^/]+)|word/(document|header|footer)\d*|content)\.xml")


@dataclass(frozen=True)
class Printed:
    """What a file says of its admission, and what is so.

    Attributes:
        number: the control number printed on it, or None.
        standing: of the form that it is; None if it is none that was ever submitted.
        problem: in Chinese, why the number does not hold; None if it does.
    """

    number: str | None
    standing: Standing | None
    problem: str | None

    @property
    def may_decline(self) -> bool:
        return self.problem is not None

    @property
    def notice(self) -> str:
        """One line for people, in Chinese."""
        if self.problem is None and self.standing is not None:
            return self.standing.notice
        return f"{self.problem}。{DECLINE}"


def recognise(path: Path, title: str, known: Mapping[str, Standing]) -> Printed:
    """What is so of a form file.

    Args:
        title: the words above its first table.
        known: every form that was ever submitted, as it is today.
    """
    found = find_number(_text(path))
    if found is not None:
        number, right = found
        if not right:
            return Printed(number, None, f"印着的准入编号 {number} 校验位不对，不是真编号")
        one = next((each for each in known.values() if each.former_number == number), None)
        if one is None:
            return Printed(number, None, f"印着的准入编号 {number} 没有登记")
        if one.control_number != number:
            return Printed(number, one, f"印着的准入编号 {number} 已失效（{one.notice.partition('。')[0]}）")
        if not _is(one, path, title):
            # The number of one form printed on another one.
            name = one.registration.title if one.registration else one.form
            return Printed(number, one, f"印着的准入编号 {number} 属于另一张表《{name}》")
        return Printed(number, one, None)
    one = next((each for each in known.values() if _is(each, path, title)), None)
    if one is None:
        return Printed(None, None, "这张表没有登记，也没有印准入编号")
    return Printed(None, one, None if one.control_number else one.notice.partition("。")[0])


def _is(standing: Standing, path: Path, title: str) -> bool:
    registration = standing.registration
    if registration is None:
        return False
    same = registration.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    return same or registration.title in title or registration.title in path.stem


def _text(path: Path) -> str:
    """The text of a file as far as it is cheap to have; nothing of it is shown."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()[:LARGEST].decode("utf-8", "ignore")
    found = []
    with zipfile.ZipFile(path) as archive:
        for part in archive.infolist():
            if _PARTS.fullmatch(part.filename) and part.file_size <= LARGEST:
                found.append(_TAG.sub("", archive.read(part).decode("utf-8", "ignore")))
    return " ".join(found)
