"""Evaluates specs against a DuckDB file with Great Expectations: one validation graph, and one query, per table.

Imports the library, so only the gate's own process may call it.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yibiao.quality.counts import Anew, columns_of, counts, table_name
from yibiao.quality.results import ExpectationResult, class_of

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


def preload() -> None:
    """Import what evaluating needs, which takes longer than most evaluating."""
    for name in ("great_expectations", "yibiao.quality.dialect", "yibiao.quality.expectations"):
        importlib.import_module(name)


def evaluate(
    database: Path,
    specs: Sequence[TableSpec],
    *,
    threads: int,
    memory_limit: str,
    work: Path,
    done: Callable[[str], object],
    known: Mapping[tuple[str, str], ExpectationResult] | None = None,
    anew: Mapping[tuple[str, str], Anew] | None = None,
) -> tuple[list[ExpectationResult], float]:
    """Evaluate specs against a database file, opened read-only.

    Args:
        threads, memory_limit: for DuckDB.
        work: folder that it may spill to.
        done: told the name of every table that has been evaluated.
        known: table and id -> results that still hold, so that they are not evaluated.
        anew: table and id -> the rows among which alone any can break it.

    Returns:
        One result per expectation in the order of the specs, and the seconds that evaluating took, without imports and
        opening.
    """
    import great_expectations as gx
    import sqlalchemy
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.datasource.fluent.sql_datasource import TableAsset
    from great_expectations.validator import validation_graph

    from yibiao.quality import dialect

    # A query that failed fails again; the library would try three times, metric by metric.
    validation_graph.MAX_METRIC_COMPUTATION_RETRIES = 1
    dialect.register()
    connect = {
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
    engine = sqlalchemy.create_engine(dialect.URL, connect_args=connect)
    source = None
    try:
        columns = _catalog(engine)
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        source = context.data_sources.add_sql(
            name="warehouse",
            connection_string=dialect.URL,
            create_temp_table=False,
            kwargs={"connect_args": connect},  # type: ignore[call-arg]  # the stub lacks it
            # All at once: added one by one, each makes the library write its whole configuration out as YAML.
            assets=[  # type: ignore[call-arg]
                TableAsset(name=spec.qualified, table_name=spec.name, schema_name=spec.layer)
                for spec in specs
                if spec.qualified in columns
            ],
        )
        began = time.perf_counter()
        results: list[ExpectationResult] = []
        for spec in specs:
            results.extend(_evaluate_table(spec, source, engine, columns.get(spec.qualified), known or {}, anew or {}))
            done(spec.qualified)
        return results, time.perf_counter() - began
    finally:
        engine.dispose()
        if source is not None:
            source.get_execution_engine().engine.dispose()
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


def _evaluate_table(
    spec: TableSpec, source: Any, engine: Any, columns: set[str] | None,
    known: Mapping[tuple[str, str], ExpectationResult], anew: Mapping[tuple[str, str], Anew],
) -> list[ExpectationResult]:  # fmt: skip
    """Evaluate one table's expectations in one validation graph."""
    from great_expectations.core.expectation_suite import ExpectationSuite

    from yibiao.quality.expectations import CLASSES, META

    table = table_name(spec.layer, spec.name)
    found: dict[int, ExpectationResult] = {}
    ready = []
    for number, one in enumerate(spec.expectations):
        if columns is None:
            found[number] = _error(spec, one, "MissingTable")
        elif missing := [name for name in columns_of(one.type, one.kwargs) if name not in columns]:
            found[number] = _error(spec, one, "MissingColumn", f"Column {', '.join(missing)} does not exist.")
        elif holding := known.get((spec.qualified, one.id)):
            found[number] = holding
        else:
            try:
                both = counts(one.type, one.arguments, table, anew.get((spec.qualified, one.id)))
                meta = {META: {"number": number, "counts": asdict(both)}}
                ready.append(CLASSES[one.type](**one.kwargs, severity=one.severity, meta=meta))
            except Exception as error:
                found[number] = _error(spec, one, class_of(error))
    if ready:
        try:
            asset = source.get_asset(spec.qualified)
            batch = asset.get_batch(asset.build_batch_request())
            suite = ExpectationSuite(name=spec.qualified, expectations=ready)
            for answer in batch.validate(suite).results:
                number = answer.expectation_config.meta[META]["number"]
                one = spec.expectations[number]
                found[number] = _result(spec, one, answer) or _error(spec, one, _diagnose(engine, one, table))
        except Exception as error:
            for expectation in ready:
                number = expectation.meta[META]["number"]
                found.setdefault(number, _error(spec, spec.expectations[number], class_of(error)))
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
    return ", ".join(columns_of(one.type, one.kwargs))


def _diagnose(engine: Any, one: ExpectationSpec, table: str) -> str:
    """The class of the failure of one expectation, found by counting it alone.

    The library evaluates again what failed together and then gives every failure the text of the last one.
    """
    import sqlalchemy

    both = counts(one.type, one.arguments, table)
    statement = sqlalchemy.select(*map(sqlalchemy.literal_column, (both.evaluated, both.unexpected)))
    try:
        with engine.connect() as connection:
            connection.execute(statement.select_from(sqlalchemy.text(table)))
    except Exception as error:
        return class_of(error)
    return ""
