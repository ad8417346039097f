"""What a linkage leaves in the warehouse for the next run: prepared records, what entities state, scored pairs.

They stand in the schema `linkage`, one set of tables for each entity. `yibiao.identity.relink` brings them to new
records; a whole linkage makes them anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from yibiao.identity.prepare import used_columns
from yibiao.identity.profiles import ENTITIES
from yibiao.identity.settings import LinkageSettings

if TYPE_CHECKING:
    import duckdb

SCHEMA = "linkage"


@dataclass(frozen=True)
class Kept:
    """Names of the tables of one entity.

    Attributes:
        record: prepared open records: `id` and prepared columns.
        own: `id`, `said` (keyed hash of what the record says), `n` (its number among those that say that), `node_id`.
        contradiction: `id`, `e`: records that do not keep the entity of their key.
        entity: `id` (as it stands in the source), `e` (its hash).
        within, between: scored pairs of open records, and of open records (`l`) with entities (`r` is `e`): `l`, `r`,
            `score`, degrees and points.
        many: entities that state much in some column: `e`.
        decided: nodes that decisions of humans name: `node_id`, `entity` (null if it is a record, or not there).
        numbered: `said` of records that are numbered with the open ones although they keep their entity.
        was: rows that the last run said, and this one says anew or not at all; read by the models after linkage.
        remade: `id` of records of which this run may say something else than the last one; NULL if that is all. Read by
            the models after linkage.
    """

    entity_name: str

    def _name(self, part: str) -> str:
        return f"{SCHEMA}.{self.entity_name}_{part}"

    @property
    def record(self) -> str:
        return self._name("record")

    @property
    def own(self) -> str:
        return self._name("own")

    @property
    def contradiction(self) -> str:
        return self._name("contradiction")

    @property
    def entity(self) -> str:
        return self._name("entity")

    @property
    def within(self) -> str:
        return self._name("within")

    @property
    def between(self) -> str:
        return self._name("between")

    @property
    def many(self) -> str:
        return self._name("many")

    @property
    def decided(self) -> str:
        return self._name("decided")

    @property
    def remade(self) -> str:
        return self._name("remade")

    @property
    def was(self) -> str:
        return self._name("was")

    @property
    def numbered(self) -> str:
        return self._name("numbered")

    def stated(self, column: str) -> str:
        """What entities state in a column: `e` and its prepared columns, each text once."""
        return self._name(f"stated_{column}")

    def present(self, con: duckdb.DuckDBPyConnection) -> bool:
        """Whether a run left them."""
        found = con.execute(
            "select count(*) from duckdb_tables() where schema_name = ? and table_name in (?, ?)",
            [SCHEMA, f"{self.entity_name}_between", f"{self.entity_name}_decided"],
        ).fetchall()
        return bool(found[0][0] == 2)


def keep_decided(con: duckdb.DuckDBPyConnection, kept: Kept) -> None:
    """Keep which nodes decisions name, and which certain entities are among them."""
    con.execute(f"""
        create or replace table {kept.decided} as
        select asked.node_id, known.entity
        from (select distinct unnest([node_l, node_r]) as node_id from linkage_decision) as asked
        left join linkage_decided_entity as known using (node_id)""")


class Keeper:
    """Takes over the tables of a whole linkage while it makes them; see `link`."""

    def __init__(self, con: duckdb.DuckDBPyConnection, kept: Kept, settings: LinkageSettings) -> None:
        self._con, self._kept, self._settings = con, kept, settings
        con.execute(f"create schema if not exists {SCHEMA}")

    def records(self, table: str) -> None:
        """Prepared open records, with the contradictions that made some of them open."""
        self._take(self._kept.record, f"select * exclude (rid) from {table}")

    def contradictions(self, records: str, contradictions: str, entity: str, own: str) -> None:
        self._take(
            self._kept.contradiction,
            f'select {own} as id, hash("{entity}") as e from {records}'
            f' where "{entity}" is not null and {own} in (select id from {contradictions})',
        )

    def own(self) -> None:
        self._take(self._kept.own, "select record_no as id, said, n, node_id from linkage_own")
        self._take(self._kept.numbered, "from linkage_numbered")

    def decided(self) -> None:
        keep_decided(self._con, self._kept)

    def stated(self) -> None:
        """What entities state, and the entities."""
        for column in used_columns(self._settings):
            self._take(self._kept.stated(column.name), f"select * from linkage_stated_{column.name}")
        self._take(self._kept.entity, f"select id, e from {ENTITIES}")
        self._take(self._kept.many, "select distinct e from linkage_many")

    def within(self, scored: str, records: str) -> None:
        self._take(
            self._kept.within,
            f"select s.* replace (a.id as l, b.id as r) from {scored} as s"
            f" inner join (select rid, id from {records}) as a on s.l = a.rid"
            f" inner join (select rid, id from {records}) as b on s.r = b.rid",
        )

    def between(self, scored: str, records: str) -> None:
        self._take(
            self._kept.between,
            f"select s.* replace (a.id as l, b.e as r) from {scored} as s"
            f" inner join (select rid, id from {records}) as a on s.l = a.rid"
            f" inner join (select rid, e from {ENTITIES}) as b on s.r = b.rid",
        )

    def _take(self, target: str, query: str) -> None:
        self._con.execute(f"create or replace table {target} as {query}")
