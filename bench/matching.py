"""The field matcher on labelled forms, without rows, beside the package `valentine` in the same run.

    python -m bench.matching [--train] [--split test] [--python build/matchers/bin/python] [--json OUT] [--chart SVG]
    python -m bench.matching --by-origin [--train] [--wrong]

`make bench-matching` makes the environment of valentine; `make bench` has the same figures as its part `matching`.

Figures are those of `yibiao form check`: an element is proposed from the model's threshold on; below it a field is new,
or somebody is asked. `--by-origin` judges the development forms that were read, each by what other origins taught, as
forms of one software are worded alike: it foretells another origin, as far as rules were not made from these very
forms. `--train` writes `schemas/matching/model.json` from the development split and registered forms.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.labelled import LabelledForm, labelled_forms, registered_forms, undefined
from bench.machine import facts
from bench.matching_origins import by_origin
from bench.matching_train import asked_of, lexicon_without, model_of, out_of_fold, same, train
from bench.matching_trust import trust_of
from bench.sense.outside import Outside, kept
from yibiao.contracts import Schemas, load_schemas
from yibiao.errors import ContractError
from yibiao.forms import load_forms
from yibiao.matching.lexicon import Lexicon
from yibiao.matching.model import SENSE, Model, load_model, write_model
from yibiao.matching.score import Scored, score_fields
from yibiao.matching.sense import Sense
from yibiao.settings import Settings

LIMITS = {"precision": 0.95, "recall": 0.90, "top1": 0.93, "new": 0.85}

PYTHON = Path("build/matchers/bin/python")

CURVE = Path(__file__).parents[1] / "docs" / "matching.svg"
"""The calibration curve that `make bench` draws anew."""

BINS = 10

SIXTY = 60
"""Fields of the form whose check is timed."""

SECONDS = 2.0


@dataclass(frozen=True)
class Judged:
    """A labelled field and what was made of it."""

    form: str
    path: str
    scored: Scored
    element: str | None
    skipped: bool
    right: bool
    element_right: bool

    def proposed(self, model: Model) -> bool:
        return self.scored.skipped is None and self.scored.fact is not None and self.scored.score >= model.likely


def judge(forms: Sequence[LabelledForm], lexicon: Lexicon, model: Model) -> list[Judged]:
    """Score every labelled field of some forms."""
    found = []
    for form in forms:
        scored = score_fields([one.field for one in form.fields], form.title, lexicon, model)
        for one, made in zip(form.fields, scored, strict=True):
            found.append(
                Judged(
                    form.id,
                    "/".join(one.field.path),
                    made,
                    one.fact.element,
                    one.skipped,
                    one.fact.element is not None and same(made.fact, one.fact, lexicon),
                    one.fact.element is not None and same(made.fact, one.fact, lexicon, strict=False),
                )
            )
    return found


def figures(judged: Sequence[Judged], model: Model, *, curve: bool = True) -> dict[str, Any]:
    """Precision, recall, top-1 accuracy and how many new fields are called new.

    Element, person and derivation have to be right; `*_element` counts the element alone. A skipped field is neither
    proposed nor new, so that skipping a real question costs recall, and proposing an element for a signature precision.
    """
    known = [one for one in judged if one.element is not None]
    fresh = [one for one in judged if one.element is None and not one.skipped]
    signed = [one for one in judged if one.skipped]
    proposed = [one for one in judged if one.proposed(model)]
    asked = [one for one in judged if one.scored.skipped is None and model.unsure <= one.scored.score < model.likely]
    new = [one for one in fresh if one.scored.skipped is None and one.scored.score < model.unsure]
    return {
        "fields": len(judged),
        "with_element": len(known),
        "new_fields": len(fresh),
        "no_questions": len(signed),
        "proposed": len(proposed),
        "asked": len(asked),
        "precision": _share(sum(one.right for one in proposed), len(proposed)),
        "recall": _share(sum(one.right and one.proposed(model) for one in known), len(known)),
        "top1": _share(sum(one.right for one in known), len(known)),
        "new": _share(len(new), len(fresh)),
        "new_or_asked": _share(sum(not one.proposed(model) for one in fresh), len(fresh)),
        "skipped": _share(sum(one.scored.skipped is not None for one in signed), len(signed)),
        "precision_element": _share(sum(one.element_right for one in proposed), len(proposed)),
        "top1_element": _share(sum(one.element_right for one in known), len(known)),
        **({"calibration": calibration(judged)} if curve else {}),
    }


def kind_of(form: LabelledForm) -> str:
    """What kind of source a form of the test split has: annex, standard, software; the first word of its id."""
    return form.id.partition("_")[0]


def calibration(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Per tenth of the score: how many fields, their mean score, and how many of them are right."""
    rows = []
    real = [one for one in judged if one.scored.skipped is None and one.scored.fact is not None]
    for number in range(BINS):
        inside = [one for one in real if min(int(one.scored.score * BINS), BINS - 1) == number]
        if inside:
            rows.append(
                {
                    "fields": len(inside),
                    "score": round(sum(one.scored.score for one in inside) / len(inside), 3),
                    "right": _share(sum(one.right for one in inside), len(inside)),
                }
            )
    return rows


