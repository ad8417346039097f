"""Columns of golden records for what forms ask (一次采集): without one, an answer fills in no later form."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from yibiao.contracts.values import Schemas
from yibiao.files import replace_file
from yibiao.forms.collect.contract import own_columns
from yibiao.forms.model import Form

_ITEM = re.compile(r"( *)- +[a-z]\w* *(#.*)?")


def lacking(form: Form, schemas: Schemas) -> tuple[str, ...]:
    """Elements of the row's own entity that a form's contract takes in, and that no golden record has yet."""
    entity = schemas.entities[form.rows.entity]
    asked = (one.element for one in own_columns(form, schemas) if one.element and one.role is None)
    own = (name for name in asked if schemas.elements[name].entity == entity.id)
    return tuple(dict.fromkeys(name for name in own if name not in entity.elements))


def file_of(root: Path, entity: str) -> Path:
    """Where the elements of an entity are listed, below the schemas folder."""
    return root / "entities" / f"{entity}.yml"


def add_columns(path: Path, elements: tuple[str, ...]) -> bool:
    """List elements at the end of those of an entity; every other line of its file stays as it is.

    Returns:
        Whether it could be done; False: the file lists its elements in a way that only a human can continue.
    """
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    end, indent = next((place for place, line in enumerate(lines, start=1) if line.rstrip() == "elements:"), 0), ""
    first = end
    while end < len(lines) and (item := _ITEM.fullmatch(lines[end].rstrip("\r\n"))):
        end, indent = end + 1, item[1]
    listed = yaml.safe_load("".join(lines))["elements"]
    if not first or end - first != len(listed):
        return False
    if not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    added = [f"{indent}- {name}\n" for name in elements]
    replace_file("".join([*lines[:end], *added, *lines[end:]]).encode(), path)
    return True
