"""The project's own schemas and forms, read once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from yibiao.contracts import Schemas, load_schemas
from yibiao.forms import Form, load_forms
from yibiao.settings import Settings

SCHEMAS = Path(__file__).parents[3] / "schemas"


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    return load_schemas(SCHEMAS)


@pytest.fixture(scope="session")
def forms(schemas: Schemas) -> Mapping[str, Form]:
    return load_forms(SCHEMAS, schemas)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A working folder that knows nothing yet."""
    monkeypatch.delenv("YIBIAO_CONTROL_URL", raising=False)
    made = Settings.load(home=tmp_path / "home")
    made.open_home()
    return made
