"""Expectation specs: YAML files with Great Expectations' own configuration keys, read strictly.

A file `expectations/<layer>/<table>.yml` holds what must be true of one table:

    table: canonical.resident
    description: ...
    expectations:
      - id: resident_id_unique
        type: expect_column_values_to_be_unique
        kwargs: {column: resident_id}
        severity: critical            # critical stops a release; warning and info are reported
        owner: public_security        # department or role that mends it
        reason: 一人一行
        dimension: consistency        # GB/T 36344
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from yibiao.errors import ContractError
from yibiao.quality.counts import ALIASES, KINDS, RULES

DIMENSIONS = ("completeness", "accuracy", "consistency", "timeliness", "normativity", "accessibility")
"""Quality dimensions of GB/T 36344-2018: 完整性 准确性 一致性 时效性 规范性 可访问性."""

NAME = r"^[a-z][a-z0-9_]*$"


class ExpectationSpec(BaseModel):
    """One expectation. `type`, `kwargs`, `severity` and `meta` mean what they mean in Great Expectations."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_.]*$")
    type: str
    kwargs: dict[str, Any]
    severity: Literal["critical", "warning", "info"]
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    dimension: Literal["completeness", "accuracy", "consistency", "timeliness", "normativity", "accessibility"]
    meta: dict[str, Any] = Field(default_factory=dict)

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        value = ALIASES.get(value, value)
        if value not in KINDS:
            raise ValueError(f"one of {', '.join(KINDS)}")
        return value


class TableSpec(BaseModel):
    """All expectations of one table; `file` is where they stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    description: str = ""
    expectations: tuple[ExpectationSpec, ...]
    layer: str = Field(pattern=NAME)
    file: Path

    @property
    def name(self) -> str:
        """The table without its schema."""
        return self.table.rpartition(".")[2]

    @property
    def qualified(self) -> str:
        """`schema.table`; the schema is the layer, the folder of the file."""
        return f"{self.layer}.{self.name}"


def load_specs(folder: Path) -> list[TableSpec]:
    """Read every spec below a folder, sorted by layer and table.

    Args:
        folder: holds one folder per layer, each with one YAML file per table.

    Raises:
        ContractError: a file is not YAML, holds an unknown key or a wrong value; `where` is `file:line`.
    """
    if not folder.is_dir():
        raise ContractError(
            "There is no folder of expectations.",
            where=str(folder),
            expected="a folder with one folder per layer",
            got="nothing",
            todo="Check YIBIAO_EXPECTATIONS, or generate the specs with `yibiao contract generate`.",
        )
    return [load_spec(file) for file in sorted(folder.glob("*/*.yml"))]


def load_spec(file: Path) -> TableSpec:
    """Read one spec file; see `load_specs`."""
    place = f"{file.parent.parent.name}/{file.parent.name}/{file.name}"
    content, lines = _read(file, place)
    if not isinstance(content, dict):
        raise _wrong(place, 1, "a mapping with `table` and `expectations`", type(content).__name__)
    for key in ("layer", "file"):  # fields of the model that no file may set
        if key in content:
            raise _wrong(place, lines.get((key,), 1), "no other key", f"unknown key `{key}`")
    try:
        spec = TableSpec(**content, layer=file.parent.name, file=file)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        path = tuple(part for part in first["loc"])
        line = _line(lines, path)
        name = ".".join(map(str, path))
        if first["type"] == "extra_forbidden":
            raise _wrong(place, line, "no other key", f"unknown key `{path[-1]}` ({name})") from None
        raise _wrong(place, line, first["msg"], f"a wrong or missing value for `{name}`") from None
    if spec.table not in (spec.name, spec.qualified) or spec.name != file.stem:
        raise _wrong(place, _line(lines, ("table",)), f"table {file.parent.name}.{file.stem}", spec.table)
    seen: set[str] = set()
    for number, expectation in enumerate(spec.expectations):
        if expectation.id in seen:
            line = _line(lines, ("expectations", number, "id"))
            raise _wrong(place, line, "an id that is unique in its table", f"{expectation.id} a second time")
        seen.add(expectation.id)
        _check_kwargs(expectation, place, lines, number)
    return spec


def _check_kwargs(spec: ExpectationSpec, place: str, lines: dict[tuple, int], number: int) -> None:
    """Refuse unknown, missing and impossible arguments, so that a typing error never weakens the gate."""
    kind = KINDS[spec.type]
    path = ("expectations", number, "kwargs")
    for key in spec.kwargs:
        if key not in kind.required + kind.optional:
            known = ", ".join(kind.required + kind.optional)
            raise _wrong(place, _line(lines, (*path, key)), f"kwargs of {spec.type}: {known}", f"unknown key `{key}`")
    for key in kind.required:
        if spec.kwargs.get(key) in (None, "", []):
            raise _wrong(place, _line(lines, path), f"`{key}` in kwargs of {spec.type}", "nothing")
    if "rule" in kind.required and spec.kwargs["rule"] not in RULES:
        raise _wrong(place, _line(lines, (*path, "rule")), f"one of {', '.join(RULES)}", str(spec.kwargs["rule"]))
    for key in ("column_list", "value_set"):
        if key in kind.required and not isinstance(spec.kwargs[key], list):
            raise _wrong(place, _line(lines, (*path, key)), "a list", type(spec.kwargs[key]).__name__)
    if "min_value" in kind.optional and spec.kwargs.get("min_value") is None and spec.kwargs.get("max_value") is None:
        raise _wrong(place, _line(lines, path), "`min_value` or `max_value`", "neither")
    mostly = spec.kwargs.get("mostly", 1)
    if isinstance(mostly, bool) or not isinstance(mostly, int | float) or not 0 <= mostly <= 1:
        raise _wrong(place, _line(lines, (*path, "mostly")), "a share from 0 to 1", "something else")
    try:
        kind.build(spec.kwargs, '"schema"."table"') if spec.type != "expect_column_values_to_match_rule" else None
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise _wrong(
            place, _line(lines, path), f"kwargs that {spec.type} understands", f"{type(error).__name__}"
        ) from None


def _wrong(place: str, line: int, expected: str, got: str) -> ContractError:
    return ContractError(
        "An expectation file is wrong.",
        where=f"{place}:{line}",
        expected=expected,
        got=got,
        todo="Mend the file; `yibiao contract lint` checks all of them.",
    )


def _line(lines: dict[tuple, int], path: tuple) -> int:
    """The line of a key, or of the nearest thing around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _read(file: Path, place: str) -> tuple[Any, dict[tuple, int]]:
    """Content of a YAML file, and the line of every key by its path."""
    lines: dict[tuple, int] = {}

    def walk(node: yaml.Node, path: tuple) -> None:
        lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                if key.value in seen:
                    raise _wrong(place, key.start_mark.line + 1, "each key once", f"`{key.value}` a second time")
                seen.add(key.value)
                lines[(*path, key.value)] = key.start_mark.line + 1
                walk(value, (*path, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                walk(value, (*path, number))

    text = file.read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
        if node is None:
            return None, lines
        walk(node, ())
        return yaml.load(text, Loader=loader), lines
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise _wrong(place, line, "YAML", getattr(error, "problem", None) or "something else") from None
