"""Linkage models as files: what fits is read, anything else is refused; and their picture."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import pytest

from yibiao.errors import LinkageError
from yibiao.identity.chart import draw
from yibiao.identity.model import Frequencies, LevelWeight, Model, read_model
from yibiao.identity.retrain import moved
from yibiao.identity.settings import LinkageSettings, read_settings
from yibiao.identity.source import linkage_of, model_file, with_settings

SCHEMAS = Path(__file__).parents[3] / "schemas"

SETTINGS = """\
format: 1
columns:
  name: {as: chinese_name}
blocks: [[name]]
compare:
  name:
    - {exact: name, frequency: true}
    - {alike: name}
thresholds: {link: 5}
"""


@pytest.fixture
def settings(tmp_path: Path) -> LinkageSettings:
    path = tmp_path / "people.yml"
    path.write_text(SETTINGS, encoding="utf-8")
    return read_settings(path)


def model_for(settings: LinkageSettings) -> Model:
    return Model(
        settings="people",
        semantics=settings.semantics(),
        splink=version("splink"),
        prior=0.001,
        weights={
            "name": (
                LevelWeight("exact name", 0.9, 0.001),
                LevelWeight("alike <name>", 0.06, 0.002),
                LevelWeight("else", 0.04, 0.997),
            )
        },
        frequencies={"name": Frequencies(0.00001, {"张伟": 0.01})},
        trained={"records": 100},
    )


def test_a_model_is_read_back_as_it_was_written(settings: LinkageSettings, tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    model_for(settings).write(path)
    assert read_model(path, settings) == model_for(settings)
    assert [one.name for one in tmp_path.iterdir() if "aside" in one.name] == []


def test_a_score_is_a_whole_number_of_thousandths_of_a_bit(settings: LinkageSettings) -> None:
    assert LevelWeight("", 0.5, 0.25).score == 1000
    assert LevelWeight("", 0.001, 0.999).score == -9964
    assert model_for(settings).prior_score == -9964


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("splink", "4.0.0", "another version of Splink"),
        ("semantics", "0" * 64, "other columns or comparisons"),
        ("format", 2, "of another format"),
        ("kind", "something", "no linkage model"),
        ("weights", {"name": []}, "damaged"),
        ("weights", {}, "damaged"),
        ("weights", {"name": [{"label": "a", "m": 2, "u": 0.1}] * 3}, "damaged"),
        ("weights", {"name": [{"label": "a", "m": "nan", "u": 0.1}] * 3}, "damaged"),
        ("prior", 0, "damaged"),
        ("prior", 1, "damaged"),
        ("prior", None, "damaged"),
        ("weights", [], "damaged"),
        ("weights", {"name": [{"label": "a", "m": 0.5}] * 3}, "damaged"),
        ("weights", {"other": [{"label": "a", "m": 0.5, "u": 0.1}] * 3}, "damaged"),
        ("weights", {"name": [{"label": "a", "m": 0.5, "u": 0.1}] * 2}, "damaged"),
        ("frequencies", {"name": {"rest": 0.1, "values": {"张伟": 0}}}, "damaged"),
        ("frequencies", {"name": {"rest": 0.1, "values": ["张伟"]}}, "damaged"),
        ("frequencies", {}, "damaged"),
        ("trained", None, "damaged"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(
    settings: LinkageSettings, tmp_path: Path, key: str, value: object, what: str
) -> None:
    path = tmp_path / "people.json"
    model_for(settings).write(path)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {key: value}), encoding="utf-8")
    with pytest.raises(LinkageError, match=what) as caught:
        read_model(path, settings)
    assert caught.value.where == "people.json"
    assert "yibiao identity train" in caught.value.todo


def test_a_missing_or_broken_file_is_told(settings: LinkageSettings, tmp_path: Path) -> None:
    with pytest.raises(LinkageError, match="There is no linkage model"):
        read_model(tmp_path / "none.json", settings)
    for content in (b"", b"{", b"\xff\xfe", b"[]", b"null", b"[" * 100_000):
        (tmp_path / "broken.json").write_bytes(content)
        with pytest.raises(LinkageError):
            read_model(tmp_path / "broken.json", settings)


def test_the_chart_shows_every_level_and_loads_nothing(settings: LinkageSettings) -> None:
    text = draw(model_for(settings))
    tree = ElementTree.fromstring(text)
    bars = [bar for bar in tree.iter("{http://www.w3.org/2000/svg}rect") if bar.get("height") != "100%"]
    assert len(bars) == 4  # the prior and three levels
    assert "+9.8" in text
    assert "alike &lt;name&gt;" in text
    assert "<script" not in text
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"\b(href|src|url\()", text)


def test_what_speaks_against_stands_left_of_what_speaks_for(settings: LinkageSettings) -> None:
    tree = ElementTree.fromstring(draw(model_for(settings)))
    bars = [bar for bar in tree.iter("{http://www.w3.org/2000/svg}rect") if bar.get("height") != "100%"]
    ends = [(float(bar.get("x", 0)), float(bar.get("x", 0)) + float(bar.get("width", 0))) for bar in bars]
    prior, exact, alike, other = ends
    zero = exact[0]
    assert prior[1] == pytest.approx(zero, abs=0.01)
    assert alike[0] == zero
    assert other[1] == pytest.approx(zero, abs=0.01)


@pytest.mark.parametrize("entity", with_settings(SCHEMAS))
def test_the_stored_model_belongs_to_its_settings_and_its_picture_to_the_model(entity: str) -> None:
    found = read_model(model_file(SCHEMAS, entity), linkage_of(SCHEMAS, entity))
    assert found.content == model_file(SCHEMAS, entity).read_bytes()
    stored = model_file(SCHEMAS, entity).with_suffix(".svg").read_text(encoding="utf-8")
    assert stored == draw(found), f"yibiao identity chart {entity} --out schemas/linkage/{entity}.svg"


def test_in_the_model_of_residents_what_is_rare_weighs_more() -> None:
    found = read_model(model_file(SCHEMAS, "resident"), linkage_of(SCHEMAS, "resident"))
    assert found.weights["name"][0].score > 10_000
    assert found.weights["name"][-1].score < -5_000
    # A name that many bear is weaker evidence than one that few bear.
    names = found.frequencies["name"]
    assert max(names.values.values()) > 10 * names.rest


def test_models_have_one_version_exactly_if_they_say_the_same(settings: LinkageSettings, tmp_path: Path) -> None:
    made = model_for(settings)
    made.write(tmp_path / "people.json")
    assert read_model(tmp_path / "people.json", settings).version == made.version
    assert replace(made, prior=0.002).version != made.version


def test_what_moved_between_two_models_is_told_the_farthest_first(settings: LinkageSettings) -> None:
    before = model_for(settings)
    exact, alike, other = before.weights["name"]
    after = replace(before, prior=0.002, weights={"name": (replace(exact, u=0.004), alike, other)})
    assert [(one.name, round(one.after - one.before, 2)) for one in moved(before, after)] == [
        ("name: exact name", -2.0),
        ("prior", 1.0),
    ]
    assert moved(before, before) == []
