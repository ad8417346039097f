"""Clusters: whole components, no contradiction inside one, and no order that matters."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from yibiao.identity.clusters import NO_VALUE, Clusters, cluster, components


def put(n: int, pairs: list[tuple[int, int, int]], *, certain=(), single=(), most: int = 1000) -> Clusters:
    left, right, scores = (np.array([pair[k] for pair in pairs], dtype=np.int64) for k in range(3))
    codes = [[np.array(one, dtype=np.int64) for one in group] for group in (certain, single)]
    return cluster(n, left, right, scores, certain=codes[0], single=codes[1], most=most)


def test_a_chain_is_one_cluster_named_by_its_smallest_record() -> None:
    assert put(5, [(4, 3, 10), (3, 1, 10)]).of.tolist() == [0, 1, 2, 1, 1]


def test_two_certain_values_do_not_meet_through_a_chain_of_records_without_any() -> None:
    found = put(4, [(0, 1, 30), (1, 2, 20), (2, 3, 30)], certain=[[7, NO_VALUE, NO_VALUE, 8]])
    assert found.of.tolist() == [0, 0, 2, 2]
    assert found.refused.tolist() == [1]


def test_the_strongest_pair_decides_to_whom_a_record_belongs() -> None:
    assert put(3, [(0, 1, 10), (1, 2, 11)], certain=[[7, NO_VALUE, 8]]).of.tolist() == [0, 1, 1]
    assert put(3, [(0, 1, 11), (1, 2, 10)], certain=[[7, NO_VALUE, 8]]).of.tolist() == [0, 0, 2]


def test_a_source_that_speaks_once_of_each_entity_gives_a_cluster_one_record() -> None:
    found = put(4, [(0, 2, 30), (1, 2, 20), (1, 3, 10)], single=[[0, 0, 1, 1]])
    assert found.of.tolist() == [0, 1, 0, 1]


def test_a_cluster_does_not_grow_beyond_its_bound() -> None:
    found = put(50, [(0, n, 100 - n) for n in range(1, 50)], most=10)
    assert np.bincount(found.of).max() == 10
    assert len(found.refused) == 40


def test_without_pairs_everybody_is_alone() -> None:
    assert put(3, []).of.tolist() == [0, 1, 2]


def test_contradictions_of_one_component_leave_the_others_whole() -> None:
    found = put(6, [(0, 1, 9), (1, 2, 8), (3, 4, 9), (4, 5, 8)], certain=[[1, NO_VALUE, 2, NO_VALUE, NO_VALUE, 3]])
    assert found.of.tolist() == [0, 0, 2, 3, 3, 3]


graphs = st.integers(2, 12).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.integers(1, 5)), max_size=30),
        st.lists(st.integers(-1, 2), min_size=n, max_size=n),
        st.lists(st.integers(-1, 3), min_size=n, max_size=n),
        st.randoms(use_true_random=False),
    )
)


@given(graphs)
def test_components_are_those_of_a_walk_through_the_graph(graph) -> None:
    n, pairs, *_ = graph
    near = {node: set() for node in range(n)}
    for a, b, _ in pairs:
        near[a].add(b)
        near[b].add(a)
    expected = []
    for node in range(n):
        seen, waiting = {node}, [node]
        while waiting:
            waiting += [other for other in near[waiting.pop()] if other not in seen and not seen.add(other)]
        expected.append(min(seen))
    left, right = (np.array([pair[k] for pair in pairs], dtype=np.int64) for k in range(2))
    assert components(n, left, right).tolist() == expected


@given(graphs)
def test_no_cluster_holds_a_contradiction_and_no_order_changes_it(graph) -> None:
    n, pairs, certain, single, chance = graph
    best: dict[tuple[int, int], int] = {}
    for a, b, score in pairs:
        if a != b:
            best[min(a, b), max(a, b)] = score
    listed = [(*pair, score) for pair, score in best.items()]
    found = put(n, listed, certain=[certain], single=[single], most=6)
    for name in set(found.of.tolist()):
        members = [node for node in range(n) if found.of[node] == name]
        assert name == min(members)
        assert len(members) <= 6
        assert len({certain[node] for node in members} - {NO_VALUE}) <= 1
        stated = [single[node] for node in members if single[node] != NO_VALUE]
        assert len(stated) == len(set(stated))
    turned = [(b, a, score) if chance.random() < 0.5 else (a, b, score) for a, b, score in listed]
    chance.shuffle(turned)
    assert put(n, turned, certain=[certain], single=[single], most=6).of.tolist() == found.of.tolist()


@given(graphs)
def test_every_pair_is_together_or_was_refused(graph) -> None:
    n, pairs, certain, single, _ = graph
    listed = [(a, b, score) for a, b, score in pairs if a != b]
    found = put(n, listed, certain=[certain], single=[single])
    for place, (a, b, _) in enumerate(listed):
        if found.of[a] != found.of[b]:
            assert place in found.refused
