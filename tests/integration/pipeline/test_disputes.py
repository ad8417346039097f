"""Disagreements are counted by pair of departments, and every department gets the list of its own."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from installations import Installation
from yibiao.contracts import Report, Schemas, load_registry, load_schemas
from yibiao.warehouse.disputes import HIDDEN


def claims(published: Installation, entity: str) -> list[dict[str, Any]]:
    return published.query(f"select * from {entity}_conflict")


@pytest.fixture(scope="module")
def lost(published: Installation) -> list[tuple[str, str, str, str]]:
    """Element, department whose value is used, department that stated another, that value; counted by hand."""
    found = []
    for entity in ("resident", "household", "dwelling", "organisation", "benefit", "event"):
        rows = claims(published, entity)
        kept = {(row[f"{entity}_id"], row["element"]): row for row in rows if row["is_chosen"]}
        for row in rows:
            used = kept[row[f"{entity}_id"], row["element"]]
            if row["value"] != used["value"]:
                found.append((row["element"], used["department"], row["department"], row["value"]))
    return found


def test_pairs_of_departments_are_counted(published: Installation, lost: list[tuple[str, ...]]) -> None:
    told = json.loads(published.run("conflict", "list", "--json").stdout)
    counted: Counter[tuple[str, ...]] = Counter()
    for one in told:
        counted[one["element"], one["kept"], one["lost"]] += one["claims"]
        assert 0 < one["cells"] <= one["claims"]
    assert counted == Counter((element, kept, other) for element, kept, other, _ in lost)
    assert [one["cells"] for one in told] == sorted((one["cells"] for one in told), reverse=True)
    of_health = json.loads(published.call("conflict", "list", "--department", "health", "--json").stdout)
    assert of_health == [one for one in told if "health" in (one["kept"], one["lost"])]
    assert "卫生健康委" in published.call("conflict", "list").stdout


@pytest.mark.parametrize("department", ["health", "public_security"])
def test_a_department_gets_its_own_rows_to_look_at_again(
    published: Installation, lost: list[tuple[str, ...]], department: str, tmp_path: Path
) -> None:
    made = json.loads(
        published.call("conflict", "export", "--department", department, "--out", str(tmp_path), "--json").stdout
    )
    schemas = load_schemas(published.settings.schemas)
    shown: Counter[tuple[str, str]] = Counter()
    for one in made:
        sheet = openpyxl.load_workbook(one["file"])["更正清单"]
        rows = list(sheet.iter_rows(min_row=3, values_only=True))
        header = rows[0]
        assert header[:6] == ("期", "文件", "行号", "贵单位主键", "数据项", "贵单位填报")
        keys = own_keys(published, schemas.reports[one["report"]])
        assert len(rows) - 1 == one["rows"]
        for row in rows[1:]:
            cells = dict(zip(header, row, strict=True))
            shown[cells["数据项"], cells["贵单位填报"]] += 1
            assert cells["贵单位填报"] != cells["现采用"]
            assert cells["采用自"] in {known.name for known in schemas.departments.values()}
            assert cells["贵单位主键"] == keys[cells["文件"], int(cells["行号"])] != ""
        assert Path(one["file"]).stat().st_mode & 0o077 == 0
    assert shown == Counter(
        (schemas.elements[element].name, named(schemas, element, value))
        for element, _, other, value in lost
        if other == department
    )
    assert any(" " in value for _, value in shown), "no code was shown with its name"


def own_keys(published: Installation, report: Report) -> dict[tuple[str, int], str]:
    """(file, row) -> what its key columns say in the delivery."""
    found = {}
    for folder in published.home.glob(f"lake/{report.department}/{report.name}/load=*"):
        file = json.loads((folder / "manifest.json").read_bytes())["delivery"]["name"]
        for name in ("accepted", "quarantine"):
            for row in pq.read_table(folder / f"{name}.parquet", columns=["_row", *report.key]).to_pylist():
                found[file, row["_row"]] = " / ".join((row[one] or "").strip() for one in report.key)
    return found


def named(schemas: Schemas, element: str, value: str) -> str:
    code_list = schemas.elements[element].code_list
    names = {code.code: code.name for code in schemas.codes[code_list].codes} if code_list else {}
    return f"{value} {names[value]}" if value in names else value


def test_a_sensitive_value_of_another_department_is_not_shown(published: Installation, tmp_path: Path) -> None:
    from yibiao.warehouse import disputes

    registry = load_registry(published.settings.schemas)
    phone = registry.elements["mobile_phone"]
    assert phone.sensitivity == "personal"
    hidden = type(phone)(**{**vars(phone), "sensitivity": disputes.SENSITIVE})
    assert disputes._shown(hidden, "13900000000", "health", "grid_center") == HIDDEN
    assert disputes._shown(hidden, "13900000000", "health", "health") == "13900000000"
    assert disputes._shown(phone, "13900000000", "health", "grid_center") == "13900000000"


def test_an_unknown_department_is_refused(published: Installation, tmp_path: Path) -> None:
    refused = published.run("conflict", "export", "--department", "nobody", "--out", str(tmp_path), ok=False)
    assert "no such department" in refused.stderr
    assert not list(tmp_path.iterdir())
