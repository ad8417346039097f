"""A register of some 180 people in two editions, to be delivered with and without mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from oracle import citizen_id

from installations import deliver, new_installation
from slip_helpers import REGISTER, schemas_at, spoil
from slip_worlds import Mistakes, World


@pytest.fixture(scope="session")
def registers(few_reports: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data folder without mistakes."""
    from yibiao.demo import generate

    place = tmp_path_factory.mktemp("registers")
    schemas = schemas_at(new_installation(place / "home", place, few_reports).settings.schemas)
    generate(place / "data", schemas, residents=200, seed=5, editions=2, reports=lambda report: report.id == REGISTER)
    for path in (place / "data").glob("*/*/*.csv"):
        header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        # The district has mistyped numbers of its own; here every mistake is one that a test made.
        right = [line for line in lines if citizen_id(line.partition(",")[0]) is not None]
        path.write_text(header + "".join(right), encoding="utf-8")
    return place / "data"


@pytest.fixture(scope="session")
def make_world(
    registers: Path, few_reports: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Mapping[str, Mistakes]], World]:
    """Gives a new copy of the world in which some rows of the register were delivered with mistakes, and read."""
    known: dict[str, World] = {}

    def make(mistakes: Mapping[str, Mistakes]) -> World:
        name = repr(sorted((edition, sorted(rows.items())) for edition, rows in mistakes.items()))
        if name not in known:
            known[name] = build(mistakes)
        return known[name].copy(tmp_path_factory.mktemp("world"))

    def build(mistakes: Mapping[str, Mistakes]) -> World:
        place = tmp_path_factory.mktemp("model")
        made = World(new_installation(place / "home", place / "data", few_reports), {})
        deliver(registers, made.at.data, ["*/*/*"])
        for edition, rows in mistakes.items():
            (source,) = registers.glob(f"{REGISTER.replace('.', '/')}/*_{edition.replace('-', '')}.csv")
            made.spoiled[edition] = spoil(source, made.at.data / source.relative_to(registers), rows)
        made.ingest()
        return made

    return make
