"""How far the best candidate of a field is to be trusted, and from which score on what is said of it.

Fields are judged by weights that no form of their origin taught (`bench.matching_train`); here these judgements teach
what each figure, and the fields around, say of being right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from bench.labelled import Labelled, LabelledForm
from yibiao.matching.around import AROUND, around
from yibiao.matching.lexicon import Fact
from yibiao.matching.trees import LEAF, Node, Trees

FOLDS = 5

TREES, LEAVES, LEAST_IN_LEAF, PACE = 300, 8, 60, 0.05
"""Trees that say how far to trust a candidate, leaves of each, fields in a leaf, and how much each may add of what it
finds."""

HELD, SEEN = 5.0, 0.3
"""How much leaves are held small, and the share of figures that a question is chosen among."""

TARGET_PRECISION, SURE_PRECISION = 0.95, 0.99
"""Precision on forms of the development split that were read, each judged without all forms of its origin and with half
of the headers unheard of that only these have, from which an element is proposed, and from which nobody need look.
Forms worded from memory and registered ones are worded like the registry and would make the thresholds too low."""

CALLED_NEW = 0.93
"""Share of the new fields of these forms that are called new. From that score to a proposal a human is asked: to call
new what somebody holds makes the grassroots fill it in once more."""


@dataclass(frozen=True)
class OutOfFold:
    """A field judged by weights that no form of its origin taught.

    Attributes:
        group: of the form as it was read: fields of one stand together, in order.
        fact, figures: its best candidate, and by `DOUBTS` what is known of that.
        trains: whether it teaches; others only stand beside those that do.
        counts: whether figures and thresholds are of it.
    """

    form: LabelledForm
    one: Labelled
    fold: int
    group: Hashable
    fact: Fact
    figures: list[float]
    right: bool
    right_element: bool
    worth: float
    trains: bool
    counts: bool


@dataclass(frozen=True)
class Trust:
    """How far best candidates are to be trusted.

    Attributes:
        alone, together: those of `Model`, by all fields.
        chances: of each field that was judged, by trees that no form of its origin taught.
    """

    alone: Trees
    together: Trees
    chances: Any


def trust_of(judged: Sequence[OutOfFold]) -> Trust:
    """Boosted trees: first by the figures of each field, then by these and by how sure the fields around it are.

    What stands around a field is judged by trees that its origin had no part in, as that of a form that comes.
    """
    figures = np.array([one.figures for one in judged])
    beside = np.empty((len(judged), len(AROUND)))
    alone = _chances_without(judged, figures)
    places: dict[Hashable, list[int]] = defaultdict(list)
    for place, one in enumerate(judged):
        places[one.group].append(place)
    for some in places.values():
        beside[some] = around(alone[some].tolist(), [judged[place].fact for place in some])
    both = np.hstack([figures, beside])
    return Trust(_trees(judged, figures), _trees(judged, both), _chances_without(judged, both))


def _chances_without(judged: Sequence[OutOfFold], figures: Any) -> Any:
    """How likely each is right, by what the other folds say."""
    folds = np.array([one.fold for one in judged])
    chances = np.empty(len(judged))
    for fold in range(FOLDS):
        fitted = _fitted(judged, figures, folds != fold)
        chances[folds == fold] = fitted.predict_proba(figures[folds == fold])[:, 1]
    return chances


def _trees(judged: Sequence[OutOfFold], figures: Any) -> Trees:
    return as_trees(_fitted(judged, figures, np.ones(len(judged), dtype=bool)))


def _fitted(judged: Sequence[OutOfFold], figures: Any, chosen: Any) -> HistGradientBoostingClassifier:
    some = chosen & np.array([one.trains for one in judged])
    truth = np.array([one.right for one in judged])
    worth = np.array([one.worth for one in judged])
    model = HistGradientBoostingClassifier(
        max_iter=TREES,
        learning_rate=PACE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAST_IN_LEAF,
        l2_regularization=HELD,
        max_features=SEEN,
        early_stopping=False,
        random_state=1,
    )
    return model.fit(figures[some], truth[some], sample_weight=worth[some])


def as_trees(fitted: HistGradientBoostingClassifier) -> Trees:
    """What was fitted, as the model file holds it; scikit-learn has no public way to read its trees."""
    return Trees(
        float(fitted._baseline_prediction.item()),
        tuple(
            tuple(
                Node(LEAF, 0.0, 0, 0, round(float(node["value"]), 6))
                if node["is_leaf"]
                else Node(
                    int(node["feature_idx"]), float(node["num_threshold"]), int(node["left"]), int(node["right"]), 0.0
                )
                for node in tree.nodes
            )
            for (tree,) in fitted._predictors
        ),
    )


def thresholds(judged: Sequence[OutOfFold], chances: Any) -> tuple[float, float, float]:
    """From which score on somebody is asked, an element is proposed, and nobody need look."""
    some = np.array([one.counts for one in judged])
    truth = np.array([one.right for one in judged], dtype=float)
    likely, sure = (_threshold(chances[some], truth[some], one) for one in (TARGET_PRECISION, SURE_PRECISION))
    fresh = some & np.array([one.one.fact.element is None for one in judged])
    unsure = round(float(np.quantile(chances[fresh], CALLED_NEW)), 3) if fresh.any() else likely
    return min(max(unsure, 0.1), likely), likely, max(sure, likely)


def _threshold(chances: Any, truth: Any, precision: float) -> float:
    """The lowest score from which so much of what is proposed is right; never below a half."""
    order = np.argsort(-chances)
    right = np.cumsum(truth[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(right >= precision)
    reached = chances[order][good[-1]] if len(good) else 0.95
    return round(float(min(max(reached, 0.5), 0.97)), 3)
