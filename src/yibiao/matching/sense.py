"""What a field asks by the sense of its words, beside all others of its form: a small transformer, read by numpy.

Likeness of words cannot tell that 房号 of a hotel is no 房号 of a dwelling. A multilingual language model of six layers
knows what words have to do with each other; labelled forms taught it what fields ask. It reads a whole form at once,
title and headers in order, and says of each field how likely each data element is, each person, each derivation, or
that no data element says it. The file holds whole numbers of eight bits, a scale a row, 17 MB; nothing is downloaded.

Source of the words' meaning: intfloat/multilingual-e5-small (MIT licence), by `bench.sense`.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Fact
from yibiao.matching.pieces import Pieces

HEADS = 12
LONGEST = 480
"""Pieces that are read at once; a longer form is read in parts, each with the title. The model has 512 places."""

OF_TITLE, OF_HEADER, OF_OUTER, OF_OPTIONS = 40, 32, 16, 16
"""Pieces of which a title, a header, an outer header and the options of a drop-down are read at most."""

OUTER, OFFERED = 2, 6
"""Outer headers, and options of a drop-down, that are read."""

EDGES = " \u3000*＊※:：;；"
"""What stands before and behind the words of a header and says nothing."""

LEAST = -8.0
"""Logarithm of the smallest chance that is told apart from none."""

SUREST = 0.9995
"""Chances above are not told apart."""

READING = [LONGEST, OF_TITLE, OF_HEADER, OF_OUTER, OF_OPTIONS, OUTER, OFFERED, EDGES, LEAST, SUREST]
"""What decides how a form is read: a model that was taught otherwise is refused."""

NOTHING = ""
"""Stands for: no data element says it."""


@dataclass(frozen=True)
class Meaning:
    """Logarithms of the chances of what a field asks; what is not in them has at most the chance of `LEAST`.

    Attributes:
        elements: data elements, and `NOTHING`.
        roles: of whom, if an element says it; "" for the person of the row.
        derives: how it follows from the element, if one says it; "" for the element itself.
    """

    elements: Mapping[str, float]
    roles: Mapping[str, float]
    derives: Mapping[str, float]

    def element(self, fact: Fact) -> float:
        """How likely the element of a fact is, above `LEAST`."""
        return self._above(self.elements, fact.element or NOTHING)

    def role(self, fact: Fact) -> float:
        """The same of the person of a fact."""
        return self._above(self.roles, fact.role or "")

    def derive(self, fact: Fact) -> float:
        """The same of the derivation of a fact."""
        return self._above(self.derives, fact.derive or "")

    def nothing(self) -> float:
        """The same of that no data element says it."""
        return self._above(self.elements, NOTHING)

    def another(self, fact: Fact) -> float:
        """The same of the likeliest element that is not the fact's."""
        rest = [chance for one, chance in self.elements.items() if one not in (fact.element, NOTHING)]
        return max(rest, default=LEAST) - LEAST

    def sure(self, fact: Fact) -> float:
        """How unlikely it is that the element of a fact is wrong: the logarithm of that chance, turned round."""
        chance = math.exp(self.elements.get(fact.element or NOTHING, LEAST))
        return -math.log(1 - min(chance, SUREST))

    def chances(self, fact: Fact) -> tuple[float, ...]:
        """Chances of the element of a fact, of none, of the likeliest other one, of its person, and of all of it.

        Nought where nothing is known, and more than logarithms tell between likely and sure.
        """
        element, nothing, another, role, derive = (
            math.exp(one + LEAST) if one else 0.0
            for one in (self.element(fact), self.nothing(), self.another(fact), self.role(fact), self.derive(fact))
        )
        return (element, nothing, another, role, element * role * derive)

    def likeliest(self, least: float) -> Fact | None:
        """What the field asks most likely, each part by itself; None if no element has so great a chance."""
        known = {one: chance for one, chance in self.elements.items() if one != NOTHING}
        best = max(known, key=known.__getitem__, default=None)
        if best is None or math.exp(known[best]) < least:
            return None
        role, derive = (max(chances, key=chances.__getitem__, default="") for chances in (self.roles, self.derives))
        return Fact(best, role or None, derive or None)

    def _above(self, chances: Mapping[str, float], name: str) -> float:
        return chances.get(name, LEAST) - LEAST


UNTOLD = Meaning({}, {}, {})


@dataclass(frozen=True)
class Read:
    """Pieces that are read at once, with the places of headers in them.

    Attributes:
        pieces: numbers of the pieces.
        title: how many of them come before the first header.
        headers: number of a field of the form, begin and end of its innermost header.
    """

    pieces: tuple[int, ...]
    title: int
    headers: tuple[tuple[int, int, int], ...]


