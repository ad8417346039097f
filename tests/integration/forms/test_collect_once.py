"""An answer is asked once and a doubt is put once (一次采集): later forms have both, whoever asks."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from own_layout import say

from installations import Installation, publish, sources_in
from yibiao.contracts import load_schemas
from yibiao.forms import load_forms
from yibiao.forms.collect import Collected, collect
from yibiao.forms.collect.run import TAKEN
from yibiao.forms.holders import Holders
from yibiao.settings import Settings

AT = datetime(2026, 4, 3, 9, 0, tzinfo=UTC)
VISIT, CARE = "civil_affairs.visit", "health.care"
TITLES = {VISIT: "重点人员走访登记表", CARE: "老年人关爱服务登记表"}
HEADERS = {
    VISIT: ("姓名", "公民身份号码", "性别", "婚姻状况", "文化程度", "是否独居", "家庭困难描述"),
    CARE: ("公民身份号码", "姓名", "是否独居", "婚姻状况"),
}
ALONE = "is_living_alone_code"
MONTHLY, PLATE, PLATED = "public_security.resident_collection", "车牌号码", ("新X00001", "新X00002")
"""A form of the schemas that asks what had no element when it was written."""
TOP = 4
"""The row after the headers, as Excel counts."""


@dataclass(frozen=True)
class Round:
    """One form was answered in one of two communities and taken in; a second form asks some of the same.

    Attributes:
        at: the installation after the next run.
        first, second: form and community -> workbook, as filled before and after.
        taken: what became of the answered workbook.
        late: of the other community's, which came back after the contract was written.
        said: by `form contract --write`.
    plated: key -> value of what the form of the schemas asks, filled in after two rows were answered.
    """

    at: Installation
    first: dict[tuple[str, str], Path]
    second: dict[tuple[str, str], Path]
    here: str
    there: str
    taken: Collected
    late: Collected
    said: dict[str, Any]
    plated: dict[str, str]


def draw(form: str, folder: Path) -> Path:
    """A department's own workbook."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = TITLES[form]
    sheet["A2"] = "填报单位："
    for column, header in enumerate(("序号", *HEADERS[form]), start=1):
        sheet.cell(TOP - 1, column).value = header
    for number in range(1, 6):
        sheet.cell(TOP - 1 + number, 1).value = number
    path = folder / f"{TITLES[form]}.xlsx"
    book.save(path)
    return path


def rows_of(form: str, path: Path) -> dict[str, dict[str, Any]]:
    """Key of a row -> header -> cell."""
    sheet = openpyxl.load_workbook(path).worksheets[0]
    headers = [cell.value for cell in sheet[TOP - 1]]
    key = headers.index("行标识")
    rows = [row for row in sheet.iter_rows(min_row=TOP) if row[key].value]
    return {str(row[key].value): {name: row[headers.index(name)] for name in HEADERS[form]} for row in rows}


def cells_of(path: Path, header: str) -> dict[str, Any]:
    """Key of a row -> cell below a header, in a workbook of our own layout."""
    rows = list(openpyxl.load_workbook(path).worksheets[0].iter_rows())
    top = next(place for place, row in enumerate(rows) if any(cell.value == "行标识" for cell in row))
    names = [cell.value for cell in rows[top]]
    key, asked = names.index("行标识"), names.index(header)
    return {str(row[key].value): row[asked] for row in rows[top + 1 :] if row[key].value}


def note(cell: Any) -> str:
    return str(cell.comment.text) if cell.comment else ""


def fill(at: Installation, out: Path, *communities: str) -> dict[tuple[str, str], Path]:
    for community in communities:
        say(at, "form", "fill", *TITLES, "--area", community, "--out", str(out))
    found = {(form, one): next(out.glob(f"{one}*/{TITLES[form]}.xlsx")) for form in TITLES for one in communities}
    assert len(found) == len(TITLES) * len(communities)
    return found


