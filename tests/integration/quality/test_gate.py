"""The gate as it runs: Great Expectations in a process of its own, read-only on a DuckDB file."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import yaml

from warm import Forked
from yibiao.errors import ContractError, GateError
from yibiao.quality import ExpectationResult, GateResult, Known, ready_gate, run_gate
from yibiao.quality.counts import ASKING_OTHERS
from yibiao.settings import Settings

NAME, NUMBER, PHONE = "欧阳植树", "999901199001011231", "13800009999"
PLANTED = (NAME, NUMBER, PHONE)

TABLE = """
    CREATE TABLE staging.{table} (record_no BIGINT, citizen_id VARCHAR, resident_name VARCHAR, sex_code VARCHAR,
        birth_date DATE, death_date DATE, mobile_phone VARCHAR, amount DECIMAL(10, 2))
"""
GOOD_ROWS = """
    (1, '11010519491231002X', '甲', '1', '1949-12-31', NULL, '13900000001', 10),
    (2, NULL, '乙', '2', '1980-05-05', '2020-01-01', NULL, 20)
"""
BAD_ROWS = f"""
    (1, '{NUMBER}', '{NAME}', 'X', '1890-01-01', '1880-01-01', '{PHONE}', -5),
    (1, '{NUMBER}', NULL, 'X', '1890-01-01', NULL, '{PHONE}0', 7)
"""

CHECKS: dict[str, tuple[str, dict]] = {
    "not_null": ("expect_column_values_to_not_be_null", {"column": "resident_name"}),
    "unique": ("expect_column_values_to_be_unique", {"column": "citizen_id"}),
    "key": ("expect_compound_columns_to_be_unique", {"column_list": ["record_no", "citizen_id"]}),
    "in_set": ("expect_column_values_to_be_in_set", {"column": "sex_code", "value_set": ["1", "2"]}),
    "in_list": ("expect_column_values_to_be_in_code_list", {"column": "sex_code", "code_list": "sex"}),
    "between": ("expect_column_values_to_be_between", {"column": "birth_date", "min_value": "1900-01-01"}),
    "rule": ("expect_column_values_to_match_rule", {"column": "citizen_id", "rule": "citizen_id"}),
    "pair": (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "death_date", "column_B": "birth_date", "or_equal": True},
    ),
    "rows": ("expect_table_row_count_to_be_between", {"min_value": 2, "max_value": 2}),
    "loads": ("expect_table_row_count_to_equal_loads", {"department": "dept", "report": "{table}"}),
    "query": (
        "UnexpectedRowsExpectation",
        {"unexpected_rows_query": "SELECT * FROM {batch} WHERE NOT regexp_full_match(mobile_phone, '1[0-9]{{10}}')"},
    ),
}
ERRORS: dict[str, tuple[str, dict]] = {
    "no_column": ("expect_column_values_to_not_be_null", {"column": "no_such_column"}),
    "no_column_in_query": ("UnexpectedRowsExpectation", {"unexpected_rows_query": "SELECT nothing FROM {batch}"}),
    "no_sql": ("UnexpectedRowsExpectation", {"unexpected_rows_query": "SELECT FROM WHERE {batch}"}),
    "wrong_bound": ("expect_column_values_to_be_between", {"column": "amount", "min_value": "plenty"}),
    "wrong_type": ("expect_column_values_to_be_between", {"column": "resident_name", "min_value": 0}),
    "conversion": (
        "UnexpectedRowsExpectation",
        {"unexpected_rows_query": "SELECT 1 FROM {batch} WHERE CAST(resident_name AS INTEGER) = 1"},
    ),
}


def write_spec(folder: Path, table: str, checks: dict[str, tuple[str, dict]], severity: str = "warning") -> None:
    expectations = [
        {
            "id": name,
            "type": kind,
            "kwargs": {
                key: value.replace("{table}", table) if key == "report" else value for key, value in kwargs.items()
            },
            "severity": severity,
            "owner": "civil_affairs",
            "reason": "测试",
            "dimension": "accuracy",
        }
        for name, (kind, kwargs) in checks.items()
    ]
    (folder / "staging").mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({"table": f"staging.{table}", "expectations": expectations}, allow_unicode=True)
    (folder / "staging" / f"{table}.yml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a good table, a bad one and one whose checks cannot be evaluated; and their specs."""
    folder = tmp_path_factory.mktemp("gate")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("CREATE SCHEMA staging; CREATE SCHEMA input")
        connection.execute("CREATE TABLE input.load (department VARCHAR, report VARCHAR, row_count BIGINT)")
        connection.execute("INSERT INTO input.load VALUES ('dept', 'dept.good', 2), ('dept', 'dept.bad', 3)")
        for table, rows in (("good", GOOD_ROWS), ("bad", BAD_ROWS), ("broken", BAD_ROWS)):
            connection.execute(TABLE.format(table=table))
            connection.execute(f"INSERT INTO staging.{table} VALUES {rows}")
        connection.execute(f"INSERT INTO staging.bad SELECT * FROM (VALUES {BAD_ROWS.split('),')[0]}))")
    specs = folder / "expectations"
    write_spec(specs, "good", CHECKS, "critical")
    write_spec(specs, "bad", CHECKS)
    short = (CHECKS["loads"][0], {"department": "dept", "report": "bad"})  # a table with a row less than its loads
    write_spec(specs, "broken", {"not_null": CHECKS["not_null"], **ERRORS, "rows": CHECKS["rows"], "short": short})
    write_spec(specs, "absent", {"rows": CHECKS["rows"]})
    return folder


