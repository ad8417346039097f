"""A contract file says which class of repair applies, and one and the same workbook is taken, held or refused by it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from installations import PROJECT
from slip_helpers import mend
from workbooks import Sheet, write
from yibiao.cli.root import root
from yibiao.contracts import load_schemas
from yibiao.contracts.draft.contract import draft_contract
from yibiao.ingest import IngestOutcome, ingest_report
from yibiao.quarantine.workbook import ADOPT, DATA_SHEET, HEADER_ROW, YES
from yibiao.settings import Settings

REPORT = "civil_affairs.meal_card"
HEADER = ["卡号", "老人姓名", "联系电话", "补贴金额(元)"]
CARD, NAME, PHONE, AMOUNT = HEADER
AGREED = {f"{ADOPT}（填“{YES}”）": YES}


def _rows(count: int = 24) -> list[list[Any]]:
    return [
        [f"{number:06d}", f"王{'甲乙丙丁戊己'[number % 6]}", f"1390000{number:04d}", 100 + number]
        for number in range(1, count + 1)
    ]


def _book(path: Path, rows: list[list[Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write(path, {"登记表": Sheet([["助餐卡发放登记表"], HEADER, *rows])})


class Place:
    """An installation with one report, whose contract `contract init` drafted from a good workbook."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings.load()
        assert self.settings.home == folder / "home", "the environment names the folders"
        shutil.copytree(PROJECT / "schemas", self.settings.schemas, ignore=shutil.ignore_patterns("reports", "forms"))
        (self.settings.schemas / "forms").mkdir()
        shutil.copytree(PROJECT / "dbt_project" / "macros", self.settings.dbt_project / "macros")
        self._contract = self.settings.schemas / "reports" / "civil_affairs" / "meal_card.odcs.yml"
        self._contract.parent.mkdir(parents=True)
        sample = _book(folder / "sample" / "助餐卡_202512.xlsx", _rows())
        self._draft = draft_contract([sample], REPORT, load_schemas(self.settings.schemas)).text
        self._rows: list[list[Any]] = []

    def ingest(self, on_repair: str, rows: list[list[Any]]) -> IngestOutcome:
        """Read the workbook by the contract with this `onRepair`, from the file on the disk."""
        said = f"  - {{property: onRepair, value: {on_repair}}}\n" if on_repair else ""
        self._contract.write_text(self._draft.replace("schema:\n", f"{said}schema:\n"), encoding="utf-8")
        workbook = self.settings.data / "civil_affairs" / "meal_card" / "助餐卡_202601.xlsx"
        if rows != self._rows:  # a workbook holds when it was written: a second one of these rows is another delivery
            _book(workbook, rows)
            self._rows = [list(row) for row in rows]
        return ingest_report(load_schemas(self.settings.schemas).reports[REPORT], self.settings)

    def told(self, *arguments: str) -> Any:
        """What a command prints as JSON."""
        done = CliRunner().invoke(root, [*arguments, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def run(self, *arguments: str) -> str:
        done = CliRunner().invoke(root, arguments)
        assert done.exit_code == 0, done.output
        return done.stdout


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    for name in ("home", "data", "schemas", "dbt_project", "expectations", "dags"):
        monkeypatch.setenv(f"YIBIAO_{name.upper()}", str(tmp_path / name))
    return Place(tmp_path)


def _accepted(outcome: IngestOutcome) -> dict[str, dict[str, str]]:
    (load,) = outcome.loaded
    rows = pq.read_table(load.folder / "accepted.parquet").to_pylist()
    return {row["_row"]: row for row in rows}


def _slip(path: Path) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(path)[DATA_SHEET]
    headers = [cell.value for cell in sheet[HEADER_ROW + 1]]
    return [dict(zip(headers, row, strict=True)) for row in sheet.iter_rows(min_row=HEADER_ROW + 2, values_only=True)]


LOST_ZEROS = _rows()
LOST_ZEROS[4][0] = 5  # 000005, typed into a cell that is no text


def test_a_safe_repair_is_made_and_the_row_taken(place: Place) -> None:
    outcome = place.ingest("{leadingZeros: safe}", LOST_ZEROS)

    (load,) = outcome.loaded
    assert load.manifest["counts"] == {"read": 24, "accepted": 24, "quarantined": 0}
    assert load.manifest["repairs"] == {"leading_zeros": 1}
    assert _accepted(outcome)[5]["ka_hao"] == "000005"
    assert place.told("quarantine", "list") == []


@pytest.mark.parametrize("said", ["{leadingZeros: ask}", ""], ids=["as the contract says", "by default"])
def test_a_repair_to_ask_about_goes_to_the_sender_and_comes_back(place: Place, tmp_path: Path, said: str) -> None:
    outcome = place.ingest(said, LOST_ZEROS)

    (load,) = outcome.loaded
    assert load.manifest["counts"] == {"read": 24, "accepted": 23, "quarantined": 1}
    assert load.manifest["rules"] == {"ka_hao.leading_zeros": 1}
    assert load.manifest["repairs"] == {}
    assert 5 not in _accepted(outcome)
    slip = tmp_path / "slip.xlsx"
    place.run("quarantine", "export", load.manifest["load_id"], "--out", str(slip))
    (row,) = _slip(slip)
    assert (row["行号"], row[CARD], row["修改建议"]) == ("5", "5", f"{CARD}：000005")
    assert "开头的零" in row["问题说明"]

    back = place.told("quarantine", "replay", str(mend(slip, {5: AGREED})))
    assert (back["resolved"], back["open"], back["closed"]) == ([5], 0, True)
    (load_now,) = place.told("load", "list")
    assert (load_now["read"], load_now["accepted"], load_now["quarantined"]) == (24, 23, 1)
    (rule,) = place.told("quarantine", "list")
    assert (rule["open"], rule["resolved"], rule["rejected"]) == (0, 1, 0)


def test_a_rejected_repair_refuses_the_workbook_until_it_is_mended(place: Place) -> None:
    outcome = place.ingest("{leadingZeros: reject}", LOST_ZEROS)

    assert outcome.loaded == ()
    (error,) = outcome.errors
    assert error.where == "助餐卡_202601.xlsx, column 卡号, first in data row 5"
    assert "Ask the sender to mend them" in str(error)
    assert place.told("load", "list") == []
    mended = place.ingest("{leadingZeros: reject}", _rows())
    assert [load.manifest["counts"]["accepted"] for load in mended.loaded] == [24]


def test_a_changed_class_reads_the_delivery_again(place: Place) -> None:
    place.ingest("{leadingZeros: ask}", LOST_ZEROS)
    again = place.ingest("{leadingZeros: safe}", LOST_ZEROS)

    assert [load.manifest["counts"]["accepted"] for load in again.loaded] == [24]
    assert [load["accepted"] for load in place.told("load", "list")] == [24]


def test_a_contract_with_classes_of_repair_passes_lint_and_generates_its_model(place: Place) -> None:
    place.ingest("{leadingZeros: safe, lostDigits: reject}", _rows())

    assert "0 errors" in place.run("contract", "lint")
    place.run("contract", "generate")
    assert list((place.settings.dbt_project / "models" / "staging").rglob("stg_civil_affairs__meal_card.sql"))
    assert (place.settings.dags / "index.json").is_file()


def _several_flaws(rows: list[list[Any]]) -> None:
    rows[7][0] = 8
    rows[7][2] = 13900000008
    rows[7][3] = "1,108"


def _spaces(rows: list[list[Any]]) -> None:
    rows[7][2] = " 1390000０008 "


@pytest.mark.parametrize(
    ("said", "spoil", "proposals"),
    [
        (
            "{textAsNumber: ask, numberAsText: ask}",
            _several_flaws,
            {"ka_hao.leading_zeros": f"{CARD}：000008", "mobile_phone.text_as_number": f"{PHONE}：13900000008"}
            | {"benefit_amount.number_as_text": f"{AMOUNT}：1108"},
        ),
        (
            "{spaces: ask, fullWidth: ask}",
            _spaces,
            {"mobile_phone.spaces": f"{PHONE}：13900000008", "mobile_phone.full_width": f"{PHONE}：13900000008"},
        ),
    ],
    ids=["several cells", "two repairs of one cell"],
)
def test_everything_that_is_asked_about_a_row_stands_on_the_slip_and_can_be_agreed_to(
    place: Place, tmp_path: Path, said: str, spoil: Callable[[list[list[Any]]], None], proposals: dict[str, str]
) -> None:
    rows = _rows()
    spoil(rows)

    (load,) = place.ingest(said, rows).loaded

    assert load.manifest["counts"] == {"read": 24, "accepted": 23, "quarantined": 1}
    assert load.manifest["rules"] == dict.fromkeys(proposals, 1)
    slip = tmp_path / "slip.xlsx"
    place.run("quarantine", "export", load.manifest["load_id"], "--out", str(slip))
    (row,) = _slip(slip)
    assert all(proposal in row["修改建议"] for proposal in proposals.values()), row["修改建议"]
    back = place.told("quarantine", "replay", str(mend(slip, {8: AGREED})))
    assert (back["resolved"], back["open"]) == ([8], 0)
