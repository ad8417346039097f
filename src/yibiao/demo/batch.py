"""One delivery before it is written: which rows, about whom, as of when."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from yibiao.contracts.reports import Report
from yibiao.demo.chance import draw
from yibiao.demo.edition import Edition
from yibiao.demo.families import FIRST_DAY


@dataclass(frozen=True)
class Batch:
    """The rows of one report in one edition.

    Attributes:
        key: a number per row that stays with the record from edition to edition; damage is drawn by it.
        entities: entity -> row number in the world's table per row, -1 for nobody.
        roles: role -> person row per row, -1 for nobody.
        as_of: day the row speaks of.
        updates: whether `as_of` moves when the record is corrected (and so lies before the change that a stale
            record has not heard of); false where it is the day of an event or of issue.
        own: further numbers that the report's own fields need.
    """

    report: Report
    edition: Edition
    key: np.ndarray
    entities: dict[str, np.ndarray]
    roles: dict[str, np.ndarray]
    as_of: np.ndarray
    updates: bool = False
    own: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(self.key)

    @property
    def person(self) -> np.ndarray:
        """Person row that the record is about, if it is about a person."""
        return self.entities["resident"]

    def draw(self, salt: str) -> np.ndarray:
        """A uniform number per record that is the same in every edition."""
        return draw(self.edition.world.seed, f"{self.report.id}/{salt}", self.key)

    def reordered(self, order: np.ndarray | slice) -> Batch:
        """The same delivery with rows picked, or in another order."""
        return replace(
            self,
            key=self.key[order],
            entities={name: rows[order] for name, rows in self.entities.items()},
            roles={name: rows[order] for name, rows in self.roles.items()},
            as_of=self.as_of[order],
            own={name: rows[order] for name, rows in self.own.items()},
        )


def updated(edition: Edition, salt: str, key: np.ndarray, spread: float, floor: np.ndarray | None = None) -> np.ndarray:
    """Days on which records were last touched: before the first edition, or in a month when 3 % are revised.

    Args:
        spread: days before the first edition that untouched records reach back.
        floor: day of a change that every up-to-date record knows of.
    """
    seed = edition.world.seed
    out = FIRST_DAY - 1 - (draw(seed, f"{salt}/since", key) ** 1.5 * spread).astype(np.int64)
    for number in range(edition.number + 1):
        month = Edition(edition.world, number)
        luck = draw(seed, f"{salt}/revised/{number}", key)
        inside = month.first_day + (luck / 0.03 * (month.last_day - month.first_day)).astype(np.int64)
        out = np.where(luck < 0.03, inside, out)
    if floor is not None:
        out = np.maximum(out, floor)
    return np.minimum(out, edition.last_day)
