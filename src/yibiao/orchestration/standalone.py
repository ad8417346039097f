"""`make airflow`: the same DAGs under a real Airflow (`airflow standalone`) on this machine, with its web pages.

Run as `python -m yibiao.orchestration.standalone`. The pages listen on 127.0.0.1 only; `AIRFLOW_PORT` chooses the port
(8080). Airflow also serves task logs on the two ports above it, on every interface, to whoever has a token signed with
this installation's key; `airflow standalone` of 3.3 has no switch for that.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from yibiao.control import reconcile
from yibiao.orchestration.airflow_home import airflow_home, environment
from yibiao.orchestration.lock import run_lock
from yibiao.orchestration.main_job import demo_api
from yibiao.settings import Settings


def server_environment(settings: Settings, port: int) -> dict[str, str]:
    """The whole environment of an Airflow server on this machine: schedules and assets active, loopback only."""
    address = f"http://127.0.0.1:{port}"
    return {
        **os.environ,
        **environment(settings, "server"),
        # `airflow standalone` starts its parts by the name `airflow`.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        # All parts start at once: on a slow machine the first task is there before the API server that it reports to.
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "20",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "5",
        # Reading and unifying use all cores themselves; more tasks at once would only compete for memory.
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        # Fixed ports would collide with another Airflow of this machine.
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(port + 1),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(port + 2),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "10",
    }


def main() -> int:
    """Run until interrupted.

    Returns:
        Airflow's exit status.
    """
    settings = Settings.load()
    settings.open_home()
    port = int(os.environ.get("AIRFLOW_PORT", "8080"))
    with run_lock(settings, "yibiao.orchestration.standalone"):
        reconcile(settings, alone=True)
    # From here on the tasks hold the lock together with us; an embedded run is refused while Airflow is up.
    with run_lock(settings, "Airflow (make airflow)", shared=True), demo_api(settings.data):
        home = airflow_home(settings, "server")
        home.mkdir(parents=True, exist_ok=True)
        print(f"Airflow 启动约半分钟 / is up in about half a minute: http://127.0.0.1:{port}  (user admin)")
        print(f"密码 / password: {home / 'simple_auth_manager_passwords.json.generated'}", flush=True)
        return _supervise(server_environment(settings, port))


def _supervise(environment: dict[str, str]) -> int:
    """Run `airflow standalone` until it ends; pass Ctrl-C and SIGTERM on, and leave no part of it behind."""
    asked_to_stop = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        asked_to_stop.set()

    # Before the start: a child inherits an ignored SIGINT (shells ignore it for background jobs), not a handled one.
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    process = subprocess.Popen(
        [sys.executable, "-m", "airflow", "standalone"],
        env=environment,
        start_new_session=True,  # a group of its own: Ctrl-C reaches us alone, and we can end all of it
    )
    while process.poll() is None and not asked_to_stop.wait(0.5):
        pass
    status = process.poll()
    # `airflow standalone` ends its parts on SIGINT only; SIGTERM would leave them behind.
    for number, patience in ((signal.SIGINT, 30), (signal.SIGTERM, 10), (signal.SIGKILL, 5)):
        if not _signal_group(process.pid, number, only_leader=number == signal.SIGINT):
            break
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and _signal_group(process.pid, 0):
            process.poll()  # collects the leader, which would otherwise stay in its group as a zombie
            time.sleep(0.2)
    return process.wait() if status is None else status


def _signal_group(group: int, number: int, *, only_leader: bool = False) -> bool:
    """Send a signal (0 sends none) to a process group or its leader; False if nobody is there any more."""
    try:
        os.kill(group, number) if only_leader else os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