@pytest.fixture(scope="module")
def settings(place: Path) -> Settings:
    return Settings.load(home=place / "home", data=place)


class Noted:
    """Progress that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def stage(self, name: str, total: int | None = None, unit: str = "") -> None:
        self.told.append((name, total, unit))

    def advance(self, amount: int = 1, note: str = "") -> None:
        self.told.append(note)

    def end(self) -> None:
        self.told.append("end")


@pytest.fixture(scope="module")
def noted() -> Noted:
    return Noted()


@pytest.fixture(scope="module")
def result(place: Path, settings: Settings, noted: Noted) -> GateResult:
    return run_gate(place / "warehouse.duckdb", place / "expectations", place / "out", settings, noted)


def of_table(result: GateResult, table: str) -> dict[str, ExpectationResult]:
    return {one.id: one for one in result.results if one.table == f"staging.{table}"}


@pytest.mark.parametrize("check", CHECKS)
def test_a_sound_table_passes(result: GateResult, check: str) -> None:
    found = of_table(result, "good")[check]
    assert (found.status, found.success, found.unexpected, found.severity) == ("passed", True, 0, "critical")


@pytest.mark.parametrize("check", CHECKS)
def test_an_unsound_table_fails(result: GateResult, check: str) -> None:
    found = of_table(result, "bad")[check]
    if check == "loads":  # the bad table has as many rows as its loads: this check cannot fail for it
        assert found.success
        return
    assert (found.status, found.success, found.severity) == ("failed", False, "warning")
    assert found.unexpected
    assert found.percent


def test_a_row_that_is_lost_or_doubled_is_noticed(result: GateResult) -> None:
    found = of_table(result, "broken")["short"]
    assert (found.status, found.evaluated, found.unexpected) == ("failed", 2, 1)


@pytest.mark.parametrize(
    ("check", "error"),
    [
        ("no_column", "MissingColumn"),
        ("no_column_in_query", "BinderException"),
        ("no_sql", "ParserException"),
        ("wrong_bound", "ValidationError"),
        ("wrong_type", "BinderException"),
        ("conversion", "ConversionException"),
    ],
)
def test_what_cannot_be_evaluated_is_a_critical_failure_in_our_own_words(
    result: GateResult, check: str, error: str
) -> None:
    found = of_table(result, "broken")[check]
    assert (found.status, found.success, found.severity, found.error) == ("error", False, "critical", error)
    assert found.message
    assert found.evaluated is None


def test_one_broken_expectation_leaves_the_others_of_its_table_alone(result: GateResult) -> None:
    found = of_table(result, "broken")
    assert (found["not_null"].status, found["not_null"].unexpected) == ("failed", 1)
    assert found["rows"].status == "passed"


def test_a_table_that_does_not_exist_is_a_critical_failure(result: GateResult) -> None:
    found = of_table(result, "absent")["rows"]
    assert (found.status, found.severity, found.error) == ("error", "critical", "MissingTable")


def test_the_verdict_counts_by_severity(result: GateResult) -> None:
    assert not result.passed
    assert result.by_severity["critical"] == {"passed": len(CHECKS), "failed": len(ERRORS) + 1}
    assert result.by_severity["warning"] == {
        "passed": 2,
        "failed": len(CHECKS) - 1 + 2,
    }  # all of bad but loads; broken.not_null and broken.short
    assert result.seconds > result.timing["process"] > result.timing["check"] > 0


def test_progress_is_told_about_every_table(result: GateResult, noted: Noted) -> None:
    tables = ["staging.absent", "staging.bad", "staging.broken", "staging.good"]
    assert noted.told == [("gate", 4, "tables"), *tables, "end"]


def test_the_file_holds_known_keys_and_nothing_of_a_row(result: GateResult, place: Path) -> None:
    text = (place / "out" / "quality.json").read_text(encoding="utf-8")
    for planted in PLANTED:
        assert planted not in text
    allowed = set(ExpectationResult.__dataclass_fields__)
    assert all(set(one) == allowed for one in json.loads(text)["results"])


def test_the_database_is_free_again_and_unchanged(result: GateResult, place: Path) -> None:
    assert not (place / "warehouse.duckdb.wal").exists()
    with duckdb.connect(str(place / "warehouse.duckdb")) as connection:  # a writer needs it alone
        connection.execute("CREATE TABLE staging.later (a INTEGER)")
        connection.execute("DROP TABLE staging.later")


@pytest.mark.usefixtures("warm")
def test_hand_written_sql_finds_the_same_counts(place: Path, settings: Settings, tmp_path: Path) -> None:
    """The bench's queries are written without the gate's code: an oracle."""
    file = Path(__file__).parents[3] / "bench" / "gate.py"
    found = importlib.util.spec_from_file_location("bench_gate", file)
    assert found is not None
    assert found.loader is not None
    bench = importlib.util.module_from_spec(found)
    found.loader.exec_module(bench)
    for table in ("good", "bad"):
        write_spec(tmp_path, table, CHECKS)
    measured = bench.measure(place / "warehouse.duckdb", tmp_path, repeats=1, settings=settings)
    assert measured["differing"] == []
    assert measured["expectations"] == 2 * len(CHECKS)
    assert measured["rows"] == 5


@pytest.mark.usefixtures("warm")
def test_numbers_that_others_contradict_are_counted_and_stop_nothing(tmp_path: Path) -> None:
    """By the project's own specs: three rows of one report state the number of somebody else."""
    own = Settings.load(home=tmp_path / "home")
    (tmp_path / "specs" / "identity").mkdir(parents=True)
    spec = own.expectations / "identity" / "crosswalk_resident.yml"
    shutil.copyfile(spec, tmp_path / "specs" / "identity" / spec.name)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema identity; create schema canonical")
        connection.execute(
            "create table identity.crosswalk_resident as select range as record_no, 'P' || range as resident_id,"
            " false as is_repeated, range > 6 as is_key_contradicted from range(10)"
        )
        connection.execute("create table canonical.resident as select resident_id from identity.crosswalk_resident")
    found = run_gate(tmp_path / "warehouse.duckdb", tmp_path / "specs", tmp_path / "out", own)
    (one,) = [result for result in found.results if result.unexpected]
    assert (one.id, one.unexpected, one.evaluated, one.severity) == ("number_not_contradicted", 3, 10, "warning")
    assert found.passed


