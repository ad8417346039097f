"""Ingests and detects a batch of broken files in a process of its own, which may be stopped, and accounts for them."""

from __future__ import annotations

import datetime
import json
import logging
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from account import TAG, account
from broken_table import BadFile
from forked import forkserver

LIMIT, BATCH_LIMIT = 20, 30
"""Seconds of processor time for one file, and for a batch: files of one that did not end get a process each."""

ASLEEP = 120.0
"""Seconds after which a process that does nothing is stopped; the clock of a busy machine says little."""

MEMORY = 3 << 30
"""Bytes of memory that a batch may need at most."""


def run(batches: Sequence[tuple[Any, Sequence[BadFile]]], folder: Path, workers: int = 2) -> list[dict[str, Any]]:
    """One result per file: `{case, batch, verdict, problems}`; `verdict` is what became of it.

    Args:
        batches: a report and the files to deliver under it.
        folder: for homes and data.
    """
    context = forkserver()
    waiting = [(report, list(files), False) for report, files in batches]
    running: list[tuple[BaseProcess, float, Path, Any, list[BadFile], bool]] = []
    results: list[dict[str, Any]] = []
    number = 0
    while waiting or running:
        while waiting and len(running) < workers:
            report, files, single = waiting.pop(0)
            place = folder / f"batch{number}"
            number += 1
            process = context.Process(target=work, args=(report, files, place))
            process.start()
            running.append((process, time.monotonic(), place, report, files, single))
        for one in list(running):
            process, started, place, report, files, single = one
            late = time.monotonic() - started > ASLEEP
            if process.is_alive() and not late:
                continue
            running.remove(one)
            if process.is_alive():
                process.kill()
            process.join()
            if (result := place / "result.json").exists():
                results += json.loads(result.read_bytes())
            elif single or len(files) == 1:
                hung = late or process.exitcode == -signal.SIGXCPU
                what = f"no end within {LIMIT} s" if hung else f"the process ended: {process.exitcode}"
                results.append({"case": files[0].case, "batch": files[0].batch, "verdict": "gone", "problems": [what]})
            else:
                waiting += [(report, [file], True) for file in files]
        time.sleep(0.02)
    return results


def work(report: Any, files: Sequence[BadFile], place: Path) -> None:
    """Write `result.json` for these files."""
    place.mkdir()
    said = place / "said.txt"
    # Whatever a library writes past our own logging is looked at, too.
    out = os.open(said, os.O_WRONLY | os.O_CREAT)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.stdout = sys.stderr = open(out, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    logging.basicConfig(level=logging.DEBUG, force=True, stream=sys.stderr)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = LIMIT if len(files) == 1 else BATCH_LIMIT
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
    paths = list(_written(files, place / "data"))
    results: list[dict[str, Any]] = [{"case": one.case, "batch": one.batch, "problems": []} for one in files]
    started = time.process_time()
    _ingest(report, files, results, place)
    results[0]["ingest"] = round(time.process_time() - started, 2)
    for path, result in zip(paths, results, strict=True):
        started = time.process_time()
        _detect(path, result)
        result["detect"] = round(time.process_time() - started, 2)
    sys.stderr.flush()
    if leaked := TAG.search(said.read_text(encoding="utf-8", errors="replace")):
        results[0]["problems"].append(f"a log or a stream of the batch holds a cell of column {leaked[1]}")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    if most > MEMORY:
        results[0]["problems"].append(f"the batch needed {most >> 20} MiB")
    results[0]["memory"] = most >> 20
    (place / "part.json").write_text(json.dumps(results, ensure_ascii=False), encoding="utf-8")
    (place / "part.json").rename(place / "result.json")


def _written(files: Sequence[BadFile], data: Path) -> Iterator[Path]:
    """The files on disk, with their number in front; every one is an edition of its own."""
    data.mkdir()
    for number, file in enumerate(files):
        day = datetime.date(2015, 1, 1) + datetime.timedelta(days=number)
        path = data / f"{number}_{day:%Y%m%d}{file.suffix}"
        if file.data is None:
            path.mkdir()
        else:
            path.write_bytes(file.data)
        yield path


def _ingest(report: Any, files: Sequence[BadFile], results: list[dict[str, Any]], place: Path) -> None:
    from yibiao.ingest import ingest_report
    from yibiao.settings import Settings

    settings = Settings.load(home=place / "home", data=place / "data")
    outcome = ingest_report(report, settings)
    packages: dict[int, list[Any]] = {}
    for package in outcome.loaded:
        packages.setdefault(int(package.manifest["delivery"]["name"].partition("_")[0]), []).append(package)
    refused: set[int] = set()
    for error in outcome.errors:
        number = int(error.where.partition("_")[0])
        refused.add(number)
        results[number]["problems"] += _told(error)
        results[number].setdefault("errors", []).append(error.what)
    for number, (file, result) in enumerate(zip(files, results, strict=True)):
        made = packages.get(number, [])
        held = any(package.manifest["counts"]["quarantined"] for package in made)
        result["verdict"] = "refused" if number in refused else "quarantined" if held else "accepted" if made else ""
        if not result["verdict"]:
            result["problems"].append("neither loaded nor refused")
        if made:
            result["problems"] += account(file, [one.folder for one in made], [one.manifest for one in made])
    if list(settings.work.iterdir()):
        results[0]["problems"].append("scratch of the batch is left")


def _told(error: Any) -> list[str]:
    """An error says what to do, and no cell."""
    problems = []
    if not error.todo:
        problems.append(f"an error without advice: {error.what}")
    if leaked := TAG.search(json.dumps(error.as_dict(), ensure_ascii=False) + str(error)):
        problems.append(f"an error holds a cell of column {leaked[1]}: {error.what}")
    if "defect of the program" in error.todo:
        problems.append(f"an unforeseen error: {error.got}")
    return problems


def _detect(path: Path, result: dict[str, Any]) -> None:
    """Detection gives tables or an error of ours."""
    from yibiao.detect.file import detect
    from yibiao.errors import YibiaoError

    try:
        result["tables"] = len(detect(path))
    except YibiaoError as error:
        result["tables"] = 0
        result["problems"] += [f"detect: {problem}" for problem in _told(error)]
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        at = next((f"{Path(one.filename).name}:{one.lineno}" for one in frames[::-1] if "yibiao" in one.filename), "")
        result["problems"].append(f"detect: {type(error).__name__} at {at}")
