"""A trained linkage model as a JSON file: probabilities of every level, term frequencies, and what it was made with.

No run trains. A model that belongs to other settings or another version of Splink is refused.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from yibiao.errors import LinkageError
from yibiao.identity.settings import LinkageSettings

FORMAT = 1
UNIT = 1000
"""Scores are whole thousandths of a bit, so that neither order nor machine can change them."""


@dataclass(frozen=True)
class LevelWeight:
    """A level's probabilities among matches (`m`) and among different entities (`u`)."""

    label: str
    m: float
    u: float

    @property
    def score(self) -> int:
        """log2(m / u), in thousandths of a bit."""
        return round(math.log2(self.m / self.u) * UNIT)


@dataclass(frozen=True)
class Frequencies:
    """Shares of the values of a column; `rest` is that of a value not listed."""

    rest: float
    values: dict[str, float]


@dataclass(frozen=True)
class Model:
    """What training found.

    Args:
        settings, semantics: name of the settings and the hash of what the model depends on in them.
        splink: version that trained it.
        prior: probability that two random records are the same entity.
        weights: comparison -> its levels in order, the implied `else` last.
        frequencies: column -> shares of its values.
        trained: numbers about the training: records, pairs.
    """

    settings: str
    semantics: str
    splink: str
    prior: float
    weights: dict[str, tuple[LevelWeight, ...]]
    frequencies: dict[str, Frequencies]
    trained: dict[str, int]

    @cached_property
    def prior_score(self) -> int:
        """log2 of the prior odds, in thousandths of a bit."""
        return round(math.log2(self.prior / (1 - self.prior)) * UNIT)

    @property
    def content(self) -> bytes:
        """The model as JSON; equal models give equal bytes."""
        content = {
            "format": FORMAT,
            "kind": "linkage model",
            "settings": self.settings,
            "semantics": self.semantics,
            "splink": self.splink,
            "trained": self.trained,
            "prior": _short(self.prior),
            "weights": {
                name: [{"label": one.label, "m": _short(one.m), "u": _short(one.u)} for one in levels]
                for name, levels in self.weights.items()
            },
            "frequencies": {
                name: {
                    "rest": _short(found.rest),
                    "values": {value: _short(share) for value, share in sorted(found.values.items())},
                }
                for name, found in sorted(self.frequencies.items())
            },
        }
        return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()

    @property
    def version(self) -> str:
        """Twelve digits of a hash of the content: what tells one training from another."""
        return hashlib.sha256(self.content).hexdigest()[:12]

    def write(self, path: Path) -> None:
        """Write the model in one step."""
        aside = path.with_name(f".{path.name}.aside")
        aside.write_bytes(self.content)
        aside.replace(path)


def _short(number: float) -> float:
    """Six significant digits: more would only be noise of the training."""
    return float(f"{number:.6g}")


def read_model(path: Path, settings: LinkageSettings) -> Model:
    """Read a model for these settings.

    Raises:
        LinkageError: it is missing, damaged, of another format, of other settings or of another version of Splink.
    """
    from importlib.metadata import version

    todo = "Train it anew: `yibiao identity train`."
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LinkageError("There is no linkage model.", where=path.name, todo=todo) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise LinkageError(
            "The linkage model cannot be read.", where=path.name, expected="JSON", got=type(error).__name__, todo=todo
        ) from None
    given = content if isinstance(content, dict) else {}
    for key, what, expected in (
        ("kind", "This is no linkage model.", "linkage model"),
        ("format", "The linkage model is of another format.", FORMAT),
        ("semantics", "The linkage model was trained for other columns or comparisons.", settings.semantics()),
        ("splink", "The linkage model was trained by another version of Splink.", version("splink")),
    ):
        if given.get(key) != expected:
            raise LinkageError(
                what, where=path.name, expected=str(expected)[:12], got=str(given.get(key))[:12], todo=todo
            )
    try:
        model = Model(
            settings=str(given["settings"]),
            semantics=str(given["semantics"]),
            splink=str(given["splink"]),
            prior=_prior(given["prior"]),
            weights={
                name: tuple(
                    LevelWeight(str(one["label"]), _probability(one["m"]), _probability(one["u"])) for one in levels
                )
                for name, levels in given["weights"].items()
            },
            frequencies={
                name: Frequencies(
                    _probability(one["rest"]),
                    {value: _probability(share) for value, share in one["values"].items()},
                )
                for name, one in given["frequencies"].items()
            },
            trained={name: int(number) for name, number in given["trained"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LinkageError(
            "The linkage model is damaged.", where=path.name, got=f"{type(error).__name__} in its content", todo=todo
        ) from None
    _complete(model, settings, path, todo)
    return model


def _probability(number: Any) -> float:
    value = float(number)
    if not 0 < value <= 1:
        raise ValueError("no probability")
    return value


def _prior(number: Any) -> float:
    value = _probability(number)
    if value == 1:  # its odds are infinite
        raise ValueError("no prior")
    return value


def _complete(model: Model, settings: LinkageSettings, path: Path, todo: str) -> None:
    lengths = {one.name: len(one.levels) + 1 for one in settings.comparisons}
    if {name: len(levels) for name, levels in model.weights.items()} != lengths or set(settings.frequencies()) != set(
        model.frequencies
    ):
        raise LinkageError("The linkage model is damaged.", where=path.name, got="levels are missing", todo=todo)
