"""Settings of a linkage: how a table's columns are prepared, blocked, compared, and what counts as the same.

The format is described in `schemas/linkage/README.md`. A file is read strictly: an unknown key, kind or column is an
error with its line.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

FORMAT = 1

PARTS: dict[str, tuple[str, ...]] = {
    "latin": ("sound", "tokens"),
    "chinese_name": ("sound", "family"),
    "date": ("year", "month", "day", "year_month", "month_day"),
    "digits": (),
    "text": (),
    "code": (),
    "phone": (),
    "person_number": ("valid", "ends", "birth"),
    "address": ("division", "road", "building", "room"),
    "organisation_name": ("core",),
}
"""Kind of column -> what can be asked of it as `column.part`; `firstN` and `lastN` besides, of every kind."""


@dataclass(frozen=True)
class Column:
    """One prepared column.

    Args:
        name: how blocks and comparisons call it.
        sources: raw columns, joined by a blank where there are several.
        kind: a key of `PARTS`.
        formats: strptime formats of a `date`.
        extract: regular expression of which the first group (or the whole match) is kept, before preparation.
    """

    name: str
    sources: tuple[str, ...]
    kind: str
    formats: tuple[str, ...] = ()
    extract: str = ""


@dataclass(frozen=True)
class Level:
    """One degree of likeness; the first of a comparison's levels that holds is taken.

    Args:
        kind: a key of `yibiao.identity.levels.LEVELS`.
        columns: columns or parts (`name.sound`) that it looks at.
        value: its threshold, where the kind has one.
        frequency: a rare value is stronger evidence than a common one.
        m, u: probabilities set by hand instead of trained.
        also: further levels that must hold too.
    """

    kind: str
    columns: tuple[str, ...]
    value: float | None = None
    frequency: bool = False
    m: float | None = None
    u: float | None = None
    also: tuple[Level, ...] = ()

    @property
    def label(self) -> str:
        """Words for charts and explanations."""
        text = f"{self.kind} {', '.join(self.columns)}"
        if self.value is not None:
            text += f" {self.value:g}"
        return " and ".join([text, *(level.label for level in self.also)])


@dataclass(frozen=True)
class Comparison:
    """Levels from the strongest to the weakest; `else` is implied, and a value that is not stated says nothing."""

    name: str
    levels: tuple[Level, ...]

    @property
    def main(self) -> tuple[str, ...]:
        """The columns of the strongest level."""
        return self.levels[0].columns


@dataclass(frozen=True)
class Block:
    """Records that agree on all parts are compared, unless more than `cap` do.

    Args:
        entities: if given, a key that more entities with a certain value share tells nobody apart, and is left out
            too. In a larger town more people share a name and a birthday: without a bound such pairs grow with the
            square of the town.
    """

    parts: tuple[str, ...]
    cap: int
    entities: int | None = None

    @property
    def most_entities(self) -> int:
        return self.cap if self.entities is None else min(self.cap, self.entities)

    @property
    def label(self) -> str:
        return " + ".join(self.parts)


@dataclass(frozen=True)
class Training:
    """How parameters are found.

    Args:
        records: at most so many records are used, chosen by a hash of their ids.
        pairs: random pairs looked at for the probabilities among different entities.
        seed: of the random sample.
        prior_blocks, prior_recall: two records that agree on the parts of one of these blocks are nearly always the
            same entity, and that finds this share of all matches.
        prior: probability that two random records are the same entity, instead of the above.
        em: blocks, one expectation maximisation each.
        labels: a certain column that tells matches instead of expectation maximisation.
        rare: values that occur fewer times are not kept by name (term frequencies).
    """

    records: int = 100_000
    pairs: int = 2_000_000
    seed: int = 1
    prior_blocks: tuple[tuple[str, ...], ...] = ()
    prior_recall: float = 0.7
    prior: float | None = None
    em: tuple[tuple[str, ...], ...] = ()
    labels: str = ""
    rare: int = 2


@dataclass(frozen=True)
class LinkageSettings:
    """A settings file, checked.

    Args:
        id: raw column with a unique id; without it the number of the row.
        columns: by name.
        certain: prepared columns that identify: equal values are the same entity, two different ones never.
        one_per: prepared column that names the source, if no source speaks twice of one entity.
        subject: columns of which a record states at least one, or it speaks of no entity at all (a visit to a flat
            where nobody lives); empty if every record does.
        link, review: match weight (bits) from which a pair is linked, and from which a human should look at it.
        margin: bits by which the best of several rivals must be ahead.
        same: bits (without the prior) that two records with one certain value must reach, else they are of two people;
            nothing is looked at without it.
        implied: comparisons that a certain value answers itself (a number says birth and sex): between two records that
            share one, only their disagreement is evidence.
        most: records of one entity; a cluster does not grow beyond.
    """

    name: str
    columns: dict[str, Column]
    blocks: tuple[Block, ...]
    comparisons: tuple[Comparison, ...]
    link: float
    review: float
    id: str = ""
    certain: tuple[str, ...] = ()
    one_per: str = ""
    subject: tuple[str, ...] = ()
    margin: float = 0.0
    same: float | None = None
    implied: tuple[str, ...] = ()
    most: int = 1000
    training: Training = field(default_factory=Training)

    def references(self, *, labels: bool = True) -> tuple[str, ...]:
        """Every column and part that is used, sorted; without `labels` not that which only training reads."""
        used = {part for block in self.blocks for part in block.parts} | set(self.certain)
        used |= {part for block in (*self.training.em, *self.training.prior_blocks) for part in block}
        used |= {self.one_per} if self.one_per else set()
        used |= {self.training.labels} if self.training.labels and labels else set()
        for comparison in self.comparisons:
            for level in comparison.levels:
                for one in (level, *level.also):
                    used |= set(one.columns)
        return tuple(sorted(used))

    def frequencies(self) -> tuple[str, ...]:
        """Columns of which term frequencies are kept, sorted."""
        levels = [level for comparison in self.comparisons for level in comparison.levels]
        return tuple(sorted({level.columns[0] for level in levels if level.frequency}))

    def semantics(self) -> str:
        """SHA-256 over what a model depends on: preparation and comparisons, not blocks and thresholds."""
        content = {
            "format": FORMAT,
            "columns": [asdict(self.columns[name]) for name in sorted(self.columns)],
            "comparisons": [asdict(comparison) for comparison in self.comparisons],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read_settings(path: Path) -> LinkageSettings:
    """Read and check a settings file.

    Raises:
        ContractError: something in it is wrong; `where` is `file:line`.
    """
    from yibiao.identity.settings_file import parse

    return parse(path)
