"""From the review list to the file of a clerk and back: what it shows, what it refuses, nothing half taken."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import openpyxl
import pytest
from click.testing import CliRunner, Result
from reviewable import add_review, database, review_rows

from installations import Installation
from warm import warm_engines
from yibiao.cli.root import root
from yibiao.contracts import load_schemas
from yibiao.identity.decisions import Verdict, decide_links, last_decisions, link_decisions
from yibiao.warehouse.unify import unify

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def reviewed(few_published: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A published district with a review list."""
    made = few_published.copy(tmp_path_factory.mktemp("reviewed"), data=few_published.data)
    add_review(made)
    return made


@pytest.fixture
def fresh(reviewed: Installation) -> Iterator[Installation]:
    """The same without decisions."""
    (reviewed.home / "control.db").unlink(missing_ok=True)
    yield reviewed
    for path in reviewed.home.glob("control.db*"):
        path.unlink()


def run(installation: Installation, *arguments: str, ok: bool = True) -> Result:
    """A command in this process: starting one costs more than most of these do."""
    done = CliRunner().invoke(root, ["identity", *arguments], env=installation.environment)
    assert (done.exit_code == 0) is ok, done.stderr
    return done


def listed(installation: Installation, path: Path, *options: str) -> Rows:
    run(installation, "review", "resident", "--out", str(path), *options)
    return rows_of(path.read_bytes().decode("utf-8-sig"))


def rows_of(text: str) -> Rows:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def save(path: Path, rows: Rows, encoding: str = "utf-8-sig", **style: object) -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), **style)
        writer.writeheader()
        writer.writerows(rows)
    return path


def fill(rows: Rows, *verdicts: str, reason: str = "电话核实", by: str = "李") -> Rows:
    """Fill the first rows in."""
    for row, verdict in zip(rows, verdicts, strict=False):
        row |= {"结论": verdict, "说明": reason, "核对人": by}
    return rows


def decide(installation: Installation, path: Path, *options: str) -> dict:
    return json.loads(run(installation, "decide", str(path), "--json", *options).stdout)


def refused(installation: Installation, path: Path, *options: str) -> str:
    done = run(installation, "decide", str(path), *options, ok=False)
    assert done.exit_code == 1
    assert "Traceback" not in done.stderr
    assert last_decisions(installation.settings) == []
    return done.stderr


