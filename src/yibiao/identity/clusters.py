"""Clusters out of scored pairs: whole components, and inside one that holds a contradiction the strongest pairs first.

Two different certain values never come into one cluster, not even through a chain of records without any; nor do two
records of a source that speaks once of each entity; nor does a cluster grow beyond a bound. The result depends on the
pairs alone, not on their order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NO_VALUE = -1


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


def cluster(
    n: int, left: Ints, right: Ints, scores: Ints, *, certain: list[Ints], single: list[Ints], most: int
) -> Clusters:
    """Put records together.

    Args:
        n: number of records.
        left, right, scores: pairs that are strong enough.
        certain: arrays of `n` codes; different ones never come together (`NO_VALUE`: none).
        single: arrays of `n` codes; equal ones never come together (`NO_VALUE`: none).
        most: records of one cluster at most.
    """
    whole = components(n, left, right)
    troubled = _troubled(whole, certain, single, most)
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
    refused = _greedy(of, low.tolist(), high.tolist(), members, certain, single, most)
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


def _greedy(
    of: Ints, low: list[int], high: list[int], members: Ints, certain: list[Ints], single: list[Ints], most: int
) -> list[int]:
    """Join along the pairs in order; writes `of`, returns places of refused pairs."""
    parent = {int(one): int(one) for one in members}
    size = dict.fromkeys(parent, 1)
    values = [{one: int(codes[one]) for one in parent} for codes in certain]
    sets = [{one: {int(codes[one])} - {NO_VALUE} for one in parent} for codes in single]

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    refused = []
    for place, (first, second) in enumerate(zip(low, high, strict=True)):
        a, b = root(first), root(second)
        if a == b:
            continue
        if b < a:
            a, b = b, a
        apart = size[a] + size[b] > most
        apart = apart or any(NO_VALUE != one[a] != one[b] != NO_VALUE for one in values)
        apart = apart or any(not one[a].isdisjoint(one[b]) for one in sets)
        if apart:
            refused.append(place)
            continue
        parent[b] = a
        size[a] += size.pop(b)
        for coded in values:
            taken = coded.pop(b)
            if coded[a] == NO_VALUE:
                coded[a] = taken
        for held in sets:
            held[a] |= held.pop(b)
    for node in parent:
        of[node] = root(node)
    return refused