def reads(title: str, fields: Sequence[FormField], pieces: Pieces, marks: Marks) -> Iterator[Read]:
    """A form as the model reads it: title, then each header, behind its outer ones where they change.

    A field without words is passed over. Of a long title the end counts: names of sheets and places stand before.
    """
    head = (marks.begin, *pieces.of(title)[-OF_TITLE:], marks.end)
    line: list[int] = list(head)
    places: list[tuple[int, int, int]] = []
    before: tuple[str, ...] = ()
    for number, one in enumerate(fields):
        words = pieces.of(one.label.strip(EDGES))[:OF_HEADER]
        if not words:
            continue
        outer = [piece for text in one.parents[-OUTER:] for piece in pieces.of(text.strip(EDGES))[:OF_OUTER]]
        options = pieces.of(f"({'、'.join(one.options[:OFFERED])})")[:OF_OPTIONS] if one.options else ()
        lead = [*outer, marks.below] if one.parents != before else []
        if places and len(line) + len(lead) + len(words) + len(options) >= LONGEST:
            yield Read((*line, marks.end), len(head), tuple(places))
            line, places = list(head), []
            lead = [*outer, marks.below] if outer else []
        begin = len(line) + len(lead)
        places.append((number, begin, begin + len(words)))
        line += [*lead, *words, *options, marks.apart]
        before = one.parents
    if places:
        yield Read((*line, marks.end), len(head), tuple(places))


@dataclass(frozen=True)
class Marks:
    """Numbers of the pieces that stand for begin, end, what ends an outer header, and what ends a field."""

    begin: int
    end: int
    below: int
    apart: int


def hash_of(read: bytes) -> str:
    """Hash of a file of such a model."""
    return hashlib.sha256(read).hexdigest()[:16]


Asked = tuple[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]
"""All that is read of a form: its title, and paths and options of its fields."""

KEPT = 64
"""Forms whose meanings are kept."""

_READING = Lock()
"""Held while a form is read: the number of threads of a matrix product is one for the whole process."""


