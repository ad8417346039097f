"""The project's own schemas, model and lexicon, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from yibiao.contracts import Schemas, load_schemas
from yibiao.matching.lexicon import Lexicon
from yibiao.matching.model import Model, load_model

SCHEMAS = Path(__file__).parents[3] / "schemas"


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    return load_schemas(SCHEMAS)


@pytest.fixture(scope="session")
def model() -> Model:
    return load_model(SCHEMAS)


@pytest.fixture(scope="session")
def lexicon(schemas: Schemas, model: Model) -> Lexicon:
    return Lexicon(schemas, model.learned)
