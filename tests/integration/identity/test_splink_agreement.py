"""The scores are Splink's: the same model, the same pairs, and Splink's own prediction beside ours."""

from __future__ import annotations

import logging
import random
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.comparison_library import CustomComparison

from yibiao.errors import LinkageError
from yibiao.identity.blocks import block_pairs
from yibiao.identity.levels import condition, unstated
from yibiao.identity.model import UNIT, Model, read_model
from yibiao.identity.prepare import prepare
from yibiao.identity.scores import score_pairs
from yibiao.identity.settings import LinkageSettings, read_settings
from yibiao.identity.training import train_prepared

SETTINGS = """\
format: 1
id: id
columns:
  first: {as: latin}
  last: {as: latin}
  birth: {as: date, formats: ["%Y-%m-%d"]}
  city: {as: latin}
blocks: [[last], [birth]]
cap: 100000
compare:
  first:
    - {exact: first, frequency: true}
    - {jaro_winkler: first, at_least: 0.85}
    - {swapped: [first, last]}
  last:
    - {exact: last, frequency: true}
    - {edit: last, at_most: 1}
  birth:
    - {exact: birth}
    - {day_month: birth}
    - {typing: birth, at_most: 1}
    - {within: birth, days: 30}
  city:
    - {exact: city}
thresholds: {link: 0, review: -1000}
train:
  seed: 3
  pairs: 200000
  prior: {blocks: [[first, last, birth]], recall: 0.6}
  em: [[birth], [last]]
"""


def people(size: int) -> pa.Table:
    """People with namesakes, and a damaged second record of most."""
    chance = random.Random(11)
    firsts = ["anna", "ben", "carl", "dora", "emil", "fred", "gina", "hans", "ida", "lena", "max", "nina", "otto"]
    lasts = [
        a + b for a in ("mei", "hof", "stein", "wald", "berg", "schu") for b in ("er", "mann", "ner", "hard", "le")
    ]
    cities = ["ulm", "bonn", "kiel", "jena", None]
    rows = []
    for n in range(size):
        row = [
            chance.choice(firsts),
            chance.choice(lasts),
            f"{chance.randint(1950, 2000)}-{chance.randint(1, 12):02}-{chance.randint(1, 12):02}",
            chance.choice(cities),
        ]
        rows.append([f"a{n}", *row])
        if chance.random() < 0.7:
            other = list(row)
            how = chance.randrange(5)
            if how == 0:
                other[0] = other[0][:-1]
            elif how == 1:
                other[0], other[1] = other[1], other[0]
            elif how == 2:
                year, month, day = other[2].split("-")
                other[2] = f"{year}-{day}-{month}"
            elif how == 3:
                other[3] = None
            rows.append([f"b{n}", *other])
    return pa.table({name: [row[k] for row in rows] for k, name in enumerate(("id", "first", "last", "birth", "city"))})


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> LinkageSettings:
    path = tmp_path_factory.mktemp("settings") / "people.yml"
    path.write_text(SETTINGS, encoding="utf-8")
    return read_settings(path)


@pytest.fixture(scope="module")
def trained(settings: LinkageSettings) -> tuple[duckdb.DuckDBPyConnection, Model]:
    con = duckdb.connect(config={"threads": 1})
    con.register("given", people(600))
    con.execute("create table people as select * from given")
    prepared = prepare(con, "people", settings, "prepared")
    return con, train_prepared(con, prepared, settings)


