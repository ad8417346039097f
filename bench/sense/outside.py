"""What each labelled field asks by the sense that forms of other origins teach: kept, for to teach takes two hours.

    python -m bench.sense.outside build/sense [--beside build/sense/sense.npz]

reads the models `fold-0.npz` to `fold-4.npz` of that folder and writes `bench/sense/outside.npz`: whoever mends a rule
trains the weights anew in six minutes without PyTorch. A field that it does not have is told.

To teach all six models anew for some more forms is not worth two hours: `--beside` names a sense of all forms that was
taught later than the folds. Forms that came since are in the fold where `folds.json` puts them, and its model has not
met them either.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from bench.labelled import LabelledForm
from yibiao.errors import ContractError
from yibiao.matching.fields import FormField
from yibiao.matching.sense import Meaning, Sense

PLACE = Path(__file__).parent / "outside.npz"
KINDS = ("elements", "roles", "derives")


class Outside:
    """Meanings by field.

    Args:
        kept: key of a field -> what it asks.
        taught: hash of what was taught.
    """

    def __init__(self, kept: Mapping[str, Meaning], taught: str) -> None:
        self.kept = kept
        self.taught = taught

    def of(self, title: str, fields: Sequence[FormField]) -> Sequence[Meaning]:
        """What each field of a form asks, in order.

        Raises:
            ContractError: the field was labelled, or changed, after the sense was taught.
        """
        try:
            return [self.kept[key_of(title, one)] for one in fields]
        except KeyError:
            raise ContractError(
                "A labelled form has come or changed since the sense of headers was taught.",
                where=f"bench/labelled_forms: {title}",
                todo="Teach it again: `make train`.",
            ) from None


def key_of(title: str, field: FormField) -> str:
    """What a field is known by: form, title, path; not its neighbours, which may become known and be asked no more."""
    return sha256(repr((field.sheet, title, field.path)).encode()).hexdigest()[:16]


def collected(folder: Path, beside: Path | None = None) -> Outside:
    """Read all labelled forms, each with the model that its fold had no part in.

    Args:
        beside: the sense of all forms that it is kept for, if that was taught more than the folds.
    """
    from bench.matching_trust import FOLDS

    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        folds = list(pool.map(_fold, [folder] * FOLDS, range(FOLDS)))
    (taught,) = {taught for taught, _ in folds} if beside is None else {Sense(beside.read_bytes()).taught}
    found: dict[str, Meaning] = {}
    for _, told in folds:
        # What two folds ask alike would be read by a model that learned it.
        assert not found.keys() & told.keys()
        found |= told
    return Outside(found, taught)


def _fold(folder: Path, number: int) -> tuple[str, dict[str, Meaning]]:
    from bench.matching import teaching
    from bench.matching_train import folds_of
    from yibiao.contracts import load_schemas
    from yibiao.settings import Settings

    settings = Settings.load()
    forms = teaching(settings.schemas, load_schemas(settings.schemas))
    sense = Sense((folder / f"fold-{number}.npz").read_bytes())
    own = [form for form, fold in zip(forms, folds_of(forms), strict=True) if fold == number]
    return sense.taught, {key: meaning for form in own for key, meaning in _told(form, sense)}


def _told(form: LabelledForm, sense: Sense) -> Iterator[tuple[str, Meaning]]:
    """The fields of a form, and those with slips of writing among their neighbours, as they come."""
    from bench.slips import slipped

    fields = [one.field for one in form.fields]
    by_column = {one.field.column: one.field for one in slipped(form).fields}
    with_slips = [by_column.get(one.column, one) for one in fields]
    for some in (with_slips, fields):
        for one, meaning in zip(some, sense.of(form.title, some), strict=True):
            yield key_of(form.title, one), meaning


def write(found: Outside, place: Path = PLACE) -> None:
    """Keep them: of each field its key, and of what it may ask which and how likely."""
    keys = sorted(found.kept)
    stored: dict[str, Any] = {"keys": np.array(keys), "taught": np.array(found.taught)}
    for kind in KINDS:
        told = [getattr(found.kept[key], kind) for key in keys]
        names = sorted({name for one in told for name in one})
        number = {name: place for place, name in enumerate(names)}
        stored[f"{kind}_names"] = np.array(names)
        stored[f"{kind}_many"] = np.array([len(one) for one in told], np.uint16)
        stored[f"{kind}_which"] = np.array([number[name] for one in told for name in one], np.uint16)
        stored[f"{kind}_chance"] = np.array([chance for one in told for chance in one.values()], np.float16)
    np.savez_compressed(place, **stored)


def kept(place: Path = PLACE) -> Outside:
    """What was kept.

    Raises:
        ContractError: nothing was.
    """
    if not place.is_file():
        raise ContractError(
            "What the sense of headers says of labelled forms is not there.", where=place.name, todo="`make train`"
        )
    with np.load(place) as stored:
        columns = zip(*(list(_chances(stored, kind)) for kind in KINDS), strict=True)
        found = {key: Meaning(*one) for key, one in zip(stored["keys"].tolist(), columns, strict=True)}
        return Outside(found, str(stored["taught"]))


def _chances(stored: Any, kind: str) -> Iterator[dict[str, float]]:
    names = stored[f"{kind}_names"].tolist()
    which, chances = stored[f"{kind}_which"].tolist(), stored[f"{kind}_chance"].astype(float).tolist()
    place = 0
    for many in stored[f"{kind}_many"].tolist():
        yield {names[which[one]]: chances[one] for one in range(place, place + many)}
        place += many


def main() -> None:
    """Collect and keep them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--beside", type=Path, help="a sense of all forms that was taught later than the folds")
    given = parser.parse_args()
    found = collected(given.folder, given.beside)
    write(found)
    print(f"{len(found.kept)} fields")


if __name__ == "__main__":
    main()
