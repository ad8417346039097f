"""`yibiao form submit|approve|reject|renew|retire|show|list|check` and `yibiao burden`, as a clerk uses them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import yibiao.contracts
import yibiao.forms
from admissions import asked
from own_workbooks import draw_own_form
from yibiao.cli.root import root
from yibiao.control.usage import record_usage
from yibiao.errors import AdmissionError
from yibiao.forms.account.page import page
from yibiao.forms.account.report import report
from yibiao.forms.admission import standings
from yibiao.forms.admission.fields import SAID_NEW, Assessor
from yibiao.forms.admission.printed import recognise
from yibiao.forms.admission.request import Request, of_file, of_form, renewed
from yibiao.forms.count import Counts
from yibiao.forms.returns import Return, record_return, returns
from yibiao.forms.template import write_template
from yibiao.forms.workbook.own import own_forms
from yibiao.settings import Settings

FORM = "housing.dangerous_houses"
LATER = f"{date.today().year + 1}-12-31"
GIVEN = ("--department", "housing", "--owner", "张科长", "--legal-basis", "办法第七条", "--expires", LATER)


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.delenv("YIBIAO_CONTROL_URL", raising=False)
    monkeypatch.setenv("YIBIAO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def run(home, schemas, forms, monkeypatch):
    """The command, with schemas that were read once."""
    monkeypatch.setattr(yibiao.contracts, "load_schemas", lambda _: schemas)
    monkeypatch.setattr(yibiao.forms, "load_forms", lambda *_: forms)

    def call(*arguments: str, fails: bool = False):
        result = CliRunner().invoke(root, list(arguments))
        assert (result.exit_code != 0) == fails, result.output + result.stderr
        return result

    return call


@pytest.fixture
def template(forms, schemas, tmp_path) -> Path:
    path = tmp_path / "城镇危旧房屋排查台账.xlsx"
    write_template(forms[FORM], schemas, path)
    return path


def test_a_file_is_kept_with_the_rows_that_it_is_about(run, home, tmp_path, schemas):
    path = draw_own_form(tmp_path / "走访.xlsx")
    living = "resident.death_date is null and resident.sex_code = '2'"
    given = ("--id", "housing.visit", "--respondents", "9", "--times-a-year", "4", "--where", living)
    for where, why in (("resident.birth_date < now()", "literals only"), ("resident.nothing = '1'", "nothing that is")):
        told = run("form", "submit", str(path), *GIVEN, *given[:-1], where, "--entity", "resident", fails=True)
        assert why in told.stderr
    assert "--where needs --entity" in run("form", "submit", str(path), *GIVEN, *given, fails=True).stderr
    assert "可按原样预填" in run("form", "submit", str(path), *GIVEN, *given, "--entity", "resident").stdout
    own = own_forms(Settings.load(home=home), schemas, ["housing.visit"])["housing.visit"]
    assert own.path.read_bytes() == path.read_bytes()
    assert own.form.rows.where == living
    assert [one.element for one in own.form.fields if one.wording] == ["sex_code"]
    run("form", "reject", "housing.visit", "--reason", "说明口径")
    old = write_template_of(tmp_path / "走访.csv")
    said = run("form", "submit", str(old), *GIVEN, *given[:-2], "--entity", "resident").stdout
    assert "不能按原样预填" in said
    assert "Save the form as .xlsx" in said


def write_template_of(path: Path) -> Path:
    path.write_text("姓名,公民身份号码,车牌号码\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def assessor(schemas):
    return Assessor(Settings.load().schemas, schemas)


def test_the_way_of_a_form_from_submission_to_its_end(run, home, template, tmp_path):
    counts = ("--respondents", "200", "--rows", "640", "--times-a-year", "4")
    said = run("form", "submit", str(template), *GIVEN, *counts, "--id", "housing.survey", "--by", "住建局").stdout
    assert "可以拒填" in said
    assert "第十九条第一款" in said
    assert "住房和城乡建设局（housing.dwelling_register" in said
    refused = run("form", "approve", "housing.survey", fails=True).stderr
    assert "不得向公民、法人和其他组织重复收集" in refused
    assert "房屋坐落" in refused
    run("form", "reject", "housing.survey", "--reason", "先删去已有的")
    again = run("form", "submit", str(template), *GIVEN, *counts, "--id", "housing.survey", "--prefill", "--json")
    made = json.loads(again.stdout)
    modes = {field["key"]: field["mode"] for field in made["pending"]["fields"]}
    assert modes["房屋编码"] == "automatic"
    assert modes["隐患描述"] == "typed"
    assert made["pending"]["seconds"] < made["pending"]["seconds_by_hand"]
    left = [field["key"] for field in made["pending"]["fields"] if field["refused"]]
    assert left == []
    doubtful = [field["key"] for field in made["pending"]["fields"] if field["verdict"] == "ask"]
    if doubtful:
        run("form", "reject", "housing.survey", "--reason", "说明不清的栏目")
        means = [part for key in doubtful for part in ("--means", f"{key}=new")]
        run("form", "submit", str(template), *GIVEN, *counts, "--id", "housing.survey", "--prefill", *means)
    approved = json.loads(run("form", "approve", "housing.survey", "--reason", "需要", "--json").stdout)
    number = approved["control_number"]
    assert re.fullmatch(r"YB-\d{4}-0001-[\dX]", number)

    listed = json.loads(run("form", "list", "--json").stdout)
    assert len(listed) == 46
    row = next(row for row in listed if row["form"] == "housing.survey")
    assert (row["state"], row["control_number"], row["expires"], row["may_decline"]) == (
        "approved",
        number,
        LATER,
        False,
    )
    assert "45 张表没有有效的准入编号，可以拒填" in run("form", "list").stdout
    shown = run("form", "show", number).stdout
    assert "先删去已有的" in shown
    assert "住建局" in shown
    assert [words in shown for words in ("submit 送审", "reject 退回", "approve 批准")] == [True] * 3
    assert run("form", "check", str(template)).stdout.rstrip().splitlines()[-1].startswith(f"准入编号：{number}")

    run("form", "retire", "housing.survey", "--reason", "不用了")
    told = run("form", "check", str(template), "--json")
    assert isinstance(json.loads(told.stdout), list)
    assert "可以拒填" in told.stderr
    run("form", "renew", "housing.survey", "--expires", LATER, "--reason", "续", fails=True)


def test_the_list_shows_an_expired_form_as_one_that_may_be_declined(run, home, monkeypatch):
    run("form", "submit", FORM, *GIVEN, "--respondents", "20", "--prefill")
    run("form", "approve", FORM)
    line = next(one for one in run("form", "list").stdout.splitlines() if FORM in one)
    assert "有效 YB-" in line
    assert "可以拒填" not in line

    day = datetime(date.today().year + 2, 1, 1, tzinfo=UTC)
    monkeypatch.setattr("yibiao.forms.admission.registry.now", lambda: day)
    line = next(one for one in run("form", "list").stdout.splitlines() if FORM in one)
    assert "已过期 可以拒填" in line
    assert "YB-" not in line
    row = next(one for one in json.loads(run("form", "list", "--json").stdout) if one["form"] == FORM)
    assert (row["state"], row["control_number"], row["may_decline"]) == ("expired", None, True)


def test_what_nobody_used_is_proposed_for_retirement_and_retired_by_nobody(run, home, monkeypatch):
    run("form", "submit", FORM, *GIVEN, "--respondents", "20", "--prefill")
    run("form", "approve", FORM)
    refused = run("form", "propose-retire", "--months", "6", fails=True).stderr
    assert refused.startswith("使用记录还没有这么久")

    settings = Settings.load(home=home)
    record_usage(settings, ["resident"], kind="query", via="query", version="v")
    day = datetime(date.today().year + 1, 6, 1, tzinfo=UTC)
    monkeypatch.setattr("yibiao.forms.admission.registry.now", lambda: day)
    told = json.loads(run("form", "propose-retire", "--months", "3", "--json").stdout)
    assert [(one["kind"], one["name"]) for one in told] == [("form", FORM)]
    assert "没有收回，也没有下发" in told[0]["reason"]
    listed = json.loads(run("form", "list", "--unused", "3", "--json").stdout)
    assert [one["form"] for one in listed] == [FORM]
    assert standings(settings, day.date())[FORM].state == "approved"


def test_a_form_that_nobody_submitted_is_shown_as_one_that_may_be_declined(run, home):
    assert "未登记" in run("form", "show", FORM).stdout
    assert "可以拒填" in run("form", "show", FORM).stdout
    assert "`housing.dangerous_houses`" in run("form", "show", "housing.dangerous_house", fails=True).stderr
    assert not home.exists()


def test_a_template_says_what_it_is(run, tmp_path):
    from yibiao.matching.reading import read_form

    run("form", "template", FORM, "--out", str(tmp_path / "out"))
    (path,) = (tmp_path / "out").rglob("*.xlsx")
    assert "可以拒填" in "".join(recognise_text(path))
    assert len(read_form(path)[0].fields) >= 20


def recognise_text(path: Path) -> list[str]:
    from openpyxl import load_workbook

    return [str(cell.value) for row in load_workbook(path).active for cell in row if cell.value]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--expires", "2027-02-30"), "does not match"),
        (("--expires", "2001-01-01"), "cannot expire"),
        (("--mode", "房屋编码"), "FIELD=VALUE"),
        (("--mode", "房屋编码=guessed"), "none of"),
        (("--mode", "隐患描述=automatic"), "Nobody holds"),
        (("--mode", "没有的栏=typed"), "no such field"),
        (("--means", "房屋编码=new"), "not in doubt"),
        (("--means", "隐患描述=no_such_element"), "no data element"),
        (("--department", "health"), "another department"),
        (("--owner", " "), "answers for it"),
        (("--times-a-year", "400"), "cannot be"),
        (("--respondents", "0"), "range"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(run, home, arguments, what):
    result = run("form", "submit", FORM, *GIVEN, "--respondents", "20", *arguments, fails=True)
    assert what in result.stderr
    assert standings(Settings.load(home=home)) == {}


def test_without_counts_and_without_a_release_there_is_no_burden(run):
    assert "--respondents" in run("form", "submit", FORM, *GIVEN, fails=True).stderr


def test_a_file_that_is_not_there_is_no_unknown_form(run):
    for name in ("某表.xlsx", "data/某表"):
        assert "no file" in run("form", "submit", name, *GIVEN, fails=True).stderr


def test_files_that_hold_no_form_are_refused(run, tmp_path):
    (tmp_path / "空.csv").write_text("")
    (tmp_path / "图.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    for name in ("空.csv", "图.xlsx"):
        result = run("form", "submit", str(tmp_path / name), *GIVEN, "--respondents", "20", fails=True)
        assert "DeliveryError" in result.stderr
        assert "Traceback" not in result.stderr


def test_the_id_of_a_form_in_a_file_follows_from_its_title(template, assessor, schemas, tmp_path):
    request = Request("housing", "张科长", "办法", date(2027, 1, 1), respondents=9, times_a_year=1)
    made = of_file(template, request, assessor, schemas)
    assert re.fullmatch(r"housing\.form_[0-9a-f]{8}", made.form)
    assert made.rows == made.respondents == 9
    with pytest.raises(AdmissionError, match="id of a form"):
        of_file(template, replace(request, form="health.survey"), assessor, schemas)
    with pytest.raises(AdmissionError, match="department"):
        of_file(template, replace(request, department="houses"), assessor, schemas)


def test_what_somebody_filled_in_is_neither_kept_nor_printed(run, home, tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    rows = (
        ("王小明的事",),
        ("姓名", "张三丰"),
        ("身份证号", "999901199001011234"),
        ("住址", "某镇某村一组"),
        ("备注", ""),
    )
    for row in rows:
        book.active.append(row)
    path = tmp_path / "走访.xlsx"
    book.save(path)
    counts = ("--respondents", "9", "--times-a-year", "1")
    made = run("form", "submit", str(path), *GIVEN, *counts, "--json").stdout
    kept = b"".join(file.read_bytes() for file in home.glob("control.db*"))
    for value in ("张三丰", "999901199001011234", "某镇某村", "王小明"):
        assert value not in made
        assert value.encode() not in kept
        assert json.dumps(value).strip('"').encode() not in kept
    assert json.loads(made)["pending"]["title"] == "走访"


def test_a_file_is_recognised_by_its_number_its_bytes_or_its_title(run, home, template, forms, schemas, tmp_path):
    run("form", "submit", FORM, *GIVEN, "--respondents", "20", "--prefill")
    run("form", "approve", FORM)
    known = standings(Settings.load(home=home))
    number = known[FORM].control_number

    def file(name: str, *notes: str, of: str = FORM) -> Path:
        path = tmp_path / f"{name}.xlsx"
        write_template(replace(forms[of], notes=notes), schemas, path)
        return path

    title = forms[FORM].title
    assert recognise(file("有编号", f"准入编号：{number}"), title, known).problem is None
    assert recognise(file("无编号"), title, known).problem is None  # by its title
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    assert "校验位" in recognise(file("错编号", f"编号 {wrong}"), title, known).notice
    assert "没有登记" in recognise(file("假编号", "编号 YB-2020-0001-8"), title, known).notice
    other = file("别的表", f"准入编号：{number}", of="health.child_0_3")
    assert "属于另一张表" in recognise(other, forms["health.child_0_3"].title, known).notice
    assert recognise(file("没登记", of="health.child_0_3"), "别的", known).may_decline
    expired = standings(Settings.load(home=home), date(2099, 1, 1))
    assert "已失效" in recognise(file("过期", f"准入编号：{number}"), title, expired).notice


def test_a_renewal_estimates_anew_and_judges_by_what_is_held_now(forms, schemas, assessor):
    one = forms[FORM]
    request = Request("housing", "张科长", "办法", date(2027, 1, 1), prefill=True)
    counts = Counts(28, tuple(21 if field.element else 0 for field in one.fields), 25)
    first = of_form(one, request, assessor, schemas, counts)
    # A field that nobody held when it was registered, and a report has by now.
    stale = replace(
        first, fields=tuple(replace(f, verdict="new", held_by=(), mode="typed", known=None) for f in first.fields)
    )
    assert not stale.refused
    again = renewed(stale, assessor, rows=56, respondents=50)
    assert {one.key for one in again.refused} == {one.key for one in first.fields if one.supplied}
    # What nobody could name then is matched once more, and what the department said stays.
    unnamed = [
        asked("身份证号码"),
        asked("家庭住址", reasons=(SAID_NEW,)),
        asked("无人知晓的一栏"),
    ]
    later = renewed(replace(first, fields=tuple(unnamed), title="居民登记表"), assessor)
    assert [one.element for one in later.fields] == ["citizen_id", None, None]
    assert [one.key for one in later.refused] == ["身份证号码"]
    # Whoever registers a form of one benefit is not told to take what only lists of others hold, then or later.
    visit = forms["veterans.preferential_visit"]
    asking = Request("veterans", "张科长", "办法", date(2027, 1, 1), prefill=True)
    visited = of_form(visit, asking, assessor, schemas, Counts(28, (21,) * len(visit.fields), 25))
    assert [renewed(visited, assessor, rows).refused == () for rows in (visit.rows, None)] == [True, False]
    filled = renewed(first, assessor, rows=56, respondents=50)
    assert (filled.rows, filled.fields[0].known) == (56, 42)
    assert filled.seconds > first.seconds
    assert not filled.refused


def test_the_account_as_table_json_and_page(run, home, tmp_path):
    run("form", "submit", FORM, *GIVEN, "--respondents", "20")
    run("form", "reject", FORM, "--reason", "已有的不再问")
    run("form", "submit", FORM, *GIVEN, "--respondents", "20", "--prefill")
    made = json.loads(run("form", "approve", FORM, "--json").stdout)
    settings = Settings.load(home=home)
    fields = len(made["registration"]["fields"])
    record_return(settings, Return(FORM, made["control_number"], "999901001001", "2026-02", 2, 2 * fields - 8, 0, 3, 5))
    found = json.loads(run("burden", "report", "--json").stdout)
    change = found["total"]["registered"]["change"]
    assert change["total"] == sum(change[part] for part in ("forms", "fields", "mode", "estimation")) < 0
    assert found["total"]["registered"]["percent"] < 0
    assert found["total"]["actual"]["returns"] == 1
    assert "公式 formula 1" in run("burden", "report", "--by", "month").stdout
    by_month = json.loads(run("burden", "report", "--by", "month", "--json").stdout)
    assert by_month["lines"][-1]["registered"] == by_month["total"]["registered"] == found["total"]["registered"]
    for by in ("month", "community"):
        note = json.loads(run("burden", "report", "--by", by, "--json").stdout)["note"]
        assert note in "".join(run("burden", "report", "--by", by).stdout.split("\n"))
    before = json.loads(
        run("burden", "report", "--by", "month", "--from", "2025-11-30", "--to", "2026-02-01", "--json").stdout
    )
    assert [line["key"] for line in before["lines"]] == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert {line["registered"]["percent"] for line in before["lines"]} == {None}
    path = tmp_path / "账.html"
    run("burden", "report", "--html", str(path))
    assert_needs_nothing_else(path.read_text())
    assert_prints_and_scrolls(path.read_text())
    assert "<script>" not in page_of(settings, schemas_name="<script>alert(1)</script>")
    saved = json.loads(run("burden", "simulate", "--drop", f"{FORM}:隐患描述", "--json").stdout)
    assert saved["change"]["fields"] == saved["change"]["total"] == -20 * 4 * 15
    assert run("burden", "simulate", fails=True).exit_code == 2
    assert "no form" in run("burden", "simulate", "--drop", "x", "--home", str(tmp_path / "new"), fails=True).stderr


def test_an_account_without_forms_says_how_to_register_one(run, home, tmp_path):
    path = tmp_path / "账.html"
    assert "yibiao form submit" in run("burden", "report", "--html", str(path)).stdout
    assert "yibiao form submit" in path.read_text()
    run("form", "submit", FORM, *GIVEN, "--respondents", "20", "--prefill")
    run("form", "approve", FORM)
    assert "yibiao form submit" not in run("burden", "report", "--html", str(path)).stdout
    assert "yibiao form submit" not in path.read_text()


def page_of(settings: Settings, schemas_name: str) -> str:
    today = standings(settings)
    return page(report("form", None, date(2099, 1, 1), {}, today, returns(settings), lambda *_: schemas_name))


def assert_needs_nothing_else(html: str) -> None:
    assert html.startswith("<!DOCTYPE html>")
    assert 'lang="zh-CN"' in html
    assert "<script" not in html
    addresses = set(re.findall(r"https?://[^\"' <)]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # the name of the SVG namespace, which nobody fetches
    assert not re.findall(r"\b(src|href|@import|url)\b\s*[=(]", html)
    for chart in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        ElementTree.fromstring(chart)
    assert html.count("<svg") >= 3


def assert_prints_and_scrolls(html: str) -> None:
    """Names of forms stay on a line (they took nine pages of two characters a line), colours are printed, and a narrow
    screen scrolls charts and table instead of shrinking them."""
    style = html[html.index("<style>") : html.index("</style>")]
    assert re.search(r"td:first-child \{[^}]*min-width: 1\dem", style)
    printed = style[style.index("@media print") :]
    assert "print-color-adjust: exact" in printed
    assert ".wide { overflow: visible; }" in printed
    assert html.count("<svg") == html.count('<div class="wide"><svg')
    assert html.count("<table>") == html.count('<div class="wide"><table>') == 1


def test_an_account_without_forms_or_returns_says_so(run):
    said = run("burden", "report").stdout
    assert "不给[1]" in said
    assert "[1] 不给百分比 no percentage：基数为零" in said
