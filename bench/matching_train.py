"""Trains the weights of the field matcher on the development split, each form judged without what its origin taught."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from bench.labelled import Labelled, LabelledForm
from bench.matching_trust import FOLDS, OutOfFold, Trust, thresholds, trust_of
from bench.sense.outside import Outside
from bench.slips import SLIPPED, slipped
from yibiao.contracts.values import Schemas
from yibiao.matching.evidence import candidates
from yibiao.matching.implied import implied_roles
from yibiao.matching.lexicon import Fact, Learned, Lexicon, Name
from yibiao.matching.model import Model
from yibiao.matching.normalise import label, words_of
from yibiao.matching.roles import Whom, readings
from yibiao.matching.score import Concept, Taken, concept_of, doubts, no_question
from yibiao.matching.sense import Meaning, Sense
from yibiao.matching.setting import setting_of
from yibiao.matching.weighing import FEATURES, Candidate

UNHEARD_EVERY = 2
"""Every so many headers that only forms of one fold have come a second time as if nobody had written them so far. The
registry knows the headers of the development split from itself; of the headers with an element that only the seventh
fresh group had, it knew half before it read them. What others have as well, the sense has heard of."""

RIDGE = 1.0
"""How much weights are held small."""

AS_READ = 3.0
"""How much a form that was read counts beside one that was worded from memory: forms that come are worded by others."""


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
    outside: Outside
    lexicon: Lexicon
    only: Set[str] | None = None
    chosen: Set[str] = frozenset()

    def has(self, one: Labelled) -> bool:
        return self.only is None or label(one.field.label).words in self.only


def learned_of(forms: Sequence[LabelledForm]) -> tuple[Learned, ...]:
    """What labelled forms teach: the words of each header once for each fact."""
    found: dict[tuple[str, Fact], set[str]] = {}
    for form in forms:
        for one in form.fields:
            if not one.skipped:
                # The role stands in the path or the word itself; a header teaches it only if its own words say it.
                said = {whom.role for whom in readings(label(one.field.label).words)}
                fact = one.fact if one.fact.role in said else replace(one.fact, role=None)
                found.setdefault((words_of(one.field.label), fact), set()).add(form.id)
    return tuple(Learned(words, fact, len(found[words, fact])) for words, fact in sorted(found, key=str) if words)


def lexicon_without(
    schemas: Schemas, forms: Sequence[LabelledForm], left_out: Set[str], unheard: Set[str] = frozenset()
) -> Lexicon:
    """The lexicon that knows nothing from some forms, and some words only if they are the own name of an element."""
    return Lexicon(schemas, learned_of([form for form in forms if form.id not in left_out]), unheard=unheard)


def unheard_of(forms: Sequence[LabelledForm], others: Sequence[LabelledForm]) -> frozenset[str]:
    """Words of some headers that no other form has, the same ones in every training.

    Args:
        others: forms of other origins.
    """
    own = _words(forms) - _words(others)
    return frozenset(words for words in own if sha256(words.encode()).digest()[0] % UNHEARD_EVERY == 0)


def words_unheard(forms: Sequence[LabelledForm], folds: Sequence[int], number: int) -> frozenset[str]:
    """The words of a fold that are judged as if nobody had written them, the registry among others."""
    fold = with_slips([form for form, place in zip(forms, folds, strict=True) if place == number])
    return unheard_of(fold, [form for form, place in zip(forms, folds, strict=True) if place != number])


def _words(forms: Sequence[LabelledForm]) -> set[str]:
    return {label(one.field.label).words for form in forms for one in form.fields}


def folds_of(forms: Sequence[LabelledForm], known: Mapping[str, int] | None = None) -> list[int]:
    """Per form the number of its fold: all forms of one origin that were read are in one.

    By-form folds do not tell how forms of another origin will do: forms of the same software are worded alike.

    Args:
        known: origin, or id and title of a form that nobody read -> its fold; `PLACE_OF_FOLDS` if None. What was in a
            fold stays there, so that a sense that was taught without it may be asked about it still. Others go where
            least is.
    """
    fold_of = dict(json.loads(PLACE_OF_FOLDS.read_bytes()) if known is None else known)
    sizes: Counter[str] = Counter()
    for form in forms:
        sizes[in_folds(form)] += len(form.fields)
    full = [0] * FOLDS
    for name, fold in fold_of.items():
        full[fold] += sizes[name]
    for name, size in sorted(sizes.items(), key=lambda one: (-one[1], one[0])):
        if name not in fold_of:
            fold_of[name] = min(range(FOLDS), key=lambda fold: (full[fold], fold))
            full[fold_of[name]] += size
    return [fold_of[in_folds(form)] for form in forms]


PLACE_OF_FOLDS = Path(__file__).parent / "sense" / "folds.json"


def in_folds(form: LabelledForm) -> str:
    """What goes into a fold together."""
    return form.origin if form.read else f"{form.id} {form.title}"


def write_folds(forms: Sequence[LabelledForm], place: Path = PLACE_OF_FOLDS) -> None:
    """Keep what is in which fold; what is no more is forgotten."""
    folds = {in_folds(form): fold for form, fold in zip(forms, folds_of(forms), strict=True)}
    place.write_text(json.dumps(dict(sorted(folds.items())), ensure_ascii=False, indent=0) + "\n")


@dataclass(frozen=True)
class _Asked:
    """A field of a fold with its candidates, as the lexicon of the fold sees it.

    Attributes:
        facts, names: of the candidates.
        vectors: a row of figures a candidate.
        homes: of the candidates: the entity that an element speaks of.
        hits, elements: whether a candidate is what is labelled, and whether its element is.
        concept: what labelled forms say of it that no data element says.
        meaning: what it asks by the sense that other folds teach.
        together: the form as the lexicon sees it.
    """

    form: LabelledForm
    one: Labelled
    fold: int
    facts: Sequence[Fact]
    names: Sequence[Name]
    vectors: Any
    hits: Any
    elements: Any
    concept: Concept
    meaning: Meaning
    together: tuple[int, bool, str, str]
    trains: bool
    counts: bool

    def candidate(self, place: int) -> Candidate:
        figures = dict(zip(FEATURES, map(float, self.vectors[place]), strict=True))
        return Candidate(self.facts[place], figures, self.names[place], "", Whom(None, ""))

    @property
    def worth(self) -> float:
        return AS_READ if self.form.read else 1.0


def asked_of(schemas: Schemas, forms: Sequence[LabelledForm], outside: Outside) -> list[_Asked]:
    """All fields of all folds with their candidates, each as seen without what its fold taught.

    The folds know nothing of each other, so that each processor takes some of them.

    Args:
        outside: what each form asks by the sense that other folds teach.
    """
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("fork")) as pool:
        found = pool.map(partial(_asked_in, schemas, forms, outside), range(FOLDS))
        return [one for some in found for one in some]


def with_slips(forms: Sequence[LabelledForm]) -> list[LabelledForm]:
    """Some forms, and each with slips of writing: public ones are printed without, what arrives is not."""
    return [*forms, *(slipped(form) for form in forms)]


def _asked_in(schemas: Schemas, forms: Sequence[LabelledForm], outside: Outside, number: int) -> list[_Asked]:
    """The fields of one fold."""
    folds = folds_of(forms)
    fold = with_slips([form for form, place in zip(forms, folds, strict=True) if place == number])
    own = {form.id for form in fold}
    chosen = words_unheard(forms, folds, number)
    views = (
        _View(number, fold, outside, lexicon_without(schemas, forms, own), None, chosen),
        _View(number, fold, outside, lexicon_without(schemas, forms, own, chosen), chosen, chosen),
    )
    return [one for view in views for one in _collected(view)]


def _collected(view: _View) -> list[_Asked]:
    lexicon = view.lexicon
    found: list[_Asked] = []
    for form in view.forms:
        fields = [one.field for one in form.fields]
        setting = setting_of(fields, form.title, lexicon)
        together = (view.number, view.only is not None, form.id, form.source)
        meanings = view.outside.of(form.title, fields)
        roles = implied_roles(fields, setting.title, lexicon)
        for one, implied, meaning in zip(form.fields, roles, meanings, strict=True):
            if no_question(one.field):
                continue
            some = candidates(one.field, lexicon, setting, implied, meaning)
            if not some:
                continue
            trains = not one.skipped and view.has(one)
            # Each header of a form counts once: as nobody has written it if it was chosen for that.
            told = (label(one.field.label).words in view.chosen) == (view.only is not None)
            found.append(
                _Asked(
                    form,
                    one,
                    view.number,
                    tuple(candidate.fact for candidate in some),
                    tuple(candidate.name for candidate in some),
                    np.array([candidate.vector() for candidate in some]),
                    np.array([same(candidate.fact, one.fact, lexicon) for candidate in some], dtype=float),
                    np.array([same(candidate.fact, one.fact, lexicon, strict=False) for candidate in some]),
                    concept_of(one.field, lexicon),
                    meaning,
                    together,
                    trains,
                    counts=trains and told and form.read and form.source != SLIPPED,
                )
            )
    return found


def judged_without(asked: Sequence[_Asked], weights: Mapping[int, Any]) -> list[OutOfFold]:
    """Best candidates of all fields, each by the weights for its fold."""
    ranked = []
    taken: dict[Any, Taken] = defaultdict(Taken)
    for each in asked:
        logits = [float(logit) for logit in each.vectors @ weights[each.fold]]
        order = sorted(range(len(logits)), key=lambda place: (-logits[place], str(each.facts[place])))
        ranked.append([(place, logits[place]) for place in order])
        taken[each.together].take(each.one.field, each.facts[order[0]], logits[order[0]])
    found = []
    for each, order in zip(asked, ranked, strict=True):
        best = order[0][0]
        fact = each.facts[best]
        pairs = [(each.candidate(place), logit) for place, logit in order]
        figures = doubts(pairs, each.one.field, taken[each.together], each.concept, each.meaning)
        hit, element = bool(each.hits[best]), bool(each.elements[best])
        of = (each.form, each.one, each.fold, each.together, fact, figures)
        found.append(OutOfFold(*of, hit, element, each.worth, each.trains, each.counts))
    return found


def out_of_fold(asked: Sequence[_Asked]) -> list[OutOfFold]:
    """All fields, each judged by weights that its fold had no part in."""
    rows, hits, groups, worth = _rows(asked)
    weights = {fold: _fit(rows[groups != fold], hits[groups != fold], worth[groups != fold]) for fold in range(FOLDS)}
    return judged_without(asked, weights)


def _rows(asked: Sequence[_Asked]) -> tuple[Any, Any, Any, Any]:
    some = [one for one in asked if one.trains]
    each = [len(one.facts) for one in some]
    return (
        np.concatenate([one.vectors for one in some]),
        np.concatenate([one.hits for one in some]),
        np.repeat([one.fold for one in some], each),
        np.repeat([one.worth for one in some], each),
    )


def train(schemas: Schemas, forms: Sequence[LabelledForm], outside: Outside, sense: Sense) -> Model:
    """Train on forms of the development split.

    Weights of candidates by logistic regression, then, with each origin judged by weights of the others, how far the
    best candidate is to be trusted, then the thresholds.

    Args:
        outside: what each form asks by the sense that other folds teach.
        sense: the one that all forms taught.
    """
    asked = asked_of(schemas, forms, outside)
    judged = out_of_fold(asked)
    return model_of(asked, judged, trust_of(judged), schemas, forms, sense)


def model_of(
    asked: Sequence[_Asked],
    judged: Sequence[OutOfFold],
    trust: Trust,
    schemas: Schemas,
    forms: Sequence[LabelledForm],
    sense: Sense,
) -> Model:
    """The model of fields that were judged already."""
    rows, hits, _, of_rows = _rows(asked)
    unsure, likely, sure = thresholds(judged, trust.chances)
    fields = sum(len(form.fields) for form in forms)
    return Model(
        weights=tuple(_fit(rows, hits, of_rows)),
        alone=trust.alone,
        together=trust.together,
        likely=likely,
        unsure=unsure,
        sure=sure,
        learned=learned_of(forms),
        trained={"forms": len(forms), "fields": fields, "elements": len(schemas.elements)},
        sense=sense,
    )


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
