"""The warehouse: the only room that opens `warehouse.duckdb`, and the releases that come out of it."""

from yibiao.warehouse.unify import GateRefused, UnifyOutcome, unify

__all__ = ["GateRefused", "UnifyOutcome", "unify"]
