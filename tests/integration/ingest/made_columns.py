"""Contracts and their columns made in Python, for tests that need no file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from yibiao.contracts import Column, EditionRule, Report, Server
from yibiao.contracts.kinds import Frozen
from yibiao.contracts.reports import plain_column


def column(name: str, header: str, type_: str = "text", **more: Any) -> Column:
    """A column of a contract with everything else left at its default."""
    return replace(plain_column(name, header, type_), **more)


def report(columns: tuple[Column, ...], server: Server, **more: Any) -> Report:
    """A contract `police.register`, a snapshot, with everything else left at its default."""
    made = Report(
        id="police.register",
        department="police",
        department_name="公安局",
        name="register",
        title="登记表",
        version="1.0.0",
        description="",
        grain="",
        mode="snapshot",
        about=(),
        columns=columns,
        key=tuple(one.name for one in columns if one.key),
        constants=Frozen(),
        edition=EditionRule("parameter"),
        max_drop=0.1,
        on_drift=Frozen(),
        control_totals=(),
        schedule="",
        owner="",
        retries=0,
        server=server,
        path="",
    )
    return replace(made, **more)
