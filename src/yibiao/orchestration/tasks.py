"""What the DAGs' tasks do: plain functions of plain arguments. They return ids only, because XCom keeps the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from yibiao.errors import ContractError, HomeError, YibiaoError
from yibiao.orchestration.lock import run_lock
from yibiao.progress import Progress, Silent
from yibiao.settings import Settings
from yibiao.unforeseen import tell

if TYPE_CHECKING:
    from yibiao.contracts import Report, Schemas
    from yibiao.contracts.documents import Findings
    from yibiao.ingest import IngestOutcome
    from yibiao.warehouse.ahead import Ahead
    from yibiao.warehouse.unify import UnifyOutcome


@dataclass
class Watch:
    """What the embedded run, in the same process, wants to know beyond the ids.

    Attributes:
        settings: those of the run; a task under a scheduler loads its own from the environment.
        ingested: report id -> what became of its deliveries.
        schemas: read once for all tasks of the run.
        failed: report id or `unify` -> why its task failed.
        unified: what the unify task did.
        ahead: what is made ready for the unify task meanwhile.
        interrupted: somebody pressed Ctrl-C inside a task; Airflow takes that for an ordinary failure.
    """

    settings: Settings
    progress: Progress = field(default_factory=Silent)
    schemas: tuple[Schemas, Findings] | None = None
    ingested: dict[str, IngestOutcome] = field(default_factory=dict)
    failed: dict[str, BaseException] = field(default_factory=dict)
    unified: UnifyOutcome | None = None
    ahead: Ahead | None = None
    interrupted: bool = False


watch: Watch | None = None
"""Set by the embedded run for its duration; under a scheduler nobody watches."""


def ingest(report_id: str, edition: str | None = None) -> list[str]:
    """Drain all pending deliveries of one report. Under a scheduler the task is skipped if there were none.

    Args:
        edition: what a database or API is extracted as, where the contract takes it as a parameter.

    Returns:
        Ids of its live loads.

    Raises:
        YibiaoError: at least one delivery could not be fetched or read; the others are loaded nevertheless.
    """
    from yibiao.ingest import ingest_report

    settings = _settings()
    with _noted(report_id), run_lock(settings, "Airflow", shared=True):
        outcome = ingest_report(_report(settings, report_id), settings, edition=edition or None)
        if watch is not None:
            watch.ingested[report_id] = outcome
        if outcome.errors:
            raise outcome.errors[0]
    if watch is None and not outcome.is_new:
        from airflow.sdk.exceptions import AirflowSkipException

        # A skipped task updates no asset, so that a report of which nothing new came does not wake the unify DAG.
        raise AirflowSkipException("Nothing new was delivered.")
    return sorted(outcome.load_ids)


def unify(force: bool = False) -> str | None:
    """Build and publish a release from the live loads, if there is anything new.

    Args:
        force: rebuild although nothing is new.

    Returns:
        The version of the current release.
    """
    from yibiao.control import reconcile
    from yibiao.warehouse.unify import unify as unify_warehouse

    settings = _settings()
    with _noted("unify"), run_lock(settings, "Airflow", shared=True):
        reconcile(settings)
        if watch is None:
            outcome = unify_warehouse(settings, force=force)
        else:
            outcome = unify_warehouse(settings, force=force, progress=watch.progress, ahead=watch.ahead)
        if watch is not None:
            watch.unified = outcome
        reconcile(settings)
    return outcome.version


def _report(settings: Settings, report_id: str) -> Report:
    """The contract of one report. Mistakes in other contracts do not matter here; those in what all share do.

    Raises:
        ContractError: with file and line.
    """
    from yibiao.contracts.documents import Findings
    from yibiao.contracts.load import read_schemas

    if watch is not None:
        watch.schemas = watch.schemas or read_schemas(settings.schemas)
    schemas, findings = watch.schemas if watch is not None and watch.schemas else read_schemas(settings.schemas)
    contracts = f"{settings.schemas.name}/reports/"
    own = f"{contracts}{report_id.replace('.', '/')}.odcs.yml"
    Findings(f for f in findings if f.where.startswith(own) or not f.where.startswith(contracts)).raise_errors()
    if report_id not in schemas.reports:
        raise ContractError("There is no contract for this report.", where=own, todo="Run `yibiao contract generate`.")
    return schemas.reports[report_id]


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
        if isinstance(error, Exception):
            raise tell(error) from None  # Airflow logs the text, and that of a library may quote a value
