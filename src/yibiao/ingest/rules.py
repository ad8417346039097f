"""The rule macros of dbt (`dbt_project/macros/rules/*.sql`), rendered to SQL without dbt.

A rule is written once, as a Jinja macro, and used by the checks of ingest, by the staging models and by expectations.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.errors import ContractError

if TYPE_CHECKING:
    from yibiao.contracts.reports import Column

RULES_FOLDER = "macros/rules"


def render(name: str, *args: Any, folder: Path | None = None, engine: str = "duckdb") -> str:
    """The SQL expression of one rule macro.

    Args:
        name: macro name, for example `parse_citizen_id`.
        args: SQL expressions as text, lists of formats or pairs, numbers.
        folder: the rules folder; by default the one of this checkout.
        engine: `duckdb`, or `spark` for the other dialect.

    Raises:
        ContractError: there is no such macro.
    """
    module = _macros(folder or _default_folder(), engine)
    macro = getattr(module, name, None)
    if macro is None:
        raise ContractError("No rule macro has this name.", where=RULES_FOLDER, got=name, todo="See the macros there.")
    return str(macro(*args)).strip()


def make_ready(folder: Path | None = None) -> None:
    """Compile the macros, a tenth of a second, for a process that has time now and renders one later."""
    _macros(folder or _default_folder(), "duckdb")


def key_form(type_: str, value: str) -> str:
    """The SQL of a valid value of an element of this type as a part of a certain key, as the models tell it."""
    rules = _default_folder()
    return str(_macros(rules, "duckdb", rules.parent / "unify" / "keys.sql").key_form(type_, value)).strip()


def read_as(column: Column, text: str) -> str:
    """The SQL that reads a text as a contract's column, as its staging model does: null if it cannot be read.

    Args:
        text: SQL expression.
    """
    # The package of contracts takes half a second to import, and most callers have no column.
    from yibiao.contracts.kinds import DECIMAL_SCALE, TYPES

    macro = TYPES[column.type].macro
    if column.type in ("date", "month"):
        return render(macro, text, list(column.date_formats))
    if column.type == "decimal":
        return render(macro, text, DECIMAL_SCALE, column.factor, [list(pair) for pair in column.units])
    if column.type == "integer":
        return render(macro, text, [word for word, factor in column.units if factor == "1"])
    if column.type == "code":
        return render(macro, text, [list(pair) for pair in column.pairs])
    return render(macro, text)


def quote(column: str) -> str:
    """A column name as a quoted SQL identifier."""
    return '"' + column.replace('"', '""') + '"'


def sql_text(value: str) -> str:
    """A SQL literal of a text."""
    return "'" + value.replace("'", "''") + "'"


@lru_cache(maxsize=1)
def _default_folder() -> Path:
    from yibiao.settings import Settings

    return Settings.load().dbt_project / RULES_FOLDER


@lru_cache(maxsize=4)
def _macros(folder: Path, engine: str, *more: Path) -> Any:
    """All macro files as one template module: macros call each other across files, as they do in dbt.

    Args:
        more: files elsewhere whose macros call those of the folder, without a dialect of their own; then only these.
    """
    files = more or sorted(folder.glob("*.sql"))
    source = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return _compiled(source, engine, _macros(folder, engine) if more else None)


@lru_cache(maxsize=4)
def _compiled(source: str, engine: str, called: Any) -> Any:
    """The module of a text, wherever it was read; macros of `called` are known in it."""
    import jinja2

    adapter = _Adapter(engine)
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    environment.globals["adapter"] = adapter
    if called:
        known = vars(called).items()
        environment.globals |= {name: macro for name, macro in known if isinstance(macro, jinja2.runtime.Macro)}
    adapter.module = environment.from_string(source).module
    return adapter.module


class _Adapter:
    """Stands in for dbt's `adapter`: `dispatch` picks the macro written for the engine, else the default one."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.module: Any = None

    def dispatch(self, name: str) -> Any:
        return getattr(self.module, f"{self.engine}__{name}", None) or getattr(self.module, f"default__{name}")
