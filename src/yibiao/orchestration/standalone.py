"""`make airflow`: the same DAGs under a real Airflow (`airflow standalone`) on this machine, with its web pages.

Run as `python -m yibiao.orchestration.standalone`. Listens on 127.0.0.1 only; `AIRFLOW_PORT` chooses the port (8080).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
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
        # Reading and unifying use all cores themselves; more tasks at once would only compete for memory.
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
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
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", "standalone"],
            env=server_environment(settings, port),
            # Its own group: Ctrl-C reaches us alone, and we pass it on once.
            start_new_session=True,
        )

        def pass_on(_number: int, _frame: FrameType | None) -> None:
            # `airflow standalone` ends its parts on SIGINT only; SIGTERM would leave them behind.
            process.send_signal(signal.SIGINT)

        signal.signal(signal.SIGINT, pass_on)
        signal.signal(signal.SIGTERM, pass_on)
        return process.wait()


if __name__ == "__main__":
    sys.exit(main())
