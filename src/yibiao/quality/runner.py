"""Starts the gate in a process of its own and takes over what it found."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
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
        settings: threads, memory limit, and the work folder for spilling.
        progress: told about every table.

    Returns:
        The verdict. A failed critical expectation is `passed=False`, not an error.

    Raises:
        ContractError: a spec file is wrong; `where` is `file:line`.
        GateError: the database cannot be opened, or the gate's process died.
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
    with scratch(settings.work, "gate") as folder:
        messages = _run(
            [str(database.resolve()), str(expectations.resolve()), str(out.resolve())], folder, settings, progress
        )
    last = messages[-1] if messages else {}
    if not last.get("done"):
        raise _failure(last, database)
    result = read_results(out / FILE_NAME)
    return replace(result, seconds=time.perf_counter() - began, timing=last["timing"])


def _run(arguments: list[str], folder: Path, settings: Settings, progress: Progress) -> list[dict[str, Any]]:
    """Run the gate's process in a private folder, which is also its home: the library looks for settings there."""
    import orjson

    environment = {**os.environ, **settings.environment(), "HOME": str(folder), "TMPDIR": str(folder)}
    messages: list[dict[str, Any]] = []
    with subprocess.Popen(
        [sys.executable, "-m", "yibiao.quality.gate", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        staged = False
        try:
            for line in process.stdout:
                message = orjson.loads(line)
                messages.append(message)
                if "tables" in message:
                    progress.stage("gate", message["tables"], "tables")
                    staged = True
                elif "table" in message:
                    progress.advance(1, message["table"])
        except BaseException:
            process.kill()
            raise
        finally:
            if staged:
                progress.end()
    return messages


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
