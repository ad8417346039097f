"""Training on an installation's own records: which ones, what is written, and what moved."""

from __future__ import annotations

import json
import shutil
import stat
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest
from click.testing import CliRunner, Result

from installations import Installation, new_installation
from yibiao.cli.root import root
from yibiao.contracts import load_schemas
from yibiao.identity.model import read_model
from yibiao.identity.source import TABLE, linkage_of, live_records, model_file


def run(installation: Installation, *arguments: str, ok: bool = True) -> Result:
    done = CliRunner().invoke(root, ["identity", *arguments], env=installation.environment)
    assert (done.exit_code == 0) is ok, done.stderr
    return done


def known(installation: Installation) -> tuple[int, int]:
    """Source records about residents in the release, and those that state a certain key."""
    with duckdb.connect(str(installation.release / "yibiao.duckdb"), read_only=True) as con:
        result = con.execute("""
            select count(*), count(*) filter (is_key_contradicted or (resident_id is not null and basis is null))
            from resident_crosswalk left join (select record_no, basis from resident_link) using (record_no)""")
        return result.fetchone()


def test_the_records_are_those_of_the_release(few_published: Installation) -> None:
    settings = few_published.settings
    schemas = load_schemas(settings.schemas)
    with live_records(settings, schemas, "resident", linkage_of(settings.schemas, "resident")) as con:
        assert con.execute(f"select count(*), count(citizen_id) from {TABLE}").fetchone() == known(few_published)
        (named,) = con.execute(f"select count(resident_name) from {TABLE}").fetchone()
        assert named > 0.95 * known(few_published)[0]
        con.execute(f"attach '{few_published.release / 'yibiao.duckdb'}' as release (read_only)")
        assert con.execute(
            f"select count(*) from {TABLE} as record join release.resident_crosswalk as c on record.id = c.record_no"
        ).fetchone() == (known(few_published)[0],)
    assert list(settings.work.iterdir()) == []


def test_training_writes_the_model_and_its_picture_and_says_what_moved(
    few_published: Installation, tmp_path: Path
) -> None:
    done = run(few_published, "train", "resident", "--out", str(tmp_path / "made"), "--json")
    told = json.loads(done.stdout)
    settings = few_published.settings
    linkage = linkage_of(settings.schemas, "resident")
    trained = read_model(tmp_path / "made" / "resident.json", linkage)
    assert (told["version"], told["of"]) == (trained.version, known(few_published)[1])
    far = [abs(one["after"] - one["before"]) for one in told["moved"]]
    assert far == sorted(far, reverse=True)
    assert far[0] > 0.5
    assert told["frequencies"]["name"]["before"] > 500
    ElementTree.parse(tmp_path / "made" / "resident.svg")
    for stage in ("grid_center.resident_roll", "records prepared", "among matches"):
        assert stage in done.stderr
    # With a folder of its own, what is stored is left alone.
    assert told["before"] == read_model(model_file(settings.schemas, "resident"), linkage).version != told["version"]

    again = run(few_published, "train", "resident", "--out", str(tmp_path / "again"))
    assert (tmp_path / "again" / "resident.json").read_bytes() == (tmp_path / "made" / "resident.json").read_bytes()
    assert told["moved"][0]["name"] in again.stdout


def test_without_a_folder_the_model_of_the_schemas_is_replaced(few_published: Installation, tmp_path: Path) -> None:
    schemas = shutil.copytree(few_published.settings.schemas, tmp_path / "schemas")
    made = replace(few_published, sources={**few_published.sources, "YIBIAO_SCHEMAS": str(schemas)})
    model = model_file(schemas, "organisation")
    model.write_text("{}", encoding="utf-8")
    told = run(made, "train", "organisation").stdout
    assert "nothing to compare with: This is no linkage model." in told
    linkage = linkage_of(schemas, "organisation")
    trained = read_model(model, linkage)
    assert trained.trained["of"] > 10
    # To be committed and read by others, unlike everything in a home folder.
    assert {stat.S_IMODE(path.stat().st_mode) for path in (model, model.with_suffix(".svg"))} == {0o644}
    assert trained.version in told
    assert "the same model as before" in run(made, "train", "organisation").stdout
    run(made, "chart", "organisation", "--out", str(tmp_path / "chart.svg"))
    assert (tmp_path / "chart.svg").read_bytes() == model.with_suffix(".svg").read_bytes()


def test_a_model_of_other_settings_is_no_model_to_compare_with_or_to_draw(
    few_published: Installation, tmp_path: Path
) -> None:
    schemas = shutil.copytree(few_published.settings.schemas, tmp_path / "schemas")
    made = replace(few_published, sources={**few_published.sources, "YIBIAO_SCHEMAS": str(schemas)})
    settings_file = schemas / "linkage" / "organisation.yml"
    text = settings_file.read_text(encoding="utf-8")
    settings_file.write_text(text.replace("at_least: 0.75", "at_least: 0.8"), encoding="utf-8")
    said = run(made, "chart", "organisation", "--out", str(tmp_path / "chart.svg"), ok=False).stderr
    assert "trained for other columns or comparisons" in said
    assert "yibiao identity train" in said
    told = json.loads(run(made, "train", "organisation", "--out", str(tmp_path / "made"), "--json").stdout)
    assert told["why_anew"] == "The linkage model was trained for other columns or comparisons."
    assert told["moved"] == []


def test_an_installation_without_records_teaches_nothing(few_reports: dict[str, str], tmp_path: Path) -> None:
    made = new_installation(tmp_path / "home", tmp_path / "data", few_reports)
    said = run(made, "train", "resident", "--out", str(tmp_path / "made"), ok=False).stderr
    assert "No record speaks of this entity" in said
    assert "yibiao run" in said
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("command", ["train", "chart"])
def test_an_entity_that_is_not_linked_is_refused(few_published: Installation, tmp_path: Path, command: str) -> None:
    assert "not linked" in run(few_published, command, "event", "--out", str(tmp_path / "x"), ok=False).stderr
