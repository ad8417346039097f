"""Runs dbt in a process of its own: in this one it would keep the DuckDB file locked."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from yibiao.errors import WarehouseError, YibiaoError
from yibiao.files import scratch
from yibiao.progress import Progress
from yibiao.settings import Settings
from yibiao.unforeseen import says_full


def run_models(
    settings: Settings, database: Path, folder: Path, progress: Progress, *, command: str = "run",
    without: Sequence[str] = (),
) -> list[dict[str, Any]]:  # fmt: skip
    """Build all models into a database file.

    Args:
        settings: where the dbt project lies, threads and memory.
        database: DuckDB file with schemas `raw` and `input` prepared.
        folder: scratch for results and spilling.
        progress: advanced by one for every model.
        command: dbt command; tests use `build` or `test`.
        without: models that stay as they are.

    Returns:
        One `{"model", "status", "seconds"}` per node, in dbt's order.

    Raises:
        WarehouseError: dbt failed; names the first failing model, never a value.
    """
    with ready_models(settings) as models:
        return models.run(database, folder, progress, command=command, without=without)


@contextmanager
def ready_models(settings: Settings) -> Iterator[Models]:
    """A dbt whose process makes ready (5 s of imports and of reading the project) while the caller does something else.

    with ready_models(settings) as models:
        prepare(database, ...)
        models.run(database, folder, progress)
    """
    end_with_parent = ctypes.CDLL(None).prctl  # loaded before the fork
    with scratch(settings.work, "dbt") as folder:
        process = subprocess.Popen(
            [sys.executable, *_PROGRAM, *_arguments(settings, "parse", "--no-write-json")],
            # Of a killed run nothing goes on building: it would hold files that the next run makes anew at the same
            # place.
            preexec_fn=lambda: end_with_parent(_PR_SET_PDEATHSIG, signal.SIGKILL),
            cwd=settings.dbt_project,
            env={**os.environ, **settings.environment(), **_places(folder, "warehouse.duckdb")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        with process:
            try:
                yield Models(process, settings)
            finally:
                process.kill()  # it has ended by itself, unless something went wrong or no order was given


class Models:
    """A process that carries out one command of dbt."""

    def __init__(self, process: subprocess.Popen[bytes], settings: Settings) -> None:
        self._process, self._settings = process, settings

    def run(
        self, database: Path, folder: Path, progress: Progress, *, command: str = "run", without: Sequence[str] = ()
    ) -> list[dict[str, Any]]:
        """As `run_models`; models run once."""
        import orjson

        (folder / "spill").mkdir(exist_ok=True)
        results = _target(self._settings) / "run_results.json"
        results.unlink(missing_ok=True)
        arguments = _arguments(self._settings, command, "--fail-fast", *(["--exclude", *without] if without else []))
        order = {"arguments": arguments, "environment": _places(folder, database.name)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # a process that died leaves its status
            self._process.stdin.write(orjson.dumps(order) + b"\n")
            self._process.stdin.close()
        full = False
        for line in self._process.stdout:
            _follow(line, progress)
            full = full or says_full(line.decode(errors="replace"))
        self._process.wait()
        nodes = _read_results(results, orjson.loads) if results.exists() else []
        results.unlink(missing_ok=True)  # the texts of errors in it may quote a value
        failed = next((node for node in nodes if node["status"] not in ("success", "pass", "skipped")), None)
        if self._process.returncode != 0 or failed:
            raise _failure(failed, self._process.returncode, full=full, project=self._settings.dbt_project)
        return [{key: node[key] for key in ("model", "status", "seconds")} for node in nodes]


def _failure(failed: Mapping[str, Any] | None, status: int, *, full: bool, project: Path) -> YibiaoError:
    """The typed error for models that were not built; `failed` is the first of them, if dbt came so far."""
    if failed and (own := _own_error(failed["model"], failed["message"])):
        return own
    kind = _kind_of_failure(failed["message"]) if failed else f"dbt ended with status {status}"
    if full:  # dbt writes files of its own, and fails without a model if it cannot
        kind = "IO Error"
    return WarehouseError(
        "dbt could not build the models" + (": the disk is full, or refuses to be written to." if full else "."),
        where=failed["model"] if failed else str(project),
        expected="every model built",
        got=kind,
        todo=_TODO.get(kind, "Run `yibiao contract generate --check`, then see docs/runbook.md, section dbt."),
    )


def _places(folder: Path, database: str) -> dict[str, str]:
    """Environment by which dbt finds the database and where to spill: the same texts wherever the folder lies, because
    it reads all models again (4 s) when that of its database changes."""
    return {"HOME": str(folder), "YIBIAO_WAREHOUSE": f"~/{database}", "YIBIAO_SCRATCH": "~/spill"}


def _target(settings: Settings) -> Path:
    """dbt's folder, kept between runs: it parses only changed files again."""
    target = settings.home / "dbt"
    target.mkdir(parents=True, exist_ok=True)
    return target


