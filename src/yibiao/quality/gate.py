"""The gate's own process: `python -m yibiao.quality.gate DATABASE EXPECTATIONS OUT`.

A process of its own, because an engine that lives on keeps the database file locked, and because whatever the checking
library prints, logs or raises may hold values of persons: standard output and error lead nowhere, and only messages of
`Channel` get out.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from yibiao.errors import YibiaoError
from yibiao.files import to_json
from yibiao.quality.results import FILE_NAME, ExpectationResult, verdict

if TYPE_CHECKING:
    from yibiao.quality.specs import ExpectationSpec, TableSpec

KNOWN_ERRORS = {
    "CatalogException": "It names a table, column or function that the database does not have.",
    "BinderException": "It does not fit the table: a column is missing or of another type.",
    "ParserException": "Its SQL is not well-formed.",
    "ConversionException": "A value could not be converted to the type it is compared with.",
    "InvalidInputException": "A value is no valid input for a function it uses.",
    "OutOfRangeException": "A value is out of the range of its type.",
    "OutOfMemoryException": "It needs more memory than YIBIAO_MEMORY_LIMIT allows.",
    "IOException": "The database file or its temporary files could not be read or written.",
    "PermissionException": "It does something that a read-only database does not allow.",
    "NotImplementedException": "It uses SQL that this version of DuckDB does not have.",
    "ValidationError": "Its arguments are not those of its type.",
    "MissingTable": "The table does not exist in the database.",
    "MissingColumn": "A column it names does not exist in the table.",
    "ModuleNotFoundError": "The rule it names cannot be loaded.",
}
"""Class of a failure -> our own sentence about it. A failure's own text is never kept: it may quote a value."""

UNKNOWN_ERROR = "It could not be evaluated."


class Channel:
    """The only way out of this process: one JSON object a line on what was standard output."""

    def __init__(self) -> None:
        self._stream = os.fdopen(os.dup(1), "wb", buffering=0)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)

    def send(self, **message: Any) -> None:
        import orjson

        self._stream.write(orjson.dumps(message) + b"\n")


class Deferred(ModuleType):
    """Stands for a module that is imported when something of it is first used, if ever."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        for known in [known for known, module in sys.modules.items() if isinstance(module, Deferred)]:
            del sys.modules[known]
        return getattr(importlib.import_module(self.__name__), name)


def defer_imports() -> None:
    """Keep Great Expectations from importing SciPy and Altair, a second of start-up that no expectation here needs.

    `great_expectations` 1.24 imports them for the charts of one expectation (KL divergence).
    """
    if "scipy" in sys.modules or "altair" in sys.modules:
        return
    scipy, stats = Deferred("scipy"), Deferred("scipy.stats")
    scipy.stats = stats  # type: ignore[attr-defined]
    sys.modules.update({"scipy": scipy, "scipy.stats": stats, "altair": Deferred("altair")})


def evaluate(
    database: Path, specs: Iterable[TableSpec], *, threads: int, memory_limit: str, work: Path, channel: Channel
) -> tuple[list[ExpectationResult], dict[str, float]]:
    """Evaluate specs against a database file, opened read-only.

    Returns:
        One result per expectation in the order of the specs, and seconds of `start` (imports, opening) and `check`.
    """
    began = time.perf_counter()
    defer_imports()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    from yibiao.quality import dialect

    dialect.register()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql(
        name="warehouse",
        connection_string=dialect.URL,
        create_temp_table=False,
        kwargs={  # type: ignore[call-arg]  # the stub lacks it
            "connect_args": {
                "database": str(database),
                "read_only": True,
                "config": {
                    "threads": threads,
                    "memory_limit": memory_limit,
                    "temp_directory": str(work),
                    "autoinstall_known_extensions": False,
                    "preserve_insertion_order": False,
                },
            }
        },
    )
    engine = source.get_execution_engine().engine
    try:
        columns = _catalog(engine)
        ready = time.perf_counter()
        results: list[ExpectationResult] = []
        for spec in specs:
            results.extend(_evaluate_table(spec, source, engine, columns.get(spec.qualified)))
            channel.send(table=spec.qualified)
        return results, {"start": ready - began, "check": time.perf_counter() - ready}
    finally:
        engine.dispose()
        source.get_engine().dispose()


def _catalog(engine: Any) -> dict[str, set[str]]:
    """Columns of every table and view: `schema.table` -> names."""
    import sqlalchemy

    query = "SELECT schema_name || '.' || table_name, column_name FROM duckdb_columns() WHERE NOT internal"
    columns: dict[str, set[str]] = {}
    with engine.connect() as connection:
        for table, column in connection.execute(sqlalchemy.text(query)):
            columns.setdefault(table, set()).add(column)
    return columns


def _evaluate_table(spec: TableSpec, source: Any, engine: Any, columns: set[str] | None) -> list[ExpectationResult]:
    """Evaluate one table's expectations in one validation graph."""
    from great_expectations.core.expectation_suite import ExpectationSuite

    from yibiao.quality.counts import columns_of, counts, table_name
    from yibiao.quality.expectations import CLASSES, META

    table = table_name(spec.layer, spec.name)
    found: dict[int, ExpectationResult] = {}
    ready = []
    for number, one in enumerate(spec.expectations):
        if columns is None:
            found[number] = _error(spec, one, "MissingTable")
        elif missing := [name for name in columns_of(one.type, one.kwargs) if name not in columns]:
            found[number] = _error(spec, one, "MissingColumn", f"Column {', '.join(missing)} does not exist.")
        else:
            try:
                meta = {META: {"number": number, "counts": asdict(counts(one.type, one.arguments, table))}}
                ready.append(CLASSES[one.type](**one.kwargs, severity=one.severity, meta=meta))
            except Exception as error:
                found[number] = _error(spec, one, type(error).__name__)
    if ready:
        try:
            batch = (
                source.add_table_asset(name=spec.qualified, table_name=spec.name, schema_name=spec.layer)
                .add_batch_definition_whole_table("all")
                .get_batch()
            )
            suite = ExpectationSuite(name=spec.qualified, expectations=ready)
            for answer in batch.validate(suite).results:
                number = answer.expectation_config.meta[META]["number"]
                one = spec.expectations[number]
                found[number] = _result(spec, one, answer) or _error(spec, one, _diagnose(engine, one, table))
        except Exception as error:
            for expectation in ready:
                number = expectation.meta[META]["number"]
                found.setdefault(number, _error(spec, spec.expectations[number], _class_of(error)))
    return [found.get(number) or _error(spec, one, "") for number, one in enumerate(spec.expectations)]