@pytest.fixture(scope="module")
def once_more(few_published: Installation, tmp_path_factory: pytest.TempPathFactory) -> Round:
    folder = tmp_path_factory.mktemp("once_more")
    project = folder / "project"
    shutil.copytree(Path(few_published.sources["YIBIAO_SCHEMAS"]).parent, project)
    file = Path("forms") / f"{MONTHLY.replace('.', '/')}.yml"
    (project / "schemas" / file).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Settings.load().schemas / file, project / "schemas" / file)
    at = replace(few_published.copy(folder), sources=sources_in(project))
    until = f"{date.today().year + 1}-12-31"
    for form in TITLES:
        department = form.partition(".")[0]
        given = ("--department", department, "--owner", "张科长", "--legal-basis", "办法第七条", "--expires", until)
        counts = ("--respondents", "9", "--rows", "300", "--times-a-year", "4", "--entity", "resident", "--id", form)
        means = ["--means", f"是否独居={ALONE}"]
        if form == VISIT:
            means += ["--means", "家庭困难描述=new"]
        say(at, "form", "submit", str(draw(form, folder)), *given, *counts, "--prefill", *means)
        say(at, "form", "approve", form)
    most = at.query(
        "select community_code from resident where community_code is not null and death_date is null"
        " group by 1 order by count(*) desc, 1 limit 2"
    )
    here, there = (one["community_code"] for one in most)
    first = fill(at, folder / "first", here, there)

    def back(name: str, community: str, *answers: tuple[int, str, str]) -> Collected:
        place = folder / name
        place.mkdir()
        path = place / "back.xlsx"
        shutil.copyfile(first[VISIT, community], path)
        book = openpyxl.load_workbook(path)
        sheet = book.worksheets[0]
        for row, header, value in answers:
            sheet.cell(TOP + row, 2 + HEADERS[VISIT].index(header)).value = value
        book.save(path)
        (found,) = collect(at.settings, {}, load_schemas(at.settings.schemas), place, at=AT)
        return found

    answers = ((0, "是否独居", "是"), (1, "是否独居", "否"), (2, "是否独居", "也许"), (0, "家庭困难描述", "腿脚不便"))
    taken = back("back", here, *answers)
    assert taken.state == TAKEN, taken.error
    say(at, "form", "fill", MONTHLY, "--area", here, "--out", str(folder / "month"))
    monthly = next((folder / "month").glob("*/*.xlsx"))
    plates = cells_of(monthly, PLATE)
    plated = dict(zip(plates, PLATED, strict=False))
    for key, value in plated.items():
        assert plates[key].value is None
        plates[key].value = value
    plates[key].parent.parent.save(monthly)
    schemas = load_schemas(at.settings.schemas)
    (answered,) = collect(at.settings, load_forms(at.settings.schemas, schemas), schemas, monthly.parent, at=AT)
    assert answered.state == TAKEN, answered.error
    told = json.loads(say(at, "form", "contract", MONTHLY, "--write", "--json"))
    assert told["new_elements"] == ["vehicle_plate_number"]
    said = json.loads(say(at, "form", "contract", VISIT, "--write", "--json"))
    at.call("contract", "generate")
    late = back("late", there)
    assert publish(at)["state"] == "published"
    return Round(at, first, fill(at, folder / "second", here, there), here, there, taken, late, said, plated)


def test_an_answer_to_a_registered_element_is_taken_in_as_that_element(once_more: Round) -> None:
    assert once_more.taken.cells is not None
    assert (once_more.taken.cells["new"], once_more.taken.cells["refused"]) == (3, 1)
    assert once_more.said["new_elements"] == [ALONE]
    once_more.at.call("contract", "generate", "--check")
    text = Path(once_more.said["file"]).read_text(encoding="utf-8")
    assert f"value: {ALONE}" in text
    assert "name: own_8" in text  # what no element says stays the form's own
    (told,) = once_more.at.query(f"select count({ALONE}) as known, count(distinct {ALONE}) as kinds from resident")
    assert (told["known"], told["kinds"]) == (2, 2)


