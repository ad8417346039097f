"""Where things lie and what may be tuned: one frozen object, built once per command and passed down."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from yibiao.errors import HomeError

HOME_FORMAT = 1
"""Version of the layout inside the home folder; a program refuses a folder of another version."""

TIME_ZONE = "Asia/Shanghai"
"""Editions, schedules and days are meant in this zone, whatever the machine is set to."""


def _project_root() -> Path:
    """The checkout (or installed share folder) that holds `schemas/`, `dags/` and `dbt_project/`."""
    if given := os.environ.get("YIBIAO_PROJECT"):
        return Path(given).resolve()
    return Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """Paths and limits of one installation.

    Attributes:
        project: folder with `dags/`, `dbt_project/`, `expectations/` and `schemas/`.
        home: working folder: landing, lake, warehouse, releases, control database, logs. Created on first use, 0700.
        data: folder that contracts' relative locations start from.
        schemas, dbt_project, expectations, dags: sources; by default inside `project`.
        threads: worker threads for vectorised work.
        memory_limit: DuckDB's memory limit, for example `5GB`.
        whole_every: days after which a run builds and checks everything anew, however little changed; 0 for every run.
    """

    project: Path
    home: Path
    data: Path
    schemas: Path
    dbt_project: Path
    expectations: Path
    dags: Path
    threads: int = field(default_factory=lambda: max(1, len(os.sched_getaffinity(0))))
    memory_limit: str = "5GB"
    whole_every: int = 7

    @classmethod
    def load(cls, *, home: Path | str | None = None, data: Path | str | None = None) -> Settings:
        """Settings from arguments, then `YIBIAO_*` environment variables, then defaults inside the project."""
        project = _project_root()

        def place(given: Path | str | None, variable: str, default: Path) -> Path:
            return Path(given or os.environ.get(variable) or default).expanduser().resolve()

        settings = cls(
            project=project,
            home=place(home, "YIBIAO_HOME", project / "home"),
            data=place(data, "YIBIAO_DATA", project / "data" / "demo"),
            schemas=place(None, "YIBIAO_SCHEMAS", project / "schemas"),
            dbt_project=place(None, "YIBIAO_DBT_PROJECT", project / "dbt_project"),
            expectations=place(None, "YIBIAO_EXPECTATIONS", project / "expectations"),
            dags=place(None, "YIBIAO_DAGS", project / "dags"),
        )
        if threads := os.environ.get("YIBIAO_THREADS"):
            settings = replace(settings, threads=int(threads))
        if memory := os.environ.get("YIBIAO_MEMORY_LIMIT"):
            settings = replace(settings, memory_limit=memory)
        if days := os.environ.get("YIBIAO_WHOLE_EVERY"):
            settings = replace(settings, whole_every=int(days))
        return settings

    def environment(self) -> dict[str, str]:
        """The variables that make a child process (dbt, gate, Airflow) see these same settings."""
        return {
            "YIBIAO_PROJECT": str(self.project),
            "YIBIAO_HOME": str(self.home),
            "YIBIAO_DATA": str(self.data),
            "YIBIAO_SCHEMAS": str(self.schemas),
            "YIBIAO_DBT_PROJECT": str(self.dbt_project),
            "YIBIAO_EXPECTATIONS": str(self.expectations),
            "YIBIAO_DAGS": str(self.dags),
            "YIBIAO_THREADS": str(self.threads),
            "YIBIAO_MEMORY_LIMIT": self.memory_limit,
            "YIBIAO_WHOLE_EVERY": str(self.whole_every),
            **NO_TELEMETRY,
        }

    @property
    def cache(self) -> Path | None:
        """Where commands leave for the next what takes long to find out and nobody misses: `YIBIAO_CACHE`, or `yibiao`
        in the user's cache folder; None if there is no such folder, or `YIBIAO_CACHE` is `none`.
        """
        given = os.environ.get("YIBIAO_CACHE")
        if given:
            return None if given == "none" else Path(given).expanduser().resolve()
        users = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        return Path(users) / "yibiao" if os.path.isabs(users) else None

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def work(self) -> Path:
        """Scratch on the same file system as everything else, so that a rename out of it is atomic."""
        return self.home / "work"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def control_url(self) -> str:
        """SQLAlchemy address of the control database."""
        return os.environ.get("YIBIAO_CONTROL_URL") or f"sqlite:///{self.home / 'control.db'}"

    def open_home(self) -> None:
        """Create the home folder (0700) or check that this program understands the one that is there.

        Raises:
            HomeError: the folder was written by another format version.
        """
        os.umask(0o077)
        marker = self.home / "format"
        if marker.exists():
            found = marker.read_text().strip()
            if found != str(HOME_FORMAT):
                raise HomeError(
                    "The working folder has another format version.",
                    where=str(self.home),
                    expected=f"format {HOME_FORMAT}",
                    got=f"format {found or '(empty)'}",
                    todo="Use the program version that wrote it, or give another folder with --home.",
                )
        else:
            self._begin_home(marker)
        for folder in (self.landing, self.lake, self.work, self.releases, self.logs):
            folder.mkdir(exist_ok=True)

    def _begin_home(self, marker: Path) -> None:
        """The marker comes first, in one step: whatever a process killed in between leaves, the next one takes over."""
        unfinished = f".{marker.name}-"
        if self.home.exists() and any(not path.name.startswith(unfinished) for path in self.home.iterdir()):
            raise HomeError(
                "The working folder is not empty and was not made by this program.",
                where=str(self.home),
                expected="an empty or new folder, or one with a `format` file",
                todo="Give another folder with --home.",
            )
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        aside = self.home / f"{unfinished}{os.getpid()}"
        aside.write_text(f"{HOME_FORMAT}\n")
        aside.replace(marker)


NO_TELEMETRY = {
    "DO_NOT_TRACK": "1",
    "SCARF_ANALYTICS": "false",
    "SCARF_NO_ANALYTICS": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "false",
}
"""Environment that switches every dependency's reporting off; set for this process and all its children."""
