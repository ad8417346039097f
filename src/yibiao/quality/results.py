"""What the gate found: plain values without any value of a row, and their JSON file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from yibiao.errors import GateError

FORMAT = 1
"""Version of `quality.json`."""

FILE_NAME = "quality.json"

Severity = Literal["critical", "warning", "info"]
Status = Literal["passed", "failed", "error"]

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")


@dataclass(frozen=True)
class ExpectationResult:
    """The verdict on one expectation.

    These fields are all that is kept: a list of known-safe keys, so that whatever the checking library adds to its
    results, values of persons among it, stays behind.

    Attributes:
        id: the expectation's id, unique in its table.
        type: expectation type.
        table: `schema.table`.
        column: the columns it speaks of, joined by commas; empty for the whole table.
        severity: as the spec says; `critical` when it could not be evaluated.
        status: `passed`, `failed`, or `error` if it could not be evaluated.
        success: the expectation holds.
        evaluated, unexpected: rows judged, rows that break it; None if it could not be evaluated.
        percent: unexpected in 100 evaluated, rounded to 4 digits; None without evaluated rows.
        dimension: quality dimension after GB/T 36344.
        owner, reason: from the spec.
        message: why it could not be evaluated, in our own words.
        error: class name of the failure, if any.
    """

    id: str
    type: str
    table: str
    column: str
    severity: Severity
    status: Status
    success: bool
    evaluated: int | None
    unexpected: int | None
    percent: float | None
    dimension: str
    owner: str
    reason: str
    message: str = ""
    error: str = ""


@dataclass(frozen=True)
class GateResult:
    """The verdict on a whole database.

    Attributes:
        passed: no critical expectation failed and none was an error.
        results: one per expectation, ordered by table and place in its spec.
        seconds: wall time from the order to the verdict; not part of `quality.json`, which is the same for equal data.
        timing: parts of it: `wait` for the process to be ready, `process` from then on; `check`, part of `process`, for
            evaluating alone.
    """

    passed: bool
    results: tuple[ExpectationResult, ...]
    seconds: float = 0.0
    timing: Mapping[str, float] = field(default_factory=dict)

    @property
    def by_severity(self) -> dict[str, dict[str, int]]:
        """`{severity: {"passed": n, "failed": n}}`; an expectation that could not be evaluated has failed."""
        table: dict[str, dict[str, int]] = {severity: {"passed": 0, "failed": 0} for severity in SEVERITIES}
        for result in self.results:
            table[result.severity]["passed" if result.success else "failed"] += 1
        return table

    @property
    def failed(self) -> tuple[ExpectationResult, ...]:
        """Failures, the gravest first."""
        return tuple(sorted((r for r in self.results if not r.success), key=lambda r: SEVERITIES.index(r.severity)))

    def as_dict(self) -> dict[str, Any]:
        """The content of `quality.json`; no time, path or machine name stands in it."""
        return {
            "format": FORMAT,
            "passed": self.passed,
            "by_severity": self.by_severity,
            "results": [asdict(result) for result in self.results],
        }


def verdict(results: Iterable[ExpectationResult]) -> GateResult:
    """Judge a set of results: one failed critical expectation is enough to stop a release."""
    results = tuple(results)
    passed = not any(result.severity == "critical" and not result.success for result in results)
    return GateResult(passed, results)


def class_of(error: BaseException) -> str:
    """The class name of the failure at the root of a chain of wrappers."""
    original = getattr(error, "orig", None) or error.__cause__
    return class_of(original) if original is not None else type(error).__name__


def read_results(file: Path) -> GateResult:
    """Read a `quality.json`.

    Raises:
        GateError: there is none, or it is not of this format.
    """
    import orjson

    try:
        content = orjson.loads(file.read_bytes())
        if content["format"] != FORMAT:
            raise ValueError
        results = tuple(ExpectationResult(**result) for result in content["results"])
        return GateResult(bool(content["passed"]), results)
    except FileNotFoundError:
        raise GateError(
            "There are no results of the gate.",
            where=str(file),
            expected="a quality.json written by the gate",
            got="no file",
            todo="Run `yibiao run`, or name another release.",
        ) from None
    except (ValueError, KeyError, TypeError):
        raise GateError(
            "The results of the gate cannot be read.",
            where=str(file),
            expected=f"JSON of format {FORMAT}",
            got="something else",
            todo="Rebuild the release with `yibiao run --force`.",
        ) from None