def test_the_file_shows_both_sides_as_they_were_delivered_and_why_they_look_alike(
    reviewed: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "lists" / "核对.csv"
    rows = listed(reviewed, path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(rows) == len(review_rows(reviewed)) > 10
    scores = [float(row["得分"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert all(row["结论"] == row["说明"] == row["核对人"] == "" for row in rows)
    assert {row["类别"] for row in rows} <= {"需核对", "几个候选难分", "相似但有矛盾"}
    assert any("姓名相同" in row["理由"] for row in rows)
    assert {row["实体"] for row in rows} == {"居民"}

    # What stands in the list is what stands in the packages and in the golden records.
    schemas = load_schemas(reviewed.settings.schemas)
    with duckdb.connect(str(database(reviewed)), read_only=True) as con:
        for row, told in zip(rows, review_rows(reviewed), strict=True):
            for side, record, entity in (("（左）", told[2], told[4]), ("（右）", told[3], told[5])):
                if record is None:
                    name, count = con.execute(
                        "select resident_name, (select count(*) from resident_crosswalk as c "
                        "where c.resident_id = r.resident_id) from resident as r where resident_id = ?",
                        [entity],
                    ).fetchone()
                    assert row[f"姓名{side}"] == name
                    assert row[f"记录数{side}"] == f"已有编号, 共{count}条"
                    continue
                report, load, number = con.execute(
                    "select report, load_id, ? - first_record_no from load "
                    "where ? > first_record_no and ? <= first_record_no + read",
                    [record] * 3,
                ).fetchone()
                assert row[f"报表{side}"] == schemas.reports[report].title
                assert row[f"行号{side}"] == str(number)
                assert row[f"记录数{side}"] == "单条"
                folder = reviewed.home / "lake" / report.replace(".", "/") / f"load={load}"
                column = next(
                    one for one in schemas.reports[report].columns if one.element == "resident_name" and not one.role
                )
                (said,) = con.execute(
                    f"select {column.name} from '{folder / 'accepted.parquet'}' where _row = {number}"
                ).fetchone()
                assert row[f"姓名{side}"] == said.strip()


def test_the_screen_shows_no_value_of_a_record(reviewed: Installation, tmp_path: Path) -> None:
    rows = listed(reviewed, tmp_path / "list.csv")
    values = {
        value.lstrip("'")
        for row in rows
        for header, value in row.items()
        if header.startswith(("姓名", "出生日期", "手机号码", "现居住地址", "公民身份号码", "房屋编码"))
        and len(value) > 1
    }
    assert len(values) > 20
    shown = run(reviewed, "review").stdout
    as_json = run(reviewed, "review", "resident", "--json", "--limit", "5").stdout
    for text in (shown, as_json):
        assert [value for value in values if value in text] == []
    (told,) = json.loads(as_json)
    assert told["open"] == len(rows) == sum(told["states"].values())
    assert len(told["pairs"]) == 5
    assert set("".join(told["pairs"][0]["left"]["shapes"].values())) & set("文0")
    assert "姓名" in shown


def test_a_limit_takes_the_strongest(reviewed: Installation, tmp_path: Path) -> None:
    rows = listed(reviewed, tmp_path / "all.csv")
    assert listed(reviewed, tmp_path / "three.csv", "--limit", "3") == rows[:3]


def test_verdicts_of_a_clerk_are_written_down_and_those_pairs_leave_the_list(
    fresh: Installation, tmp_path: Path
) -> None:
    rows = listed(fresh, tmp_path / "list.csv")
    path = save(tmp_path / "back.csv", fill(rows, "同一人", "不同人", "待定"))
    assert decide(fresh, path, "--dry-run")["same"] == 1
    assert last_decisions(fresh.settings) == []
    done = decide(fresh, path)
    assert (done["same"], done["different"], done["undecided"]) == (1, 1, 1)
    assert (done["repeated"], done["open"], done["entity"]) == (0, len(rows) - 3, "resident")
    made = link_decisions(fresh.settings, "resident")
    assert {one.verdict for one in made} == {"same", "different"}
    assert {(one.decided_by, one.reason) for one in made} == {("李", "电话核实")}

    left = listed(fresh, tmp_path / "left.csv")
    assert [row["编号（左）"] + row["编号（右）"] for row in left] == [
        row["编号（左）"] + row["编号（右）"] for row in rows[2:]
    ]
    assert left[0]["上次结论"].startswith("待定 李 20")
    assert json.loads(run(fresh, "review", "resident", "--json").stdout)[0]["decided"] == 2

    again = decide(fresh, path)
    assert (again["same"], again["different"], again["undecided"], again["repeated"]) == (0, 0, 0, 3)


def excel_gbk(path: Path, rows: Rows) -> Path:
    return save(path, rows, "gb18030", quoting=csv.QUOTE_ALL)


def excel_unicode_text(path: Path, rows: Rows) -> Path:
    return save(path.with_suffix(".txt"), rows, "utf-16", delimiter="\t")


def semicolons(path: Path, rows: Rows) -> Path:
    return save(path, rows, "utf-8", delimiter=";", lineterminator="\n")


def other_order(path: Path, rows: Rows) -> Path:
    names = sorted(rows[0], reverse=True)
    return save(path, [{"备注": "x", **{name: row[name] for name in names}} for row in rows])


def with_a_title(path: Path, rows: Rows) -> Path:
    save(path, rows)
    path.write_bytes(b"\xef\xbb\xbf" + "社区核对清单\r\n".encode() + path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    return path


def workbook(path: Path, rows: Rows) -> Path:
    book = openpyxl.Workbook()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append(list(row.values()))
    book.save(path.with_suffix(".xlsx"))
    return path.with_suffix(".xlsx")


@pytest.mark.parametrize("saved", [excel_gbk, excel_unicode_text, semicolons, other_order, with_a_title, workbook])
def test_the_file_is_read_however_it_was_saved(
    fresh: Installation, tmp_path: Path, saved: Callable[[Path, Rows], Path]
) -> None:
    rows = fill(listed(fresh, tmp_path / "list.csv"), "同一", "不同", reason="说：“是，他；”", by="")
    done = decide(fresh, saved(tmp_path / "back.csv", rows), "--by", "王主任")
    assert (done["same"], done["different"]) == (1, 1)
    made = link_decisions(fresh.settings, "resident")
    assert {(one.reason, one.decided_by) for one in made} == {("说：“是，他；”", "王主任")}


def test_a_file_with_anything_wrong_is_refused_whole_with_its_rows(fresh: Installation, tmp_path: Path) -> None:
    rows = fill(listed(fresh, tmp_path / "list.csv"), "同一人", "也许", "不同人", "不同人", "不同人", "不同人", "待定")
    rows[2]["说明"] = " "
    rows[3]["编号（左）"] = "N张三"
    rows[4]["编号（左）"] = "N" + "0" * 24
    rows[5]["核对码"] = "C0000000000"
    rows[6] |= {"编号（右）": "N" + "f" * 24, "发布版本": "2025-01-0123456789"}
    said = refused(fresh, save(tmp_path / "back.csv", rows))
    assert "row 2:" not in said
    for number, problem in (
        (3, "an unknown word as 结论"),
        (4, "说明 is empty"),
        (5, "the numbers of the pair are damaged"),
        (6, "no such pair is on the review list"),
        (7, "one of its sides says something else by now"),
        (8, "it is not to be reviewed any more"),
    ):
        assert f"row {number}: {problem}" in said
    assert "也许" not in said
    assert "张三" not in said


def test_thousands_of_wrong_rows_are_counted_and_few_are_named(fresh: Installation, tmp_path: Path) -> None:
    rows = fill(listed(fresh, tmp_path / "list.csv"), "也许") * 1
    said = refused(fresh, save(tmp_path / "back.csv", [dict(rows[0]) for _ in range(3000)]))
    assert "and 2980 more rows" in said
    assert len(said) < 3000


def test_verdicts_that_contradict_each_other_are_refused_with_their_rows(fresh: Installation, tmp_path: Path) -> None:
    rows = fill(listed(fresh, tmp_path / "list.csv"), "同一人")
    rows = [rows[0], dict(rows[0], 结论="不同人")]
    assert "row 2 (same) and row 3 (different) name one pair" in refused(fresh, save(tmp_path / "back.csv", rows))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\r\n1,2\r\n", "This is no review list"),
        (b"", "This is no review list"),
        ("结论,说明,实体\r\n同一人,x,居民\r\n".encode(), "without 编号（左）"),
        (b"\xff\xff\xff\xfe\x81", "in no known encoding"),
        (None, "There is no such file"),
    ],
)
def test_what_is_no_review_list_is_told(fresh: Installation, tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "back.csv"
    if content is not None:
        path.write_bytes(content)
    assert said in refused(fresh, path)


def test_lists_of_two_entities_in_one_file_are_refused(fresh: Installation, tmp_path: Path) -> None:
    rows = fill(listed(fresh, tmp_path / "list.csv"), "同一人", "同一人")
    rows[1]["实体"] = "组织"
    assert "does not speak of one entity" in refused(fresh, save(tmp_path / "back.csv", rows))


def test_a_file_without_verdicts_decides_nothing(fresh: Installation, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    rows = listed(fresh, path)
    assert decide(fresh, path) == {
        "file": "list.csv", "entity": "", "same": 0, "different": 0, "undecided": 0, "repeated": 0,
        "open": len(rows), "dry_run": False,
    }  # fmt: skip


def test_a_decision_is_listed_without_its_reason_and_can_be_taken_back(fresh: Installation, tmp_path: Path) -> None:
    rows = fill(listed(fresh, tmp_path / "list.csv"), "同一人", reason="王小明本人来电")
    decide(fresh, save(tmp_path / "back.csv", rows))
    shown = run(fresh, "decisions").stdout
    assert "同一 same" in shown
    assert "王小明" not in shown + run(fresh, "decisions", "resident", "--json").stdout
    (told,) = json.loads(run(fresh, "decisions", "resident", "--json", "--reveal").stdout)
    assert told["reason"] == "王小明本人来电"
    nodes = told["node_l"], told["node_r"]
    run(fresh, "withdraw", "resident", *nodes, "--reason", "认错了人")
    assert link_decisions(fresh.settings, "resident") == []
    gone = run(fresh, "withdraw", "resident", *nodes, "--reason", "认错了人", ok=False)
    assert "No decision about this pair counts" in gone.stderr
    # A pair that is decided, or was, need not stand on the list to be decided otherwise.
    rows[0]["结论"] = "不同人"
    assert decide(fresh, save(tmp_path / "back.csv", rows))["different"] == 1


def test_a_decided_pair_is_gone_from_the_next_list_and_may_still_be_decided_otherwise(
    few_published: Installation, tmp_path: Path
) -> None:
    made = few_published.copy(tmp_path / "own", data=few_published.data)
    add_review(made)
    before = review_rows(made)
    rows = fill(listed(made, tmp_path / "list.csv"), "同一人", "不同人")
    path = save(tmp_path / "back.csv", rows)
    decide(made, path)
    decisions = link_decisions(made.settings, "resident")
    pairs = {verdict: [one.pair for one in decisions if one.verdict == verdict] for verdict in ("same", "different")}
    add_review(made, **pairs)
    left = {row[:2] for row in review_rows(made)}
    assert left.isdisjoint({row[:2] for row in before[:2]})
    assert len(left) >= len(before) - 6
    rows[0]["结论"] = "不同人"
    assert decide(made, save(path, rows[:1]))["different"] == 1


def test_a_record_that_says_something_else_by_now_has_to_be_looked_at_again(
    fresh: Installation, tmp_path: Path
) -> None:
    rows = fill(listed(fresh, tmp_path / "list.csv"), *["同一人"] * 400)
    known = next(row for row in rows if row["记录数（左）"].startswith("已有"))
    path = save(tmp_path / "back.csv", [known])
    with duckdb.connect(str(database(fresh))) as con:
        entity = next(row[4] for row in review_rows_of(con) if f"N{row[0]}" == known["编号（左）"])
        (phone,) = con.execute("select mobile_phone from resident where resident_id = ?", [entity]).fetchone()
        con.execute("update resident set mobile_phone = '13800009999' where resident_id = ?", [entity])
    try:
        assert "says something else by now" in refused(fresh, path)
    finally:
        with duckdb.connect(str(database(fresh))) as con:
            con.execute("update resident set mobile_phone = ? where resident_id = ?", [phone, entity])
    assert decide(fresh, path)["same"] == 1


def review_rows_of(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    return con.execute("select * from resident_review").fetchall()


def test_a_mended_record_is_shown_as_it_was_mended(few_published: Installation, tmp_path: Path) -> None:
    made = few_published.copy(tmp_path / "own", data=few_published.data)
    add_review(made)
    row = next(one for one in listed(made, tmp_path / "list.csv") if one["记录数（左）"] == "单条")
    number, title = int(row["行号（左）"]), row["报表（左）"]
    schemas = load_schemas(made.settings.schemas)
    report = next(one for one in schemas.reports.values() if one.title == title)
    path = made.release / "manifest.json"
    manifest = json.loads(path.read_bytes())
    (load,) = [
        one
        for one in manifest["inputs"]["loads"]
        if one["report"] == report.id and one["edition"] == row["期（左）"].rstrip("期")
    ]
    load["amendments"] = ["a" * 20, "b" * 20]
    path.chmod(0o600)
    path.write_text(json.dumps(manifest))
    folder = made.home / "lake" / report.department / report.name
    name = next(one.name for one in report.columns if one.element == "resident_name" and not one.role)
    source = folder / f"load={load['load_id']}" / "accepted.parquet"
    for amendment, mended in (("a" * 20, "先改的名"), ("b" * 20, "后改的名")):
        (folder / f"amend={amendment}").mkdir()
        duckdb.execute(
            f"copy (select * replace ('{mended}' as {name}) from '{source}' where _row = {number}) "
            f"to '{folder / f'amend={amendment}' / 'accepted.parquet'}'"
        )
    again = next(one for one in listed(made, tmp_path / "again.csv") if one["编号（左）"] == row["编号（左）"])
    assert again["姓名（左）"] == "后改的名"
    assert again["核对码"] != row["核对码"]


def test_a_package_that_is_gone_is_told(few_published: Installation, tmp_path: Path) -> None:
    made = few_published.copy(tmp_path / "own", data=few_published.data)
    add_review(made)
    for path in made.home.glob("lake/*/*/load=*/accepted.parquet"):
        path.unlink()
    done = run(made, "review", "--out", str(tmp_path / "list.csv"), "resident", ok=False)
    assert "cannot be read back" in done.stderr
    assert "yibiao run" in done.stderr
    assert not (tmp_path / "list.csv").exists()


NOTHING_NEW = ("--only", "grid_center.grid_event")
"""For a run that has only verdicts to take in: to look at every report again would show nothing."""


def states(made: Installation) -> list[str]:
    """What became of each decision, by pair."""
    return [row["state"] for row in json.loads(run(made, "decisions", "--json").stdout)]


def test_verdicts_hold_in_the_next_run(few_published: Installation, tmp_path: Path) -> None:
    made = few_published.copy(tmp_path / "own", data=few_published.data)
    before = [row for row in review_rows(made) if row[4] != row[5]]
    rows = listed(made, tmp_path / "list.csv")
    assert len(rows) == len(before) == 2
    decide(made, save(tmp_path / "back.csv", fill(rows, "同一人", "不同人")))
    assert "decided" in run(made, "review").stdout.lower()
    decide_links(made.settings, "resident", [Verdict("0" * 24, before[0][0], "different", "记录后来变了")])
    assert states(made) == ["waits"] * 3
    assert "1 条所涉记录已变" in made.run("run", *NOTHING_NEW).stdout
    assert made.summary["decisions_passed_over"] == {"resident": 1}
    assert states(made) == ["passed_over", "holds", "holds"]
    assert "passed over" in run(made, "decisions").stdout
    same, different = before
    assert [row for row in review_rows(made) if row[4] != row[5]] == []
    record, node = (same[2], same[0]) if same[2] else (same[3], same[1])
    (told,) = made.query(f"select * from resident_link where record_no = {record}")
    assert (told["node_id"], told["basis"]) == (node, "reviewed")
    assert told["resident_id"] in same[4:6]
    crosswalk = {row["record_no"]: row["resident_id"] for row in made.query("select * from resident_crosswalk")}
    assert crosswalk[different[2] or different[3]] == (different[4] if different[2] else different[5])

    for one in link_decisions(made.settings, "resident"):
        run(made, "withdraw", "resident", *one.pair, "--reason", "重新核对")
    assert states(made) == ["waits"] * 3
    with warm_engines():
        assert unify(made.settings).state == "published"
    assert made.manifest["counts"]["decisions"] == {}
    assert states(made) == ["open"] * 3
    assert [row for row in review_rows(made) if row[4] != row[5]] == before
    assert made.manifest["content_hash"] == few_published.manifest["content_hash"]


def test_a_release_without_linkage_and_an_entity_without_settings_are_told(
    few_published: Installation, tmp_path: Path
) -> None:
    made = few_published.copy(tmp_path / "own", data=few_published.data)
    with duckdb.connect(str(database(made))) as con:
        con.execute("drop table resident_review")
    assert "The release has no review list" in run(made, "review", "resident", ok=False).stderr
    done = run(few_published, "review", "household", ok=False)
    assert "This entity is not linked" in done.stderr
    assert "organisation or resident" in done.stderr
