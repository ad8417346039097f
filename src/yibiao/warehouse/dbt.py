"""Runs dbt in a process of its own: in this one it would keep the DuckDB file locked."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from yibiao.errors import WarehouseError
from yibiao.files import scratch
from yibiao.progress import Progress
from yibiao.settings import Settings


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
    import orjson

    (folder / "spill").mkdir(exist_ok=True)
    results = _target(settings) / "run_results.json"
    results.unlink(missing_ok=True)
    options = [*(["--exclude", *without] if without else [])]
    with _start(settings, folder, database.name, command, "--fail-fast", *options) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                _follow(line, progress)
        except BaseException:
            process.kill()
            raise
    nodes = _read_results(results, orjson.loads) if results.exists() else []
    results.unlink(missing_ok=True)  # the texts of errors in it may quote a value
    failed = next((node for node in nodes if node["status"] not in ("success", "pass", "skipped")), None)
    if process.returncode != 0 or failed:
        kind = _kind_of_failure(failed["message"]) if failed else f"dbt ended with status {process.returncode}"
        raise WarehouseError(
            "dbt could not build the models.",
            where=failed["model"] if failed else str(settings.dbt_project),
            expected="every model built",
            got=kind,
            todo=_TODO.get(kind, "Run `yibiao contract generate --check`, then see docs/runbook.md, section dbt."),
        )
    return [{key: node[key] for key in ("model", "status", "seconds")} for node in nodes]


@contextmanager
def parsed_ahead(settings: Settings) -> Iterator[None]:
    """Let dbt read the project while the caller does something else, if it never did in this home (4 s).

    What is wrong with the project is not told here: `run_models` will come upon it.
    """
    if (_target(settings) / "partial_parse.msgpack").exists():
        yield
        return
    with scratch(settings.work, "parse") as folder, _start(settings, folder, "warehouse.duckdb", "parse") as process:
        try:
            yield
            process.communicate()
        except BaseException:
            process.kill()
            raise


def _target(settings: Settings) -> Path:
    """dbt's folder, kept between runs: it parses only changed files again."""
    target = settings.home / "dbt"
    target.mkdir(parents=True, exist_ok=True)
    return target


def _start(settings: Settings, folder: Path, database: str, command: str, *options: str) -> subprocess.Popen[bytes]:
    target = _target(settings)
    environment = {
        **os.environ,
        **settings.environment(),
        # The same texts wherever the folder lies: dbt parses all models again (4 s) when that of its database changes.
        "HOME": str(folder),
        "YIBIAO_WAREHOUSE": f"~/{database}",
        "YIBIAO_SCRATCH": "~/spill",
    }
    arguments = [
        *(sys.executable, "-c", _DBT, "--no-use-colors", "--log-format", "json", "--log-level", "info"),
        *("--log-level-file", "none", "--log-path", str(target / "logs"), "--no-version-check"),
        *(command, "--project-dir", str(settings.dbt_project), "--profiles-dir", str(settings.dbt_project)),
        *("--target-path", str(target), *options),
    ]
    end_with_parent = ctypes.CDLL(None).prctl  # loaded before the fork
    return subprocess.Popen(
        arguments,
        # Of a killed run nothing goes on building: it would hold files that the next run makes anew at the same place.
        preexec_fn=lambda: end_with_parent(_PR_SET_PDEATHSIG, signal.SIGKILL),
        cwd=settings.dbt_project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


_DBT = "import gc; gc.set_threshold(50_000, 20, 100); from dbt.cli.main import cli; cli()"
"""dbt, which makes many objects and keeps nearly all: to look for what may go as often as usual costs a twentieth."""


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
