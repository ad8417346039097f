"""Scores all fields of a form together: what it is about, the best candidate of each field, how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yibiao.matching.evidence import candidates
from yibiao.matching.fields import FormField
from yibiao.matching.implied import implied_roles
from yibiao.matching.lexicon import Fact, Lexicon
from yibiao.matching.model import Model, sigmoid
from yibiao.matching.normalise import label, reduced
from yibiao.matching.sense import NOTHING, UNTOLD, Meaning
from yibiao.matching.setting import Setting, setting_of
from yibiao.matching.weighing import Candidate
from yibiao.matching.words import why_skipped

USUAL, PRIOR = 0.5, 2.0
"""Share of a form that is known before anything of it was seen, and how many fields that is worth."""

WEIGHED_TWICE = (
    *("covered", "pairs", "tail", "typing", "exact_alike", "exact_subject", "by_path", "kind_fits", "kind_breaks"),
    *("options_fit", "options_break", "entity", "role_person", "role_implied", "role_lost", "other_path", "exists"),
    *("outer_strange", "outer_fits", "homeless", "other_person", "part_last", "guest", "only_one"),
    *("ends_known", "rest_told", "votes_alike", "votes_alike_against", "two_facts"),
)
"""Figures of the best candidate that also say how far to trust it: what is best among bad ones is still bad."""


class Taken:
    """What the fields of one form most likely ask, each beside the others: by section, and None for the whole form."""

    def __init__(self) -> None:
        self._best: dict[tuple[Fact, tuple[str, ...] | None], float] = {}
        self._known: dict[tuple[str, ...] | None, list[float]] = {}

    def take(self, one: FormField, fact: Fact, logit: float) -> None:
        """Note that a field is most likely a fact, in its own section and in the form."""
        for section in (tuple(one.parents), None):
            self._best[fact, section] = max(self._best.get((fact, section), -99.0), logit)
            self._known.setdefault(section, []).append(sigmoid(logit))

    def best(self, fact: Fact, section: tuple[str, ...] | None, otherwise: float) -> float:
        """The best logit that any field of the section has for a fact."""
        return self._best.get((fact, section), otherwise)

    def known(self, section: tuple[str, ...] | None, logit: float) -> float:
        """How much of the others in a section, or in the form, is known; of one by itself what is usual.

        A form about what nobody keeps (a felling, a vaccine) has words of the registry for other things.
        """
        all_of_it = self._known.get(section, [])
        others = len(all_of_it) - 1
        return (sum(all_of_it) - sigmoid(logit) + USUAL * PRIOR) / (others + PRIOR) if others > 0 else USUAL


@dataclass(frozen=True)
class Concept:
    """How like a field is to what labelled forms ask and no data element says.

    Attributes:
        like: the likeness, 0 to 1.
        same: whether it is that by the same words.
        alike: whether it is that but for usual words.
    """

    like: float
    same: bool
    alike: bool


@dataclass(frozen=True)
class Scored:
    """What a field most likely asks.

    Attributes:
        fact: the best candidate; None if there is none at all.
        score: calibrated probability that it is right, 0 to 1; of a skipped field 1.
        reasons: in Chinese, strongest first.
        skipped: why it is no question, or None.
        rivals: the next candidates with their scores among each other.
        exact: whether a known name is it.
    """

    field: FormField
    fact: Fact | None
    score: float
    reasons: tuple[str, ...]
    skipped: str | None = None
    rivals: tuple[tuple[Fact, float], ...] = ()
    exact: bool = False


def score_fields(fields: Sequence[FormField], title: str, lexicon: Lexicon, model: Model) -> list[Scored]:
    """Score the fields of one table, in order."""
    setting = setting_of(fields, title, lexicon)
    implied = implied_roles(fields, setting.title, lexicon)
    meanings = model.sense.of(title, fields) if model.sense else [UNTOLD] * len(fields)
    ranked = [
        rank(one, lexicon, setting, model, role, meaning)
        for one, role, meaning in zip(fields, implied, meanings, strict=True)
    ]
    skipped = [no_question(one) for one in fields]
    taken = Taken()
    for one, found, skip in zip(fields, ranked, skipped, strict=True):
        if found and skip is None:
            taken.take(one, found[0][0].fact, found[0][1])
    figures = [
        doubts(found, one, taken, concept_of(one, lexicon), meaning) if found and skip is None else None
        for one, found, skip, meaning in zip(fields, ranked, skipped, meanings, strict=True)
    ]
    weighed = [(told, found[0][0].fact) for told, found in zip(figures, ranked, strict=True) if told is not None]
    chances = iter(model.trust([told for told, _ in weighed], [fact for _, fact in weighed]))
    return [
        _settle(one, found, skip, told, next(chances) if told is not None else 0.0, lexicon, meaning)
        for one, found, skip, told, meaning in zip(fields, ranked, skipped, figures, meanings, strict=True)
    ]


def no_question(one: FormField) -> str | None:
    """Why a field is no question, or None if it is one."""
    if one.computed:
        return "由表内公式算出，不用填"
    return why_skipped(label(one.label).words, one.label, one.parents[-1] if one.parents else "")


def rank(
    one: FormField,
    lexicon: Lexicon,
    setting: Setting,
    model: Model,
    implied: str | None = None,
    meaning: Meaning = UNTOLD,
) -> list[tuple[Candidate, float]]:
    """Candidates with their logits, the likeliest first."""
    some = candidates(one, lexicon, setting, implied, meaning)
    found = [(candidate, model.pair(candidate.vector())) for candidate in some]
    return sorted(found, key=lambda pair: (-pair[1], str(pair[0].fact)))


def concept_of(one: FormField, lexicon: Lexicon) -> Concept:
    """What labelled forms say of a field that no data element says."""
    leaf = label(one.label)
    best = 0.0
    if any(lexicon.names[place].fact.element is None for place in lexicon.exact.get(leaf.words, ())):
        return Concept(1.0, True, True)
    if any(lexicon.names[place].fact.element is None for place in lexicon.alike.get(reduced(leaf.words), ())):
        return Concept(1.0, False, True)
    for place in lexicon.near(leaf.words, 25):
        name = lexicon.names[place]
        if name.fact.element is None:
            like = lexicon.like(leaf.words, name.words)
            best = max(best, (like.told + like.pairs) / 2)
    return Concept(best, False, False)


def doubts(
    found: Sequence[tuple[Candidate, float]], one: FormField, taken: Taken, concept: Concept, meaning: Meaning = UNTOLD
) -> list[float]:
    """Figures by `yibiao.matching.model.DOUBTS` of a field's best candidate."""
    best, logit = found[0]
    # The same element of another person is no rival: whom a header speaks of has figures of its own.
    rival = next((other for candidate, other in found if candidate.fact.element != best.fact.element), logit - 8.0)
    margin = max(-8.0, min(logit - rival, 8.0))
    exact = max(best.figures[name] for name in ("exact", "exact_learned", "age"))
    better = logit + 0.5
    duplicate = taken.best(best.fact, tuple(one.parents), logit) > better
    # 房屋所有权证/证号 beside 不动产权证/证号: the same may be asked in two sections.
    twin = not duplicate and taken.best(best.fact, None, logit) > better
    alike = best.figures["exact_alike"]
    return [
        *(
            1.0,
            max(-8.0, min(8.0, logit)),
            margin,
            exact,
            concept.like * (1 - exact),
            float(concept.same),
            float(duplicate),
        ),
        *(best.figures["told"], best.figures.get("votes", 0.0), best.figures.get("votes_against", 0.0)),
        *(
            best.figures.get("near_name", 0.0),
            best.figures.get("near_text", 0.0),
            float(best.name.source == "registry"),
            *(best.figures.get(name, 0.0) for name in ("modifier", "unknown", "exact_part")),
            *(best.figures.get(name, 0.0) for name in WEIGHED_TWICE),
            *(float(twin), float(concept.alike and not concept.same), concept.like * alike),
            math.log(len(label(one.label).words) or 1),
            taken.known(None, logit),
            taken.known(tuple(one.parents), logit),
            *(best.figures.get(name, 0.0) for name in ("telephone", "other_telephone")),
            *(meaning.element(best.fact), meaning.nothing(), meaning.role(best.fact), meaning.derive(best.fact)),
            *(meaning.another(best.fact), meaning.sure(best.fact), *meaning.chances(best.fact)),
        ),
    ]


