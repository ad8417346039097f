"""The journal of runs: when `yibiao run` ran and how it ended."""

from __future__ import annotations

import os
from datetime import datetime
from zoneinfo import ZoneInfo

from yibiao.control.database import connect
from yibiao.settings import TIME_ZONE, Settings


def start_run(settings: Settings) -> str:
    """Write down that a run began in this process.

    Returns:
        Its id: the moment in Asia/Shanghai and the process number, so that ids sort by time.
    """
    from sqlalchemy import insert

    from yibiao.control.tables import run

    now = datetime.now(ZoneInfo(TIME_ZONE))
    run_id = f"{now:%Y%m%dT%H%M%S.%f}-{os.getpid()}"
    with connect(settings) as connection:
        connection.execute(
            insert(run).values(
                run_id=run_id, pid=os.getpid(), started_at=now.isoformat(timespec="seconds"), state="running"
            )
        )
    return run_id


def finish_run(
    settings: Settings, run_id: str, state: str, *, release_version: str | None = None, message: str = ""
) -> None:
    """Write down how a run ended: `published`, `unchanged` or `failed`."""
    from sqlalchemy import update

    from yibiao.control.tables import run

    with connect(settings) as connection:
        connection.execute(
            update(run)
            .where(run.c.run_id == run_id)
            .values(
                state=state,
                ended_at=datetime.now(ZoneInfo(TIME_ZONE)).isoformat(timespec="seconds"),
                release_version=release_version,
                message=message,
            )
        )


def list_runs(settings: Settings) -> list[dict]:
    """All runs, oldest first."""
    from sqlalchemy import select

    from yibiao.control.tables import run

    with connect(settings) as connection:
        return [dict(row._mapping) for row in connection.execute(select(run).order_by(run.c.run_id))]
