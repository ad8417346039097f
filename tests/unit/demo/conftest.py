"""One small district for all unit tests of the demo."""

from __future__ import annotations

import pytest

from yibiao.contracts import Schemas, load_schemas
from yibiao.demo.edition import Edition
from yibiao.demo.world import World, make_world
from yibiao.settings import Settings


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    return load_schemas(Settings.load().schemas)


@pytest.fixture(scope="session")
def world(schemas: Schemas) -> World:
    return make_world(schemas, 6000, seed=5)


@pytest.fixture(scope="session")
def first(world: World) -> Edition:
    return Edition(world, 0)