@pytest.mark.usefixtures("warm")
def test_a_load_in_most_rows_of_which_one_subject_stands_is_warned_of(tmp_path: Path) -> None:
    """By the project's own specs, on what `yibiao.warehouse.one_subject` writes down."""
    own = Settings.load(home=tmp_path / "home")
    (tmp_path / "specs" / "input").mkdir(parents=True)
    shutil.copyfile(own.expectations / "input" / "load.yml", tmp_path / "specs" / "input" / "load.yml")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema input")
        connection.execute(
            "create table input.load as select range as load_no, 'L' || range as load_id, 'current' as state,"
            " 50 as read, 50 as accepted, 0 as quarantined, 0 as open, 0 as resolved, 0 as rejected,"
            " range * 50 as first_record_no from range(3)"
        )
        connection.execute("create table input.one_subject as select 1 as load_no, 'resident' as entity, 40 as records")
    found = run_gate(tmp_path / "warehouse.duckdb", tmp_path / "specs", tmp_path / "out", own)
    (one,) = [result for result in found.results if not result.success]
    assert (one.id, one.unexpected, one.evaluated, one.severity) == ("not_about_one_subject", 1, 3, "warning")
    assert found.passed


def test_a_gate_can_make_ready_while_something_else_is_done(place: Path, settings: Settings, tmp_path: Path) -> None:
    write_spec(tmp_path, "good", CHECKS)
    with ready_gate(settings) as gate:
        found = gate.run(place / "warehouse.duckdb", tmp_path, tmp_path / "out")
    assert found.passed
    assert list(settings.work.glob("gate-*")) == []


