"""The summary says what is published, what failed, and what to do."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from yibiao.errors import DeliveryError
from yibiao.ingest import LoadPackage
from yibiao.orchestration.screen import show
from yibiao.orchestration.summary import summarise
from yibiao.orchestration.tasks import Watch
from yibiao.settings import Settings
from yibiao.warehouse.unify import GateRefused, UnifyOutcome

REPORTS = [
    {"id": "health.vaccination", "title": "预防接种个案", "department": "health"},
    {"id": "water_group.water_account", "title": "居民用水户", "department": "water_group"},
]


@dataclass
class Ingested:
    """The part of an ingest outcome that a summary reads."""

    loaded: tuple[LoadPackage, ...] = ()
    existing: tuple[LoadPackage, ...] = ()
    waiting: tuple[str, ...] = ()
    errors: tuple[Exception, ...] = ()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("dags", "schemas"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"YIBIAO_{name.upper()}", str(tmp_path / name))
    (tmp_path / "dags" / "index.json").write_text(json.dumps({"reports": REPORTS}))
    made = Settings.load(home=tmp_path / "home")
    made.open_home()
    return made


def put_release(settings: Settings, state: str = "current") -> dict[str, Any]:
    manifest = {
        "fingerprint": "f" * 64,
        "content_hash": "c" * 64,
        "gate": {"passed": True, "by_severity": {"critical": {"passed": 30, "failed": 0}}},
        "inputs": {
            "loads": [
                {
                    "load_id": "aaaa",
                    "report": "health.vaccination",
                    "edition": "2026-01",
                    "state": state,
                    "read": 1000,
                    "accepted": 990,
                    "quarantined": 10,
                }
            ]
        },
        "counts": {"entities": {"resident": {"golden": 900, "disputed_cells": 12}}},
    }
    folder = settings.releases / "2026-01-ffff"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (settings.releases / "current").symlink_to(folder.name)
    return manifest


def test_printed_totals_that_disagree_are_counted_and_named(settings: Settings) -> None:
    manifest = put_release(settings)
    manifest["inputs"]["loads"][0] |= {"totals": 31, "totals_off": 1}
    (settings.releases / "current" / "manifest.json").write_text(json.dumps(manifest))
    summary = summarise(settings, watched(settings, "unchanged"), {"total": 1.0})
    assert (summary["reports"][0]["totals"], summary["reports"][0]["totals_off"]) == (31, 1)
    assert any("health.vaccination: printed totals" in line for line in summary["next"])


def package(drift: tuple[dict[str, str], ...] = (), held: tuple[str, ...] = ()) -> LoadPackage:
    return LoadPackage(Path("load=aaaa"), {"load_id": "aaaa", "drift": list(drift), "held": list(held)})


def watched(settings: Settings, state: str, loaded: LoadPackage | None = None, **values: Any) -> Watch:
    manifest = json.loads((settings.releases / "current" / "manifest.json").read_text())
    outcome = UnifyOutcome(state=state, version="2026-01-ffff", gate=manifest["gate"], **values)
    ingested = {"health.vaccination": Ingested((loaded or package(),))}
    return Watch(settings=settings, unified=outcome, ingested=ingested)  # type: ignore[arg-type]


def text(summary: dict[str, Any]) -> str:
    stream = io.StringIO()
    show({**summary, "log": "run.log"}, stream)
    return stream.getvalue()


def test_a_published_release_is_good_and_its_figures_come_from_its_manifest(settings: Settings) -> None:
    put_release(settings)
    summary = summarise(settings, watched(settings, "published"), {"ingest": 1.5})
    assert (summary["ok"], summary["state"]) == (True, "published")
    assert summary["reports"][0] == {
        "report": "health.vaccination",
        "title": "预防接种个案",
        "department": "health",
        "deliveries": 1,
        "waiting": 0,
        "arriving": 0,
        "loaded": 1,
        "read": 1000,
        "accepted": 990,
        "quarantined": 10,
        "open": 10,
        "resolved": 0,
        "rejected": 0,
        "drift": {},
        "totals": 0,
        "totals_off": 0,
        "errors": [],
    }
    assert summary["totals"]["read"] == summary["totals"]["accepted"] + summary["totals"]["quarantined"] == 1000
    assert (summary["entities"], summary["conflicts"]) == ({"resident": 900}, {"resident": 12})
    assert summary["expectations"] == {"critical": {"passed": 30, "failed": 0}}
    assert summary["release"]["version"] == "2026-01-ffff"
    assert "yibiao query" in " ".join(summary["next"])
    for word in ("预防接种个案", "1,000", "2026-01-ffff", "30 通过 passed", "yibiao query"):
        assert word in text(summary)
    assert summary["decisions_passed_over"] == {}
    assert "所涉记录已变" not in text(summary)
    assert "2 条所涉记录已变" in text({**summary, "decisions_passed_over": {"resident": 2}})


def test_a_load_in_most_rows_of_which_one_subject_stands_is_named_with_what_to_do(settings: Settings) -> None:
    manifest = put_release(settings)
    assert summarise(settings, watched(settings, "published"), {})["one_subject"] == []
    found = {"entity": "resident", "report": "health.vaccination", "edition": "2026-01", "load_id": "a" * 20,
             "rows": 19_000, "of": 20_000, "element": "citizen_id", "number": "999901********1211"}  # fmt: skip
    named = found | {"report": "education.student", "element": "resident_name", "number": ""}
    manifest["counts"]["one_subject"] = [found, named]
    (settings.releases / "current" / "manifest.json").write_text(json.dumps(manifest))
    summary = summarise(settings, watched(settings, "published"), {})
    assert summary["one_subject"] == [found, named]
    (line,) = [line for line in summary["next"] if "one number" in line]
    for word in ("health.vaccination 2026-01", "19,000 of 20,000", found["number"], f"load withdraw {'a' * 12}"):
        assert word in line
    (line,) = [line for line in summary["next"] if "one name and no usable number" in line]
    assert line.startswith("education.student 2026-01: 19,000 of 20,000")


def test_rows_that_came_back_mended_are_told_apart_from_those_still_open(settings: Settings) -> None:
    manifest = put_release(settings)
    before = summarise(settings, watched(settings, "published"), {})
    assert "待改" not in text(before)
    manifest["inputs"]["loads"][0] |= {"open": 1_003, "resolved": 2_006, "rejected": 1, "quarantined": 3_010}
    (settings.releases / "current" / "manifest.json").write_text(json.dumps(manifest))
    summary = summarise(settings, watched(settings, "published"), {})
    for counts in (summary["reports"][0], summary["totals"]):
        assert (counts["quarantined"], counts["open"], counts["resolved"], counts["rejected"]) == (3010, 1003, 2006, 1)
    seen = text(summary)
    assert "1,003 待改 open, 2,006 已改 resolved, 1 拒收 rejected" in seen
    (line,) = [line for line in seen.splitlines() if "预防接种个案" in line]
    assert line.split()[-3:] == ["3,010", "1,003", "0"]
    assert any("yibiao quarantine" in line for line in summary["next"])
    manifest["inputs"]["loads"][0] |= {"open": 0, "resolved": 3_009}
    (settings.releases / "current" / "manifest.json").write_text(json.dumps(manifest))
    settled = summarise(settings, watched(settings, "published"), {})
    assert not any("yibiao quarantine" in line for line in settled["next"])


@pytest.mark.parametrize(("state", "ok"), [("unchanged", True), ("verified", True), ("rolled back", False)])
def test_only_a_release_of_the_present_inputs_is_good(settings: Settings, state: str, ok: bool) -> None:
    put_release(settings)
    assert summarise(settings, watched(settings, state), {})["ok"] is ok


def test_a_refused_release_says_so_and_keeps_the_last_one(settings: Settings) -> None:
    manifest = put_release(settings)
    error = GateRefused("The gate did not pass.", got="canonical.resident: citizen_id_unique", todo="Look at the slip.")
    error.outcome = UnifyOutcome(
        state="refused",
        version="2026-01-ffff",
        gate={"passed": False, "by_severity": {"critical": {"passed": 29, "failed": 1}}},
    )
    watch = Watch(settings=settings, failed={"unify": error})
    summary = summarise(settings, watch, {})
    assert (summary["ok"], summary["state"], summary["why"]) == (False, "refused", "The gate did not pass.")
    assert summary["expectations"]["critical"]["failed"] == 1
    assert summary["release"]["content_hash"] == manifest["content_hash"]
    assert summary["next"][0] == "Look at the slip."
    assert "1 未通过" in text(summary)
    assert "canonical.resident: citizen_id_unique" in text(summary)


def test_a_failed_report_is_shown_loudly_but_does_not_spoil_the_release(settings: Settings) -> None:
    put_release(settings)
    watch = watched(settings, "unchanged")
    wrong = DeliveryError("The file cannot be read.", where="居民用水户_202601.csv", todo="Ask for it again.")
    watch.ingested["water_group.water_account"] = Ingested(errors=(wrong,))  # type: ignore[assignment]
    watch.failed["water_group.water_account"] = wrong
    summary = summarise(settings, watch, {})
    assert summary["ok"] is True
    assert [error["what"] for error in summary["reports"][1]["errors"]] == ["The file cannot be read."]
    assert "water_group.water_account" in " ".join(summary["next"])
    assert "居民用水户_202601.csv" in text(summary)


def test_the_text_of_an_unexpected_error_stays_out_because_it_may_hold_a_value(settings: Settings) -> None:
    put_release(settings)
    watch = Watch(settings=settings, failed={"unify": ValueError("could not convert 99990119870305123X")})
    summary = summarise(settings, watch, {})
    assert (summary["ok"], summary["state"]) == (False, "failed")
    assert "99990119870305123X" not in json.dumps(summary) + text(summary)
    assert summary["why"] == "The program failed in an unexpected way."


def test_without_any_release_there_is_still_a_summary(settings: Settings) -> None:
    summary = summarise(settings, Watch(settings=settings, failed={"unify": RuntimeError()}), {})
    assert summary["ok"] is False
    assert summary["release"]["version"] is None
    assert "failed" in text(summary)


def test_a_waiting_snapshot_is_pointed_out(settings: Settings) -> None:
    put_release(settings, state="waiting")
    waiting = [{"load_id": "aaaa", "report": "health.vaccination", "edition": "2026-01", "reason": "half"}]
    summary = summarise(settings, watched(settings, "unchanged", waiting=waiting), {})
    assert summary["waiting"] == waiting
    assert summary["reports"][0]["waiting"] == 1
    assert any("yibiao load" in line for line in summary["next"])


def test_screen_survives_brackets_in_paths(settings: Settings) -> None:
    put_release(settings)
    summary = summarise(settings, watched(settings, "published"), {})
    summary["release"]["path"] = "/srv/[bold]home"
    assert "/srv/[bold]home" in text(summary)


def test_drift_is_counted_by_kind_and_pointed_out(settings: Settings) -> None:
    put_release(settings)
    loaded = package(({"kind": "alias"}, {"kind": "new_column"}, {"kind": "renamed_column"}), ("renamed_column",))
    summary = summarise(settings, watched(settings, "published", loaded), {})
    assert summary["reports"][0]["drift"] == {"held": 1, "new_column": 1, "renamed_column": 1}
    (line,) = [line for line in summary["next"] if "yibiao load drift" in line]
    assert "health.vaccination" in line
    assert "held" in line
