"""A delivery that was withdrawn leaves no trace in the data, and what was published with it stays known."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from installations import Installation, new_installation, publish
from yibiao.contracts import load_schemas
from yibiao.ingest import ingest_report
from yibiao.orchestration.main_job import demo_api
from yibiao.warehouse.inputs import collect

REPORT = "public_security.household_register"


@pytest.fixture
def own(few_published: Installation, tmp_path: Path) -> Installation:
    return few_published.copy(tmp_path)


def late_file(own: Installation) -> None:
    """A second file for the newest edition: one row of the first one, with another address in it."""
    (newest,) = sorted((own.data / REPORT.replace(".", "/")).glob("*_202603.csv"))
    header, row, *_ = newest.read_text(encoding="gb18030").splitlines()
    late = newest.with_name(newest.name.replace("_202603", "_补_202603"))
    late.write_text(f"{header}\n{row.replace('号', '号院')}\n", encoding="gb18030")


def loads(own: Installation) -> list[dict[str, str]]:
    """What `yibiao load list` says."""
    listed: list[dict[str, str]] = json.loads(own.call("load", "list", "--json").stdout)
    return [one for one in listed if one["report"] == REPORT]


def test_a_withdrawn_delivery_leaves_the_release_as_it_was_before_it_came(own: Installation) -> None:
    before = own.manifest
    known = {one["load_id"] for one in loads(own)}
    late_file(own)
    publish(own)
    with_it = own.manifest
    assert with_it["content_hash"] != before["content_hash"]
    (late,) = [one["load_id"] for one in loads(own) if one["load_id"] not in known]

    own.run("load", "withdraw", late[:10], "--reason", "错发的文件")
    publish(own)

    assert own.manifest["content_hash"] == before["content_hash"]
    assert own.manifest["version"] == before["version"]
    (told,) = [one for one in loads(own) if one["load_id"] == late]
    assert told["state"] == "withdrawn"
    assert "错发的文件" in told["reason"]
    journal = [json.loads(line) for line in (own.home / "releases" / "journal.jsonl").read_text().splitlines()]
    assert with_it["version"] in [entry["version"] for entry in journal]
    # The file is still there and was seen before: to look at it again changes nothing.
    publish(own)
    assert own.manifest["version"] == before["version"]

    own.call("load", "restore", late[:10], "--reason", "其实没有错")
    inputs = collect(own.settings, load_schemas(own.settings.schemas))
    assert (inputs.version, inputs.fingerprint) == (with_it["version"], with_it["fingerprint"])


def test_withdrawing_the_newest_edition_is_as_if_only_the_older_ones_had_come(
    own: Installation, tmp_path: Path
) -> None:
    (newest,) = [one for one in loads(own) if one["edition"] == "2026-03"]
    own.call("load", "withdraw", newest["load_id"], "--reason", "整期作废")

    other = new_installation(tmp_path / "never" / "home", tmp_path / "never" / "data", own.sources)
    shutil.copytree(own.data, other.data)
    (never,) = sorted((other.data / REPORT.replace(".", "/")).glob("*_202603.csv"))
    never.unlink()
    schemas = load_schemas(other.settings.schemas)
    with demo_api(other.data):
        for report in schemas.reports.values():
            ingest_report(report, other.settings)
    wanted, found = collect(other.settings, schemas), collect(own.settings, schemas)

    assert found.fingerprint == wanted.fingerprint
    assert [(load.load_id, load.state, load.first_record_no) for load in found.loads] == [
        (load.load_id, load.state, load.first_record_no) for load in wanted.loads
    ]
    assert [load.load_id for load in found.withdrawn] == [newest["load_id"]]
    assert newest["load_id"] not in own.call("quarantine", "list", "--json").stdout


def test_a_withdrawal_needs_a_reason_and_a_load(own: Installation) -> None:
    assert "--reason" in own.call("load", "withdraw", "0" * 20, ok=False).stderr
    refused = own.call("load", "withdraw", "f" * 20, "--reason", "x", ok=False)
    assert refused.returncode != 0
    assert "No load has this id" in refused.stderr
