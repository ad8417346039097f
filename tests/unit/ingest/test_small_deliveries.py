"""Many small deliveries, loaded side by side, give the same packages as one by one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from yibiao.contracts import Report, load_schemas
from yibiao.ingest import ingest_report, run
from yibiao.settings import Settings

PROJECT = Path(__file__).resolve().parents[3]
HEADER = "date,country,countryCode,province,provinceCode,city,cityCode,confirmed,suspected,cured,dead\n"


def _bulletin(day: str, *rows: str) -> str:
    return HEADER + "".join(f"{day},中国,CN,{row}\n" for row in rows)


FILES = {
    "2026-01-01甲.csv": _bulletin("2026-01-01", "北京市,110000,,,3,,,", "北京市,110000,东城区,110101,1,,,"),
    "2026-01-01乙.csv": _bulletin("2026-01-01", "上海市,310000,,,many,,,", "上海市,310000,,,2,,,"),
    "2026-01-02甲.csv": _bulletin("2026-01-02", "北京市,110000,,,4,,,", "too,few", "北京市,110000,,,-1,,,"),
    "2026-01-02乙.csv": _bulletin("2026-01-02", "上海市,310000,,,5,,,", "上海市,310000,,,5,,,"),
    "2026-01-02丙.csv": HEADER,
}


@pytest.fixture(scope="module")
def report() -> Report:
    schemas = load_schemas(PROJECT / "tests" / "real" / "schemas")
    report = schemas.reports["provincial_health_commissions.daily_bulletin"]
    return replace(report, server=replace(report.server, location="*.csv"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _hashes(lake: Path) -> dict[str, str]:
    files = sorted(path for path in lake.rglob("*") if path.is_file())
    return {path.relative_to(lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("mode", ["events", "snapshot"])
def test_packages_made_side_by_side_equal_packages_made_alone(
    report: Report, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    report = replace(report, mode=mode)
    together = Settings.load(home=tmp_path / "together", data=data)
    alone = Settings.load(home=tmp_path / "alone", data=data)

    outcome = ingest_report(report, together)
    monkeypatch.setattr(run, "SMALL", -1)
    ingest_report(report, alone)

    assert len(_hashes(together.lake)) == 3 * len(FILES)
    assert _hashes(together.lake) == _hashes(alone.lake)
    counts = {package.manifest["delivery"]["name"]: package.manifest["counts"] for package in outcome.loaded}
    assert counts == {
        "2026-01-01甲.csv": {"read": 2, "accepted": 2, "quarantined": 0},
        "2026-01-01乙.csv": {"read": 2, "accepted": 1, "quarantined": 1},
        "2026-01-02甲.csv": {"read": 3, "accepted": 1, "quarantined": 2},
        "2026-01-02乙.csv": {"read": 2, "accepted": 2, "quarantined": 0},
        "2026-01-02丙.csv": {"read": 0, "accepted": 0, "quarantined": 0},
    }
    repeated = {package.manifest["delivery"]["name"]: package.manifest["warnings"] for package in outcome.loaded}
    assert repeated["2026-01-02乙.csv"] == ({"bulletin_date.unique": 1} if mode in ("snapshot", "events") else {})


def test_one_unreadable_delivery_does_not_stop_the_others(report: Report, data: Path, tmp_path: Path) -> None:
    (data / "2026-01-03甲.csv").write_bytes(FILES["2026-01-01甲.csv"].encode("gb18030"))
    settings = Settings.load(home=tmp_path / "home", data=data)

    outcome = ingest_report(report, settings)

    assert len(outcome.loaded) == len(FILES)
    assert [error.where for error in outcome.errors] == ["2026-01-03甲.csv"]
    assert outcome.errors[0].got == "bytes that read as GB18030"
