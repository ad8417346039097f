"""Trains the weights of the field matcher on the development split, each form judged without what its origin taught."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np

from bench.labelled import Labelled, LabelledForm
from yibiao.contracts.values import Schemas
from yibiao.matching.evidence import candidates
from yibiao.matching.lexicon import Fact, Learned, Lexicon
from yibiao.matching.model import Model
from yibiao.matching.normalise import label
from yibiao.matching.roles import readings
from yibiao.matching.score import Taken, doubts, no_question
from yibiao.matching.setting import implied_roles, setting_of
from yibiao.matching.weighing import Candidate
from yibiao.pinyin import sound

FOLDS = 5
SLIP_EVERY, SLIPPED = 5, "slipped"

OWN_UNHEARD_EVERY, UNHEARD_EVERY = 2, 6
"""Every so many headers come a second time as if nobody had written them so far: of those that only forms of one origin
have, and of all. The registry knows the headers of the development split from itself; of the headers with an element
that only the seventh fresh group had, it knew half before it read them."""

AS_READ = 3.0
"""How much a form that was read counts beside one that was worded from memory: forms that come are worded by others."""

RIDGE = 1.0
"""How much weights are held small."""

TARGET_PRECISION, SURE_PRECISION = 0.95, 0.99
"""Precision on forms of the development split that were read, each judged without all forms of its origin and with half
of the headers unheard of that only these have, from which an element is proposed, and from which nobody need look.
Forms worded from memory and registered ones are worded like the registry and would make the thresholds too low."""

CALLED_NEW = 0.93
"""Share of the new fields of these forms that are called new. From that score to a proposal a human is asked: to call
new what somebody holds makes the grassroots fill it in once more."""


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
        chosen: words that only this origin has and that count as unheard of.
    """

    number: int
    forms: Sequence[LabelledForm]
    lexicon: Lexicon
    only: Set[str] | None = None
    chosen: Set[str] = frozenset()

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


def unheard_of(forms: Sequence[LabelledForm], others: Sequence[LabelledForm]) -> frozenset[str]:
    """Words of some headers, the same ones in every training.

    Args:
        others: forms of other origins: what they ask as well is heard of more often.
    """
    common = _words(others)
    found = set()
    for words in _words(forms):
        every = UNHEARD_EVERY if words in common else OWN_UNHEARD_EVERY
        if sha256(words.encode()).digest()[0] % every == 0:
            found.add(words)
    return frozenset(found)


def _words(forms: Sequence[LabelledForm]) -> set[str]:
    return {label(one.field.label).words for form in forms for one in form.fields}


def folds_of(forms: Sequence[LabelledForm]) -> list[int]:
    """Per form the number of its fold: all forms of one origin that were read are in one.

    By-form folds do not tell how forms of another origin will do: forms of the same software are worded alike.
    """
    sizes: Counter[str] = Counter()
    for form in forms:
        if form.read:
            sizes[form.origin] += len(form.fields)
    full = [0] * FOLDS
    fold_of: dict[str, int] = {}
    for origin, size in sorted(sizes.items(), key=lambda one: (-one[1], one[0])):
        fold_of[origin] = min(range(FOLDS), key=lambda fold: (full[fold], fold))
        full[fold_of[origin]] += size
    return [fold_of[form.origin] if form.read else place % FOLDS for place, form in enumerate(forms)]


@dataclass(frozen=True)
class _Asked:
    """A field of a fold with its candidates, as the lexicon of the fold sees it."""

    form: LabelledForm
    one: Labelled
    fold: int
    candidates: Sequence[Candidate]
    vectors: Any
    hits: Any
    lexicon: Lexicon
    together: int
    trains: bool
    counts: bool

    @property
    def worth(self) -> float:
        return AS_READ if self.form.read else 1.0


@dataclass(frozen=True)
class OutOfFold:
    """A field judged by weights and trust that no form of its origin taught."""

    form: LabelledForm
    one: Labelled
    fold: int
    fact: Fact
    figures: list[float]
    right: bool
    right_element: bool
    worth: float
    counts: bool


def asked_of(schemas: Schemas, forms: Sequence[LabelledForm]) -> list[_Asked]:
    """All fields of all folds with their candidates, each as seen without what its fold taught."""
    folds = folds_of(forms)
    found: list[_Asked] = []
    for number in range(FOLDS):
        fold = [form for form, place in zip(forms, folds, strict=True) if place == number]
        others = [form for form, place in zip(forms, folds, strict=True) if place != number]
        # Public forms are printed without slips, what arrives is not: some headers come a second time with one.
        with_slips = [*fold, *(slipped(form) for form in fold)]
        own = {form.id for form in fold}
        common = _words(others)
        unheard = unheard_of(with_slips, others)
        chosen = frozenset(words for words in unheard if words not in common)
        views = (
            _View(number, with_slips, lexicon_without(schemas, forms, own), None, chosen),
            _View(number, with_slips, lexicon_without(schemas, forms, own, unheard), unheard, chosen),
        )
        for view in views:
            _collect(view, found)
    return found


