"""Clusters out of scored pairs: whole components, and inside one that holds a contradiction the strongest pairs first.

Two different certain values never come into one cluster, not even through a chain of records without any; nor do two
records of a source that speaks once of each entity; nor does a cluster grow beyond a bound. What a human decided
outranks all of that: decided pairs are together, or apart, whatever else speaks for or against it. The result depends
on the pairs alone, not on their order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

Pairs = tuple[Ints, Ints]
"""Left and right numbers of pairs of records."""

NO_VALUE = -1
NO_PAIRS: Pairs = (np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True)
class Clusters:
    """Clusters of `n` records.

    Args:
        of: for each record the smallest number of a record in its cluster.
        refused: positions of the pairs that were strong enough but would have joined what must stay apart.
    """

    of: Ints
    refused: Ints


def components(n: int, left: Ints, right: Ints) -> Ints:
    """For each of `n` nodes the smallest node of its connected component."""
    label = np.arange(n, dtype=np.int64)
    if not len(left):
        return label
    while True:
        low = np.minimum(label[left], label[right])
        before = label.copy()
        np.minimum.at(label, before[left], low)
        np.minimum.at(label, before[right], low)
        while True:  # every node takes over the label of its label
            shorter = label[label]
            if np.array_equal(shorter, label):
                break
            label = shorter
        if np.array_equal(label, before):
            return label


def one_value(codes: Ints, together: Pairs) -> Ints:
    """Codes among which all that a human put together have the same, and with it whatever states one of them.

    A number that was corrected leaves two values of one entity; a record without any takes over that of its companions.

    Args:
        codes: one a record, `NO_VALUE` where nothing is stated.
        together: pairs that a human decided to be the same.
    """
    touched = np.unique(np.concatenate(together))
    stated = touched[codes[touched] != NO_VALUE]
    if not len(stated):
        return codes
    n, values = len(codes), int(codes.max()) + 1
    group = components(n, *together)
    # Groups and values are the nodes of a graph: what hangs together in it is one value.
    label = components(n + values, group[stated], n + codes[stated])
    nothing = np.iinfo(np.int64).max
    smallest = np.full(n + values, nothing)
    np.minimum.at(smallest, label[n:], np.arange(values))
    found = codes.copy()
    having = np.flatnonzero(codes != NO_VALUE)
    found[having] = smallest[label[n + codes[having]]]
    blank = touched[codes[touched] == NO_VALUE]
    taken = smallest[label[group[blank]]]
    found[blank] = np.where(taken == nothing, NO_VALUE, taken)
    return found


def cluster(
    n: int, left: Ints, right: Ints, scores: Ints, *, certain: list[Ints], single: list[Ints], most: int,
    together: Pairs = NO_PAIRS, apart: Pairs = NO_PAIRS,
) -> Clusters:  # fmt: skip
    """Put records together.

    Args:
        n: number of records.
        left, right, scores: pairs that are strong enough.
        certain: arrays of `n` codes; different ones never come together (`NO_VALUE`: none).
        single: arrays of `n` codes; equal ones never come together (`NO_VALUE`: none).
        most: records of one cluster at most.
        together, apart: pairs that a human decided; they do not contradict each other, and the above does not hold
            against them.
    """
    whole = components(n, np.concatenate([left, together[0]]), np.concatenate([right, together[1]]))
    certain = [one_value(codes, together) for codes in certain]
    troubled = _troubled(whole, certain, single, most)
    forbidden = whole[apart[0]] == whole[apart[1]]
    troubled[whole[apart[0][forbidden]]] = True
    if not troubled.any():
        return Clusters(whole, np.empty(0, np.int64))
    inside = np.flatnonzero(troubled[whole[left]])
    # The order of the pairs: strongest first, then by numbers, so that no order of arrival takes part.
    low, high = np.minimum(left[inside], right[inside]), np.maximum(left[inside], right[inside])
    order = np.lexsort((high, low, -scores[inside]))
    inside, low, high = inside[order], low[order], high[order]
    of = whole.copy()
    members = np.flatnonzero(troubled[whole])
    of[members] = members
    sure = troubled[whole[together[0]]]
    joining = _Joining(
        members, certain, single, most,
        together=(together[0][sure], together[1][sure]), apart=(apart[0][forbidden], apart[1][forbidden]),
    )  # fmt: skip
    refused = [place for place, pair in enumerate(zip(low.tolist(), high.tolist(), strict=True)) if joining.join(*pair)]
    for node in members.tolist():
        of[node] = joining.root(node)
    return Clusters(of, np.sort(inside[np.array(refused, dtype=np.int64)]))


def _troubled(whole: Ints, certain: list[Ints], single: list[Ints], most: int) -> Flags:
    """Which components (by label) hold a contradiction, or too many records."""
    n = len(whole)
    bad = np.bincount(whole, minlength=n) > most
    for codes in certain:
        stated = np.flatnonzero(codes != NO_VALUE)
        low, high = np.full(n, np.iinfo(np.int64).max), np.full(n, -1)
        np.minimum.at(low, whole[stated], codes[stated])
        np.maximum.at(high, whole[stated], codes[stated])
        bad |= (high >= 0) & (low != high)
    for codes in single:
        stated = np.flatnonzero(codes != NO_VALUE)
        pairs = np.stack([whole[stated], codes[stated]], axis=1)
        found, counts = np.unique(pairs, axis=0, return_counts=True)
        bad[found[counts > 1, 0]] = True
    return bad


class _Joining:
    """Records of components that hold a contradiction, joined pair by pair."""

    def __init__(
        self, members: Ints, certain: list[Ints], single: list[Ints], most: int, *, together: Pairs, apart: Pairs
    ) -> None:
        self._parent = {one: one for one in members.tolist()}
        self._size = dict.fromkeys(self._parent, 1)
        self._values = [{one: int(codes[one]) for one in self._parent} for codes in certain]
        self._sets = [{one: {int(codes[one])} - {NO_VALUE} for one in self._parent} for codes in single]
        self._enemies: dict[int, set[int]] = {}
        self._most = most
        for pair in zip(*(side.tolist() for side in together), strict=True):
            first, second = sorted(map(self.root, pair))
            if first != second:
                self._unite(first, second)
        for pair in zip(*(side.tolist() for side in apart), strict=True):
            first, second = map(self.root, pair)
            self._enemies.setdefault(first, set()).add(second)
            self._enemies.setdefault(second, set()).add(first)

    def root(self, one: int) -> int:
        """The smallest record of the cluster in which a record is by now."""
        parent = self._parent
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    def join(self, first: int, second: int) -> bool:
        """Put the clusters of two records together; True if that was refused."""
        a, b = sorted((self.root(first), self.root(second)))
        if a == b:
            return False
        apart = self._size[a] + self._size[b] > self._most
        apart = apart or any(NO_VALUE != one[a] != one[b] != NO_VALUE for one in self._values)
        apart = apart or any(not one[a].isdisjoint(one[b]) for one in self._sets)
        apart = apart or b in self._enemies.get(a, ())
        if not apart:
            self._unite(a, b)
        return apart

    def _unite(self, a: int, b: int) -> None:
        """Make `a`, the smaller, the root of both."""
        self._parent[b] = a
        self._size[a] += self._size.pop(b)
        for coded in self._values:
            taken = coded.pop(b)
            if coded[a] == NO_VALUE:
                coded[a] = taken
        for held in self._sets:
            held[a] |= held.pop(b)
        for enemy in self._enemies.pop(b, ()):
            self._enemies[enemy].remove(b)
            self._enemies[enemy].add(a)
            self._enemies.setdefault(a, set()).add(enemy)