def _result(spec: TableSpec, one: ExpectationSpec, answer: Any) -> ExpectationResult | None:
    """Take the counts, and nothing else, out of a validation result; None if it has none."""
    evaluated, unexpected = (answer.result or {}).get("element_count"), (answer.result or {}).get("unexpected_count")
    if not isinstance(evaluated, int) or not isinstance(unexpected, int):
        return None
    return ExpectationResult(
        id=one.id,
        type=one.type,
        table=spec.qualified,
        column=_columns(one),
        severity=one.severity,
        status="passed" if answer.success else "failed",
        success=bool(answer.success),
        evaluated=evaluated,
        unexpected=unexpected,
        percent=round(100 * unexpected / evaluated, 4) if evaluated else None,
        dimension=one.dimension,
        owner=one.owner,
        reason=one.reason,
    )


def _error(spec: TableSpec, one: ExpectationSpec, error: str, message: str = "") -> ExpectationResult:
    """The result of an expectation that could not be evaluated: always critical, for nothing was proved."""
    return ExpectationResult(
        id=one.id,
        type=one.type,
        table=spec.qualified,
        column=_columns(one),
        severity="critical",
        status="error",
        success=False,
        evaluated=None,
        unexpected=None,
        percent=None,
        dimension=one.dimension,
        owner=one.owner,
        reason=one.reason,
        message=message or KNOWN_ERRORS.get(error, UNKNOWN_ERROR),
        error=error,
    )


def _columns(one: ExpectationSpec) -> str:
    from yibiao.quality.counts import columns_of

    return ", ".join(columns_of(one.type, one.kwargs))


def _class_of(error: BaseException) -> str:
    """The class name of the failure at the root of a chain of wrappers."""
    original = getattr(error, "orig", None) or error.__cause__
    return _class_of(original) if original is not None else type(error).__name__


def _diagnose(engine: Any, one: ExpectationSpec, table: str) -> str:
    """The class of the failure of one expectation, found by counting it alone.

    The library evaluates again what failed together and then gives every failure the text of the last one.
    """
    import sqlalchemy

    from yibiao.quality.counts import counts

    both = counts(one.type, one.arguments, table)
    statement = sqlalchemy.select(*map(sqlalchemy.literal_column, (both.evaluated, both.unexpected)))
    try:
        with engine.connect() as connection:
            connection.execute(statement.select_from(sqlalchemy.text(table)))
    except Exception as error:
        return _class_of(error)
    return ""


def main(arguments: list[str]) -> int:
    """Evaluate, write the results, tell the parent. Returns 0 if the gate was evaluated, whatever it found."""
    channel = Channel()
    gc.disable()  # a short life with much import: collecting costs a tenth of it
    began = time.perf_counter()
    try:
        from yibiao.quality.specs import load_specs
        from yibiao.settings import Settings

        database, folder, out = map(Path, arguments)
        settings = Settings.load()
        specs = load_specs(folder, settings.schemas / "codes")
        channel.send(tables=len(specs))
        results, timing = evaluate(
            database,
            specs,
            threads=settings.threads,
            memory_limit=settings.memory_limit,
            work=Path.cwd(),
            channel=channel,
        )
        content = verdict(results, timing=timing).as_dict()
        (out / FILE_NAME).write_bytes(to_json(content))
        channel.send(done=True, timing={**timing, "total": time.perf_counter() - began})
        return 0
    except YibiaoError as error:
        channel.send(error=type(error).__name__, parts=error.as_dict())
        return 1
    except BaseException as error:
        channel.send(fatal=_class_of(error))
        return 1


if __name__ == "__main__":
    # Leaving without the interpreter's clean-up saves a quarter of a second; engines are disposed, files are closed.
    os._exit(main(sys.argv[1:]))
