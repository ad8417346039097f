"""A damaged delivery, a slip, a clerk, a replay: the release is the one that a clean delivery gives."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from installations import Installation, deliver, new_installation
from reconcile import reconcile
from slip_helpers import REGISTER, Spoiled, mend, schemas_at, spoil
from yibiao.ingest import ingest_report
from yibiao.orchestration.main_job import demo_api
from yibiao.quarantine.workbook import DATA_SHEET

TRADERS = "market_regulation.sole_trader"
HOUSEHOLDS = "public_security.household_register"

MISTAKES = {3: "citizen_id.check_digit", 4: "citizen_id.check_digit", 11: "birth_date.type", 17: "sex_code.code"}
MISTAKES |= {29: "resident_name.required", 36: "row.columns"}


@dataclass(frozen=True)
class Mended:
    """An installation that was delivered damaged files, got them back mended, and published.

    Attributes:
        truth: report -> number of a damaged row -> its true cells.
        said: everything that the commands printed on the way.
    """

    at: Installation
    truth: Mapping[str, Mapping[int, Mapping[str, str]]]
    said: str
    replays: list[dict[str, Any]]


def damage_traders(path: Path) -> dict[int, dict[str, str]]:
    """NDJSON: a wrong check character in the code of two traders, and one line that is cut off."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    header = next(name for name, value in lines[0].items() if len(str(value)) == 18)
    truth = {number: {name: str(text) for name, text in lines[number - 1].items()} for number in (2, 6)}
    for number in truth:
        code = lines[number - 1][header]
        lines[number - 1][header] = code[:-1] + ("0" if code[-1] != "0" else "1")
    texts = [json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return truth


def damage_households(path: Path) -> dict[int, dict[str, str]]:
    """GB18030 CSV: no household code in two rows."""
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("gb18030"), newline="")))
    header = rows[0]
    truth = {number: dict(zip(header, rows[number], strict=True)) for number in (1, 5)}
    for number in truth:
        rows[number] = ["" if "户号" in name else text for name, text in zip(header, rows[number], strict=True)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode("gb18030"))
    return truth


@pytest.fixture(scope="module")
def mended(few_published: Installation, tmp_path_factory: pytest.TempPathFactory) -> Mended:
    """Its data are those of `few_published` but for the damage, in the newest and in an older edition."""
    place = tmp_path_factory.mktemp("mended")
    at = new_installation(place / "home", place / "data", like=few_published)
    deliver(few_published.data, at.data, ["*/*/*", "api/*/*/*"])
    register = next(at.data.glob("public_security/resident_register/*_202603.csv"))
    original = next(few_published.data.glob("public_security/resident_register/*_202603.csv"))
    spoiled: Spoiled = spoil(original, register, MISTAKES)
    truth = {
        REGISTER: spoiled.truth,
        TRADERS: damage_traders(next(at.data.glob("market_regulation/sole_trader/*_202603.*"))),
        HOUSEHOLDS: damage_households(next(at.data.glob("public_security/household_register/*_202602.csv"))),
    }
    with demo_api(at.data):
        for report in schemas_at(at.settings.schemas).reports.values():
            assert not ingest_report(report, at.settings).errors
    said, replays = [], []

    started: set[tuple[str, ...]] = set()

    def run(*arguments: str) -> str:
        """A command: the first of its kind in a process of its own, the others in this one, which costs less."""
        if arguments[:2] in started:
            done = at.call(*arguments)
        else:
            started.add(arguments[:2])
            done = at.run(*arguments)
        said.append(done.stdout + done.stderr)
        return done.stdout

    listed = json.loads(run("quarantine", "list", "--json"))
    for load in listed:
        report, edition = load["report"], load["edition"]
        if (report, edition) not in {(REGISTER, "2026-03"), (TRADERS, "2026-03"), (HOUSEHOLDS, "2026-02")}:
            continue
        for arguments in (["show", load["load_id"]], ["show", load["load_id"][:8], "--json"]):
            run("quarantine", *arguments)
        slip = place / f"{report}.xlsx"
        run("quarantine", "export", load["load_id"], "--out", str(slip))
        replays.append(json.loads(run("quarantine", "replay", str(mend(slip, truth[report])), "--json")))
    run("quarantine", "list")
    run("run", "--only", REGISTER)
    return Mended(at, truth, "\n".join(said), replays)


