"""Degrees of likeness as SQL conditions over a pair of records.

A condition exists in two forms. In the pair form both sides have one value a column (`"name_l"`, `"name_r"`): Splink
trains on it and single records are compared by it. In the profile form the right side is a profile, which may hold
several values a column: the condition holds if it does for any of them.

The engine's own distances count bytes, so they are only for columns whose prepared text is ASCII; Chinese names have
conditions of their own, over what `yibiao.identity.names` prepares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from yibiao.identity.settings import Comparison, Level, LinkageSettings

MORE, SAYS = "__more", "linkage_says"
"""A profile holds one value of each prepared column in place, and the further ones in the list `<column>__more`. The
lists of columns that are only compared for equality are one, `linkage_says`: their numbers differ between columns."""


@dataclass(frozen=True)
class LevelKind:
    """What a kind of level takes.

    Args:
        condition: (left, right, value) -> SQL for one value on each side.
        value: name of its threshold in a settings file, or nothing.
        kinds: kinds of column it can look at; empty for all.
        columns: how many columns.
        hidden: prepared list column that is looked at instead of the value itself, as a suffix.
        meaning: for the documentation and for errors.
    """

    condition: Callable[[str, str, str], str] | None
    meaning: str
    value: str = ""
    kinds: frozenset[str] = frozenset()
    columns: tuple[int, int] = (1, 1)
    hidden: str = ""


def _distance(function: str) -> Callable[[str, str, str], str]:
    """At most so many edits. One edit alone leaves the first or the last half as it was, and that is seen at a fraction
    of the cost of a distance."""

    def within(a: str, b: str, n: str) -> str:
        held = f"{function}({a}, {b}) <= {n}"
        if n != "1":
            return held
        half = f"(least(length({a}), length({b})) - 1) // 2"
        same = " or ".join(f"{side}({a}, {half}) = {side}({b}, {half})" for side in ("left", "right"))
        return f"case when {same} then {held} else false end"

    return within


_SPELLED = frozenset({"latin", "date", "digits", "code", "phone", "person_number"})

LEVELS: dict[str, LevelKind] = {
    "exact": LevelKind(lambda a, b, _: f"{a} = {b}", "the same", columns=(1, 9)),
    "edit": LevelKind(
        _distance("levenshtein"),
        "at most so many characters changed, added or missing",
        value="at_most",
        kinds=_SPELLED,
    ),
    "typing": LevelKind(
        _distance("damerau_levenshtein"),
        "as edit, two neighbours exchanged counting once",
        value="at_most",
        kinds=_SPELLED,
    ),
    "jaro_winkler": LevelKind(
        lambda a, b, n: f"jaro_winkler_similarity({a}, {b}) >= {n}",
        "Jaro-Winkler similarity",
        value="at_least",
        kinds=_SPELLED,
    ),
    "starts": LevelKind(
        lambda a, b, n: f"starts_with({a}, {b}) or starts_with({b}, {a})",
        "one begins with the other (an initial)",
        kinds=_SPELLED,
    ),
    "shares": LevelKind(
        lambda a, b, n: f"len(list_intersect(string_split({a}, ' '), string_split({b}, ' '))) >= {n}",
        "so many words in common",
        value="at_least",
        kinds=frozenset({"latin"}),
    ),
    "within": LevelKind(
        lambda a, b, n: f"abs(date_diff('day', strptime({a}, '%Y%m%d'), strptime({b}, '%Y%m%d'))) <= {n}",
        "days apart",
        value="days",
        kinds=frozenset({"date"}),
    ),
    "day_month": LevelKind(
        lambda a, b, _: f"left({a}, 4) || right({a}, 2) || substr({a}, 5, 2) = {b}",
        "day and month exchanged",
        kinds=frozenset({"date"}),
    ),
    "swapped": LevelKind(None, "two columns exchanged", columns=(2, 2)),
    "one_character": LevelKind(
        None, "one character replaced, added or missing", kinds=frozenset({"chinese_name"}), hidden="holes"
    ),
    "alike": LevelKind(
        None,
        "one character replaced by one of like sound or shape",
        kinds=frozenset({"chinese_name"}),
        hidden="alike",
    ),
    "overlap": LevelKind(
        None,
        "share of the shorter name's neighbouring characters that the other has too",
        value="at_least",
        kinds=frozenset({"organisation_name"}),
        hidden="pairs",
    ),
}


def column(reference: str) -> str:
    """Name of the prepared column behind `column` or `column.part`."""
    return reference.replace(".", "__")


def condition(level: Level, *, profile: bool, said: frozenset[str] = frozenset()) -> str:
    """The SQL of a level and of those that must hold besides.

    Args:
        profile: the right side holds further values in lists.
        said: prepared columns of which the further values stand in `linkage_says`.
    """
    return " and ".join(f"({_one(one, profile, said)})" for one in (level, *level.also))


def _one(level: Level, profile: bool, said: frozenset[str]) -> str:
    kind = LEVELS[level.kind]
    value = "" if level.value is None else f"{level.value:g}"
    if level.kind == "swapped":
        first, second = (column(name) for name in level.columns)
        return f"({_equal(first, second, profile, said)}) and ({_equal(second, first, profile, said)})"
    if kind.hidden:
        name = f"{column(level.columns[0])}__{kind.hidden}"
        if level.kind == "overlap":
            # A profile's list holds the characters of several names: what the one name has in common with them counts.
            shorter = f'len("{name}_l")' if profile else f'least(len("{name}_l"), len("{name}_r"))'
            return f'{shorter} > 0 and len(list_intersect("{name}_l", "{name}_r")) >= {value} * {shorter}'
        return f'list_has_any("{name}_l", "{name}_r")'
    assert kind.condition is not None
    if level.kind == "exact":
        return " and ".join(f"({_equal(name, name, profile, said)})" for name in map(column, level.columns))
    parts = []
    for name in map(column, level.columns):
        left, right = f'"{name}_l"', f'"{name}_r"'
        held = f"({kind.condition(left, right, value)})"
        if profile:
            held += f" or len(list_filter({further(name, said)}, lambda v: {kind.condition(left, 'v', value)})) > 0"
        parts.append(f"({held})")
    return " and ".join(parts)


def _equal(left: str, right: str, profile: bool, said: frozenset[str]) -> str:
    held = f'"{left}_l" = "{right}_r"'
    return f'{held} or list_contains({further(right, said)}, "{left}_l")' if profile else held


def further(name: str, said: frozenset[str]) -> str:
    """SQL of the list in which a profile holds the further values of a prepared column, on the right side of a pair."""
    return f'"{SAYS if name in said else f"{name}{MORE}"}_r"'


def unstated(comparison: Comparison) -> str:
    """True of a pair about which the comparison says nothing: no level has its columns stated on both sides."""
    groups = dict.fromkeys(tuple(column(name) for name in level.columns) for level in comparison.levels)
    missing = [[f'"{name}_{side}" is null' for name in names for side in ("l", "r")] for names in groups]
    return " and ".join(f"({' or '.join(sides)})" for sides in missing)


def sides(columns: Iterable[str], *, profile: bool, said: frozenset[str] = frozenset()) -> str:
    """What a query over pairs (`l`, `r`) selects for the conditions that read these prepared columns."""
    both = list(columns)
    lists = [SAYS, *(f"{name}{MORE}" for name in both if name not in said)] if profile else []
    picked = [f'l."{name}" as "{name}_l"' for name in both]
    return ", ".join([*picked, *(f'r."{name}" as "{name}_r"' for name in (*both, *lists))])


def needed(comparisons: tuple[Comparison, ...]) -> tuple[str, ...]:
    """Prepared columns that the conditions of these comparisons read, sorted, without the lists behind them."""
    return tuple(
        sorted(
            {
                column(name)
                for comparison in comparisons
                for level in comparison.levels
                for one in (level, *level.also)
                for name in one.columns
            }
        )
    )


def only_compared_for_equality(settings: LinkageSettings) -> frozenset[str]:
    """Columns and parts of which linking only asks whether two are equal: a number serves as well as the text."""
    otherwise = {*settings.certain, *settings.frequencies(), settings.one_per}
    for comparison in settings.comparisons:
        for level in comparison.levels:
            for one in (level, *level.also):
                otherwise |= set() if one.kind == "exact" else set(one.columns)
    return frozenset(settings.references(labels=False)) - otherwise


def number_of(reference: str, value: str) -> str:
    """SQL of the number that stands for a value of a column or part: equal for equal values of one column alone.

    The engine's hash of a text takes eight bytes at a time, and texts of digits that differ in the last of two
    neighbouring eights share it too often (six pairs in a million addresses with dates); not a second time when all is
    moved by one byte.
    """
    return f"case when {value} is not null then hash('{reference}', hash({value}), hash('_' || {value})) end"


def hidden_of(comparisons: tuple[Comparison, ...]) -> dict[str, frozenset[str]]:
    """Column -> hidden list columns that its conditions need."""
    found: dict[str, set[str]] = {}
    for comparison in comparisons:
        for level in comparison.levels:
            for one in (level, *level.also):
                if hidden := LEVELS[one.kind].hidden:
                    found.setdefault(one.columns[0], set()).add(hidden)
    return {name: frozenset(kinds) for name, kinds in found.items()}
