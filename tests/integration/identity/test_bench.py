"""`bench.linkage`: any table, Latin or Chinese, beside its truth, which takes no part in the linkage."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bench.linkage import main, measure, pair_score

LATIN = """\
format: 1
columns:
  first: {from: first_name, as: latin}
  last: {as: latin}
  born: {as: date, formats: ["%Y-%m-%d"]}
blocks: [[last], [born], [first, born.year]]
compare:
  first:
    - {exact: first, frequency: true}
    - {jaro_winkler: first, at_least: 0.85}
  last:
    - {exact: last, frequency: true}
    - {typing: last, at_most: 2}
  born:
    - {exact: born}
    - {typing: born, at_most: 1}
thresholds: {link: 2}
train:
  pairs: 100000
  prior: {blocks: [[first, born], [last, born]], recall: 0.9}
  em: [[born], [last]]
"""

CHINESE = """\
format: 1
columns:
  name: {from: 姓名, as: chinese_name}
  born: {from: 出生日期, as: date}
  phone: {from: 电话, as: phone}
blocks: [[name.sound, born.year], [phone], [born]]
compare:
  name:
    - {exact: name, frequency: true, m: 0.9, u: 0.001}
    - {alike: name, m: 0.05, u: 0.0005}
    - {one_character: name, m: 0.03, u: 0.01}
  born:
    - {exact: born, m: 0.95, u: 0.0001}
  phone:
    - {exact: phone, m: 0.9, u: 0.0001}
thresholds: {link: 5}
train: {prior: 0.002}
"""


def write(path: Path, header: list[str], rows: list[list[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


@pytest.fixture
def latin(tmp_path: Path) -> tuple[Path, Path]:
    """Two hundred people, each twice, the second time with a letter changed in one of two."""
    chance = random.Random(2)
    rows = []
    for n in range(200):
        first, last = ("".join(chance.choices("aeioubcdrst", k=6)) for _ in "12")
        born = f"{chance.randint(1940, 2005)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        rows.append([first, last, born, n])
        rows.append([first, (last[:3] + "z" + last[4:]) if n % 2 else last, born, n])
    chance.shuffle(rows)
    (tmp_path / "people.yml").write_text(LATIN, encoding="utf-8")
    # Blanks after the separators, as in FEBRL's files.
    path = tmp_path / "people.csv"
    lines = [["first_name", "last", "born", "who"], *rows]
    path.write_text("\n".join(", ".join(map(str, line)) for line in lines), encoding="utf-8")
    return path, tmp_path / "people.yml"


def test_a_latin_table_is_linked_and_scored(latin: tuple[Path, Path]) -> None:
    found = measure([latin[0]], latin[1], "who")
    assert found["records"] == 400
    assert found["true_pairs"] == 200
    assert found["f1"] > 0.95


def test_the_truth_takes_no_part(latin: tuple[Path, Path], tmp_path: Path) -> None:
    path, settings = latin
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    other = tmp_path / "other.csv"
    other.write_text("\n".join([header, *(line.rpartition(",")[0] + ", 7" for line in lines)]), encoding="utf-8")
    first, second = measure([path], settings, "who"), measure([other], settings, "who")
    assert first["linked_pairs"] == second["linked_pairs"]
    assert second["true_pairs"] == 400 * 399 // 2


def test_files_are_put_one_under_the_other_and_a_pattern_takes_a_part_of_the_truth(
    latin: tuple[Path, Path], tmp_path: Path
) -> None:
    path, settings = latin
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    parts = []
    for number, half in enumerate((lines[:150], lines[150:])):
        marked = [f"{line.rpartition(', ')[0]}, rec-{line.rpartition(', ')[2]}-{number}" for line in half]
        parts.append(tmp_path / f"part{number}.csv")
        parts[-1].write_text("\n".join([header, *marked]), encoding="utf-8")
    found = measure(parts, settings, "who", pattern=r"rec-(\d+)")
    assert (found["records"], found["true_pairs"]) == (400, 200)
    assert found["f1"] > 0.95


def test_a_chinese_table_is_linked_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        ["张伟明", "1980年1月5日", "13900000001", "a"],
        ["张玮明", "1980-01-05", "139 0000 0001", "a"],
        ["买买提·热娜", "1991.2.3", "13900000002", "b"],
        ["买买提热娜", "19910203", "", "b"],
        ["张伟明", "1975-05-05", "13900000003", "c"],
        ["无", "", "13900000004", "d"],
    ]
    data = write(tmp_path / "人.csv", ["姓名", "出生日期", "电话", "真"], rows)
    settings = tmp_path / "people.yml"
    settings.write_text(CHINESE, encoding="utf-8")
    assert main(["--data", str(data), "--settings", str(settings), "--truth", "真", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["precision"], found["recall"], found["f1"]) == (1.0, 1.0, 1.0)
    assert main(["--data", str(data), "--settings", str(settings), "--truth", "真"]) == 0
    assert "f1" in capsys.readouterr().out


@pytest.mark.parametrize(("truth", "message"), [("nobody", "not in the table"), ("who", "no such file")])
def test_what_does_not_fit_is_an_error_and_no_traceback(
    latin: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], truth: str, message: str
) -> None:
    data = latin[0] if truth == "nobody" else tmp_path / "none.csv"
    assert main(["--data", str(data), "--settings", str(latin[1]), "--truth", truth]) == 1
    assert message in capsys.readouterr().err


def test_pairs_are_counted_as_by_hand() -> None:
    con = duckdb.connect()
    con.execute(
        "create table truth as select * from (values ('1','a'),('2','a'),('3','a'),('4','b'),('5','b')) t(id,entity)"
    )
    con.execute(
        "create table found as select * from (values ('1','x'),('2','x'),('3','y'),('4','y'),('5','z')) t(id,cluster)"
    )
    score = pair_score(con, "found")
    assert (score["linked_pairs"], score["true_pairs"]) == (2, 4)
    assert (score["precision"], score["recall"]) == (0.5, 0.25)
    assert score["f1"] == pytest.approx(1 / 3, abs=1e-6)
