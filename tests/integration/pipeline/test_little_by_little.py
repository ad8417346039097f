"""Deliveries that come little by little end where one run with all of them ends."""

from __future__ import annotations

import json
from pathlib import Path

from installations import Arrived, Installation, publish


def test_deliveries_that_arrive_little_by_little_end_with_the_content_of_one_run(
    few_published: Installation, arrived: Arrived
) -> None:
    """Late editions of some departments and the newest of others, with a unification before them and after."""
    wanted = few_published.manifest
    before, after = arrived.outcomes
    assert (before["state"], after["state"]) == ("published", "published")
    assert before["content_hash"] != wanted["content_hash"]
    assert after["content_hash"] == wanted["content_hash"]
    assert after["version"] == wanted["version"]


def test_a_rebuild_by_force_has_the_same_content(arrived: Arrived, tmp_path: Path) -> None:
    there = arrived.at.copy(tmp_path, data=arrived.at.data)
    assert publish(there)["state"] == "unchanged"
    forced = publish(there, force=True)
    assert forced["state"] == "verified"
    assert forced["content_hash"] == arrived.at.manifest["content_hash"]


def test_what_dbt_has_parsed_serves_in_another_folder(few_published: Installation, arrived: Arrived) -> None:
    parsed, used = (
        {
            name: node["created_at"]
            for name, node in json.loads((one.home / "dbt" / "manifest.json").read_bytes())["nodes"].items()
        }
        for one in (few_published, arrived.at)
    )
    assert len(parsed) > 40
    assert used == parsed
