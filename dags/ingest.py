"""One DAG per report: fetch, check and load everything that its department has delivered.

Schedule, retries and owner come from the report's contract, by way of `index.json`, which `yibiao contract generate`
writes. The parameter `edition` is for databases and APIs whose contract takes it from there.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pendulum
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Asset, Param

from yibiao.orchestration.tasks import ingest

INDEX = json.loads(Path(__file__).with_name("index.json").read_bytes())
EDITION = r"^\d{4}-\d{2}(-\d{2})?$"
START = pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai")

for report in sorted(INDEX["reports"], key=lambda report: report["id"]):
    department, name = report["id"].split(".")
    with DAG(
        dag_id=f"ingest__{department}__{name}",
        dag_display_name=report["title"],
        schedule=report["schedule"],
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args={
            "owner": report["owner"],
            "retries": report["retries"],
            "retry_delay": timedelta(minutes=5),
            "retry_exponential_backoff": True,
        },
        params={"edition": Param(None, type=["null", "string"], title="期", pattern=EDITION)},
        tags=["ingest", department],
    ) as dag:
        PythonOperator(
            task_id="ingest",
            python_callable=ingest,
            op_args=[report["id"]],
            op_kwargs={"edition": "{{ params.edition or '' }}"},
            outlets=[Asset(f"yibiao://lake/{department}/{name}")],
        )
    globals()[dag.dag_id] = dag
