"""Bring a working folder and its control database up to date before Airflow's processes start.

Run as `python -m yibiao.orchestration.init`, by the `init` service of `docker-compose.yml`.
"""

from __future__ import annotations

from yibiao.control import reconcile
from yibiao.orchestration.lock import run_lock
from yibiao.settings import Settings


def main() -> None:
    """Open the home folder, clear what dead processes left, rebuild the index."""
    settings = Settings.load()
    settings.open_home()
    with run_lock(settings, "yibiao.orchestration.init"):
        found = reconcile(settings, alone=True)
    print(f"{found.loads_added} loads and {found.releases} releases indexed, {found.scratch_removed} leftovers removed")


if __name__ == "__main__":
    main()
