"""Forms filled from the published district for the community with most residents, and the means to send them back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from forms_filled import CHOSEN, ROSTER, FilledForms
from own_layout import VISIT, OwnForms, say

from installations import Installation
from own_workbooks import TITLE, draw_own_form
from yibiao.contracts import load_schemas
from yibiao.forms import load_forms
from yibiao.forms.count import last_day
from yibiao.forms.fill import fill_forms
from yibiao.forms.fill.areas import communities
from yibiao.forms.fill.run import Order
from yibiao.warehouse.releases import need_current


@pytest.fixture(scope="session")
def filled(published: Installation, tmp_path_factory: pytest.TempPathFactory) -> FilledForms:
    """Some forms for every community of the district, filled in this process."""
    settings = published.settings
    schemas = load_schemas(settings.schemas)
    forms = {name: form for name, form in load_forms(settings.schemas, schemas).items() if name in CHOSEN}
    release = need_current(settings)
    out = tmp_path_factory.mktemp("filled")
    as_of = last_day(release.database)
    order = Order(
        database=release.database,
        version=release.version,
        as_of=as_of,
        schemas=schemas,
        forms=forms,
        areas=tuple(communities(schemas, "999901")),
        out=out,
        numbers={ROSTER: "YB-2026-0001-6"},
        notices={ROSTER: "准入编号：YB-2026-0001-6，有效期至 2027-12-31"},
        spill=out / "spill",
    )
    made = {one.form: one for one in fill_forms(order)}
    (most,) = published.query(
        "select community_code from resident where community_code is not null and death_date is null"
        " group by 1 order by count(*) desc, 1 limit 1"
    )
    return FilledForms(published, schemas, forms, made, most["community_code"], release.version, as_of)


@pytest.fixture
def sent_back(filled: FilledForms, tmp_path: Path) -> Callable[..., Path]:
    """`sent_back(form, change)`: a folder with one workbook that somebody changed through `change(book, sheet)`."""

    def send(
        form: str, change: Callable[..., None] | None = None, name: str = "back.xlsx", community: str = ""
    ) -> Path:
        folder = tmp_path / "back"
        folder.mkdir(exist_ok=True)
        shutil.copyfile(filled.path(form, community), folder / name)
        if change is not None:
            book = openpyxl.load_workbook(folder / name)
            change(book, book.worksheets[0])
            book.save(folder / name)
        return folder

    return send


@pytest.fixture
def column_of(filled: FilledForms) -> Callable[[str, str], int]:
    """`column_of(form, header)`: the column (1-based) of a field."""

    def find(form: str, header: str) -> int:
        return 2 + [one.header for one in filled.forms[form].fields].index(header)

    return find


@pytest.fixture(scope="session")
def own_forms(published: Installation, tmp_path_factory: pytest.TempPathFactory) -> OwnForms:
    """A department's workbook with pictures, shapes, a chart, formulas and macros, from submission to filling."""
    folder = tmp_path_factory.mktemp("own")
    at = published.copy(folder, data=published.data)
    source = draw_own_form(folder / "走访登记表.xlsm", macros=True)
    later = f"{date.today().year + 1}-12-31"
    given = ("--department", "public_security", "--owner", "张科长", "--legal-basis", "办法第七条", "--expires", later)
    counts = ("--respondents", "9", "--rows", "300", "--times-a-year", "4", "--entity", "resident", "--id", VISIT)
    said = say(at, "form", "submit", str(source), *given, *counts, "--prefill", "--title", TITLE)
    fields = json.loads(say(at, "form", "show", VISIT, "--json"))["pending"]["fields"]
    doubtful = [one["key"] for one in fields if one["verdict"] == "ask"]
    if doubtful:
        say(at, "form", "reject", VISIT, "--reason", "说明不清的栏目")
        means = [part for key in doubtful for part in ("--means", f"{key}=new")]
        said = say(at, "form", "submit", str(source), *given, *counts, "--prefill", "--title", TITLE, *means)
    shown = json.loads(say(at, "form", "approve", VISIT, "--json"))
    out = folder / "out"
    say(at, "form", "fill", VISIT, "--area", "999901", "--out", str(out))
    (most,) = at.query(
        "select community_code from resident where community_code is not null and death_date is null"
        " group by 1 order by count(*) desc, 1 limit 1"
    )
    files = {path.parent.name[:12]: path for path in out.glob("*/*")}
    schemas = load_schemas(at.settings.schemas)
    return OwnForms(at, schemas, source, files, most["community_code"], shown["control_number"], said)
