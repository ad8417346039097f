"""Trains the weights of the field matcher on the development split, each form judged without what itself taught."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np

from bench.labelled import Labelled, LabelledForm
from yibiao.contracts.values import Schemas
from yibiao.matching.evidence import candidates
from yibiao.matching.lexicon import Fact, Learned, Lexicon
from yibiao.matching.model import DOUBTS, Model
from yibiao.matching.normalise import label
from yibiao.matching.roles import readings
from yibiao.matching.score import doubts, no_question, rank
from yibiao.matching.setting import implied_roles, setting_of
from yibiao.pinyin import sound

FOLDS = 5
SLIP_EVERY, SLIPPED = 5, "slipped"

UNHEARD_EVERY = 3
"""Every so many headers come a second time as if nobody had written them so far. The registry knows most headers of the
development split from itself; forms that nobody has seen are worded otherwise, and the weights have to fit those."""

AS_READ = 3.0
"""How much a form that was read counts beside one that was worded from memory: forms that come are worded by others."""

RIDGE = 1.0
"""How much weights are held small."""

TARGET_PRECISION, SURE_PRECISION = 0.96, 0.99
"""Precision on forms of the development split that were read, a third of their headers unheard of, from which an
element is proposed, and from which nobody need look. Forms worded from memory and registered ones are worded like the
registry and would make the thresholds too low."""

DOUBTFUL = 0.05
"""Width of the band below a proposal in which a human is asked: what is new should be called new."""


def same(found: Fact | None, true: Fact, lexicon: Lexicon, *, strict: bool = True) -> bool:
    """Is it the labelled fact? The value of a derivation is not labelled everywhere and takes no part."""
    if found is None or found.element is None or true.element is None:
        return found is not None and found.element == true.element
    one, other = lexicon.owned(found), lexicon.owned(true)
    if not strict:
        return one.element == other.element
    return (one.element, one.role, one.derive) == (other.element, other.role, other.derive)


@dataclass(frozen=True)
class _View:
    """Forms of a fold as a lexicon sees them that knows nothing from them.

    Attributes:
        only: words of the headers that count, those that the lexicon was not told; None if all count.
    """

    number: int
    forms: Sequence[LabelledForm]
    lexicon: Lexicon
    only: Set[str] | None = None

    def has(self, one: Labelled) -> bool:
        return self.only is None or label(one.field.label).words in self.only


def learned_of(forms: Sequence[LabelledForm]) -> tuple[Learned, ...]:
    """What labelled forms teach: each header once for each fact."""
    found: dict[tuple[str, Fact], set[str]] = {}
    for form in forms:
        for one in form.fields:
            if not one.skipped:
                # The role stands in the path or the word itself; a header teaches it only if its own words say it.
                said = {whom.role for whom in readings(label(one.field.label).words)}
                fact = one.fact if one.fact.role in said else replace(one.fact, role=None)
                found.setdefault((one.field.label, fact), set()).add(form.id)
    return tuple(Learned(header, fact, len(found[header, fact])) for header, fact in sorted(found, key=str))


def lexicon_without(
    schemas: Schemas, forms: Sequence[LabelledForm], left_out: Set[str], unheard: Set[str] = frozenset()
) -> Lexicon:
    """The lexicon that knows nothing from some forms, and some words only if they are the own name of an element."""
    return Lexicon(schemas, learned_of([form for form in forms if form.id not in left_out]), unheard=unheard)


def unheard_of(forms: Sequence[LabelledForm]) -> frozenset[str]:
    """Words of some headers, the same ones in every training."""
    found = {label(one.field.label).words for form in forms for one in form.fields}
    return frozenset(words for words in found if sha256(words.encode()).digest()[0] % UNHEARD_EVERY == 0)


def train(schemas: Schemas, forms: Sequence[LabelledForm]) -> Model:
    """Train on forms of the development split.

    Weights of candidates by logistic regression, then, with each form judged by weights of the others, how far the best
    candidate is to be trusted, then the thresholds.
    """
    plain = [[form for place, form in enumerate(forms) if place % FOLDS == fold] for fold in range(FOLDS)]
    # Public forms are printed without slips, what arrives is not: some headers come a second time with one.
    folds = [[*fold, *(slipped(form) for form in fold)] for fold in plain]
    unheard = [unheard_of(fold) for fold in folds]
    views = []
    for number, fold in enumerate(folds):
        own = {form.id for form in fold}
        views.append(_View(number, fold, lexicon_without(schemas, forms, own)))
        lexicon = lexicon_without(schemas, forms, own, unheard[number])
        views.append(_View(number, fold, lexicon, unheard[number]))
    rows, hits, groups, worth = _pairs(views)
    model = Model(tuple(_fit(rows, hits, worth)), (0.0,) * len(DOUBTS), 0.5, 0.3, 0.9, learned_of(forms), {})
    figures: list[list[float]] = []
    right: list[bool] = []
    counted: list[bool] = []
    told_by: list[float] = []
    for view in views:
        others = groups != view.number
        part = replace(model, weights=tuple(_fit(rows[others], hits[others], worth[others])))
        for form, one, vector, hit in _bests(view, part):
            figures.append(vector)
            right.append(hit)
            told_by.append(AS_READ if form.read else 1.0)
            # Each header of a form counts once: as nobody has written it if it was chosen for that.
            told = view.only is None and label(one.field.label).words in unheard[view.number]
            counted.append(form.read and form.source != SLIPPED and not told)
    judged, truth = np.array(figures), np.array(right, dtype=float)
    trust = _fit(judged, truth, np.array(told_by))
    chances = 1 / (1 + np.exp(-judged @ trust))
    some = np.array(counted)
    likely, sure = (_threshold(chances[some], truth[some], one) for one in (TARGET_PRECISION, SURE_PRECISION))
    unsure = round(max(0.1, likely - DOUBTFUL), 3)
    fields = sum(len(form.fields) for form in forms)
    return replace(
        model,
        doubts=tuple(trust),
        likely=likely,
        unsure=unsure,
        sure=max(sure, likely),
        trained={"forms": len(forms), "fields": fields, "elements": len(schemas.elements)},
    )


def slipped(form: LabelledForm) -> LabelledForm:
    """A copy with every fifth header that is long enough, one of its characters replaced by one of the same sound."""
    fields = []
    for one in form.fields[::SLIP_EVERY]:
        text = one.field.label
        middle = len(text) // 2
        other = sounding_like(text[middle]) if len(text) >= 4 else ""
        if one.fact.element is not None and other not in ("", text[middle]):
            path = (*one.field.path[:-1], text[:middle] + other + text[middle + 1 :])
            fields.append(replace(one, field=replace(one.field, path=path)))
    return replace(form, fields=tuple(fields), source=SLIPPED)


def sounding_like(character: str) -> str:
    """The next character of GB 2312 that is read alike; the character itself if there is none."""
    family = _families().get(sound(character), [])
    return family[(family.index(character) + 1) % len(family)] if character in family else character


@lru_cache(maxsize=1)
def _families() -> dict[str, list[str]]:
    """Syllable -> characters of GB 2312 in the order of the standard."""
    found: dict[str, list[str]] = {}
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            character = bytes((high, low)).decode("gb2312", "ignore")
            if character:
                found.setdefault(sound(character), []).append(character)
    return found


def _pairs(views: Sequence[_View]) -> tuple[Any, Any, Any, Any]:
    rows, hits, groups, worth = [], [], [], []
    for view in views:
        lexicon = view.lexicon
        for form in view.forms:
            fields = [one.field for one in form.fields]
            setting = setting_of(fields, form.title, lexicon)
            for one, implied in zip(form.fields, implied_roles(fields, form.title, lexicon), strict=True):
                if one.skipped or not view.has(one) or no_question(one.field):
                    continue
                for candidate in candidates(one.field, lexicon, setting, implied):
                    rows.append(candidate.vector())
                    hits.append(same(candidate.fact, one.fact, lexicon))
                    groups.append(view.number)
                    worth.append(AS_READ if form.read else 1.0)
    return np.array(rows), np.array(hits, dtype=float), np.array(groups), np.array(worth)


def _bests(view: _View, model: Model) -> list[tuple[LabelledForm, Labelled, list[float], bool]]:
    found = []
    lexicon = view.lexicon
    for form in view.forms:
        fields = [one.field for one in form.fields]
        setting = setting_of(fields, form.title, lexicon)
        implied = implied_roles(fields, form.title, lexicon)
        ranked = [rank(one, lexicon, setting, model, role) for one, role in zip(fields, implied, strict=True)]
        taken: dict[Fact, float] = {}
        for one in ranked:
            if one:
                taken[one[0][0].fact] = max(taken.get(one[0][0].fact, -99.0), one[0][1])
        for labelled, one in zip(form.fields, ranked, strict=True):
            if one and not labelled.skipped and view.has(labelled):
                vector = doubts(one, labelled.field, taken, lexicon)
                found.append((form, labelled, vector, same(one[0][0].fact, labelled.fact, lexicon)))
    return found


def _fit(rows: Any, hits: Any, worth: Any, rounds: int = 60) -> Any:
    """Logistic regression with a ridge, by Newton's method: deterministic, no library; `worth` of each row."""
    weights = np.zeros(rows.shape[1])
    ridge = np.full(rows.shape[1], RIDGE)
    ridge[0] = 1e-3
    for _ in range(rounds):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (worth * (chance - hits)) + ridge * weights
        curve = (rows * (worth * chance * (1 - chance))[:, None]).T @ rows + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def _threshold(chances: Any, truth: Any, precision: float) -> float:
    """The lowest score from which so much of what is proposed is right; never below a half."""
    order = np.argsort(-chances)
    right = np.cumsum(truth[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(right >= precision)
    reached = chances[order][good[-1]] if len(good) else 0.95
    return round(float(min(max(reached, 0.5), 0.97)), 3)
