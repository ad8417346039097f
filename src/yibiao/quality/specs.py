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

An `UnexpectedRowsExpectation` may say `local_to: resident_id`: whether the rows of one resident break it depends on
these alone. A run that changes few residents then looks at theirs, if none broke it before.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from yibiao.contracts.documents import Document, did_you_mean
from yibiao.errors import ContractError
from yibiao.quality.counts import ALIASES, ASKING_OTHERS, KINDS, RULES

DIMENSIONS = ("completeness", "accuracy", "consistency", "timeliness", "normativity", "accessibility")
"""Quality dimensions of GB/T 36344-2018: 完整性 准确性 一致性 时效性 规范性 可访问性."""

SET_BY_LOADER = {"layer", "file", "codes"}
"""Fields that the loader fills in; a file that names one is refused."""


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
    local_to: str = ""
    codes: tuple[str, ...] = ()

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        value = ALIASES.get(value, value)
        if value not in KINDS:
            raise ValueError(did_you_mean(value, KINDS) or f"one of {', '.join(KINDS)}")
        return value

    @property
    def arguments(self) -> dict[str, Any]:
        """What counting needs: `kwargs`, and the values of a code list that they name."""
        return {**self.kwargs, "value_set": list(self.codes)} if self.codes else self.kwargs

    @property
    def is_of_one_table(self) -> bool:
        """Whether no other table can change its verdict."""
        return self.type not in ASKING_OTHERS

    def is_local_to(self, column: str) -> bool:
        """Whether it is costly, and rows of one value of a column cannot break it together with rows of another."""
        if self.type == "unexpected_rows_expectation":
            return self.local_to == column
        return column == self.kwargs.get("column" if self.type == "expect_column_values_to_be_unique" else "") or (
            self.type == "expect_compound_columns_to_be_unique" and column in self.kwargs["column_list"]
        )


