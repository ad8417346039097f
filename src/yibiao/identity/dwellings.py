"""Addresses linked to the dwellings of a register: equal parts, as far as they are stated, and only one dwelling that
fits.

Nothing is guessed: where a text leaves out the township or the unit, it is linked if a single dwelling of the register
agrees with all that it does state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yibiao.identity import addresses
from yibiao.identity.kept import SCHEMA
from yibiao.ingest.rules import quote

if TYPE_CHECKING:
    import duckdb

MOST_CANDIDATES = 500
"""Dwellings that may agree in place, building and room; a commoner combination (小区 1幢 101室) tells nothing."""


def named_by_address(
    con: duckdb.DuckDBPyConnection, asked: Sequence[tuple[str, str, str]], register: str, code: str, address: str
) -> duckdb.DuckDBPyRelation:
    """Find what addresses of golden records name; called by a Python model of dbt.

    What was found stays in the schema `linkage`. In a warehouse that is brought to new inputs only the texts are looked
    at that are new, or that share ground and room with a dwelling that came, went or has another address.

    Args:
        asked: (table of schema `identity`, its column of addresses, its column that names the other entity already or
            nothing): only rows are asked about in which that is not stated.
        register, code, address: table of schema `identity` with one row per dwelling, its key and its address.

    Returns:
        `address`, the key under its own name, `how`: one row per text that names exactly one dwelling.
    """
    texts = " union ".join(
        f"select {quote(column)} as text from identity.{quote(table)} where {quote(column)} is not null"
        + (f" and {quote(unless)} is null" if unless else "")
        for table, column, unless in asked
    )
    con.execute(f"create or replace temp table linkage_asked as {texts}")
    con.execute(f"""
        create or replace temp table linkage_register as
        select cast({quote(code)} as varchar) as code, {quote(address)} as address from identity.{quote(register)}
        where {quote(code)} is not null and {quote(address)} is not null""")
    kept = Found(register)
    if kept.present(con):
        _forget(con, kept)
    else:
        kept.create(con)
    _resolve(con, kept)
    con.execute("drop table linkage_asked; drop table linkage_register")
    return con.sql(f"select text as address, code as {quote(code)}, how from {kept.text} where code is not null")


@dataclass(frozen=True)
class Found:
    """What was found about the addresses of golden records, and by which dwellings.

    Attributes:
        dwelling: the register as it was: `code`, `address`.
        ground: homes of the register, once for each name of their ground: `code`, parts, `ground`.
        text: all texts that were asked about: `text`, `code` (null where no or more than one dwelling fits), `how`.
        place: `text`, `place` (hash of ground and room) of the texts that name a home.
    """

    register: str

    @property
    def dwelling(self) -> str:
        return f"{SCHEMA}.{self.register}_dwelling"

    @property
    def ground(self) -> str:
        return f"{SCHEMA}.{self.register}_ground"

    @property
    def text(self) -> str:
        return f"{SCHEMA}.{self.register}_text"

    @property
    def place(self) -> str:
        return f"{SCHEMA}.{self.register}_place"

    def present(self, con: duckdb.DuckDBPyConnection) -> bool:
        """Whether this warehouse is brought to new inputs, and the run before left them."""
        found = con.execute(
            "select count(*) from duckdb_tables() where (schema_name, table_name) in (('input', 'touched_record'),"
            " (?, ?))", [SCHEMA, f"{self.register}_place"],
        ).fetchall()  # fmt: skip
        return bool(found[0][0] == 2)

    def create(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make them anew, without rows."""
        con.execute(f"create schema if not exists {SCHEMA}")
        con.execute(f"create or replace table {self.dwelling} (code varchar, address varchar)")
        addresses.describe(con, "select null::varchar", "linkage_parts")
        con.execute(f"""
            create or replace table {self.ground} as
            select null::varchar as code, * exclude (text), null::varchar as ground from linkage_parts limit 0""")
        con.execute("drop table linkage_parts")
        con.execute(f"create or replace table {self.text} (text varchar, code varchar, how varchar)")
        con.execute(f"create or replace table {self.place} (text varchar, place ubigint)")


_PLACE = "hash(ground, room)"
"""What a text and a dwelling that fits it share, and all dwellings of a common combination."""


def _forget(con: duckdb.DuckDBPyConnection, kept: Found) -> None:
    """Forget dwellings that are others now, and texts that these may have decided or that nobody asks about now."""
    con.execute(f"""
        create or replace temp table linkage_moved as
        select distinct code from (
            (from {kept.dwelling} except from linkage_register)
            union all
            (from linkage_register except from {kept.dwelling})
        )""")
    moved = "code in (from linkage_moved)"
    con.execute(f"""
        create or replace temp table linkage_place_moved as
        select distinct {_PLACE} as place from {kept.ground} where {moved}""")
    con.execute(f"delete from {kept.dwelling} where {moved}")
    con.execute(f"delete from {kept.ground} where {moved}")
    _grounds(con, f"from linkage_register where {moved}", "linkage_come")
    con.execute(f"insert into linkage_place_moved select distinct {_PLACE} from linkage_come")
    con.execute(f"""
        create or replace temp table linkage_text_gone as
        select text from {kept.text} where text not in (from linkage_asked)
        union
        select text from {kept.place} where place in (from linkage_place_moved)""")
    for table in (kept.text, kept.place):
        con.execute(f"delete from {table} where text in (from linkage_text_gone)")
    for table in ("moved", "place_moved", "come", "text_gone"):
        con.execute(f"drop table linkage_{table}")


