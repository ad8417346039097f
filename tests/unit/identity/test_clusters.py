"""Clusters: whole components, no contradiction inside one, decisions above all, and no order that matters."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from yibiao.identity.clusters import NO_VALUE, Clusters, cluster, components, one_value


def put(
    n: int, pairs: list[tuple[int, int, int]], *, certain=(), single=(), most: int = 1000, same=(), different=()
) -> Clusters:
    left, right, scores = (np.array([pair[k] for pair in pairs], dtype=np.int64) for k in range(3))
    codes = [[np.array(one, dtype=np.int64) for one in group] for group in (certain, single)]
    decided = [sides(pairs) for pairs in (same, different)]
    return cluster(
        n, left, right, scores, certain=codes[0], single=codes[1], most=most, together=decided[0], apart=decided[1]
    )


def sides(pairs) -> tuple[np.ndarray, np.ndarray]:
    left, right = (np.array([pair[k] for pair in pairs], dtype=np.int64) for k in range(2))
    return left, right


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


def test_a_human_puts_together_what_nothing_speaks_for_and_certain_values_speak_against() -> None:
    assert put(3, [], same=[(0, 2)]).of.tolist() == [0, 1, 0]
    assert put(3, [], same=[(0, 2)], certain=[[7, NO_VALUE, 8]], single=[[1, 1, 1]], most=1).of.tolist() == [0, 1, 0]


def test_two_numbers_of_one_person_are_one_for_everybody_else() -> None:
    # 0 and 1 have numbers that a human knows to be the old and the new one; 2 fits both, 3 has a third number.
    pairs = [(0, 2, 20), (1, 2, 20), (2, 3, 30)]
    certain = [[7, 8, NO_VALUE, 9]]
    assert put(4, pairs, certain=certain).of.tolist() == [0, 1, 2, 2]
    assert put(4, pairs, certain=certain, same=[(0, 1)]).of.tolist() == [0, 0, 2, 2]
    assert put(4, pairs, certain=certain, same=[(0, 1), (2, 0)]).of.tolist() == [0, 0, 0, 3]


def test_what_a_human_took_apart_does_not_meet_through_a_chain() -> None:
    chain = [(0, 1, 30), (1, 2, 20), (2, 3, 30)]
    assert put(4, chain).of.tolist() == [0, 0, 0, 0]
    found = put(4, chain, different=[(0, 3)])
    assert found.of.tolist() == [0, 0, 2, 2]
    assert found.refused.tolist() == [1]
    assert put(4, chain, different=[(3, 0)], same=[(1, 2)]).of.tolist() == [0, 0, 0, 3]


def test_a_human_may_take_apart_what_has_one_certain_value() -> None:
    sure = [(0, 1, 1_000_000), (0, 2, 1_000_000)]
    assert put(3, sure, certain=[[7, 7, 7]], different=[(0, 2)]).of.tolist() == [0, 0, 2]


def test_a_decision_about_one_component_leaves_the_others_whole() -> None:
    pairs = [(0, 1, 9), (1, 2, 8), (3, 4, 9), (4, 5, 8)]
    assert put(6, pairs, different=[(0, 2)]).of.tolist() == [0, 0, 2, 3, 3, 3]
    assert put(6, pairs, different=[(0, 5)]).of.tolist() == [0, 0, 0, 3, 3, 3]


def test_values_that_a_human_put_together_are_one_value() -> None:
    codes = np.array([4, NO_VALUE, 2, 4, NO_VALUE, 1, NO_VALUE], dtype=np.int64)
    assert one_value(codes, sides([(0, 1), (1, 2)])).tolist() == [2, 2, 2, 2, NO_VALUE, 1, NO_VALUE]
    assert one_value(codes, sides([(4, 6)])).tolist() == codes.tolist()
    assert one_value(codes, sides([])) is codes


decided_graphs = st.tuples(
    graphs,
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.booleans()), max_size=8),
)


def consistent(n: int, verdicts) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Decisions in order, without those that contradict an earlier one, as an import would refuse them."""
    same: list[tuple[int, int]] = []
    different: list[tuple[int, int]] = []
    for a, b, is_same in verdicts:
        if a >= n or b >= n or a == b:
            continue
        kept = ([*same, (a, b)], different) if is_same else (same, [*different, (a, b)])
        of = components(n, *sides(kept[0]))
        if all(of[x] != of[y] for x, y in kept[1]):
            same, different = kept
    return same, different


@given(decided_graphs)
def test_decided_pairs_always_hold_and_no_order_changes_the_result(drawn) -> None:
    (n, pairs, certain, single, chance), verdicts = drawn
    best = {(min(a, b), max(a, b)): score for a, b, score in pairs if a != b}
    listed = [(*pair, score) for pair, score in best.items()]
    same, different = consistent(n, verdicts)
    given_codes = {"certain": [certain], "single": [single], "most": 6}
    found = put(n, listed, same=same, different=different, **given_codes).of.tolist()
    assert all(found[a] == found[b] for a, b in same)
    assert all(found[a] != found[b] for a, b in different)
    assert all(found[node] <= node and found[found[node]] == found[node] for node in range(n))

    turned = [(b, a, score) if chance.random() < 0.5 else (a, b, score) for a, b, score in listed]
    same_turned = [(b, a) if chance.random() < 0.5 else (a, b) for a, b in same]
    different_turned = [(b, a) if chance.random() < 0.5 else (a, b) for a, b in different]
    for one in (turned, same_turned, different_turned):
        chance.shuffle(one)
    assert put(n, turned, same=same_turned, different=different_turned, **given_codes).of.tolist() == found


@given(decided_graphs)
def test_what_no_decision_put_together_still_holds_no_contradiction(drawn) -> None:
    (n, pairs, certain, single, _), verdicts = drawn
    same, different = consistent(n, verdicts)
    listed = [(a, b, score) for a, b, score in pairs if a != b]
    of = put(n, listed, certain=[certain], single=[single], most=6, same=same, different=different).of
    values = one_value(np.array(certain, dtype=np.int64), sides(same))
    group = components(n, *sides(same))
    for name in set(of.tolist()):
        members = [node for node in range(n) if of[node] == name]
        assert len({int(values[node]) for node in members} - {NO_VALUE}) <= 1
        parts = {int(group[node]) for node in members}
        if len(parts) > 1:  # something besides decisions joined them
            assert len(members) <= 6
            held = [{single[node] for node in members if group[node] == part} - {NO_VALUE} for part in parts]
            assert sum(map(len, held)) == len(set().union(*held))


@given(decided_graphs)
def test_decisions_about_nobody_here_change_nothing(drawn) -> None:
    (n, pairs, certain, single, _), _ = drawn
    listed = [(a, b, score) for a, b, score in pairs if a != b]
    without = put(n, listed, certain=[certain], single=[single], most=6)
    # Two that nothing joins are apart already: to say so is no news.
    of = without.of
    far = [(a, b) for a in range(n) for b in range(a) if of[a] != of[b]]
    whole = components(n, *sides(listed))
    told = put(
        n,
        listed,
        certain=[certain],
        single=[single],
        most=6,
        different=[(a, b) for a, b in far if whole[a] != whole[b]],
    )
    assert told.of.tolist() == of.tolist()
    assert told.refused.tolist() == without.refused.tolist()
