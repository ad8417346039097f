"""The project's own schemas and forms, read once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from yibiao.contracts import Schemas, load_schemas
from yibiao.forms import Form, load_forms

SCHEMAS = Path(__file__).parents[3] / "schemas"


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    return load_schemas(SCHEMAS)


@pytest.fixture(scope="session")
def forms(schemas: Schemas) -> Mapping[str, Form]:
    return load_forms(SCHEMAS, schemas)