def test_the_answer_is_filled_in_in_every_form_that_asks_it_with_its_source(once_more: Round) -> None:
    asked = list(rows_of(VISIT, once_more.first[VISIT, once_more.here]))
    for form in TITLES:
        rows = rows_of(form, once_more.second[form, once_more.here])
        assert [rows[key]["是否独居"].value for key in asked[:3]] == ["是", "否", None]
        assert "民政局《重点人员走访登记表（表单回收）》2026-04-03 期" in note(rows[asked[0]]["是否独居"])
        assert not note(rows[asked[0]]["是否独居"]).startswith("请核对")
    assert rows_of(VISIT, once_more.second[VISIT, once_more.here])[asked[0]]["家庭困难描述"].value is None


def test_a_form_of_the_schemas_is_filled_with_what_had_no_element_when_it_was_written(
    once_more: Round, tmp_path: Path
) -> None:
    say(once_more.at, "form", "fill", MONTHLY, "--area", once_more.here, "--out", str(tmp_path))
    plates = cells_of(next(tmp_path.glob("*/*.xlsx")), PLATE)
    assert {key: cell.value for key, cell in plates.items() if cell.value} == once_more.plated
    assert all(note(plates[key]).startswith("来源：公安局《实有人口信息采集表") for key in once_more.plated)
    # Who writes over what was answered here answers anew; nobody else is responsible for it, who would have to accept.
    first, second = once_more.plated
    plates[first].value, plates[second].value = "新X99999", None
    book = plates[first].parent.parent
    path = next(tmp_path.glob("*/*.xlsx"))
    book.save(path)
    schemas, settings = load_schemas(once_more.at.settings.schemas), once_more.at.settings
    (found,) = collect(settings, load_forms(settings.schemas, schemas), schemas, path.parent, at=AT, dry_run=True)
    assert found.cells is not None
    assert (found.cells["new"], found.cells["corrected"], found.cells["refused"]) == (1, 1, 0)


def test_the_list_of_forms_counts_what_a_forms_own_answers_hold(once_more: Round) -> None:
    schemas = load_schemas(once_more.at.settings.schemas)
    asked = load_forms(once_more.at.settings.schemas, schemas)[MONTHLY].fields
    before = sum(bool(Holders(schemas).of(field.fact)) for field in asked)
    (told,) = (one for one in json.loads(say(once_more.at, "form", "list", "--json")) if one["form"] == MONTHLY)
    assert told["fields_held"] == before + 1


def test_a_form_that_went_out_before_its_contract_comes_back_after_it(once_more: Round) -> None:
    assert once_more.late.state == TAKEN
    assert once_more.late.cells is not None
    assert once_more.late.cells["corrected"] == once_more.late.cells["refused"] == 0


def test_what_was_confirmed_once_is_not_asked_again(once_more: Round) -> None:
    doubts = {
        (key, header): cell.value
        for key, row in rows_of(VISIT, once_more.first[VISIT, once_more.here]).items()
        for header, cell in row.items()
        if note(cell).startswith("请核对")
    }
    assert once_more.taken.cells is not None
    assert len(doubts) == once_more.taken.cells["confirmed"] > 0
    for form in TITLES:
        rows = rows_of(form, once_more.second[form, once_more.here])
        for (key, header), value in doubts.items():
            if header in HEADERS[form] and rows[key][header].value == value:
                said = note(rows[key][header])
                assert said.startswith("来源："), header
                assert said.endswith("在《重点人员走访登记表》中核对无误"), header
                assert "；2026-04-03 由" in said
    assert any(header == "婚姻状况" for _, header in doubts)  # the second form asks it too


def test_a_value_that_stands_because_it_was_confirmed_is_not_confirmed_once_more(
    once_more: Round, tmp_path: Path
) -> None:
    shutil.copyfile(once_more.second[VISIT, once_more.here], tmp_path / "again.xlsx")
    schemas = load_schemas(once_more.at.settings.schemas)
    (found,) = collect(once_more.at.settings, {}, schemas, tmp_path, at=AT, dry_run=True)
    yellow = [
        cell
        for row in rows_of(VISIT, once_more.second[VISIT, once_more.here]).values()
        for cell in row.values()
        if note(cell).startswith("请核对")
    ]
    assert found.cells is not None
    assert found.cells["confirmed"] == len(yellow)
    assert found.cells["corrected"] == found.cells["refused"] == 0
