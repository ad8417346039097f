"""Addresses linked to the dwellings of a register: equal parts, as far as they are stated, and only one dwelling that
fits.

Nothing is guessed: where a text leaves out the township or the unit, it is linked if a single dwelling of the register
agrees with all that it does state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from yibiao.identity import addresses
from yibiao.ingest.rules import quote

if TYPE_CHECKING:
    import duckdb

MOST_CANDIDATES = 500
"""Dwellings that may agree in place, building and room; a commoner combination (小区 1幢 101室) tells nothing."""


def named_by_address(
    con: duckdb.DuckDBPyConnection, asked: Sequence[tuple[str, str, str]], register: str, code: str, address: str
) -> duckdb.DuckDBPyRelation:
    """Find what addresses of golden records name; called by a Python model of dbt.

    Args:
        asked: (table of schema `identity`, its column of addresses, its column that names the other entity already or
            nothing): only rows are asked about in which that is not stated.
        register, code, address: table of schema `identity` with one row per dwelling, its key and its address.

    Returns:
        `address`, the key under its own name, `how`: one row per text that names exactly one dwelling.
    """
    texts = " union ".join(
        f"select {quote(column)} as address from identity.{quote(table)} where {quote(column)} is not null"
        + (f" and {quote(unless)} is null" if unless else "")
        for table, column, unless in asked
    )
    con.execute(f"create or replace temp view linkage_asked as {texts}")
    con.execute(f"""
        create or replace temp view linkage_register as
        select {quote(code)}, {quote(address)} from identity.{quote(register)}
        where {quote(code)} is not null and {quote(address)} is not null""")
    link_to_dwellings(con, "linkage_asked", "address", "linkage_register", "linkage_named", code=code, address=address)
    return con.sql(
        f"select text as address, dwelling_code as {quote(code)}, how from linkage_named"
        " where dwelling_code is not null"
    )


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
    addresses.describe(con, quote(register), quote(address), "linkage_dwelling_parts")
    con.execute(f"""
        create or replace temp table linkage_dwelling as
        select cast(register.{quote(code)} as varchar) as code, parts.* exclude (text)
        from {quote(register)} as register
        inner join linkage_dwelling_parts as parts on register.{quote(address)} = parts.text
        where parts.home is not null""")
    addresses.describe(con, quote(source), quote(column), "linkage_text_parts")
    # One home has several names of its ground: the estate, and the road with its number.
    for table in ("linkage_dwelling", "linkage_text_parts"):
        con.execute(f"""
            create or replace temp table {table}_ground as
            select distinct * from (
                select *, unnest([estate, road || number, case when estate is null and road is null then community end])
                    as ground
                from {table} where home is not null
            ) where ground is not null""")
    con.execute(f"""
        create or replace temp table linkage_common as
        select ground, building, room from linkage_dwelling_ground
        group by all having count(distinct code) > {MOST_CANDIDATES}""")
    con.execute(f"""
        create or replace temp table {quote(target)} as
        with fitting as (
            select
                told.text, known.code,
                told.unit is not distinct from known.unit and told.town is not distinct from known.town
                    and told.community is not distinct from known.community as whole
            from linkage_text_parts_ground as told
            inner join linkage_dwelling_ground as known
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
        from (select text from linkage_text_parts where home is not null) as parts
        left join counted using (text)""")
    for name in ("dwelling_parts", "dwelling", "text_parts", "dwelling_ground", "text_parts_ground", "common"):
        con.execute(f"drop table linkage_{name}")
    return {
        how: int(count)
        for how, count in con.execute(f"select how, count(*) from {quote(target)} group by how order by how").fetchall()
    }
