"""The trained weights: `schemas/matching/model.json`, written by `bench.matching --train`, read by every check.

Beside it lies `sense.npz`, written by `make train`: the two belong together.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from yibiao.errors import ContractError
from yibiao.matching.around import AROUND, around
from yibiao.matching.lexicon import Fact, Learned
from yibiao.matching.sense import READING, Sense, hash_of, open_sense
from yibiao.matching.trees import Trees
from yibiao.matching.weighing import FEATURES

FORMAT = 3

PLACE = Path("matching") / "model.json"
SENSE = PLACE.with_name("sense.npz")
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
    *("sense", "sense_nothing", "sense_role", "sense_derive", "sense_another", "sense_sure"),
    *("chance", "chance_nothing", "chance_another", "chance_role", "chance_fact"),
)
"""Figures of a field's best candidate that say how far to trust it."""


@dataclass(frozen=True)
class Model:
    """What training found.

    Attributes:
        weights: by `FEATURES`: how likely it is that a candidate is what the field asks.
        alone: by `DOUBTS`: the same of the best candidate, beside the next and its neighbours.
        together: by `DOUBTS` and `AROUND`: the same once it is known how sure the fields around it are.
        likely: score from which an element is proposed.
        unsure: score from which a human is asked; below, the field is new.
        sure: score from which nobody need look.
        learned: words of headers of labelled forms and what they ask.
        trained: what it was trained on, for whoever asks.
        sense: what fields ask by the sense of a whole form; None: words alone are weighed.
    """

    weights: tuple[float, ...]
    alone: Trees
    together: Trees
    likely: float
    unsure: float
    sure: float
    learned: tuple[Learned, ...]
    trained: dict[str, Any]
    sense: Sense | None = None

    def pair(self, vector: Sequence[float]) -> float:
        """Logit of a candidate."""
        return sum(weight * value for weight, value in zip(self.weights, vector, strict=True))

    def trust(self, figures: Sequence[Sequence[float]], facts: Sequence[Fact]) -> list[float]:
        """Calibrated probability that the best candidate is right, of each field of a form in order.

        Args:
            figures: by `DOUBTS`.
            facts: the best candidates.
        """
        alone = [sigmoid(self.alone.logit(one)) for one in figures]
        both = zip(figures, around(alone, facts), strict=True)
        return [sigmoid(self.together.logit([*one, *beside])) for one, beside in both]


_KEPT: dict[tuple[bytes, int, int], Model] = {}
"""Hash of the file that was read last, time and size of the sense -> what they say: a process that serves many forms
reads them once."""


def sigmoid(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, logit))))


def semantics() -> str:
    """Hash of what the weights mean: a model of other figures is refused."""
    return hashlib.sha256(orjson.dumps([FORMAT, FEATURES, DOUBTS, AROUND, READING])).hexdigest()[:16]


def load_model(schemas: Path) -> Model:
    """The model of a schemas folder.

    Raises:
        ContractError: there is none, or it was trained for other figures than this program computes, or with another
            sense than lies beside it.
    """
    try:
        read = (schemas / PLACE).read_bytes()
        if (kept := _KEPT.get(_said(read, schemas))) is not None:
            return kept
        data = _checked(read, schemas)
        sense = open_sense(schemas / SENSE)
        if not sense.read and not (schemas / SENSE).is_file():
            raise FileNotFoundError(2, "not there", str(schemas / SENSE))
    except FileNotFoundError as missing:
        raise ContractError(
            "There is no model for matching fields.",
            where=f"{schemas.name}/{PLACE.parent}/{Path(missing.filename).name}",
            todo="Take it from the project, or train it: `make train`.",
        ) from None
    _must_be(data, "sense", sense.hash, f"with another {SENSE.name} than lies beside it", schemas)
    model = _model(data, sense if sense.read else None)
    know_model(schemas, read, model)
    return model


