"""Headers of a delivery find their columns of the contract; headers of several rows become one."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from yibiao.errors import DeliveryError
from yibiao.ingest.columns import bind, plain
from yibiao.ingest.readers.headers import flatten


@dataclass
class FakeColumn:
    name: str
    header: str
    aliases: tuple[str, ...] = ()
    required: bool = False
    key: bool = False


@dataclass
class FakeServer:
    format: str = "csv"
    options: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeReport:
    columns: list[FakeColumn]
    on_drift: dict[str, str] = field(default_factory=dict)
    server: FakeServer = field(default_factory=FakeServer)


REPORT = FakeReport(
    [
        FakeColumn("citizen_id", "身份证号", ("证件号码",), key=True),
        FakeColumn("resident_name", "姓 名（全称）", required=True),
        FakeColumn("remark", "备注"),
    ]
)


def test_columns_are_found_by_header_then_alias_in_any_order():
    found = bind(REPORT, ["备注", "姓名(全称)", "证件\n号码"], "x.csv")
    assert found.places == (2, 1, 0)
    assert found.drift == (
        {"kind": "alias", "column": "citizen_id", "header": "证件\n号码"},
        {"kind": "reordered", "columns": ["resident_name", "remark"]},
    )


def test_a_header_wins_over_an_alias():
    assert bind(REPORT, ["证件号码", "身份证号", "姓名（全称）"], "x.csv").places[0] == 1


def test_a_missing_optional_column_and_a_new_one_are_drift():
    found = bind(REPORT, ["身份证号", "姓名（全称）", "新列", ""], "x.csv")
    assert found.places == (0, 1, None)
    assert [one["kind"] for one in found.drift] == ["missing_column", "new_column"]


def test_missing_columns_are_named_with_the_headers_that_are_there():
    with pytest.raises(DeliveryError) as caught:
        bind(REPORT, ["身份证号", "备注"], "x.csv")
    assert caught.value.expected == "姓 名（全称）"
    assert "身份证号, 备注" in caught.value.got


def test_a_row_of_data_in_the_place_of_the_header_is_not_quoted():
    with pytest.raises(DeliveryError) as caught:
        bind(REPORT, ["999901198703050012", "张三", "望江路"], "x.csv")
    assert "张三" not in str(caught.value)
    assert "999901" not in str(caught.value)


def test_a_number_among_the_headers_is_not_quoted():
    found = bind(REPORT, ["身份证号", "姓名（全称）", "备注", "13812345678"], "x.csv")
    assert found.drift == ({"kind": "new_column", "header": "(a number)"},)


def test_plain_headers():
    assert plain(" 户主／\n姓 名\ufeff") == "户主/姓名"


@pytest.mark.parametrize(
    ("rows", "spans", "headers"),
    [
        ([["甲", "乙"]], None, ["甲", "乙"]),
        ([["编号", "户主", "", "金额"], ["", "姓名", "证号", ""]], None, ["编号", "户主/姓名", "户主/证号", "金额"]),
        (
            [["编号", "户主", "", ""], ["", "姓名", "证号", "单列"]],
            [(0, 0, 1, 0), (0, 1, 0, 2)],
            ["编号", "户主/姓名", "户主/证号", "单列"],
        ),
        ([["甲", ""], ["甲", "乙"]], [(0, 0, 0, 1)], ["甲", "甲/乙"]),
        ([["一", "", ""], ["二", "", "三"], ["a", "b", "c"]], None, ["一/二/a", "一/二/b", "一/三/c"]),
        ([["甲"], ["x", "y"]], None, ["甲/x", "甲/y"]),
    ],
)
def test_header_rows_are_flattened(rows, spans, headers):
    assert flatten(rows, spans) == headers
