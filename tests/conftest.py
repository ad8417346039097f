"""A tiny district and an installation that has published it: made once for all tests, changed by none of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from installations import Installation, make_district, new_installation, small_project


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data folder: 28 reports about some 300 residents, three editions."""
    folder = tmp_path_factory.mktemp("district") / "data"
    make_district(folder)
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


@pytest.fixture(scope="session")
def few_published(
    few_reports: dict[str, str], district: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """One real `yibiao run` of that small project over the district. Read it only."""
    made = new_installation(tmp_path_factory.mktemp("few") / "home", district, few_reports)
    made.run("run")
    return made
