"""Load a whole schemas folder and check that its files agree with each other."""

from __future__ import annotations

import hashlib
from pathlib import Path

from yibiao.contracts.documents import Document, Findings
from yibiao.contracts.elements import read_elements
from yibiao.contracts.kinds import Frozen
from yibiao.contracts.registry import read_codes, read_departments, read_entities
from yibiao.contracts.reports import Report
from yibiao.contracts.values import Schemas
from yibiao.errors import ContractError


def load_schemas(root: Path | str) -> Schemas:
    """Everything under a schemas folder, checked.

    Args:
        root: folder with `departments.yml`, `elements/`, `codes/`, `entities/` and `reports/`.

    Raises:
        ContractError: the first mistake, with file and line; `yibiao contract lint` shows all.
    """
    schemas, findings = read_schemas(Path(root))
    findings.raise_errors()
    return schemas


def load_registry(root: Path | str) -> Schemas:
    """The same without contracts, in a fifth of the time: elements, code lists, entities, departments.

    Raises:
        ContractError: the first mistake in those, with file and line.
    """
    schemas, findings = read_schemas(Path(root), contracts=False)
    findings.raise_errors()
    return schemas


def read_schemas(root: Path, *, contracts: bool = True) -> tuple[Schemas, Findings]:
    """What can be used of a schemas folder, and everything that is wrong with it.

    A process reads the same files once (a tenth of a second): what they say cannot be changed but in the files.
    """
    root = root.resolve()
    if not (root / "departments.yml").is_file():
        raise ContractError(
            "This is not a schemas folder.",
            where=str(root),
            expected="departments.yml, elements/, codes/, entities/, reports/",
            todo="Check YIBIAO_SCHEMAS.",
        )
    folder, content = (root, contracts), content_of(root, contracts)
    known = _known.get(folder)
    if not known or not content or known[0] != content:
        known = (content, *_read(root, contracts))
        if content and content == content_of(root, contracts):  # else somebody wrote meanwhile
            know(root, *known, contracts=contracts)
    return known[1], Findings(known[2])


def know(root: Path, content: str, schemas: Schemas, findings: Findings, *, contracts: bool = True) -> None:
    """Take what the files of a folder say from whoever read them, in this process or another.

    Args:
        content: `content_of` what was read.
    """
    folder = (root.resolve(), contracts)
    _known.pop(folder, None)
    _known[folder] = (content, schemas, findings)
    while len(_known) > _MOST:
        del _known[next(iter(_known))]


_MOST = 4
"""Folders of which is kept what they say."""

_known: dict[tuple[Path, bool], tuple[str, Schemas, Findings]] = {}
"""Folder, with contracts or without -> hash of its files, and what they say."""


def content_of(root: Path, contracts: bool = True) -> str:
    """A hash of all that is read, by name and content; empty if something cannot be read."""
    found = hashlib.blake2b()
    try:
        for name in ("departments.yml", "codes", "elements", "entities", *(["reports"] if contracts else [])):
            for path in [root / name, *sorted((root / name).rglob("*"))]:
                if path.is_file():
                    content = path.read_bytes()
                    found.update(f"{path.relative_to(root)}\n{len(content)}\n".encode())
                    found.update(content)
    except OSError:
        return ""
    return found.hexdigest()


def _read(root: Path, contracts: bool) -> tuple[Schemas, Findings]:
    base, findings = root.parent, Findings()
    departments = read_departments(root, base, findings)
    codes = read_codes(root, base, findings)
    elements = read_elements(root, base, codes, departments, findings)
    entities = read_entities(root, base, elements, findings)
    reports: dict[str, Report] = {}
    if not contracts:
        return Schemas(elements, codes, entities, departments, Frozen({})), findings
    from yibiao.contracts.odcs import Registry, read_report

    registry = Registry(departments, codes, elements, entities)
    for file in sorted((root / "reports").rglob("*.yml")):
        if not file.name.endswith(".odcs.yml"):
            name = file.relative_to(base).as_posix()
            findings.error("file-name", "Not a contract.", name, expected="<department>/<report>.odcs.yml")
            continue
        if report := read_report(Document(file, base), registry, findings):
            reports[report.id] = report
    return Schemas(elements, codes, entities, departments, Frozen(sorted(reports.items()))), findings