class TableSpec(BaseModel):
    """All expectations of one table; `file` is where they stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    description: str = ""
    expectations: tuple[ExpectationSpec, ...]
    layer: str
    file: Path

    @property
    def name(self) -> str:
        """The table without its schema."""
        return self.table.rpartition(".")[2]

    @property
    def qualified(self) -> str:
        """`schema.table`; the schema is the layer, the folder of the file."""
        return f"{self.layer}.{self.name}"


def load_specs(folder: Path, codes: Path) -> list[TableSpec]:
    """Read every spec below a folder, sorted by layer and table.

    Args:
        folder: holds one folder per layer, each with one YAML file per table.
        codes: folder of code lists, `schemas/codes`.

    Raises:
        ContractError: a file is not YAML, holds an unknown key or a wrong value; `where` is `file:line`.
    """
    files = sorted(folder.glob("*/*.yml"))
    if not files:
        raise ContractError(
            "There are no expectations.",
            where=str(folder),
            expected="a folder per layer with a YAML file per table",
            got="nothing",
            todo="Check YIBIAO_EXPECTATIONS, or generate the specs with `yibiao contract generate`.",
        )
    return [load_spec(file, codes) for file in files]


def load_spec(file: Path, codes: Path) -> TableSpec:
    """Read one spec file; see `load_specs`."""
    document = Document(file, file.parents[2])
    content = document.data
    if not isinstance(content, dict):
        raise _wrong(document, (), "a mapping with `table` and `expectations`", type(content).__name__)
    listed = content.get("expectations")
    for path, mapping in ((), content), *((("expectations", n), one) for n, one in enumerate(listed or ())):
        if isinstance(mapping, dict) and (taken := sorted(SET_BY_LOADER & set(mapping))):
            raise _wrong(document, (*path, taken[0]), "known keys only", f"unknown key `{taken[0]}`")
    try:
        spec = TableSpec(**content, layer=file.parent.name, file=file)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        # A key written wrongly shows as one unknown and one missing: the unknown one has the line.
        first = min(found, key=lambda one: one["type"] != "extra_forbidden")
        path = first["loc"]
        if first["type"] == "extra_forbidden":
            raise _wrong(document, path, "known keys only", f"unknown key `{path[-1]}`") from None
        got = "nothing" if first["type"] == "missing" else "something else"
        raise _wrong(document, path, f"`{path[-1]}`: {first['msg']}", got) from None
    if spec.table not in (spec.name, spec.qualified) or spec.name != file.stem:
        raise _wrong(document, ("table",), f"{file.parent.name}.{file.stem}, as the file is called", spec.table)
    seen: set[str] = set()
    complete = []
    for number, expectation in enumerate(spec.expectations):
        path = ("expectations", number)
        if expectation.id in seen:
            raise _wrong(document, (*path, "id"), "an id that is unique in its table", f"{expectation.id} again")
        seen.add(expectation.id)
        _check_kwargs(expectation, document, (*path, "kwargs"))
        if "code_list" in expectation.kwargs:
            values = _codes(codes, expectation.kwargs["code_list"])
            if not values:
                raise _wrong(document, (*path, "kwargs", "code_list"), "a code list in schemas/codes", "no such list")
            expectation = expectation.model_copy(update={"codes": values})
        complete.append(expectation)
    return spec.model_copy(update={"expectations": tuple(complete)})


def _check_kwargs(spec: ExpectationSpec, document: Document, path: tuple[str | int, ...]) -> None:
    """Refuse unknown, missing and impossible arguments, so that a typing error never weakens the gate."""
    kind, kwargs = KINDS[spec.type], spec.kwargs
    known = kind.required + kind.optional
    for key in kwargs:
        if key not in known:
            raise _wrong(document, (*path, key), f"{spec.type} takes {', '.join(known)}", f"unknown key `{key}`")
    for key in kind.required:
        if kwargs.get(key) in (None, "", []):
            raise _wrong(document, path, f"`{key}`, which {spec.type} needs", "nothing")
        if key in ("column_list", "value_set") and not isinstance(kwargs[key], list):
            raise _wrong(document, (*path, key), "a list", type(kwargs[key]).__name__)
        if key not in ("column_list", "value_set") and not isinstance(kwargs[key], str):
            raise _wrong(document, (*path, key), "text", type(kwargs[key]).__name__)
    if spec.local_to and spec.type != "unexpected_rows_expectation":
        raise _wrong(document, (*path[:-1], "local_to"), "an UnexpectedRowsExpectation beside it", spec.type)
    if "rule" in kind.required and kwargs["rule"] not in RULES:
        raise _wrong(document, (*path, "rule"), f"one of {', '.join(RULES)}", kwargs["rule"])
    if "min_value" in kind.optional and kwargs.get("min_value") is None and kwargs.get("max_value") is None:
        raise _wrong(document, path, "`min_value` or `max_value`", "neither")
    mostly = kwargs.get("mostly", 1)
    if isinstance(mostly, bool) or not isinstance(mostly, int | float) or not 0 <= mostly <= 1:
        raise _wrong(document, (*path, "mostly"), "a share from 0 to 1", "something else")
    try:
        kind.build({"value_set": ["0"], **kwargs}, "t")
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise _wrong(document, path, f"arguments that {spec.type} understands", type(error).__name__) from None


def _codes(folder: Path, code_list: str) -> tuple[str, ...]:
    """The codes of a list and of its overlays (`sex.csv`, `division.csv` with `division.demo.csv`)."""
    values: set[str] = set()
    for file in (folder / f"{code_list}.csv", *folder.glob(f"{code_list}.*.csv")):
        if file.is_file():
            with file.open(encoding="utf-8", newline="") as stream:
                values.update(row["code"] for row in csv.DictReader(stream))
    return tuple(sorted(values))


def _wrong(document: Document, path: tuple[str | int, ...], expected: str, got: str) -> ContractError:
    return ContractError(
        "An expectation file is wrong.",
        where=document.where(*path),
        expected=expected,
        got=got,
        todo="Mend the line.",
    )
