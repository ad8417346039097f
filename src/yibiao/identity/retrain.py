"""Training the model of an entity on an installation's own records: the model, its picture, and what moved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yibiao.contracts.values import Schemas
from yibiao.errors import LinkageError
from yibiao.identity.chart import draw
from yibiao.identity.linkage import train
from yibiao.identity.model import UNIT, Model, read_model
from yibiao.identity.settings import LinkageSettings
from yibiao.identity.source import TABLE, linkage_of, live_records, model_file
from yibiao.ingest.rules import quote
from yibiao.progress import Progress, Silent
from yibiao.settings import Settings


@dataclass(frozen=True)
class Moved:
    """A weight that is another one now: its name, and its bits before and after."""

    name: str
    before: float
    after: float

    @property
    def by(self) -> float:
        return abs(self.after - self.before)


@dataclass(frozen=True)
class Retrained:
    """What a training gave.

    Args:
        model, chart: files that were written.
        trained: the model in them.
        before: version of the model that was there; empty if there was none that fits.
        why_anew: why there was none to compare with.
        moved: weights that are others now, the farthest first.
        frequencies: column -> number of values with a share of their own, before and now.
    """

    model: Path
    chart: Path
    trained: Model
    before: str
    why_anew: str
    moved: tuple[Moved, ...]
    frequencies: dict[str, tuple[int, int]]

    def as_dict(self) -> dict[str, Any]:
        return {
            "model": str(self.model),
            "chart": str(self.chart),
            "entity": self.trained.settings,
            "version": self.trained.version,
            "before": self.before,
            "why_anew": self.why_anew,
            **self.trained.trained,
            "moved": [{"name": one.name, "before": one.before, "after": one.after} for one in self.moved],
            "frequencies": {name: {"before": old, "after": new} for name, (old, new) in self.frequencies.items()},
        }


def retrain(
    settings: Settings, schemas: Schemas, entity: str, *, out: Path | None = None, progress: Progress | None = None
) -> Retrained:
    """Train on the present records of an installation and write model and chart; no run does that.

    One thread, so that the same records give the same sample, and with it the same model.

    Args:
        out: folder for both files; by default that of the linkage settings.

    Raises:
        LinkageError: the entity is not linked, or there is too little to learn from.
    """
    progress = progress or Silent()
    linkage = linkage_of(settings.schemas, entity)
    with live_records(settings, schemas, entity, linkage, progress=progress) as con:
        progress.stage("train")
        con.execute(f"create view known as select * from {TABLE}{_known(linkage)}")
        trained = train(con, "known", linkage, progress)
        progress.end()
    model = (out / f"{entity}.json") if out else model_file(settings.schemas, entity)
    before, why_anew = None, ""
    try:
        before = read_model(model_file(settings.schemas, entity), linkage)
    except LinkageError as error:
        why_anew = error.what
    model.parent.mkdir(parents=True, exist_ok=True)
    trained.write(model)
    chart = model.with_suffix(".svg")
    write_chart(trained, chart)
    for path in (model, chart):
        path.chmod(0o644)  # they are committed with the settings; the umask is that of the home folder
    return Retrained(
        model=model,
        chart=chart,
        trained=trained,
        before=before.version if before else "",
        why_anew=why_anew,
        moved=tuple(moved(before, trained)) if before else (),
        frequencies={
            name: (len(before.frequencies[name].values) if before else 0, len(found.values))
            for name, found in trained.frequencies.items()
        },
    )


def _known(linkage: LinkageSettings) -> str:
    """Only records that state the label can teach who is who."""
    labels = linkage.training.labels.partition(".")[0]
    if not labels:
        return ""
    return " where " + " and ".join(f"{quote(raw)} is not null" for raw in linkage.columns[labels].sources)


def moved(before: Model, after: Model) -> list[Moved]:
    """Weights of two models of the same settings that differ, the farthest first."""
    old, new = _weights(before), _weights(after)
    found = [Moved(name, old[name], bits) for name, bits in new.items() if name in old and old[name] != bits]
    return sorted(found, key=lambda one: (-one.by, one.name))


def _weights(model: Model) -> dict[str, float]:
    weights = {"prior": model.prior_score / UNIT}
    for name, levels in model.weights.items():
        weights |= {f"{name}: {one.label}": one.score / UNIT for one in levels}
    return weights


def write_chart(model: Model, path: Path) -> None:
    """Write the match weights of a model as SVG, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.aside")
    aside.write_text(draw(model), encoding="utf-8")
    aside.replace(path)
