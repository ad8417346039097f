"""The contracts of the real files are as sound as those of the demo; they need no real file."""

from __future__ import annotations

from yibiao.contracts.generate import compare
from yibiao.contracts.lint import lint
from yibiao.contracts.load import load_schemas
from yibiao.settings import Settings


def test_lint_only_finds_that_both_levels_of_commission_use_one_form(real_settings: Settings) -> None:
    found = [(finding.severity, finding.rule) for finding in lint(real_settings) if finding.severity != "info"]

    assert found == [("warning", "duplicate-headers")]


def test_the_generated_project_follows_from_these_schemas(real_settings: Settings) -> None:
    changes, planned = compare(load_schemas(real_settings.schemas), real_settings)

    assert not changes
    assert real_settings.dbt_project / "models" / "canonical" / "area_bulletin.sql" in planned