def _collect(view: _View, found: list[_Asked]) -> None:
    lexicon = view.lexicon
    for form in view.forms:
        fields = [one.field for one in form.fields]
        setting = setting_of(fields, form.title, lexicon)
        together = len(found)
        for one, implied in zip(form.fields, implied_roles(fields, setting.title, lexicon), strict=True):
            if no_question(one.field):
                continue
            some = candidates(one.field, lexicon, setting, implied)
            if not some:
                continue
            vectors = np.array([candidate.vector() for candidate in some])
            hits = np.array([same(candidate.fact, one.fact, lexicon) for candidate in some], dtype=float)
            trains = not one.skipped and view.has(one)
            # Each header of a form counts once: as nobody has written it if it was chosen for that.
            told = (label(one.field.label).words in view.chosen) == (view.only is not None)
            counts = trains and told and form.read and form.source != SLIPPED
            found.append(_Asked(form, one, view.number, some, vectors, hits, lexicon, together, trains, counts))


def judged_without(asked: Sequence[_Asked], weights: Mapping[int, Any]) -> list[OutOfFold]:
    """Best candidates of all fields, each by the weights for its fold."""
    ranked = []
    taken: dict[int, Taken] = defaultdict(Taken)
    for each in asked:
        logits = each.vectors @ weights[each.fold]
        pairs = sorted(
            zip(each.candidates, (float(logit) for logit in logits), strict=True),
            key=lambda pair: (-pair[1], str(pair[0].fact)),
        )
        ranked.append(pairs)
        taken[each.together].take(each.one.field, pairs[0][0].fact, pairs[0][1])
    found = []
    for each, pairs in zip(asked, ranked, strict=True):
        if each.trains:
            fact = pairs[0][0].fact
            figures = doubts(pairs, each.one.field, taken[each.together], each.lexicon)
            right = same(fact, each.one.fact, each.lexicon)
            element = same(fact, each.one.fact, each.lexicon, strict=False)
            told = (each.form, each.one, each.fold, fact, figures, right, element, each.worth, each.counts)
            found.append(OutOfFold(*told))
    return found


def out_of_fold(asked: Sequence[_Asked]) -> list[OutOfFold]:
    """All fields that train, each judged by weights that its fold had no part in."""
    rows, hits, groups, worth = _rows(asked)
    weights = {fold: _fit(rows[groups != fold], hits[groups != fold], worth[groups != fold]) for fold in range(FOLDS)}
    return judged_without(asked, weights)


def _rows(asked: Sequence[_Asked]) -> tuple[Any, Any, Any, Any]:
    some = [one for one in asked if one.trains]
    each = [len(one.candidates) for one in some]
    return (
        np.concatenate([one.vectors for one in some]),
        np.concatenate([one.hits for one in some]),
        np.repeat([one.fold for one in some], each),
        np.repeat([one.worth for one in some], each),
    )


def train(schemas: Schemas, forms: Sequence[LabelledForm]) -> Model:
    """Train on forms of the development split.

    Weights of candidates by logistic regression, then, with each origin judged by weights of the others, how far the
    best candidate is to be trusted, then the thresholds.
    """
    asked = asked_of(schemas, forms)
    return model_of(asked, out_of_fold(asked), schemas, forms)


def model_of(
    asked: Sequence[_Asked], judged: Sequence[OutOfFold], schemas: Schemas, forms: Sequence[LabelledForm]
) -> Model:
    """The model of fields that were judged already."""
    figures, truth, worth = _figures(judged)
    rows, hits, _, of_rows = _rows(asked)
    unsure, likely, sure = thresholds(judged, chances_without(judged))
    fields = sum(len(form.fields) for form in forms)
    return Model(
        weights=tuple(_fit(rows, hits, of_rows)),
        doubts=tuple(_fit(figures, truth, worth)),
        likely=likely,
        unsure=unsure,
        sure=sure,
        learned=learned_of(forms),
        trained={"forms": len(forms), "fields": fields, "elements": len(schemas.elements)},
    )


def _figures(judged: Sequence[OutOfFold]) -> tuple[Any, Any, Any]:
    return (
        np.array([one.figures for one in judged]),
        np.array([one.right for one in judged], dtype=float),
        np.array([one.worth for one in judged]),
    )


def chances_without(judged: Sequence[OutOfFold]) -> Any:
    """How far each is to be trusted, by what the other folds say of trust."""
    figures, truth, worth = _figures(judged)
    folds = np.array([one.fold for one in judged])
    chances = np.zeros(len(judged))
    for fold in range(FOLDS):
        here = folds == fold
        trust = _fit(figures[~here], truth[~here], worth[~here])
        chances[here] = 1 / (1 + np.exp(-np.clip(figures[here] @ trust, -40, 40)))
    return chances


def thresholds(judged: Sequence[OutOfFold], chances: Any) -> tuple[float, float, float]:
    """From which score on somebody is asked, an element is proposed, and nobody need look."""
    some = np.array([one.counts for one in judged])
    truth = np.array([one.right for one in judged], dtype=float)
    likely, sure = (_threshold(chances[some], truth[some], one) for one in (TARGET_PRECISION, SURE_PRECISION))
    fresh = some & np.array([one.one.fact.element is None for one in judged])
    unsure = round(float(np.quantile(chances[fresh], CALLED_NEW)), 3) if fresh.any() else likely
    return min(max(unsure, 0.1), likely), likely, max(sure, likely)


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
