"""Landing and the life of load packages: once only, immutable, repaired after a kill, read again after a change."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from yibiao.ingest import ingest_report, live_packages, manifests
from yibiao.ingest.landing import landed


@pytest.fixture
def report(make_report):
    return make_report("csv", "*.csv")


@pytest.fixture
def deliver(settings, as_csv, headers, rows):
    def write(name="表_202601.csv", table=None):
        path = settings.data / name
        path.write_bytes(as_csv([headers, *(rows if table is None else table)]))
        return path

    return write


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()
    }


def test_original_bytes_are_kept_under_their_hash_with_a_record(settings, report, deliver):
    path = deliver()
    ingest_report(report, settings)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    kept = settings.landing / "objects" / sha256[:2] / sha256
    assert kept.read_bytes() == path.read_bytes()
    assert not os.stat(kept).st_mode & 0o222
    (record,) = (settings.landing / "deliveries" / "police" / "register").iterdir()
    assert record.name == f"2026-01--{sha256[:16]}.json"
    assert orjson.loads(record.read_bytes()) == {
        "format": 1,
        "report": "police.register",
        "edition": "2026-01",
        "sha256": sha256,
        "bytes": path.stat().st_size,
        "name": "表_202601.csv",
        "kind": "csv",
    }


def test_the_manifest_tells_inputs_counts_and_hashes_but_no_place_and_no_time(settings, report, deliver):
    deliver()
    (package,) = ingest_report(report, settings).loaded
    manifest = orjson.loads((package.folder / "manifest.json").read_bytes())
    assert package.folder == settings.lake / "police" / "register" / f"load={manifest['load_id']}"
    assert manifest["counts"] == {"read": 3, "accepted": 3, "quarantined": 0}
    assert (manifest["edition"], manifest["edition_date"], manifest["key"]) == ("2026-01", "2026-01-31", ["citizen_id"])
    for name, stated in manifest["files"].items():
        content = (package.folder / name).read_bytes()
        assert stated == {
            "rows": stated["rows"],
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    assert str(settings.home) not in str(manifest)


def test_the_same_delivery_twice_changes_nothing(settings, report, deliver):
    path = deliver()
    first = ingest_report(report, settings)
    before = tree(settings.home)
    again = ingest_report(report, settings)
    path.touch()
    os.utime(path, ns=(1, 1))
    touched = ingest_report(report, settings)
    assert len(first.loaded) == 1
    assert (again.loaded, touched.loaded) == ((), ())
    assert again.load_ids == touched.load_ids == first.load_ids
    assert {name: at for name, at in tree(settings.home).items() if "/seen/" not in name} == {
        name: at for name, at in before.items() if "/seen/" not in name
    }


def test_unchanged_files_are_not_read_again(settings, report, deliver, monkeypatch):
    import yibiao.ingest.fetch_files as fetch

    path = deliver()
    os.utime(path, ns=(10**18, 10**18))
    ingest_report(report, settings)
    calls = []
    whole = fetch.keep_file
    monkeypatch.setattr(fetch, "keep_file", lambda *given: calls.append(1) or whole(*given))
    ingest_report(report, settings)
    assert calls == []
    (settings.landing / "seen" / "police.register.json").write_text("damaged")
    ingest_report(report, settings)
    assert calls == [1]


def test_the_same_bytes_for_another_edition_are_another_delivery(settings, report, deliver):
    deliver("表_202601.csv")
    deliver("表_202602.csv")
    outcome = ingest_report(report, settings)
    assert [package.manifest["edition"] for package in outcome.loaded] == ["2026-01", "2026-02"]
    assert len({package.load_id for package in outcome.loaded}) == 2
    assert len(list((settings.landing / "objects").glob("*/*"))) == 1


def test_the_same_bytes_under_another_name_are_the_same_delivery(settings, report, deliver):
    deliver("表_202601.csv")
    deliver("副本_202601.csv")
    assert len(ingest_report(report, settings).loaded) == 1


def test_order_of_arrival_does_not_matter(tmp_path, settings, report, deliver, rows):
    deliver("甲_202602.csv", rows[:2])
    ingest_report(report, settings)
    deliver("乙_202601.csv", rows[:1])
    ingest_report(report, settings)
    other = replace(settings, home=tmp_path / "other")
    ingest_report(report, other)
    for home in (settings, other):
        assert [package.manifest["edition"] for package in live_packages(report, home)] == ["2026-01", "2026-02"]
    assert [package.manifest for package in live_packages(report, settings)] == [
        package.manifest for package in live_packages(report, other)
    ]


def test_a_changed_contract_reads_the_delivery_again_from_landing(settings, report, deliver):
    path = deliver()
    (old,) = ingest_report(report, settings).loaded
    path.unlink()
    stricter = replace(report, columns=(*report.columns[:4], replace(report.columns[4], required=True)))
    outcome = ingest_report(stricter, settings)
    (new,) = outcome.loaded
    assert new.load_id != old.load_id
    assert new.manifest["counts"] == {"read": 3, "accepted": 2, "quarantined": 1}
    assert [package.load_id for package in live_packages(stricter, settings)] == [new.load_id]
    assert [package.load_id for package in live_packages(report, settings)] == [old.load_id]
    assert len(manifests(settings)) == 2
    renamed = replace(report, owner="somebody", schedule="@daily", title="x")
    assert ingest_report(renamed, settings).load_ids == (old.load_id,)


def test_changed_rules_read_the_delivery_again(tmp_path, settings, report, deliver):
    import shutil

    deliver()
    before = ingest_report(report, settings).load_ids
    project = tmp_path / "dbt"
    shutil.copytree(settings.dbt_project / "macros" / "rules", project / "macros" / "rules")
    with (project / "macros" / "rules" / "text.sql").open("a") as stream:
        stream.write("\n")
    changed = replace(settings, dbt_project=project)
    assert live_packages(report, changed) == []
    assert ingest_report(report, changed).load_ids != before


def test_a_file_still_arriving_is_left(settings, make_report, deliver):
    path = deliver()
    quiet = make_report("csv", "*.csv", options={"quiet_seconds": 3600})
    assert ingest_report(quiet, settings).waiting == ("表_202601.csv",)
    long_ago = time.time() - 7200
    os.utime(path, (long_ago, long_ago))
    assert len(ingest_report(quiet, settings).loaded) == 1

    deliver("表_202602.csv")
    marked = make_report("csv", "*.csv", options={"marker": "{name}.ok"})
    assert ingest_report(marked, settings).waiting == ("表_202601.csv", "表_202602.csv")
    (settings.data / "表_202602.csv.ok").touch()
    assert ingest_report(marked, settings).waiting == ("表_202601.csv",)


def test_a_file_that_changes_while_it_is_copied_is_left(settings, report, deliver, monkeypatch):
    import yibiao.ingest.fetch_files as fetch

    path = deliver()
    whole = fetch.keep_file

    def slow(*given):
        kept = whole(*given)
        with path.open("ab") as stream:
            stream.write(b"more")
        return kept

    with monkeypatch.context() as patch:
        patch.setattr(fetch, "keep_file", slow)
        outcome = ingest_report(report, settings)
    assert outcome.waiting == ("表_202601.csv",)
    assert landed(report.id, settings) == []


def test_deliveries_come_from_any_file_system_of_fsspec(settings, make_report, as_csv, headers, rows):
    import fsspec

    system = fsspec.filesystem("memory")
    system.pipe("/inbox/表_202601.csv", as_csv([headers, *rows]))
    outcome = ingest_report(make_report("csv", "memory://inbox/*.csv"), settings)
    assert not outcome.errors
    assert outcome.loaded[0].manifest["counts"]["read"] == 3


CHILD = """
import pickle, sys
from yibiao.ingest import ingest_report
report, settings = pickle.load(open(sys.argv[1], "rb"))
ingest_report(report, settings)
"""


@pytest.mark.parametrize("commit", ["landing.object", "landing.delivery", "load.package"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_kill_at_any_commit_leaves_nothing_half_and_the_next_run_completes_it(
    commit, side, tmp_path, settings, report, deliver
):
    import pickle

    deliver()
    given = tmp_path / "given.pickle"
    given.write_bytes(pickle.dumps((report, settings)))
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, str(given)],
        env={**os.environ, "YIBIAO_CRASH_AT": f"{commit}.{side}"},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    for package in live_packages(report, settings):
        assert {path.name for path in package.folder.iterdir()} == {
            "accepted.parquet",
            "quarantine.parquet",
            "manifest.json",
        }
    for path in (settings.landing / "objects").glob("*/*"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    assert len(live_packages(report, settings)) == (commit == "load.package" and side == "after")

    outcome = ingest_report(report, settings)

    assert not outcome.errors
    undisturbed = replace(settings, home=tmp_path / "undisturbed")
    ingest_report(report, undisturbed)
    assert [package.manifest for package in live_packages(report, settings)] == [
        package.manifest for package in live_packages(report, undisturbed)
    ]


def test_a_damaged_manifest_is_an_error_that_says_what_to_delete(settings, report, deliver):
    deliver()
    (package,) = ingest_report(report, settings).loaded
    path = Path(package.folder / "manifest.json")
    path.chmod(0o600)
    path.write_text("{")
    from yibiao.errors import LoadError

    with pytest.raises(LoadError, match="Delete this load folder"):
        live_packages(report, settings)
    (error,) = ingest_report(report, settings).errors
    assert isinstance(error, LoadError)
