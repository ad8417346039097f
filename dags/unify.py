"""One DAG for everything after the lake: stage, identify, unify, gate, release.

It runs when any report has been loaded, and every hour for what no event tells: a decision about a load that waited, a
changed contract, loads of a report of which another delivery failed. An event says only that something may be new; the
task itself compares fingerprints and ends at once if nothing is.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Asset, AssetAny, AssetOrTimeSchedule, CronTriggerTimetable

from yibiao.orchestration.tasks import unify

INDEX = json.loads(Path(__file__).with_name("index.json").read_bytes())
LAKE = [
    Asset(f"yibiao://lake/{report['id'].replace('.', '/')}")
    for report in sorted(INDEX["reports"], key=lambda report: report["id"])
]

with DAG(
    dag_id="unify",
    dag_display_name="整合与发布",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("40 * * * *", timezone="Asia/Shanghai"), assets=AssetAny(*LAKE)
    ),
    # No start date: with one, the hour that has just gone by would run at the first start, before anything is loaded.
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "data-platform", "retries": 2, "retry_delay": timedelta(minutes=1)},
    params={"force": False},
    render_template_as_native_obj=True,
    tags=["unify"],
) as dag:
    PythonOperator(task_id="unify", python_callable=unify, op_kwargs={"force": "{{ params.force }}"})
