"""The project's own schemas, model and lexicon, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from yibiao.contracts import Schemas, load_schemas
from yibiao.matching.evidence import candidates
from yibiao.matching.fields import FormField
from yibiao.matching.implied import implied_roles
from yibiao.matching.lexicon import Fact, Lexicon
from yibiao.matching.model import Model, load_model
from yibiao.matching.setting import setting_of

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


@pytest.fixture
def asked(lexicon: Lexicon):
    """Figures of the facts that the first field of a form may ask."""

    def call(*paths: str, title: str) -> dict[Fact, dict[str, float]]:
        form = [FormField("表", column, tuple(path.split("/"))) for column, path in enumerate(paths)]
        setting = setting_of(form, title, lexicon)
        implied = implied_roles(form, setting.title, lexicon)
        return {one.fact: one.figures for one in candidates(form[0], lexicon, setting, implied[0])}

    return call