def test_every_damaged_row_came_back(mended: Mended) -> None:
    resolved = {replay["report"]: set(replay["resolved"]) for replay in mended.replays}
    assert resolved == {report: set(rows) for report, rows in mended.truth.items()}
    assert not any(replay["refused"] or replay["failing"] for replay in mended.replays)


def test_the_release_is_that_of_a_clean_delivery(mended: Mended, few_published: Installation) -> None:
    """Golden records, provenance, conflicts, crosswalks and marts; the list of loads says what was mended."""
    ours, theirs = mended.at.manifest["tables"], few_published.manifest["tables"]
    assert {name for name in theirs if ours[name] != theirs[name]} == {"load"}
    assert ours.keys() == theirs.keys()
    assert mended.at.manifest["version"] != few_published.manifest["version"]


def test_every_count_reconciles_with_the_files(mended: Mended) -> None:
    found = reconcile(mended.at.home, mended.at.data, Path(mended.at.sources["YIBIAO_SCHEMAS"]))
    assert not found.failures
    counts = mended.at.manifest["counts"]["reports"]
    assert {report: counts[report]["resolved"] for report in mended.truth} == {
        report: len(rows) for report, rows in mended.truth.items()
    }
    for one in counts.values():
        assert one["read"] == one["accepted"] + one["open"] + one["resolved"] + one["rejected"]


def test_a_count_that_was_tampered_with_is_noticed(mended: Mended, tmp_path: Path) -> None:
    copy = mended.at.copy(tmp_path)
    path = copy.release / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["counts"]["reports"][REGISTER]["open"] += 1
    path.chmod(0o600)
    path.write_text(json.dumps(manifest))
    found = reconcile(copy.home, copy.data, Path(copy.sources["YIBIAO_SCHEMAS"]))
    assert {check.law for check in found.failures} == {"counts of the report = manifest"}
    record = next((copy.home / "landing" / "amendments").rglob("*.json"))
    record.unlink()
    found = reconcile(copy.home, copy.data, Path(copy.sources["YIBIAO_SCHEMAS"]))
    assert "every landed amendment takes part" in {check.law for check in found.failures}


def test_no_value_of_a_row_is_printed_or_logged(mended: Mended) -> None:
    secrets = {
        text
        for rows in mended.truth.values()
        for cells in rows.values()
        for text in cells.values()
        if len(text) >= 6 or (len(text) >= 2 and any("\u4e00" <= sign <= "\u9fff" for sign in text) and "区" in text)
    }
    secrets |= {cells["姓名"] for cells in mended.truth[REGISTER].values()}
    logs = "\n".join(
        path.read_text(encoding="utf-8", errors="replace") for path in mended.at.settings.logs.rglob("*.log")
    )
    manifests = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("lake", "releases")
        for path in (mended.at.home / folder).rglob("*.json")
    )
    assert len(secrets) > 20
    for place in (mended.said, logs, manifests):
        assert place
        assert not {text for text in secrets if text in place}


def test_values_are_shown_to_whoever_asks_for_them(mended: Mended, few_published: Installation) -> None:
    listed = json.loads(few_published.call("quarantine", "list", "--json").stdout)
    load = next(one for one in listed if one["open"])
    hidden, shown = (
        json.loads(few_published.call("quarantine", "show", load["load_id"], "--json", *option).stdout)
        for option in ([], ["--reveal"])
    )
    pairs = [
        (one["value"], other["value"])
        for row, same in zip(hidden, shown, strict=True)
        for one, other in zip(row["problems"], same["problems"], strict=True)
    ]
    assert pairs
    assert all(len(masked) == len(value) and masked != value for masked, value in pairs)


def test_the_slips_of_a_report_go_into_a_folder(few_published: Installation, tmp_path: Path) -> None:
    copy = few_published.copy(tmp_path)
    out = tmp_path / "slips"
    made = json.loads(copy.call("quarantine", "export", "--report", REGISTER, "--out", str(out), "--json").stdout)
    assert len(made) > 1
    assert {Path(one["file"]).name for one in made} == {path.name for path in out.iterdir()}
    for one in made:
        assert openpyxl.load_workbook(one["file"])[DATA_SHEET].max_row == 3 + one["rows"]
    assert copy.call("quarantine", "export", ok=False).returncode == 2
    refused = copy.call("quarantine", "export", "--report", REGISTER, "--out", str(tmp_path / "one.xlsx"), ok=False)
    assert refused.returncode == 2
