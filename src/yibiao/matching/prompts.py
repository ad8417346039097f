"""What an XLSX offers and says beside its cells: drop-downs, prompts of data validation, comments. Read as XML."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d+)(?::\$?([A-Z]{1,3})\$?(\d+))?")
_REFERENCE = re.compile(r"(?:'((?:[^']|'')+)'|([^'!]+))!(.+)")
MOST_OPTIONS = 300
LARGEST_PART = 32 << 20
"""Bytes of a part that is looked at; a larger one is no form's."""


@dataclass
class Prompts:
    """Of one sheet: choices and prompts with the cells they are for, comments by cell, cells with a formula."""

    lists: list[tuple[tuple[int, int, int, int], tuple[str, ...], str]] = field(default_factory=list)
    comments: dict[tuple[int, int], str] = field(default_factory=dict)
    formulas: set[tuple[int, int]] = field(default_factory=set)

    def options(self, column: int, row: int) -> tuple[str, ...]:
        """What the first drop-down at or under a header offers."""
        return next((options for span, options, _ in self._at(column, row) if options), ())

    def hint(self, column: int, row: int) -> str:
        """Prompt and comment of a header or of the cells under it."""
        said = [hint for _, _, hint in self._at(column, row) if hint]
        said += [text for (line, place), text in self.comments.items() if place == column and row <= line <= row + 3]
        return " ".join(dict.fromkeys(said))

    def _at(self, column: int, row: int) -> list[tuple[tuple[int, int, int, int], tuple[str, ...], str]]:
        return [one for one in self.lists if one[0][1] <= column <= one[0][3] and one[0][2] >= row]


def prompts_of(path: Path, sheets: Collection[str]) -> dict[str, Prompts]:
    """Prompts by sheet name. What cannot be read says nothing: a form is understood without it as well."""
    from xml.parsers import expat

    from yibiao.ingest.readers.spreadsheet_xlsx import sheet_parts

    try:
        with zipfile.ZipFile(path) as archive:
            parts = sheet_parts(archive)
            found = {name: _sheet(archive, parts[name]) for name in sheets if name in parts}
            _resolve(archive, parts, found)
    except (zipfile.BadZipFile, expat.ExpatError, ValueError, KeyError, OSError):
        return {}
    return found


def _sheet(archive: zipfile.ZipFile, part: str) -> Prompts:
    prompts = Prompts()
    rules: list[dict[str, Any]] = []
    open_rule: dict[str, Any] = {}
    cell: list[str] = []
    text: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "dataValidation":
            open_rule.clear()
            open_rule.update(attributes)
        elif name == "c":
            cell[:] = [attributes.get("r", "")]
        text.clear()

    def end(name: str) -> None:
        if name == "c":
            cell.clear()
        elif name == "f" and cell:
            prompts.formulas |= {(top, left) for top, left, _, _ in _spans(cell[0])}
        elif name in ("formula1", "sqref", "f") and text:
            open_rule["sqref" if name == "sqref" else "formula1"] = "".join(text)
        elif name == "dataValidation":
            rules.append(dict(open_rule))

    _parse(archive, part, start, end, text.append)
    for rule in rules:
        hint = " ".join(filter(None, (rule.get("promptTitle"), rule.get("prompt"))))
        options = _literal(rule.get("formula1", "")) if rule.get("type") == "list" else ()
        source = rule.get("formula1", "") if rule.get("type") == "list" and not options else ""
        for span in _spans(rule.get("sqref", "")):
            prompts.lists.append((span, options or ((source,) if source else ()), hint))
    prompts.comments = _comments(archive, part)
    return prompts


def _literal(formula: str) -> tuple[str, ...]:
    formula = formula.strip()
    if not (formula.startswith('"') and formula.endswith('"')):
        return ()
    return tuple(part.strip() for part in re.split("[,，]", formula[1:-1]) if part.strip())[:MOST_OPTIONS]


def _spans(text: str) -> list[tuple[int, int, int, int]]:
    spans = []
    for found in _RANGE.finditer(text):
        first, top, last, bottom = found.groups()
        spans.append((int(top) - 1, _column(first), int(bottom or top) - 1, _column(last or first)))
    return spans


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _resolve(archive: zipfile.ZipFile, parts: dict[str, str], found: dict[str, Prompts]) -> None:
    """Drop-downs whose values stand in cells, often of a hidden sheet."""
    for name, prompts in found.items():
        for place, (span, options, hint) in enumerate(prompts.lists):
            if len(options) != 1 or not re.search(r"\d", options[0]):
                continue
            reference = _REFERENCE.fullmatch(options[0].lstrip("="))
            sheet = (reference[1] or reference[2]).replace("''", "'") if reference else name
            spans = _spans(reference[3] if reference else options[0])
            values = _cells(archive, parts[sheet], spans[0]) if spans and sheet in parts else ()
            prompts.lists[place] = (span, values[:MOST_OPTIONS], hint)


def _cells(archive: zipfile.ZipFile, part: str, span: tuple[int, int, int, int]) -> tuple[str, ...]:
    shared = _shared(archive)
    values: list[str] = []
    at: dict[str, str] = {}
    text: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            at.clear()
            at.update(attributes)
        text.clear()

    def end(name: str) -> None:
        if name not in ("v", "t") or not at:
            return
        for top, left, _, _ in _spans(at.get("r", "")):
            if span[0] <= top <= span[2] and span[1] <= left <= span[3]:
                value = "".join(text)
                if at.get("t") == "s" and value.isdigit() and int(value) < len(shared):
                    value = shared[int(value)]
                values.append(value.strip())

    _parse(archive, part, start, end, text.append)
    return tuple(value for value in values if value)


def _shared(archive: zipfile.ZipFile) -> list[str]:
    part = next((name for name in archive.namelist() if name.lower().endswith("sharedstrings.xml")), None)
    found: list[str] = []
    text: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "si":
            found.append("")
        text.clear()

    def end(name: str) -> None:
        if name == "t" and found:
            found[-1] += "".join(text)

    if part:
        _parse(archive, part, start, end, text.append)
    return found


def _comments(archive: zipfile.ZipFile, part: str) -> dict[tuple[int, int], str]:
    folder, name = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    targets: list[str] = []
    if relations not in archive.namelist():
        return {}

    def relation(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("Type", "").endswith("/comments"):
            target = attributes.get("Target", "")
            targets.append(
                target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            )

    _parse(archive, relations, relation)
    found: dict[tuple[int, int], str] = {}
    at: list[tuple[int, int]] = []
    text: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "comment":
            at[:] = [(top, left) for top, left, _, _ in _spans(attributes.get("ref", ""))][:1]
        text.clear()

    def end(name: str) -> None:
        if name == "t" and at:
            found[at[0]] = found.get(at[0], "") + "".join(text)

    for target in targets:
        if target in archive.namelist():
            _parse(archive, target, start, end, text.append)
    return found


def _parse(archive: zipfile.ZipFile, part: str, start: Any = None, end: Any = None, text: Any = None) -> None:
    from yibiao.ingest.readers.spreadsheet_xlsx import make_parser

    if archive.getinfo(part).file_size > LARGEST_PART:
        return
    parser = make_parser(start, end, text)
    with archive.open(part) as stream:
        while block := stream.read(1 << 17):
            parser.Parse(block, False)
    parser.Parse(b"", True)
