"""A tiny district and an installation that has published it: made once for all tests, changed by none of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from installations import Installation, new_installation, small_project

RESIDENTS, SEED, EDITIONS = 300, 2, 3


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data folder: 28 reports about some 300 residents, three editions."""
    from yibiao.contracts import load_schemas
    from yibiao.demo import generate
    from yibiao.settings import Settings

    folder = tmp_path_factory.mktemp("district") / "data"
    generate(folder, load_schemas(Settings.load().schemas), RESIDENTS, seed=SEED, editions=EDITIONS)
    return folder


@pytest.fixture(scope="session")
def published(district: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """One real `yibiao run` over the district. Read it only; `installation` is a copy to change."""
    made = new_installation(tmp_path_factory.mktemp("published") / "home", district)
    made.run("run")
    return made


@pytest.fixture
def installation(published: Installation, tmp_path: Path) -> Installation:
    """A copy of the published installation and of its data, for one test to change."""
    return published.copy(tmp_path)


@pytest.fixture(scope="session")
def few_reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Sources of a project with some of the contracts; see `installations.small_project`."""
    return small_project(tmp_path_factory.mktemp("project"))