def _resolve(con: duckdb.DuckDBPyConnection, kept: Found) -> None:
    """Add the dwellings and the texts that are not there yet."""
    new = f"select * from linkage_register anti join (select code from {kept.dwelling}) as known using (code)"
    _grounds(con, new, "linkage_come")
    con.execute(f"insert into {kept.ground} by name from linkage_come")
    con.execute(f"insert into {kept.dwelling} {new}")
    con.execute("drop table linkage_come")
    con.execute(f"create or replace temp table linkage_new as from linkage_asked anti join {kept.text} using (text)")
    _texts(con, "from linkage_new", "linkage_text_ground")
    con.execute(f"insert into {kept.place} select distinct text, {_PLACE} from linkage_text_ground")
    _fit(con, "linkage_text_ground", kept.ground, "linkage_named")
    con.execute(f"""
        insert into {kept.text}
        select text, named.dwelling_code, named.how
        from linkage_new left join linkage_named as named using (text)""")
    for table in ("new", "text_ground", "named"):
        con.execute(f"drop table linkage_{table}")


def link_to_dwellings(
    con: duckdb.DuckDBPyConnection,
    source: str,
    column: str,
    register: str,
    target: str,
    *,
    code: str = "dwelling_code",
    address: str = "dwelling_address",
) -> dict[str, int]:
    """Make the table `target`: one row for each distinct text that names a home.

    Args:
        source, column: raw table and its column of addresses (tidied by the rule `parse_address`).
        register: table of dwellings; `code` and `address` are columns of it.
        target: name of the table to make: `text`, `dwelling_code` (null where no or more than one dwelling fits), `how`
            (`exact`; `incomplete`: a part was left out and one dwelling fits; `several`; `none`).

    Returns:
        Number of texts by `how`.
    """
    dwellings = f"select cast({quote(code)} as varchar) as code, {quote(address)} as address from {quote(register)}"
    _grounds(con, dwellings, "linkage_dwelling_ground")
    _texts(con, f"select {quote(column)} from {quote(source)}", "linkage_text_ground")
    _fit(con, "linkage_text_ground", "linkage_dwelling_ground", quote(target))
    con.execute("drop table linkage_dwelling_ground; drop table linkage_text_ground")
    return {
        how: int(count)
        for how, count in con.execute(f"select how, count(*) from {quote(target)} group by how order by how").fetchall()
    }


def _grounds(con: duckdb.DuckDBPyConnection, dwellings: str, target: str) -> None:
    """Make the temporary table `target`: homes of a query of `code` and `address`: `code`, parts, `ground`."""
    con.execute("drop table if exists linkage_parts")
    addresses.describe(con, f"select address from ({dwellings})", "linkage_parts")
    con.execute(f"""
        create or replace temp table {target} as
        {
        _on_ground(f'''
            select register.code, parts.* exclude (text)
            from ({dwellings}) as register inner join linkage_parts as parts on register.address = parts.text''')
    }""")
    con.execute("drop table linkage_parts")


def _texts(con: duckdb.DuckDBPyConnection, texts: str, target: str) -> None:
    """Make the temporary table `target`: texts of a query of one column that name a home: `text`, parts, `ground`."""
    con.execute("drop table if exists linkage_parts")
    addresses.describe(con, texts, "linkage_parts")
    con.execute(f"create or replace temp table {target} as {_on_ground('from linkage_parts')}")
    con.execute("drop table linkage_parts")


def _on_ground(parts: str) -> str:
    """SQL of homes beside each name of their ground: the estate, and the road with its number; NULL if it has none."""
    names = "[estate, road || number, case when estate is null and road is null then community end]"
    return f"""
        select distinct * from (
            select *, unnest(coalesce(nullif(list_filter({names}, lambda one: one is not null), []), [null])) as ground
            from ({parts}) where home is not null
        )"""


def _fit(con: duckdb.DuckDBPyConnection, texts: str, dwellings: str, target: str) -> None:
    """Make the temporary table `target` of `link_to_dwellings` from what `_texts` and `_grounds` made."""
    con.execute(f"""
        create or replace temp table linkage_common as
        select ground, building, room from {dwellings}
        where ground is not null and {_PLACE} in (select {_PLACE} from {texts})
        group by all having count(distinct code) > {MOST_CANDIDATES}""")
    con.execute(f"""
        create or replace temp table {target} as
        with fitting as (
            select
                told.text, known.code,
                told.unit is not distinct from known.unit and told.town is not distinct from known.town
                    and told.community is not distinct from known.community as whole
            from {texts} as told
            inner join {dwellings} as known
                on told.ground = known.ground and told.room = known.room
                and told.building is not distinct from known.building
                and (told.unit = known.unit or told.unit is null or known.unit is null)
                and (told.town = known.town or told.town is null or known.town is null)
                and (told.community = known.community or told.community is null or known.community is null)
                and (told.division is null or known.division is null or ends_with(told.division, known.division)
                    or ends_with(known.division, told.division))
            anti join linkage_common as common
                on told.ground = common.ground and told.room = common.room
                and told.building is not distinct from common.building
        ),
        counted as (
            select
                text, count(distinct code) as all_codes, min(code) as any_code,
                count(distinct code) filter (whole) as whole_codes, min(code) filter (whole) as whole_code
            from fitting group by text
        )
        select
            parts.text,
            case when whole_codes = 1 then whole_code when whole_codes = 0 and all_codes = 1 then any_code end
                as dwelling_code,
            case when all_codes is null then 'none' when whole_codes = 1 then 'exact'
                when whole_codes = 0 and all_codes = 1 then 'incomplete' else 'several' end as how
        from (select distinct text from {texts}) as parts
        left join counted using (text)""")
    con.execute("drop table linkage_common")
