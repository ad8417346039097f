from __future__ import annotations

from pathlib import Path

import pytest
from people import SETTINGS

from yibiao.identity.settings import LinkageSettings, read_settings


@pytest.fixture
def settings(tmp_path: Path) -> LinkageSettings:
    path = tmp_path / "people.yml"
    path.write_text(SETTINGS, encoding="utf-8")
    return read_settings(path)