def test_every_score_is_that_of_splink_within_rounding(
    settings: LinkageSettings, trained: tuple[duckdb.DuckDBPyConnection, Model]
) -> None:
    con, model = trained
    block_pairs(con, "prepared", settings, "pairs")
    score_pairs(con, "pairs", "prepared", settings, model, "scored", least=-(10**9))
    comparisons = []
    for one in settings.comparisons:
        weights = model.weights[one.name]
        levels = [{"sql_condition": unstated(one), "is_null_level": True}]
        for level, weight in zip((*one.levels, None), weights, strict=True):
            found = {
                "sql_condition": "ELSE" if level is None else condition(level, profile=False),
                "m_probability": weight.m,
                "u_probability": weight.u,
            }
            if level is not None and level.frequency:
                found |= {"tf_adjustment_column": level.columns[0], "tf_minimum_u_value": 1e-6}
            levels.append(found)
        comparisons.append(CustomComparison(output_column_name=one.name, comparison_levels=levels))
    creator = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="rid",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on("last"), block_on("birth")],
        probability_two_random_records_match=model.prior,
    )
    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(connection=con)
    linker = Linker(api.register("prepared"), creator, log_level=None)
    for name in settings.frequencies():
        shares = model.frequencies[name]
        values = [
            row[0] for row in con.execute(f"select distinct {name} from prepared where {name} is not null").fetchall()
        ]
        table = pa.table({name: values, f"tf_{name}": [shares.values.get(value, shares.rest) for value in values]})
        linker.table_management.register_term_frequency_lookup(api.register(table), name)
    predicted = linker.inference.predict().physical_name
    rows = con.execute(f"""
        select count(*), count(scored.score), max(abs(scored.score / {UNIT} - predicted.match_weight))
        from {predicted} as predicted
        full join scored on least(rid_l, rid_r) = scored.l and greatest(rid_l, rid_r) = scored.r""").fetchone()
    assert rows is not None
    pairs, ours, difference = rows
    assert pairs == ours > 1000
    assert difference < 0.005  # five roundings to a thousandth of a bit


def test_a_model_file_gives_the_same_scores_as_the_training(
    settings: LinkageSettings, trained: tuple[duckdb.DuckDBPyConnection, Model], tmp_path: Path
) -> None:
    _, model = trained
    path = tmp_path / "people.json"
    model.write(path)
    again = read_model(path, settings)
    assert again.prior_score == model.prior_score
    for name, levels in model.weights.items():
        for first, second in zip(levels, again.weights[name], strict=True):
            assert abs(first.score - second.score) <= 1
    again.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_training_finds_that_a_likeness_speaks_for_and_a_difference_against(
    trained: tuple[duckdb.DuckDBPyConnection, Model],
) -> None:
    _, model = trained
    for name in ("first", "last", "birth"):
        assert model.weights[name][0].score > 1000
        assert model.weights[name][-1].score < -1000
    assert set(model.frequencies) == {"first", "last"}
    assert sum(model.frequencies["first"].values.values()) == pytest.approx(1, abs=0.05)


def test_training_twice_gives_one_model(
    settings: LinkageSettings, trained: tuple[duckdb.DuckDBPyConnection, Model], tmp_path: Path
) -> None:
    con = duckdb.connect(config={"threads": 2})
    shuffled = people(600).take(random.Random(4).sample(range(people(600).num_rows), people(600).num_rows))
    con.register("given", shuffled)
    con.execute("create table people as select * from given")
    again = train_prepared(con, prepare(con, "people", settings, "prepared"), settings)
    trained[1].write(tmp_path / "first.json")
    again.write(tmp_path / "second.json")
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()


def test_training_leaves_nothing_behind_and_the_table_as_it_was(
    trained: tuple[duckdb.DuckDBPyConnection, Model],
) -> None:
    con, _ = trained
    names = {row[0] for row in con.execute("show tables").fetchall()}
    assert not {name for name in names if name.startswith("linkage_")}


def test_a_prior_that_finds_no_match_is_refused(settings: LinkageSettings) -> None:
    con = duckdb.connect()
    con.execute("create table people as select i::varchar id, 'n' || i first, 'm' || i last, "
                "'1990-01-01' birth, 'ulm' city from range(30) t(i)")  # fmt: skip
    prepared = prepare(con, "people", settings, "prepared")
    with pytest.raises(LinkageError, match="No two records of the training"):
        train_prepared(con, prepared, settings)


def test_one_record_teaches_nothing(settings: LinkageSettings) -> None:
    con = duckdb.connect()
    con.execute("create table people as select 'a' id, 'n' first, 'm' last, '1990-01-01' birth, 'ulm' city")
    with pytest.raises(LinkageError, match="fewer than two records"):
        train_prepared(con, prepare(con, "people", settings, "prepared"), settings)