def _arguments(settings: Settings, command: str, *options: str) -> list[str]:
    target = _target(settings)
    return [
        *("--no-use-colors", "--log-format", "json", "--log-level", "info"),
        *("--log-level-file", "none", "--log-path", str(target / "logs"), "--no-version-check"),
        *(command, "--project-dir", str(settings.dbt_project), "--profiles-dir", str(settings.dbt_project)),
        *("--target-path", str(target), *options),
    ]


_PROGRAM = ("-m", "yibiao.warehouse.dbt_process")

_PR_SET_PDEATHSIG = 1
"""Linux: the signal that a process gets when its parent ends (prctl(2))."""


def _follow(line: bytes, progress: Progress) -> None:
    """Advance by one for each finished node in dbt's JSON log; other lines, and texts of errors, are not passed on."""
    import orjson

    if not line.startswith(b"{"):
        return
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return
    if event.get("info", {}).get("name") in ("LogModelResult", "LogTestResult"):
        progress.advance(1, event.get("data", {}).get("node_info", {}).get("node_name", ""))


def _read_results(path: Path, loads: Any) -> list[dict[str, Any]]:
    return [
        {
            "model": result["unique_id"].split(".")[-1],
            "status": result["status"],
            "seconds": round(result["execution_time"], 3),
            "message": result.get("message") or "",
        }
        for result in loads(path.read_bytes())["results"]
    ]


_SAFE_KINDS = ("Binder Error", "Catalog Error", "Parser Error", "Compilation Error")
"""Errors about the text of a model. Others (conversion, constraint ...) may quote a value of a row."""


_TODO = {
    "IO Error": "Free disk space, then run again. See docs/runbook.md, The disk is full.",
    "INTERNAL Error": "A defect of DuckDB, not of the data: see docs/runbook.md, An internal error of DuckDB.",
    "Out of Memory Error": "Set YIBIAO_MEMORY_LIMIT to what the machine can spare, then run again.",
}


_PARTS = {"where": "where", "expected": "expected", "got": "got", "to do": "todo"}


def _own_error(model: str, message: str) -> WarehouseError | None:
    """The error of our own that a Python model raised: it says what to do, and its text holds no value of a row."""
    found = re.search(
        r"^ *yibiao\.errors\.\w+: (?P<what>.+)(?P<parts>(?:\n +(?:where|expected|got|to do): .*)*)", message, re.M
    )
    if not found:
        return None
    told = dict(line.strip().split(": ", 1) for line in found["parts"].splitlines() if line.strip())
    parts = {_PARTS[label]: text for label, text in told.items()}
    return WarehouseError(found["what"], **parts | {"where": f"{parts.get('where', '')} ({model})".strip()})


def _kind_of_failure(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    for line in lines:
        kind = line.split(":")[0]
        if kind in _SAFE_KINDS or kind.startswith("Compilation Error"):
            return " ".join(lines)[:600]
        if kind.endswith("Error"):
            column = re.search(r"when casting from source column (\w+)", message)
            return f"{kind} in column {column[1]}" if column else kind
    return "an error that dbt did not classify"
