"""What the DAGs' tasks do: plain functions of plain arguments. They return ids only, because XCom keeps the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from yibiao.errors import HomeError, YibiaoError
from yibiao.orchestration.lock import run_lock
from yibiao.progress import Progress, Silent
from yibiao.settings import Settings

if TYPE_CHECKING:
    from yibiao.ingest import IngestOutcome
    from yibiao.warehouse import UnifyOutcome


@dataclass
class Watch:
    """What the embedded run, in the same process, wants to know beyond the ids.

    Attributes:
        settings: those of the run; a task under a scheduler loads its own from the environment.
        ingested: report id -> what became of its deliveries.
        failed: report id or `unify` -> why its task failed.
        unified: what the unify task did.
        interrupted: somebody pressed Ctrl-C inside a task; Airflow takes that for an ordinary failure.
    """

    settings: Settings
    progress: Progress = field(default_factory=Silent)
    ingested: dict[str, IngestOutcome] = field(default_factory=dict)
    failed: dict[str, BaseException] = field(default_factory=dict)
    unified: UnifyOutcome | None = None
    interrupted: bool = False


watch: Watch | None = None
"""Set by the embedded run for its duration; under a scheduler nobody watches."""


def ingest(report_id: str) -> list[str]:
    """Drain all pending deliveries of one report.

    Returns:
        Ids of its loads.

    Raises:
        YibiaoError: at least one delivery could not be fetched or read; the others are loaded nevertheless.
    """
    from yibiao.ingest import ingest_report

    settings = _settings()
    with _noted(report_id), run_lock(settings, "Airflow", shared=True):
        outcome = ingest_report(settings, report_id)
        if watch is not None:
            watch.ingested[report_id] = outcome
        if outcome.errors:
            raise outcome.errors[0]
    return sorted(outcome.load_ids)


def unify(force: bool = False) -> str | None:
    """Build and publish a release from the live loads, if there is anything new.

    Args:
        force: rebuild although nothing is new.

    Returns:
        The version of the current release.
    """
    from yibiao.control import reconcile
    from yibiao.warehouse import unify as unify_warehouse

    settings = _settings()
    with _noted("unify"), run_lock(settings, "Airflow", shared=True):
        reconcile(settings)
        outcome = unify_warehouse(settings, force=force, progress=watch.progress if watch else None)
        if watch is not None:
            watch.unified = outcome
        reconcile(settings)
    return outcome.version


def _settings() -> Settings:
    if watch is not None:
        return watch.settings
    settings = Settings.load()
    settings.open_home()
    return settings


class _noted:
    """Tell the watcher why a task failed; tell Airflow not to retry what a retry cannot mend."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        if watch is not None:
            watch.failed[self.name] = error
            watch.interrupted |= isinstance(error, KeyboardInterrupt)
        if isinstance(error, YibiaoError) and not isinstance(error, HomeError):
            from airflow.sdk.exceptions import AirflowFailException

            # The same bytes are as wrong in five minutes, and fetching has its own retries with back-off. Only a folder
            # that another process has locked comes free by waiting.
            raise AirflowFailException(f"{type(error).__name__}: {error}") from None