@pytest.mark.usefixtures("warm")
def test_a_gate_that_is_forked_in_tests_says_what_a_process_of_its_own_says(
    result: GateResult, place: Path, settings: Settings, tmp_path: Path
) -> None:
    with ready_gate(settings) as gate:
        assert isinstance(gate._process, Forked)
        gate.run(place / "warehouse.duckdb", place / "expectations", tmp_path)
    assert (tmp_path / "quality.json").read_bytes() == (place / "out" / "quality.json").read_bytes()
    with ready_gate(settings) as gate:
        gate._process.kill()
    assert gate._process.returncode == -signal.SIGKILL


def test_a_gate_that_is_not_needed_after_all_goes_away(settings: Settings) -> None:
    started = []

    def build() -> None:
        with ready_gate(settings) as gate:
            started.append(gate._process)
            raise RuntimeError("models failed")

    with pytest.raises(RuntimeError, match="models failed"):
        build()
    assert started[0].returncode is not None
    assert list(settings.work.glob("gate-*")) == []


AUDITED = """
import os, sys
seen = []
def note(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        seen.append(f"{event} {args[1:]}")
    elif event == "open" and isinstance(args[0], (str, bytes)) and (args[2] or 0) & (os.O_WRONLY | os.O_RDWR):
        seen.append(f"write {os.fsdecode(args[0])}")
sys.addaudithook(note)
from yibiao.quality import gate
status = gate.main()
from pathlib import Path
Path(sys.argv[1]).write_text("\\n".join(seen))
os._exit(status)
"""


@dataclass(frozen=True)
class Audited:
    """A gate that ran without the precautions that its parent takes, and what it tried to send and to write."""

    process: subprocess.CompletedProcess[bytes]
    home: Path
    out: Path
    cwd: Path
    seen: list[str]


