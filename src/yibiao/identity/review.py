"""The pairs of a release that a human should look at: between the thresholds, torn between rivals, or contradictory."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from yibiao.contracts.values import Entity, Schemas
from yibiao.errors import ReleaseError
from yibiao.files import to_json
from yibiao.identity.settings import LinkageSettings
from yibiao.identity.sides import Side, SideKey, SideReader
from yibiao.identity.source import SourceColumn, linkage_of, source_columns
from yibiao.ingest.rules import quote
from yibiao.settings import Settings
from yibiao.warehouse.query import open_release
from yibiao.warehouse.releases import Release


@dataclass(frozen=True)
class Pair:
    """One pair of the table `<entity>_review`.

    Args:
        node_l, node_r: the two nodes, the smaller first.
        record_l, record_r: number of the source record; None where the side is an entity with a certain key.
        id_l, id_r: the entities to which both belong now.
        score: bits of match weight.
        state: `review`, `rival` or `apart`; see `yibiao.identity.linkage.Linked`.
        reasons: comparison:level:points, separated by blanks.
    """

    node_l: str
    node_r: str
    record_l: int | None
    record_r: int | None
    id_l: str
    id_r: str
    score: float
    state: str
    reasons: str

    @property
    def nodes(self) -> tuple[str, str]:
        return self.node_l, self.node_r

    @property
    def sides(self) -> tuple[SideKey, SideKey]:
        """Keys of what stands left and right."""
        left = self.id_l if self.record_l is None else self.record_l
        return left, self.id_r if self.record_r is None else self.record_r

    @property
    def both_known(self) -> bool:
        """Whether certain keys identify both sides."""
        return self.record_l is None and self.record_r is None


@dataclass(frozen=True)
class ReviewList:
    """What a release has to review of one entity.

    Args:
        entity, linkage, columns: what is linked, by which settings, and the raw columns in their order.
        release: where it stands.
    """

    entity: Entity
    linkage: LinkageSettings
    columns: tuple[SourceColumn, ...]
    release: Release
    settings: Settings
    schemas: Schemas

    @cached_property
    def shown(self) -> tuple[SourceColumn, ...]:
        """Raw columns as people see them: what one cell of a report says stands there once."""
        cells = {(one.element or one.name, one.of_others): one for one in reversed(self.columns)}
        return tuple(one for one in self.columns if one in cells.values())

    def pairs(
        self, *, only: Collection[tuple[str, str]] | None = None, leave: Collection[tuple[str, str]] = ()
    ) -> list[Pair]:
        """Pairs, the strongest first; not those whose sides have become one entity through others.

        Args:
            only, leave: nodes of the pairs that are taken, and that are not.
        """
        own = f"{self.entity.id}_"
        columns = (
            f"node_l, node_r, record_l, record_r, {quote(f'{own}l')}, {quote(f'{own}r')}, "
            "cast(score as double), state, reasons"
        )
        with open_release(self.release.database) as connection:
            rows = connection.execute(
                f"select {columns} from {quote(f'{own}review')}"
                f" where {quote(f'{own}l')} <> {quote(f'{own}r')} order by score desc, node_l, node_r"
            ).fetchall()
        found = [Pair(*row) for row in rows]
        return [pair for pair in found if (only is None or pair.nodes in only) and pair.nodes not in leave]

    def sides(self, pairs: Sequence[Pair]) -> dict[SideKey, Side]:
        """What stands on the sides of pairs.

        Raises:
            ReleaseError: a load package that holds one of the records is gone.
        """
        keys = {key for pair in pairs for key in pair.sides}
        with open_release(self.release.database) as connection:
            reader = SideReader(connection, self.release, self.entity, self.shown, self.settings, self.schemas)
            return {
                **reader.records(sorted(key for key in keys if isinstance(key, int))),
                **reader.entities(sorted(key for key in keys if isinstance(key, str))),
            }

    def check_code(self, pair: Pair, sides: Mapping[SideKey, Side]) -> str:
        """Ten digits of a hash of what the pair says: another one as soon as a side says something else."""
        said = [self.entity.id, *pair.nodes, *(dict(sides[key].cells) for key in pair.sides)]
        return hashlib.sha256(to_json(said)).hexdigest()[:10]


def review_list(settings: Settings, schemas: Schemas, release: Release, entity: str) -> ReviewList:
    """The review list of an entity in a release.

    Raises:
        LinkageError: the entity is not linked.
        ReleaseError: the release was made before it was.
    """
    linkage = linkage_of(settings.schemas, entity)
    if not has_review(release, entity):
        raise ReleaseError(
            "The release has no review list.",
            where=f"release {release.version}",
            expected=f"a table {entity}_review",
            todo="Make a release with linkage: `yibiao run`.",
        )
    known = schemas.entities[entity]
    return ReviewList(known, linkage, source_columns(linkage, known, schemas), release, settings, schemas)


def state_counts(pairs: Sequence[Pair]) -> dict[str, int]:
    """Pairs by state, sorted by it."""
    return dict(sorted(Counter(pair.state for pair in pairs).items()))


def has_review(release: Release, entity: str) -> bool:
    """Whether a release has a review list of an entity."""
    with open_release(release.database) as connection:
        found = connection.execute(
            "select 1 from information_schema.tables where table_name = ?", [f"{entity}_review"]
        ).fetchall()
    return bool(found)
