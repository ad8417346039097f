"""The trained weights: `schemas/matching/model.json`, written by `bench.matching --train`, read by every check."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from yibiao.errors import ContractError
from yibiao.matching.lexicon import Fact, Learned
from yibiao.matching.weighing import FEATURES

FORMAT = 2

PLACE = Path("matching") / "model.json"
"""Below the schemas folder."""

DOUBTS = (
    "one",
    "first",
    "margin",
    "exact",
    "concept",
    "concept_exact",
    "duplicate",
    "told",
    "votes",
    "against",
    "near_name",
    "near_text",
    "registry",
    "modifier",
    "unknown",
    "part",
    *("covered", "pairs", "tail", "typing", "alike", "subject", "by_path", "kind_fits", "kind_breaks"),
    *("options_fit", "options_break", "entity", "role_person", "role_implied", "role_lost", "other_path"),
    "exists",
    *("outer_strange", "outer_fits", "homeless", "other_person", "part_last", "guest", "only_one"),
    *("ends_known", "rest_told", "votes_alike", "votes_alike_against", "two_facts"),
    *("twin", "concept_alike", "concept_of_alike"),
    *("long", "form_known", "section_known"),
    *("telephone", "other_telephone"),
)
"""Figures of a field's best candidate that say how far to trust it."""


@dataclass(frozen=True)
class Model:
    """What training found.

    Attributes:
        weights: by `FEATURES`: how likely it is that a candidate is what the field asks.
        doubts: by `DOUBTS`: the same of the best candidate, beside the next and its neighbours.
        wording: sign of `yibiao.matching.wording` -> how much it adds to that.
        likely: score from which an element is proposed.
        unsure: score from which a human is asked; below, the field is new.
        sure: score from which nobody need look.
        learned: words of headers of labelled forms and what they ask.
        trained: what it was trained on, for whoever asks.
    """

    weights: tuple[float, ...]
    doubts: tuple[float, ...]
    wording: Mapping[str, float]
    likely: float
    unsure: float
    sure: float
    learned: tuple[Learned, ...]
    trained: dict[str, Any]

    def pair(self, vector: Sequence[float]) -> float:
        """Logit of a candidate."""
        return sum(weight * value for weight, value in zip(self.weights, vector, strict=True))

    def trust(self, figures: Sequence[float], signs: Iterable[str]) -> float:
        """Calibrated probability that the best candidate is right."""
        said = sum(self.wording.get(sign, 0.0) for sign in signs)
        return sigmoid(said + sum(weight * value for weight, value in zip(self.doubts, figures, strict=True)))


_KEPT: dict[bytes, Model] = {}
"""Hash of the file that was read last -> what it says: a process that serves many forms reads it once."""


def sigmoid(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, logit))))


def semantics() -> str:
    """Hash of what the weights mean: a model of other figures is refused."""
    return hashlib.sha256(orjson.dumps([FORMAT, FEATURES, DOUBTS])).hexdigest()[:16]


def load_model(schemas: Path) -> Model:
    """The model of a schemas folder.

    Raises:
        ContractError: there is none, or it was trained for other figures than this program computes.
    """
    path = schemas / PLACE
    try:
        read = path.read_bytes()
        said = hashlib.sha256(read).digest()
        if (kept := _KEPT.get(said)) is not None:
            return kept
        data = orjson.loads(read)
    except FileNotFoundError:
        raise ContractError(
            "There is no model for matching fields.",
            where=f"{schemas.name}/{PLACE}",
            todo="Take it from the project, or train it: `python -m bench.matching --train`.",
        ) from None
    except orjson.JSONDecodeError:
        raise ContractError("The model for matching fields is no JSON.", where=f"{schemas.name}/{PLACE}") from None
    if not isinstance(data, dict) or data.get("semantics") != semantics():
        raise ContractError(
            "The model for matching fields was trained for another version of this program.",
            where=f"{schemas.name}/{PLACE}",
            expected=semantics(),
            got=str(data.get("semantics"))[:16] if isinstance(data, dict) else type(data).__name__,
            todo="Train it again: `python -m bench.matching --train`.",
        )
    model = _model(data)
    _KEPT.clear()
    _KEPT[said] = model
    return model


def _model(data: dict[str, Any]) -> Model:
    return Model(
        weights=tuple(data["weights"][name] for name in FEATURES),
        doubts=tuple(data["doubts"][name] for name in DOUBTS),
        wording=data["wording"],
        likely=data["thresholds"]["likely"],
        unsure=data["thresholds"]["unsure"],
        sure=data["thresholds"]["sure"],
        learned=tuple(Learned(words, Fact(*fact), forms) for words, fact, forms in data["learned"]),
        trained=data["trained"],
    )


def write_model(model: Model, schemas: Path) -> None:
    """Write it so that equal training gives an equal file."""
    data = {
        "format": FORMAT,
        "kind": "matching model",
        "semantics": semantics(),
        "trained": model.trained,
        "weights": {name: round(float(value), 4) for name, value in zip(FEATURES, model.weights, strict=True)},
        "doubts": {name: round(float(value), 4) for name, value in zip(DOUBTS, model.doubts, strict=True)},
        "thresholds": {"likely": model.likely, "unsure": model.unsure, "sure": model.sure},
        "wording": dict(sorted(model.wording.items())),
        "learned": [
            [one.words, [one.fact.element, one.fact.role, one.fact.derive, one.fact.value], one.forms]
            for one in model.learned
        ],
    }
    path = schemas / PLACE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_one_name_a_line(data))


def _one_name_a_line(data: dict[str, Any]) -> bytes:
    """The learned names one a line, so that a difference can be reviewed."""
    head = {name: value for name, value in data.items() if name != "learned"}
    lines = b",\n".join(b"    " + orjson.dumps(one) for one in data["learned"])
    return orjson.dumps(head, option=orjson.OPT_INDENT_2)[:-2] + b',\n  "learned": [\n' + lines + b"\n  ]\n}\n"
