"""The labelled forms that matching is trained and measured on, split by form.

`bench/labelled_forms/*.yml` hold headers of public forms: facts, no sentences. The forms of `blind.yml` are the test
split: labelled before anything was measured on them, and tuned on by nobody. All others are development data, and the
registered forms of `schemas/forms` as well. Once its wrong answers were looked at one by one, a test group is spent: it
moves to development, and a new one is labelled.

`bench/labelled_forms/worded/*.yml` hold forms that nobody read either: they teach the sense of headers alone, neither
words nor weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from yibiao.contracts.values import Schemas
from yibiao.forms.model import Form
from yibiao.forms.template import drop_down
from yibiao.matching.fields import FormField
from yibiao.matching.lexicon import Fact
from yibiao.matching.normalise import label

HERE = Path(__file__).parent / "labelled_forms"
WORDED = HERE / "worded"
SKIP = "skip"
BLIND = "blind"
"""Stem of the file with the test split."""

FROM_MEMORY = frozenset({"known", "first_blind", "second_blind", "third_blind"})
"""Stems of the development files whose headers were worded from memory, which is nearer to what the registry says than
forms are; those of all others were read in public sources."""

MEMORY = "memory_"
"""Begins the stems of further such files."""

_LINE = re.compile(r"(?P<path>[^|\[]+?)\s*(?:\[(?P<options>[^\]]*)\])?\s*\|\s*(?P<what>.+)")


_ORIGIN = re.compile(r"读自\s*([^\s(（]+)")


@dataclass(frozen=True)
class Labelled:
    """One field and what it asks.

    Attributes:
        fact: what it asks; its element is None for what no data element says.
        skipped: whether it is no question.
    """

    field: FormField
    fact: Fact
    skipped: bool


@dataclass(frozen=True)
class LabelledForm:
    """One form; `split` is `development`, `test` or `sense`, `read` whether its headers stand so in a public source."""

    id: str
    title: str
    about: str
    source: str
    split: str
    fields: tuple[Labelled, ...]
    read: bool = False

    @property
    def origin(self) -> str:
        """Where it was read: the public repository, or whatever its source names instead."""
        told = _ORIGIN.search(self.source)
        return told[1] if told else self.source


def items_of(file: Path) -> list[dict[str, str]]:
    """What a file says of its forms, as written."""
    # The reader in C, where there is one: there are six megabytes of such files.
    found: list[dict[str, str]] = yaml.load(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return found


def split_of(file: Path) -> str:
    """The split of the forms in a file."""
    return "test" if file.stem == BLIND else "development"


def labelled_forms(schemas: Schemas) -> list[LabelledForm]:
    """All of them, in the order of the files.

    Raises:
        ValueError: a line cannot be read.
    """
    forms: list[LabelledForm] = []
    for file in sorted(HERE.glob("*.yml")):
        read = file.stem not in FROM_MEMORY and not file.stem.startswith(MEMORY)
        forms += _forms_of(file, schemas, split_of(file), read=read)
    return forms


def worded_forms(schemas: Schemas) -> list[LabelledForm]:
    """Forms worded from memory as offices print them, in the order of the files: they teach the sense alone.

    Raises:
        ValueError: a line cannot be read.
    """
    return [form for file in sorted(WORDED.glob("*.yml")) for form in _forms_of(file, schemas, "sense", read=False)]


def _forms_of(file: Path, schemas: Schemas, split: str, *, read: bool) -> Iterator[LabelledForm]:
    """The forms of one file."""
    for one in items_of(file):
        lines = [line for line in one["fields"].splitlines() if line.strip()]
        fields = tuple(_field(line, column, one["id"], schemas) for column, line in enumerate(lines))
        yield LabelledForm(one["id"], one["title"], one["about"], one["source"], split, fields, read=read)


def registered_forms(forms: Iterable[Form], schemas: Schemas) -> list[LabelledForm]:
    """Forms of `schemas/forms` in the same shape; all development.

    They were frozen before the registry grew: a field with a `concept` whose header is a name of the registry by now
    says nothing about what is new, and is left out.
    """
    known = {label(name).words for one in schemas.elements.values() for name in (one.name, *one.aliases)}
    found = []
    for form in forms:
        fields = []
        for column, one in enumerate(form.fields):
            if one.concept and label(one.label).forms and known & set(label(one.label).forms):
                continue
            text = f"{one.label}（{one.unit}）" if one.unit and one.unit not in one.label else one.label
            asked = FormField(form.title, column, (*one.path[:-1], text), options=drop_down(one, schemas))
            fields.append(Labelled(asked, Fact(*one.fact[:4]), False))
        found.append(LabelledForm(form.id, form.title, form.rows.entity, form.source, "development", tuple(fields)))
    return found


def undefined(schemas: Schemas) -> list[str]:
    """Ids in the labelled set that the registry does not define: they count as new."""
    ids = set()
    for file in HERE.glob("*.yml"):
        for one in items_of(file):
            for line in one["fields"].splitlines():
                word = line.rpartition("|")[2].split()
                if word and word[0] not in ("new", SKIP) and word[0] not in schemas.elements:
                    ids.add(word[0])
    return sorted(ids)


def _field(line: str, column: int, form: str, schemas: Schemas) -> Labelled:
    found = _LINE.fullmatch(line.strip())
    if found is None:
        raise ValueError(f"{form}: line {column + 1} is not `path [options] | what`")
    path = tuple(found["path"].strip().split("/")) if not _whole(found["path"]) else (found["path"].strip(),)
    options = tuple(part.strip() for part in (found["options"] or "").split(",") if part.strip())
    asked = FormField(form, column, path, options=options)
    what, *marks = found["what"].split()
    if what == SKIP:
        return Labelled(asked, Fact(None), True)
    if what == "new" or what not in schemas.elements:
        return Labelled(asked, Fact(None), False)
    role = next((mark[1:] for mark in marks if mark.startswith("@")), None)
    derive = next((mark[1:] for mark in marks if mark.startswith("!")), None)
    # What a dwelling keeps of its owner is the name, or the number, of the owner.
    return Labelled(asked, Fact(*schemas.asked_as.get(what, (what, role)), derive), False)


def _whole(path: str) -> bool:
    """A slash inside brackets or between two names of one thing is no level."""
    return bool(re.search(r"（[^）]*/[^）]*）|代码/注册号", path))