@pytest.fixture(scope="module")
def audited(place: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    folder = tmp_path_factory.mktemp("audited")
    home, out, cwd = (folder / name for name in ("home", "out", "cwd"))
    for made in (home, out, cwd):
        made.mkdir()
    environment = {**os.environ, **settings.environment(), "HOME": str(home), "TMPDIR": str(cwd)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    order = {"database": str(place / "warehouse.duckdb"), "expectations": str(place / "expectations"), "out": str(out)}
    process = subprocess.run(
        [sys.executable, "-c", AUDITED, str(folder / "seen")],
        input=json.dumps(order).encode(),
        cwd=cwd,
        env=environment,
        capture_output=True,
        check=True,
    )
    return Audited(process, home, out, cwd, (folder / "seen").read_text().splitlines())


def test_nothing_is_printed_sent_or_written_elsewhere(audited: Audited) -> None:
    """Even on errors that quote a value."""
    assert audited.process.stderr == b""
    messages = [json.loads(line) for line in audited.process.stdout.splitlines()]
    assert [sorted(message) for message in messages] == [["tables"], *[["table"]] * 4, ["done", "timing"]]
    for planted in PLANTED:
        assert planted not in audited.process.stdout.decode()
    assert list(audited.home.rglob("*")) == []
    allowed = {f"write {audited.out / 'quality.json'}", f"write {os.devnull}"}
    assert [one for one in audited.seen if one not in allowed and not one.startswith(f"write {audited.cwd}/")] == []


def test_the_same_data_gives_the_same_file(result: GateResult, place: Path, audited: Audited) -> None:
    assert (audited.out / "quality.json").read_bytes() == (place / "out" / "quality.json").read_bytes()


@pytest.mark.usefixtures("warm")
def test_a_wrong_spec_stops_the_gate_with_file_and_line(place: Path, settings: Settings, tmp_path: Path) -> None:
    write_spec(tmp_path / "specs", "good", {"rows": CHECKS["rows"]})
    file = tmp_path / "specs" / "staging" / "good.yml"
    file.write_text(file.read_text().replace("severity:", "severty:"))
    with pytest.raises(ContractError) as caught:
        run_gate(place / "warehouse.duckdb", tmp_path / "specs", tmp_path / "out", settings)
    line = 1 + next(n for n, text in enumerate(file.read_text().splitlines()) if "severty" in text)
    assert caught.value.where == f"specs/staging/good.yml:{line}"
    assert "severty" in caught.value.got


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("content", [None, f"{NAME} is not a database"])
def test_a_file_that_is_no_database_is_refused(
    place: Path, settings: Settings, tmp_path: Path, content: str | None
) -> None:
    if content:
        (tmp_path / "x.duckdb").write_text(content)
    with pytest.raises(GateError) as caught:
        run_gate(tmp_path / "x.duckdb", place / "expectations", tmp_path / "out", settings)
    assert NAME not in str(caught.value)
    assert not (tmp_path / "out" / "quality.json").exists()


@pytest.mark.usefixtures("warm")
def test_verdicts_on_tables_that_have_not_changed_are_taken_over(
    place: Path, settings: Settings, tmp_path: Path, noted: Noted
) -> None:
    for table in ("good", "bad"):
        write_spec(tmp_path / "specs", table, CHECKS)
    whole = run_gate(place / "warehouse.duckdb", tmp_path / "specs", tmp_path / "out", settings)
    told = json.loads((tmp_path / "out" / "quality.json").read_text())
    for result in told["results"]:
        result["unexpected"] = 77  # so that it shows which were taken over
    (tmp_path / "earlier.json").write_text(json.dumps(told))
    known = Known(tmp_path / "earlier.json", frozenset({"staging.bad", "staging.absent"}))
    with ready_gate(settings) as gate:
        found = gate.run(place / "warehouse.duckdb", tmp_path / "specs", tmp_path / "later", None, known)
    assert [(one.table, one.id) for one in found.results] == [(one.table, one.id) for one in whole.results]
    taken = {(one.table, one.type) for one in found.results if one.unexpected == 77}
    assert {table for table, _ in taken} == {"staging.bad"}
    asking = {one.type for one in whole.results} & ASKING_OTHERS
    assert asking
    assert {kind for _, kind in taken} == {one.type for one in whole.results} - asking
