"""The gate's own process: `python -m yibiao.quality.gate`.

Its order, the JSON object `{"database", "expectations", "out", "known": {"file", "tables", "anew"}}`, comes as one
line on standard input.

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
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from yibiao.errors import YibiaoError
from yibiao.files import to_json
from yibiao.quality.results import FILE_NAME, ExpectationResult, class_of, verdict

if TYPE_CHECKING:
    from yibiao.quality.counts import Anew
    from yibiao.quality.specs import TableSpec

    Results = dict[tuple[str, str], ExpectationResult]
    Anews = dict[tuple[str, str], Anew]


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


def _known(specs: Sequence[TableSpec], told: Mapping[str, Any]) -> tuple[Results, Anews]:
    """What of an earlier verdict still holds.

    Returns:
        By table and id: results on tables that have not changed, of expectations that ask no other; and the rows made
        anew, for expectations that no row broke and that others cannot have come to break.
    """
    from yibiao.quality.counts import Anew, table_name
    from yibiao.quality.results import read_results

    earlier = {(one.table, one.id): one for one in read_results(Path(told["file"])).results if not one.error}
    holding: Results = {}
    anew: Anews = {}
    for spec in specs:
        column, keys = told["anew"].get(spec.qualified, ("", ""))
        for one in spec.expectations:
            key = spec.qualified, one.id
            if (was := earlier.get(key)) is None:
                continue
            if spec.qualified in told["tables"] and one.is_of_one_table:
                holding[key] = was
            elif column and was.unexpected == 0 and one.is_local_to(column):
                anew[key] = Anew(column, table_name(*keys.split(".")))
    return holding, anew


def main() -> int:
    """Make ready, wait for the order, evaluate, write the results, tell the parent.

    Returns:
        0 if the gate was evaluated, whatever it found, or if no order came.
    """
    channel = Channel()
    gc.disable()  # a short life with much import: collecting costs a tenth of it
    try:
        import orjson

        defer_imports()
        from yibiao.quality import evaluation
        from yibiao.quality.specs import load_specs
        from yibiao.settings import Settings

        evaluation.preload()
        order = sys.stdin.buffer.readline()
        if not order:
            return 0
        began = time.perf_counter()
        told = orjson.loads(order)
        database, folder, out = (Path(told[name]) for name in ("database", "expectations", "out"))
        settings = Settings.load()
        specs = load_specs(folder, settings.schemas / "codes")
        channel.send(tables=len(specs))
        known, anew = _known(specs, told["known"]) if "known" in told else ({}, {})
        results, seconds = evaluation.evaluate(
            database,
            specs,
            threads=settings.threads,
            memory_limit=settings.memory_limit,
            work=Path.cwd(),
            done=lambda table: channel.send(table=table),
            known=known,
            anew=anew,
        )
        (out / FILE_NAME).write_bytes(to_json(verdict(results).as_dict()))
        channel.send(done=True, timing={"check": seconds, "process": time.perf_counter() - began})
        return 0
    except YibiaoError as error:
        channel.send(error=type(error).__name__, parts=error.as_dict())
        return 1
    except BaseException as error:
        channel.send(fatal=class_of(error))
        return 1


if __name__ == "__main__":
    # Leaving without the interpreter's clean-up saves a quarter of a second; engines are disposed, files are closed.
    os._exit(main())
