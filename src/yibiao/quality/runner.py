"""Starts the gate in a process of its own and takes over what it found."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from yibiao import errors
from yibiao.errors import GateError
from yibiao.files import scratch
from yibiao.progress import Progress, Silent
from yibiao.quality.results import FILE_NAME, GateResult, read_results
from yibiao.settings import Settings


def run_gate(
    database: Path, expectations: Path, out: Path, settings: Settings, progress: Progress | None = None
) -> GateResult:
    """Evaluate every expectation against a database file and write `out/quality.json`.

    Args:
        database: DuckDB file; opened read-only, free again when this returns.
        expectations: folder of specs, one folder per layer.
        out: folder for `quality.json`; created if need be.
        settings: threads, memory limit, code lists, and the work folder for spilling.
        progress: told about every table.

    Returns:
        The verdict. A failed critical expectation is `passed=False`, not an error.

    Raises:
        ContractError: a spec file is wrong; `where` is `file:line`.
        GateError: the database cannot be opened, or the gate's process died.
    """
    with ready_gate(settings) as gate:
        return gate.run(database, expectations, out, progress)


@dataclass(frozen=True)
class Known:
    """Verdicts of an earlier gate over the same specs that still hold.

    Attributes:
        file: its `quality.json`.
        tables: tables (`schema.table`) that have not changed since. Expectations that may ask another table are
            evaluated nevertheless.
        anew: table -> column, and the table that lists the values of which all rows were made anew since. Where no row
            broke an expectation that is local to this column, only these rows are looked at.
    """

    file: Path
    tables: frozenset[str]
    anew: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@contextmanager
def ready_gate(settings: Settings) -> Iterator[Gate]:
    """A gate whose process makes ready (two seconds of imports) while the caller does something else.

    with ready_gate(settings) as gate:
        run_models(...)
        result = gate.run(database, expectations, out, progress)
    """
    with scratch(settings.work, "gate") as folder:
        # The folder is also its home and its place for temporary files: the library looks for settings in the home.
        environment = {**os.environ, **settings.environment(), "HOME": str(folder), "TMPDIR": str(folder)}
        process = subprocess.Popen(
            [sys.executable, "-m", "yibiao.quality.gate"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with process:
            try:
                yield Gate(process)
            finally:
                process.kill()  # it has ended by itself, unless something went wrong or no order was given


class Gate:
    """A process that evaluates expectations once."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def run(
        self, database: Path, expectations: Path, out: Path, progress: Progress | None = None,
        known: Known | None = None,
    ) -> GateResult:  # fmt: skip
        """As `run_gate`; a gate runs once.

        Args:
            known: verdicts that still hold.
        """
        progress = progress or Silent()
        began = time.perf_counter()
        if not database.is_file():
            raise GateError(
                "The gate cannot open the database.",
                where=str(database),
                expected="a DuckDB file",
                got="no file",
                todo="Build the warehouse first with `yibiao run`.",
            )
        out.mkdir(parents=True, exist_ok=True)
        (out / FILE_NAME).unlink(missing_ok=True)
        order: dict[str, Any] = {
            "database": str(database.resolve()),
            "expectations": str(expectations.resolve()),
            "out": str(out.resolve()),
        }
        if known:
            order["known"] = {"file": str(known.file.resolve()), "tables": sorted(known.tables), "anew": known.anew}
        last = self._order(order, progress)
        if not last.get("done"):
            raise _failure(last, database)
        seconds = time.perf_counter() - began
        timing = {"wait": max(0.0, seconds - last["timing"]["process"]), **last["timing"]}
        return replace(read_results(out / FILE_NAME), seconds=seconds, timing=timing)

    def _order(self, order: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        """Send the order, pass messages on, and return the last one."""
        import orjson

        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # a process that died has said why, or says nothing
            self._process.stdin.write(orjson.dumps(order) + b"\n")
            self._process.stdin.close()
        message: dict[str, Any] = {}
        staged = False
        try:
            for line in self._process.stdout:
                message = orjson.loads(line)
                if "tables" in message:
                    progress.stage("gate", message["tables"], "tables")
                    staged = True
                elif "table" in message:
                    progress.advance(1, message["table"])
        finally:
            if staged:
                progress.end()
        self._process.wait()
        return message


def _failure(last: dict[str, Any], database: Path) -> errors.YibiaoError:
    """The typed error for a gate that did not finish."""
    if "error" in last:
        parts = dict(last["parts"])
        return getattr(errors, last["error"], GateError)(parts.pop("what"), **parts)
    return GateError(
        "The quality gate could not be evaluated.",
        where=database.name,
        expected="results for every expectation",
        got=last.get("fatal") or "its process ended early",
        todo="Check free memory and disk space and that no other program has the database open, then run again.",
    )
