"""The gate: expectation specs, their evaluation with Great Expectations inside DuckDB, and what was found."""

from yibiao.quality.results import ExpectationResult, GateResult, read_results
from yibiao.quality.runner import Gate, Known, ready_gate, run_gate

__all__ = ["ExpectationResult", "Gate", "GateResult", "Known", "read_results", "ready_gate", "run_gate"]