def know_model(schemas: Path, read: bytes, model: Model) -> None:
    """Take the model of a schemas folder from whoever read it.

    Args:
        read: its file.
        model: what that says, with the sense that lies beside it.
    """
    _KEPT.clear()
    _KEPT[_said(read, schemas)] = model


def _said(read: bytes, schemas: Path) -> tuple[bytes, int, int]:
    return (hashlib.sha256(read).digest(), *_seen(schemas / SENSE))


def _seen(path: Path) -> tuple[int, int]:
    """When a file was changed, and its size; to read a large one only to see that it is the same would be slow."""
    if not path.is_file():
        return (0, 0)
    stat = path.stat()
    return (stat.st_mtime_ns, stat.st_size)


def _checked(read: bytes, schemas: Path) -> dict[str, Any]:
    """What the file says, if it fits this program."""
    try:
        data = orjson.loads(read)
    except orjson.JSONDecodeError:
        raise ContractError("The model for matching fields is no JSON.", where=f"{schemas.name}/{PLACE}") from None
    data = data if isinstance(data, dict) else {}
    _must_be(data, "semantics", semantics(), "for another version of this program", schemas)
    return data


def _must_be(data: dict[str, Any], name: str, expected: str, trained: str, schemas: Path) -> None:
    if data.get(name) != expected:
        raise ContractError(
            f"The model for matching fields was trained {trained}.",
            where=f"{schemas.name}/{PLACE}",
            expected=expected,
            got=str(data.get(name))[:16],
            todo="Take both files of one version of the project, or train it again: `make train`.",
        )


def _model(data: dict[str, Any], sense: Sense | None) -> Model:
    facts: dict[tuple[str | None, ...], Fact] = {}  # twenty thousand headers ask five hundred
    return Model(
        weights=tuple(data["weights"][name] for name in FEATURES),
        alone=Trees.of(data["alone"]),
        together=Trees.of(data["together"]),
        likely=data["thresholds"]["likely"],
        unsure=data["thresholds"]["unsure"],
        sure=data["thresholds"]["sure"],
        learned=tuple(
            Learned(words, facts.setdefault(tuple(fact), Fact(*fact)), forms) for words, fact, forms in data["learned"]
        ),
        trained=data["trained"],
        sense=sense,
    )


def write_model(model: Model, schemas: Path) -> None:
    """Write it so that equal training gives an equal file, and its sense beside it."""
    sense = model.sense.read if model.sense else b""
    data = {
        "format": FORMAT,
        "kind": "matching model",
        "semantics": semantics(),
        "sense": hash_of(sense),
        "trained": model.trained,
        "weights": {name: round(float(value), 4) for name, value in zip(FEATURES, model.weights, strict=True)},
        "thresholds": {"likely": model.likely, "unsure": model.unsure, "sure": model.sure},
        "alone": model.alone.as_json(),
        "together": model.together.as_json(),
        "learned": [
            [one.words, [one.fact.element, one.fact.role, one.fact.derive, one.fact.value], one.forms]
            for one in model.learned
        ],
    }
    path = schemas / PLACE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_one_name_a_line(data))
    (schemas / SENSE).write_bytes(sense)


def _one_name_a_line(data: dict[str, Any]) -> bytes:
    """The learned names, and the trees, one a line, so that a difference can be reviewed."""
    head = {name: value for name, value in data.items() if name not in ("learned", *TREES)}
    parts = [orjson.dumps(head, option=orjson.OPT_INDENT_2)[:-2]]
    for name in TREES:
        base = orjson.dumps(data[name]["base"])
        parts.append(b'  "%b": {"base": %b, "trees": [\n%b\n  ]}' % (name.encode(), base, _lines(data[name]["trees"])))
    parts.append(b'  "learned": [\n%b\n  ]\n}\n' % _lines(data["learned"]))
    return b",\n".join(parts)


TREES = ("alone", "together")


def _lines(some: Sequence[Any]) -> bytes:
    return b",\n".join(b"    " + orjson.dumps(one) for one in some)
