"""The control database: an index of loads, releases and runs that manifests rebuild, and the decisions people made.

Only decisions live in it alone; everything else can be deleted and comes back with `reconcile`.
"""

from __future__ import annotations

from yibiao.control.database import connect, prepare
from yibiao.control.decisions import Decision, accepted_loads, decide, list_decisions, withdrawn_deliveries
from yibiao.control.reconcile import Reconciled, reconcile
from yibiao.control.runs import finish_run, list_runs, start_run

__all__ = [
    "Decision",
    "Reconciled",
    "accepted_loads",
    "connect",
    "decide",
    "finish_run",
    "list_decisions",
    "list_runs",
    "prepare",
    "reconcile",
    "start_run",
    "withdrawn_deliveries",
]
