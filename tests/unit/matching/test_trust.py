"""How far a best candidate is trusted: trees, what stands around a field, and what labelled forms teach of both."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import orjson
import pytest
from bench.matching_trust import FOLDS, as_trees, trust_of
from sklearn.ensemble import HistGradientBoostingClassifier

from yibiao.matching.around import AROUND, NEAR, NONE, WIDE, around
from yibiao.matching.lexicon import Fact
from yibiao.matching.model import DOUBTS, Model
from yibiao.matching.trees import LEAF, Node, Trees

NAME, PHONE = Fact("resident_name"), Fact("mobile_phone")


def told(*chances: float, facts: tuple[Fact, ...] = ()) -> list[dict[str, float]]:
    facts = facts or tuple(Fact(f"element_{place}") for place in range(len(chances)))
    return [dict(zip(AROUND, one, strict=True)) for one in around(chances, facts)]


def test_what_stands_around_a_field_is_counted_without_itself():
    first, second, third, last = told(0.9, 0.1, 0.5, 0.7)
    assert (first["near_mean"], first["near_least"], first["near_most"]) == (pytest.approx(0.3), 0.1, 0.5)
    assert (first["before"], first["behind"]) == (NONE, 0.1)
    assert (second["before"], second["behind"]) == (0.9, 0.5)
    assert third["wide_mean"] == pytest.approx((0.9 + 0.1 + 0.7) / 3)
    assert third["wide_spread"] == pytest.approx(np.std([0.9, 0.1, 0.7]))
    assert (last["behind"], last["fields"]) == (NONE, 4.0)


def test_a_field_alone_has_nothing_around_it():
    (only,) = told(0.9)
    assert only == {**dict.fromkeys(AROUND, NONE), "fields": 1.0}
    assert around([], []) == []


def test_only_fields_that_are_near_take_part():
    chances = [1.0] + [0.0] * (WIDE + NEAR)
    found = told(*chances)
    assert found[NEAR]["near_most"] == 1.0
    assert found[NEAR + 1]["near_most"] == 0.0
    assert found[WIDE]["wide_mean"] > 0.0
    assert found[WIDE + 1]["wide_mean"] == 0.0


def test_the_same_asked_elsewhere_is_told():
    found = told(0.4, 0.9, 0.2, facts=(NAME, PHONE, NAME))
    assert [one["same_elsewhere"] for one in found] == [0.2, NONE, 0.4]


def test_trees_ask_until_a_leaf_answers():
    one = (Node(0, 0.5, 1, 2, 0.0), Node(LEAF, 0.0, 0, 0, -1.0), Node(1, 3.0, 3, 4, 0.0))
    one += (Node(LEAF, 0.0, 0, 0, 2.0), Node(LEAF, 0.0, 0, 0, 4.0))
    trees = Trees(0.25, (one, (Node(LEAF, 0.0, 0, 0, 10.0),)))
    assert [trees.logit(figures) for figures in ([0.5, 9.0], [0.6, 3.0], [0.6, 3.1])] == [9.25, 12.25, 14.25]
    assert Trees.of(orjson.loads(orjson.dumps(trees.as_json()))) == trees


def test_trees_that_were_fitted_say_the_same_in_the_model_file():
    chance = np.random.default_rng(5)
    figures = chance.normal(size=(2_000, 5)).round(2)
    truth = (figures[:, 0] * figures[:, 1] > 0) | (figures[:, 2] > 1)
    fitted = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=8, random_state=1).fit(figures, truth)
    trees = Trees.of(orjson.loads(orjson.dumps(as_trees(fitted).as_json())))
    assert [trees.logit(row) for row in figures.tolist()] == pytest.approx(fitted.decision_function(figures), abs=1e-4)


def judged(number: int, place: int, figure: float, *, right: bool, trains: bool = True):
    """A field of which one figure is known."""
    figures = [1.0, figure] + [0.0] * (len(DOUBTS) - 2)
    of = {"fold": number % FOLDS, "group": number, "fact": Fact(f"element_{place}"), "worth": 3.0}
    return SimpleNamespace(figures=figures, right=right, trains=trains, **of)


@pytest.fixture(scope="module")
def fields():
    """Forms of which either all fields are known, or none; of the first field of each the figures do not say it."""
    found = []
    for number in range(600):
        known = number % 2 == 0
        found.append(judged(number, 0, 0.0, right=known))
        found += [judged(number, place, 2.0 if known else -2.0, right=known, trains=False) for place in range(1, 4)]
        found += [judged(number, 4, 2.0 if known else -2.0, right=known)]
    return found


def test_training_learns_what_figures_and_what_fields_around_say(fields):
    trust = trust_of(fields)
    model = Model((), trust.alone, trust.together, 0.5, 0.3, 0.9, (), {})
    facts = [Fact(f"element_{place}") for place in range(5)]

    def of_first(figure: float) -> float:
        form = [judged(0, place, figure if place else 0.0, right=True).figures for place in range(5)]
        return model.trust(form, facts)[0]

    assert of_first(2.0) > 0.9
    assert of_first(-2.0) < 0.1
    # By its own figures alone nothing can be said of it, and what is around it decides.
    assert abs(trust.alone.logit(fields[0].figures)) < 0.2
    wrong = sum((chance > 0.5) != one.right for one, chance in zip(fields, trust.chances, strict=True))
    assert wrong == 0
    assert trust_of(fields).together == trust.together


def test_the_shipped_trees_ask_for_figures_that_there_are(model):
    for trees, many in ((model.alone, len(DOUBTS)), (model.together, len(DOUBTS) + len(AROUND))):
        assert len(trees.trees) > 100
        for nodes in trees.trees:
            inner = [node for node in nodes if node.figure != LEAF]
            assert all(0 <= node.figure < many for node in inner)
            # Every question leads further down, so that each ends.
            assert all(place < min(node.below, node.above) for place, node in enumerate(nodes) if node in inner)
            assert max((max(node.below, node.above) for node in inner), default=0) < len(nodes)
    assert any(node.figure >= len(DOUBTS) for nodes in model.together.trees for node in nodes)


def test_a_field_is_trusted_more_among_fields_that_are_sure(model):
    likely = [1.0, 2.0, 1.0] + [0.0] * (len(DOUBTS) - 3)
    sure = [1.0, 8.0, 8.0, 1.0] + [0.0] * (len(DOUBTS) - 4)
    poor = [1.0, -6.0, 0.1] + [0.0] * (len(DOUBTS) - 3)
    facts = [Fact(f"element_{place}") for place in range(5)]
    among_sure, among_poor = (model.trust([one, one, likely, one, one], facts)[2] for one in (sure, poor))
    assert among_sure > among_poor