def seconds_of_sixty(forms: Sequence[LabelledForm], repeats: int = 3) -> tuple[float, float]:
    """Median seconds of `yibiao form check` on a workbook of 60 fields, the start of the process included.

    Returns:
        By the clock, and of the processor, which tells more on a machine that has other work.
    """
    import xlsxwriter

    labels = [one.field.label for form in forms for one in form.fields]
    chosen = list(dict.fromkeys(labels))[:SIXTY]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "表.xlsx"
        with xlsxwriter.Workbook(str(path)) as book:
            book.add_worksheet("居民信息登记表").write_row(0, 0, chosen)
        took, worked = [], []
        for _ in range(repeats):
            began, used = time.perf_counter(), _used()
            done = subprocess.run(
                [sys.executable, "-c", "from yibiao.cli import main; main()", "form", "check", str(path), "--json"],
                check=True,
                capture_output=True,
            )
            took.append(time.perf_counter() - began)
            worked.append(_used() - used)
            assert len(json.loads(done.stdout)) == SIXTY
    return round(statistics.median(took), 2), round(statistics.median(worked), 2)


def _used() -> float:
    """Seconds of the processor that children which ended have used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def wrong(judged: Sequence[Judged], model: Model) -> list[str]:
    """What was not recognised, one line each, to look at."""
    lines = []
    for one in judged:
        proposed = one.proposed(model)
        fact = one.scored.fact
        told = f"{fact.element} @{fact.role} !{fact.derive}" if fact else "-"
        if one.skipped != (one.scored.skipped is not None):
            kind = "SKIP "
        elif one.skipped or (one.right and proposed):
            continue
        elif one.element is None and not proposed:
            kind = "ask  " if one.scored.score >= model.unsure else ""
        elif proposed:
            kind = "WRONG"
        else:
            kind = "lost " if one.right else "other"
        if kind:
            lines.append(f"{kind} {one.scored.score:.2f} {one.form} | {one.path} | {one.element} -> {told}")
    return lines


def teaching(root: Path, schemas: Schemas) -> list[LabelledForm]:
    """The forms that teach: the development split and the registered ones."""
    development = [form for form in labelled_forms(schemas) if form.split == "development"]
    return [*registered_forms(load_forms(root, schemas).values(), schemas), *development]


def measure(settings: Settings, split: str, python: Path) -> tuple[dict[str, Any], list[Judged]]:
    """All figures of a split, and what was made of each field.

    Args:
        python: of the environment of valentine; without one it is left out.

    Raises:
        ContractError: the split has no forms: the last test group is spent, and no other was labelled yet.
    """
    schemas = load_schemas(settings.schemas)
    taught = teaching(settings.schemas, schemas)
    model = load_model(settings.schemas)
    if split == "development":
        # A form is judged by what forms of other origins teach of its sense.
        model = replace(model, sense=kept())
    chosen = [form for form in labelled_forms(schemas) if form.split == split]
    if not chosen:
        raise ContractError(
            f"The {split} split of the labelled forms has no form to measure.",
            where="bench/labelled_forms/blind.yml",
            expected="forms labelled before anything was measured on them",
            todo="Label a blind group and save it there, or measure with `--split development` or `--by-origin`.",
        )
    judged: list[Judged] = []
    for form in chosen:
        # A development form is judged without what it taught; a test form taught nothing.
        left_out = {form.id} if split == "development" else set()
        judged += judge([form], _lexicon(schemas, taught, left_out), model)
    found: dict[str, Any] = {"split": split, "forms": len(chosen), **figures(judged, model)}
    if split == "test":
        kinds = {form.id: kind_of(form) for form in chosen}
        found["by_kind"] = {
            kind: figures([one for one in judged if kinds[one.form] == kind], model, curve=False)
            for kind in sorted(set(kinds.values()))
        }
    found["thresholds"] = {"likely": model.likely, "unsure": model.unsure, "sure": model.sure}
    found["seconds_60_fields"], found["cpu_seconds_60_fields"] = seconds_of_sixty(chosen)
    found["undefined"] = len(undefined(schemas))
    if python.is_file():
        from bench.matchers import compare

        found["valentine"] = compare(schemas, chosen, python)
    return found, judged


def sense_of(schemas: Path, outside: Outside) -> Sense:
    """The sense beside the model, whatever the model was trained with.

    Raises:
        ContractError: there is none, or it was taught something else than what is kept of labelled forms.
    """
    if not (schemas / SENSE).is_file():
        raise ContractError("There is no sense of headers.", where=f"{schemas.name}/{SENSE}", todo="`make train`")
    sense = Sense((schemas / SENSE).read_bytes())
    if sense.taught != outside.taught:
        raise ContractError(
            "The sense of headers was taught other forms than the figures of the labelled forms come from.",
            where=f"{schemas.name}/{SENSE} and bench/sense/outside.npz",
            expected=outside.taught,
            got=sense.taught,
            todo="Take both of one version of the project, or teach anew: `make train`.",
        )
    return sense


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", action="store_true", help="train and write the model first")
    parser.add_argument("--split", choices=("development", "test"), default="test")
    parser.add_argument("--wrong", action="store_true", help="list what was not recognised")
    parser.add_argument("--python", type=Path, default=PYTHON, help="of the environment of valentine")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--chart", type=Path)
    parser.add_argument("--by-origin", action="store_true", help="judge every origin without all of its forms")
    given = parser.parse_args()
    settings = Settings.load()
    try:
        if given.by_origin:
            _by_origin(settings, train_too=given.train, wrong_too=given.wrong)
            return
        if given.train:
            outside = kept()
            sense = sense_of(settings.schemas, outside)
            schemas = load_schemas(settings.schemas)
            write_model(train(schemas, teaching(settings.schemas, schemas), outside, sense), settings.schemas)
        found, judged = measure(settings, given.split, given.python)
    except ContractError as error:
        sys.exit(str(error))
    if given.chart:
        from bench.matchers.chart import calibration_svg

        given.chart.write_text(calibration_svg(found["calibration"]))
    text = json.dumps({"machine": facts()} | found, ensure_ascii=False, indent=2) + "\n"
    if given.json:
        given.json.write_text(text)
    print(text, end="")
    if given.wrong:
        print("\n".join(wrong(judged, load_model(settings.schemas))))
    found_good = all(found[name] >= limit for name, limit in LIMITS.items())
    good = found_good and found["seconds_60_fields"] < SECONDS
    sys.exit(0 if good else 1)


def _by_origin(settings: Settings, *, train_too: bool, wrong_too: bool) -> None:
    """Print the figures of other origins; the model is trained from the same fields, if it is wanted."""
    schemas = load_schemas(settings.schemas)
    taught = teaching(settings.schemas, schemas)
    outside = kept()
    sense = sense_of(settings.schemas, outside) if train_too else None
    asked = asked_of(schemas, taught, outside)
    judged = out_of_fold(asked)
    trust = trust_of(judged)
    found, lines = by_origin(taught, judged, trust.chances)
    if sense is not None:
        write_model(model_of(asked, judged, trust, schemas, taught, sense), settings.schemas)
    print(json.dumps({"machine": facts()} | found, ensure_ascii=False, indent=2))
    if wrong_too:
        print("\n".join(lines))


_LEXICONS: dict[frozenset[str], Lexicon] = {}


def _lexicon(schemas: Any, taught: Sequence[LabelledForm], left_out: set[str]) -> Lexicon:
    key = frozenset(left_out)
    if key not in _LEXICONS:
        _LEXICONS[key] = lexicon_without(schemas, taught, left_out)
    return _LEXICONS[key]


__all__ = ["calibration", "figures", "judge", "wrong"]


if __name__ == "__main__":
    main()
