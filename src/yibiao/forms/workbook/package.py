"""A workbook as the ZIP archive that it is: its parts, what leads from one to another, and refusals of what is none."""

from __future__ import annotations

import posixpath
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from yibiao.errors import FormError
from yibiao.forms.workbook.markup import Document, Node, parse

SUFFIXES = (".xlsx", ".xlsm")
LARGEST = 64 << 20
"""Bytes of an empty form, unpacked."""

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPES_PART, BOOK_PART, BOOK_TYPE = "[Content_Types].xml", "xl/workbook.xml", f"{OFFICE}/officeDocument"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass
class Package:
    """The parts of a workbook in their order.

    Attributes:
        parts: name -> bytes.
        stored: names of parts that are not compressed.
        book: name of the workbook's part.
        documents: parts that were read as XML, by name; they are written back only where they were changed.
    """

    parts: dict[str, bytes]
    stored: frozenset[str]
    book: str = BOOK_PART
    documents: dict[str, Document] = field(default_factory=dict)

    def document(self, name: str) -> Document:
        """A part as XML; changes of it are kept."""
        if name not in self.documents:
            self.documents[name] = parse(self.parts[name])
        return self.documents[name]

    def content(self) -> dict[str, bytes]:
        """All parts as they are to be written."""
        return {**self.parts, **{name: one.xml() for name, one in self.documents.items()}}

    def copy(self) -> Package:
        documents = {name: one.copy() for name, one in self.documents.items()}
        return Package(dict(self.parts), self.stored, self.book, documents)

    def relations(self, name: str) -> list[tuple[str, str, str]]:
        """What a part leads to: id, type without its address, part."""
        listed = relations_part(name)
        if listed not in self.parts:
            return []
        found = []
        for one in self.document(listed).root.every("Relationship"):
            if one.get("TargetMode") != "External":
                kind = one.get("Type").rpartition("/")[2]
                found.append((one.get("Id"), kind, _target(name, one.get("Target"))))
        return found

    def target(self, name: str, kind: str) -> str | None:
        """The first part of a kind that a part leads to."""
        return next((part for _, one, part in self.relations(name) if one == kind and part in self.parts), None)

    def relate(self, name: str, kind: str, target: str) -> str:
        """Let a part lead to another; gives the id of the relation."""
        listed = relations_part(name)
        if listed not in self.parts:
            head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            self.parts[listed] = f'{head}<Relationships xmlns="{_RELATIONS}"></Relationships>'.encode()
        root = self.document(listed).root
        taken = {one.get("Id") for one in root.every("Relationship")}
        key = next(one for one in (f"rId{number}" for number in range(1, len(taken) + 2)) if one not in taken)
        tag = f"{root.prefix}Relationship"
        root.add(Node(f'<{tag} Id="{key}" Type="{OFFICE}/{kind}" Target="/{target}"/>'.encode()))
        return key

    def add(self, name: str, content: bytes, content_type: str) -> None:
        """Put a part in, and say what it is."""
        self.parts[name] = content
        root = self.document(TYPES_PART).root
        root.add(Node(f'<{root.prefix}Override PartName="/{name}" ContentType="{content_type}"/>'.encode()))

    def drop(self, name: str, source: str) -> None:
        """Take a part out, to which `source` leads."""
        self.parts.pop(name)
        self.documents.pop(name, None)
        types = self.document(TYPES_PART).root
        for one in types.children:
            if one.get("PartName").lstrip("/") == name:
                types.remove(one)
        listed = self.document(relations_part(source)).root
        for one in listed.children:
            if _target(source, one.get("Target")) == name:
                listed.remove(one)

    def free(self, pattern: str) -> str:
        """A name of which there is no part yet, the `*` of the pattern being a number."""
        names = {name.lower() for name in self.parts}
        numbers = range(1, len(names) + 2)
        return next(
            one for one in (pattern.replace("*", str(number)) for number in numbers) if one.lower() not in names
        )

    def sheets(self) -> dict[str, str]:
        """Sheet -> its part, in the order of the workbook."""
        targets = {key: part for key, _, part in self.relations(self.book)}
        listed = self.document(self.book).root.child("sheets")
        found = {}
        for one in listed.children if listed else ():
            relation = next((one.get(name) for name in _id_names(one)), "")
            if relation in targets:
                found[one.get("name")] = targets[relation]
        return found


def open_package(path: Path, name: str) -> Package:
    """Read a workbook.

    Args:
        name: of the file as its department called it.

    Raises:
        FormError: it is no XLSX, is protected by a password, too large, or damaged.
    """
    check_kind(path, name)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if sum(one.file_size for one in infos) > LARGEST:
                raise refused(name, "The form is too large to be filled.", f"at most {LARGEST >> 20} MiB unpacked", "")
            parts = {one.filename: archive.read(one) for one in infos if not one.is_dir()}
        stored = frozenset(one.filename for one in infos if one.compress_type == zipfile.ZIP_STORED)
        package = Package(parts, stored)
        package.book = next(part for _, kind, part in package.relations("") if kind == "officeDocument")
        if not package.sheets():
            raise ValueError("no sheets")
    except (
        zipfile.BadZipFile,
        KeyError,
        StopIteration,
        ValueError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise damaged(name, error) from None
    return package


def check_kind(path: Path, name: str) -> None:
    """Make sure that a file is a workbook in the present format, by its content, whatever its name says.

    Raises:
        FormError: it is not; the text says what to do.
    """
    head = path.open("rb").read(8) if path.is_file() else b""
    suffix = Path(name).suffix.lower()
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        if suffix == ".xls":
            raise refused(
                name,
                "A form in the old format cannot be filled in its own layout.",
                "an .xlsx file",
                ".xls",
                "Open it, save it as .xlsx (文件 → 另存为), and submit that.",
            )
        raise refused(
            name,
            "The file is protected by a password, or is of the old format.",
            "an .xlsx file without a password",
            "an OLE container",
            "Remove the password (文件 → 信息 → 保护), save as .xlsx, and submit that.",
        )
    if suffix not in SUFFIXES:
        raise refused(
            name,
            "Only workbooks of Excel are filled in their own layout.",
            "an .xlsx or .xlsm file",
            suffix or "no extension",
            "Save the form as .xlsx, and submit that.",
        )
    if not head.startswith(b"PK"):
        raise refused(name, "The file is damaged.", "an .xlsx file", "no ZIP archive", "Ask for it again.")


def refused(name: str, what: str, expected: str, got: str, todo: str = "") -> FormError:
    """An error about a file."""
    return FormError(what, where=name, expected=expected, got=got, todo=todo)


def damaged(name: str, error: BaseException) -> FormError:
    """An error about a file that cannot be read; the library's text may quote what is in it."""
    return refused(
        name,
        "The file cannot be read.",
        "a workbook as a spreadsheet program saves it",
        type(error).__name__,
        "Open it in a spreadsheet program, save it again as .xlsx, and send that.",
    )


def relations_part(name: str) -> str:
    """The part that lists what a part leads to."""
    folder, base = posixpath.split(name)
    return posixpath.join(folder, "_rels", f"{base}.rels")


def _target(source: str, target: str) -> str:
    if target.startswith("/"):
        return target.lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target))


def _id_names(sheet: Node) -> list[str]:
    """`r:id`, whatever prefix stands for the relations."""
    words = sheet.head.decode().replace("=", " =").split()
    return [word for word in words if word.endswith(":id")] or ["r:id"]
