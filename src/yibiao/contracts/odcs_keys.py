"""Which keys ODCS has at each place, taken from the upstream models, which themselves ignore unknown ones."""

from __future__ import annotations

import typing
from functools import cache
from typing import Any

import pydantic

from yibiao.contracts.documents import Document, Findings, did_you_mean, shorten

Path = tuple[str | int, ...]


@cache
def known_keys(model: type[pydantic.BaseModel]) -> dict[str, type[pydantic.BaseModel] | None]:
    """Keys that ODCS knows at one place -> the model of what stands below, if it is a mapping or a list of them."""
    known: dict[str, type[pydantic.BaseModel] | None] = {}
    for name, field in model.model_fields.items():
        known[field.alias or name] = _model_in(field.annotation)
    return known


def _model_in(annotation: Any) -> type[pydantic.BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return annotation
    for part in typing.get_args(annotation):
        if found := _model_in(part):
            return found
    return None


def check_keys(document: Document, model: type[pydantic.BaseModel], data: Any, path: Path, findings: Findings) -> None:
    """Report keys that ODCS does not have; the upstream models ignore those below the top level."""
    if isinstance(data, list):
        for place, item in enumerate(data):
            check_keys(document, model, item, (*path, place), findings)
    elif isinstance(data, dict):
        known = known_keys(model)
        for key, value in data.items():
            if key not in known:
                findings.error(
                    "unknown-key",
                    f"ODCS has no key `{key}` here.",
                    document.where(*path, key),
                    expected=shorten(known),
                    todo=did_you_mean(key, known) or "What ODCS lacks belongs into customProperties.",
                )
            elif (below := known[key]) is not None:
                check_keys(document, below, value, (*path, key), findings)
