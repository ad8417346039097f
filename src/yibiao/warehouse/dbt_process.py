"""dbt's own process: `python -m yibiao.warehouse.dbt_process PARSE...`, the arguments of `dbt parse`.

It reads the project by them, then waits for its order: a JSON object `{"arguments": [...], "environment": {...}}`, one
line of standard input. Without an order it ends.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Any

from yibiao.warehouse.dbt_known import Known
from yibiao.warehouse.dbt_spared import spare_work


def main(parse: list[str]) -> int:
    """Make ready, wait for the order, carry it out.

    Returns:
        0 if dbt did, or if no order came; 1 if a model failed; 2 if dbt itself did.
    """
    # Many objects are made and nearly all are kept: to look for what may go as often as usual costs a twentieth.
    gc.set_threshold(50_000, 20, 100)
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    tell_what_is_shown()
    spare_work()
    known = Known(Path(parse[parse.index("--target-path") + 1]))
    known.use()
    parsed = dbtRunner().invoke(parse).result
    import orjson

    # What the Python models import, read of characters and compile, half a second of a day's linkage.
    from yibiao.identity import run as _run  # noqa: F401
    from yibiao.identity.names import features
    from yibiao.ingest import rules

    features("一")
    rules.make_ready()
    order = sys.stdin.buffer.readline()
    if not order:
        return 0
    told = orjson.loads(order)
    os.environ.update(told["environment"])  # its HOME is a folder for this order alone
    # What is wrong with the project is told when it is run: without a manifest it is read once more.
    done = dbtRunner(manifest=parsed if isinstance(parsed, Manifest) else None).invoke(told["arguments"])
    known.keep(Path.home())
    sys.stdout.flush()
    return 0 if done.success else 2 if done.exception else 1


def tell_what_is_shown() -> None:
    """Let dbt drop what it says for debugging, nine events of ten.

    dbt 1.11 puts every event together and formats it before it asks whether its level is written at all: a second of
    the processor in every run, for nobody.
    """
    from dbt_common.events.base_types import BaseEvent, EventLevel
    from dbt_common.events.event_manager import EventManager
    from dbt_common.events.event_manager_client import ctx_set_event_manager

    class Shown(EventManager):
        def fire_event(self, e: BaseEvent, level: EventLevel | None = None, *rest: Any, **named: Any) -> None:
            if (level or e.level_tag()) not in (EventLevel.DEBUG, EventLevel.TEST):
                super().fire_event(e, level, *rest, **named)

    ctx_set_event_manager(Shown())


if __name__ == "__main__":
    # By the interpreter's own end, which closes the database: what is in its log then stands in its file.
    sys.exit(main(sys.argv[1:]))