def _settle(
    one: FormField,
    found: Sequence[tuple[Candidate, float]],
    skip: str | None,
    figures: Sequence[float] | None,
    chance: float,
    lexicon: Lexicon,
    meaning: Meaning,
) -> Scored:
    if skip is not None:
        return Scored(one, None, 1.0, (skip,), skipped=skip)
    if figures is None:
        return Scored(one, None, 0.0, ("没有任何数据元的名称与它相近",))
    best = found[0][0]
    reasons = list(best.reasons)
    if figures[5] and not figures[3]:  # a word that elements have too is one of theirs here
        reasons.append("别的表单也问过，没有数据元")
    if figures[6]:
        reasons.append("同表另一栏更像这个数据元")
    reasons.extend(_of_sense(best.fact, meaning, lexicon))
    if figures[2] < 1.0 and len(found) > 1:
        other = lexicon.schemas.elements[found[1][0].fact.element or ""].name
        reasons.append(f"也可能是“{other}”")
    return Scored(
        one,
        best.fact,
        round(chance, 3),
        tuple(reasons),
        rivals=tuple((candidate.fact, round(sigmoid(logit), 3)) for candidate, logit in found[1:4]),
        exact=bool(figures[3]),
    )


TOLD = 0.6
"""Chance from which it is told what a field asks by the sense of the form."""


def _of_sense(fact: Fact, meaning: Meaning, lexicon: Lexicon) -> Iterator[str]:
    """What the form as a whole says of a field, if it says one thing clearly."""
    likeliest = max(meaning.elements, key=meaning.elements.__getitem__, default=None)
    if likeliest is None or math.exp(meaning.elements[likeliest]) < TOLD:
        return
    if likeliest == NOTHING:
        yield "连同整张表读，更像没有数据元的内容"
    elif likeliest == fact.element:
        yield "连同整张表读，问的也是它"
    elif likeliest in lexicon.schemas.elements:
        yield f"连同整张表读，更像“{lexicon.schemas.elements[likeliest].name}”"
