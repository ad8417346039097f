"""The environment is locked: exact versions, hashes, no address, nothing missing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {"run": ["build", "postgres"], "dev": ["build", "postgres", "dev"], "spark": ["build", "postgres", "spark"]}


def locked(name: str) -> dict[str, str]:
    """Package -> version, and a check that each is pinned with hashes."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    versions = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = re.match(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", line)
        assert match, f"{name}.txt: not an exact version: {line[:80]}"
        assert "--hash=sha256:" in line, f"{name}.txt: no hash: {match[1]}"
        versions[canonicalize_name(match[1])] = match[2]
    return versions


@pytest.mark.parametrize("name", EXTRAS)
def test_every_line_is_an_exact_version_with_hashes_and_no_address(name: str) -> None:
    assert len(locked(name)) > 100
    assert "://" not in (ROOT / "requirements" / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", EXTRAS)
def test_every_dependency_of_the_project_is_locked_at_a_version_that_it_allows(name: str) -> None:
    versions = locked(name)
    wanted = [*PROJECT["dependencies"]]
    for extra in EXTRAS[name]:
        wanted += PROJECT["optional-dependencies"][extra]
    for text in wanted:
        requirement = Requirement(text)
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{text} is not in requirements/{name}.txt: run `make lock`"
        assert requirement.specifier.contains(version, prereleases=True), f"{text}, but {version} is locked"


@pytest.mark.parametrize("name", ["dev", "spark"])
def test_the_larger_environments_hold_the_same_versions_as_the_main_one(name: str) -> None:
    assert locked("run").items() <= locked(name).items()


def test_the_build_backend_is_locked_at_the_version_that_the_project_asks_for() -> None:
    backend = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert [f"hatchling=={locked('run')['hatchling']}"] == backend
