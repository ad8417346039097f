"""How far the best candidate of a field is to be trusted, and from which score on what is said of it.

Fields are judged by weights that no form of their origin taught (`bench.matching_train`); here these judgements teach
how much each figure and each sign of the wording says of being right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array, hstack

from bench.labelled import Labelled, LabelledForm
from yibiao.matching.lexicon import Fact

FOLDS = 5

RIDGE = 1.0
"""How much weights are held small."""

OFTEN, RIDGE_OF_SIGNS = 3, 60.0
"""Fields that a sign of the wording has at least, and how much their weights are held small."""

TARGET_PRECISION, SURE_PRECISION = 0.95, 0.99
"""Precision on forms of the development split that were read, each judged without all forms of its origin and with half
of the headers unheard of that only these have, from which an element is proposed, and from which nobody need look.
Forms worded from memory and registered ones are worded like the registry and would make the thresholds too low."""

CALLED_NEW = 0.93
"""Share of the new fields of these forms that are called new. From that score to a proposal a human is asked: to call
new what somebody holds makes the grassroots fill it in once more."""


@dataclass(frozen=True)
class OutOfFold:
    """A field judged by weights and trust that no form of its origin taught."""

    form: LabelledForm
    one: Labelled
    fold: int
    fact: Fact
    figures: list[float]
    signs: list[str]
    right: bool
    right_element: bool
    worth: float
    counts: bool


def chances_without(judged: Sequence[OutOfFold]) -> Any:
    """How far each is to be trusted, by what the other folds say of trust."""
    chances = np.zeros(len(judged))
    for fold in range(FOLDS):
        places = [place for place, one in enumerate(judged) if one.fold == fold]
        doubts, wording = trust_of([one for one in judged if one.fold != fold])
        figures = np.array([judged[place].figures for place in places])
        said = np.array([sum(wording.get(sign, 0.0) for sign in judged[place].signs) for place in places])
        chances[places] = 1 / (1 + np.exp(-np.clip(figures @ doubts + said, -40, 40)))
    return chances


def trust_of(judged: Sequence[OutOfFold]) -> tuple[Any, dict[str, float]]:
    """Weights of figures and of signs by logistic regression: how likely the best candidate is right.

    There are more signs than fields, so that they are held smaller, and those that few headers have take no part.
    """
    figures = np.array([one.figures for one in judged])
    truth = np.array([one.right for one in judged], dtype=float)
    worth = np.array([one.worth for one in judged])
    scale = figures.std(axis=0)
    scale[scale == 0] = 1.0
    often = Counter(sign for one in judged for sign in one.signs)
    place_of = {sign: place for place, sign in enumerate(sorted(one for one, times in often.items() if times >= OFTEN))}
    found = [[place_of[sign] for sign in one.signs if sign in place_of] for one in judged]
    ends = np.cumsum([0, *map(len, found)])
    columns = np.array([place for places in found for place in places])
    said = csr_array((np.ones(len(columns)), columns, ends), shape=(len(judged), len(place_of)))
    rows = hstack([csr_array(figures / scale), said], format="csr")
    turned = rows.T.tocsr()
    held = np.concatenate([np.full(figures.shape[1], RIDGE), np.full(len(place_of), RIDGE_OF_SIGNS)])
    held[0] = 1e-3

    def loss(weights: Any) -> tuple[float, Any]:
        logit = rows @ weights
        chance = 1 / (1 + np.exp(-np.clip(logit, -40, 40)))
        lost = (worth * (np.logaddexp(0, logit) - truth * logit)).sum() + 0.5 * (held * weights * weights).sum()
        return float(lost), turned @ (worth * (chance - truth)) + held * weights

    fitted = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    weights = fitted[figures.shape[1] :]
    wording = {sign: round(float(weights[place]), 3) for sign, place in place_of.items()}
    return fitted[: figures.shape[1]] / scale, {sign: weight for sign, weight in wording.items() if weight}


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