class Sense:
    """The model.

    Args:
        read: the file.
    """

    def __init__(self, read: bytes) -> None:
        self.read = read
        self._kept: dict[Asked, Sequence[Meaning]] = {}

    def __getstate__(self) -> bytes:
        return self.read

    def __setstate__(self, read: bytes) -> None:
        self.__init__(read)  # type: ignore[misc]

    @cached_property
    def _stored(self) -> dict[str, Any]:
        import numpy as np

        with np.load(io.BytesIO(self.read), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    @cached_property
    def hash(self) -> str:
        """Hash of the file."""
        return hash_of(self.read)

    def unpack(self) -> None:
        """Multiply out all that is stored in whole numbers, which the first form that is read would wait for."""
        with _READING:
            self.marks, self.pieces, self._names  # noqa: B018
            for name in [one.removesuffix("_scale") for one in self._stored if one.endswith("_scale")]:
                if name != "word":
                    self._weights(name)

    @property
    def taught(self) -> str:
        """Hash of what it was taught."""
        return str(self._stored["taught"])

    @cached_property
    def pieces(self) -> Pieces:
        texts = self._stored["pieces"].tobytes().decode().split("\n")
        return Pieces(texts, self._stored["chances"].tolist(), int(self._stored["marks"][4]))

    @cached_property
    def marks(self) -> Marks:
        return Marks(*map(int, self._stored["marks"][:4]))

    @cached_property
    def _names(self) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(map(str, self._stored[kind])) for kind in ("elements", "roles", "derives"))

    def ahead(self, forms: Sequence[tuple[str, Sequence[FormField]]]) -> None:
        """Begin to read forms, by title and fields, beside what else is to be done before `of` is asked for them."""
        Thread(target=self._read_all, args=(tuple(forms[:KEPT]),), name="sense", daemon=True).start()

    def of(self, title: str, fields: Sequence[FormField]) -> Sequence[Meaning]:
        """What each field of a form asks, in order."""
        asked = (title, tuple((one.path, one.options) for one in fields))
        with _READING:
            found = self._kept.get(asked)
            if found is None:
                found = self._read_whole(title, fields)
                while len(self._kept) >= KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[asked] = found
        return found

    def _read_all(self, forms: Sequence[tuple[str, Sequence[FormField]]]) -> None:
        for title, fields in forms:
            self.of(title, fields)

    def _read_whole(self, title: str, fields: Sequence[FormField]) -> Sequence[Meaning]:
        import numpy  # noqa: F401  before its threads are limited
        from threadpoolctl import threadpool_limits

        found = [UNTOLD] * len(fields)
        # Matrices of this size are not worth a second thread, which would wait for the first by turning round.
        with threadpool_limits(1, user_api="blas"):
            for one in reads(title, fields, self.pieces, self.marks):
                for (number, _, _), meaning in zip(one.headers, self._meanings(one), strict=True):
                    found[number] = meaning
        return tuple(found)

    def _meanings(self, one: Read) -> Iterator[Meaning]:
        import numpy as np

        states = self._states(np.array(one.pieces))
        means = np.stack([states[begin:end].mean(axis=0) for _, begin, end in one.headers])
        means = means + np.tanh(self._through(means, "pre"))
        told = [_log_chances(self._through(means, name)) for name in ("element", "role", "derive")]
        for elements, roles, derives in zip(*told, strict=True):
            yield Meaning(*map(_told, self._names, (elements, roles, derives)))

    def _states(self, numbers: Any) -> Any:
        """A row of figures a piece, after all layers."""
        import numpy as np

        words = self._stored["word"][numbers] * self._stored["word_scale"][numbers, None]
        state = self._evened(words + self._weights("place")[: len(numbers)], "first")
        wide = state.shape[1] // HEADS
        for layer in range(int(self._stored["layers"])):
            both = self._through(state, f"{layer}_asks").reshape(len(numbers), 3, HEADS, wide)
            # Laid out anew, as only what lies in one piece is multiplied fast.
            asks, keys, values = np.ascontiguousarray(both.transpose(1, 2, 0, 3))
            near = asks @ keys.transpose(0, 2, 1)
            near /= np.float32(wide**0.5)
            near -= near.max(axis=-1, keepdims=True)
            np.exp(near, out=near)
            near /= near.sum(axis=-1, keepdims=True)
            heard = (near @ values).transpose(1, 0, 2).reshape(state.shape)
            state = self._evened(state + self._through(heard, f"{layer}_hears"), f"{layer}_heard")
            inner = self._through(state, f"{layer}_in")
            # Gaussian error linear unit by its usual approximation, as in training.
            bent = np.tanh(np.float32(0.7978845608) * inner * (1 + np.float32(0.044715) * inner * inner))
            inner *= np.float32(0.5) * (1 + bent)
            state = self._evened(state + self._through(inner, f"{layer}_out"), f"{layer}_done")
        return state

    def _weights(self, name: str) -> Any:
        """A matrix; the whole numbers that it is stored in are multiplied out once and go."""
        import numpy as np

        scale = self._stored.pop(f"{name}_scale", None)
        if scale is not None:
            matrix = self._stored[name].astype(np.float32)
            matrix *= scale[:, None]
            self._stored[name] = matrix
        return self._stored[name]

    def _through(self, rows: Any, name: str) -> Any:
        return rows @ self._weights(name).T + self._stored[f"{name}_bias"]

    def _evened(self, rows: Any, name: str) -> Any:
        """Each row with mean and spread as trained."""
        import numpy as np

        rows = rows - rows.mean(axis=-1, keepdims=True)
        rows /= np.sqrt((rows * rows).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        return rows * self._stored[f"{name}_spread"] + self._stored[f"{name}_bias"]


_OPENED: dict[tuple[Path, int, int], Sense] = {}
"""Place, time and size of the file that was opened last -> what it is."""


def open_sense(path: Path) -> Sense:
    """The model in a file; one that is not there is empty. A process opens it once."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return Sense(b"")
    key = (path.resolve(), stat.st_mtime_ns, stat.st_size)
    with _OPENING:
        if key not in _OPENED:
            _OPENED.clear()
            _OPENED[key] = Sense(path.read_bytes())
        return _OPENED[key]


_OPENING = Lock()


def unpack_ahead(path: Path) -> None:
    """Begin to open and unpack a model beside what else a command has to load before it reads a form."""

    def unpack() -> None:
        # Whoever asks for it reads it again and says what is wrong.
        with suppress(Exception):
            sense = open_sense(path)
            if sense.read and sense.hash:
                sense.unpack()

    Thread(target=unpack, name="unpack", daemon=True).start()


def _log_chances(logits: Any) -> Any:
    import numpy as np

    logits = logits - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def _told(names: Sequence[str], chances: Any) -> dict[str, float]:
    import numpy as np

    return {names[place]: round(float(chances[place]), 3) for place in np.flatnonzero(chances > LEAST).tolist()}
