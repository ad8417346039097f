"""Repairs of cells: what is found in a column of texts, and what the class of a repair does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from made_columns import column

from yibiao.contracts.kinds import Frozen
from yibiao.contracts.properties import REPAIRS
from yibiao.errors import DeliveryError
from yibiao.ingest.repairs import BOOLEAN, LOST, NUMBER, TEXT, Repairs, find, repair_class


def found(type_: str, texts: list[str], kinds: list[int] | None = None, **more: Any) -> dict[str, Any]:
    """Kind -> (places, proposals) of what a column needs."""
    since_1904 = more.pop("since_1904", False)
    given = None if kinds is None else np.array(kinds, dtype=np.int8)
    findings = find(column("value", "值", type_, **more), pa.array(texts, pa.string()), given, since_1904=since_1904)
    return {
        one.kind: (one.places.tolist(), one.proposal.to_pylist() if one.proposal is not None else None)
        for one in findings
    }


@pytest.mark.parametrize("type_", ["text", "citizen_id", "decimal", "date", "code"])
def test_clean_cells_need_nothing(type_: str) -> None:
    assert found(type_, ["", "12", "345"]) == {}
    assert found(type_, []) == {}


@pytest.mark.parametrize("space", [" ", "\t", "\n", "\u3000", "\u00a0", "\u200b", "\ufeff"])
def test_spaces_around_a_text_are_found_and_those_inside_it_are_not(space: str) -> None:
    assert found("text", ["张三", f"李{space}四", f"{space}王五", f"赵六{space}"]) == {"spaces": ([2, 3], None)}


def test_a_slice_of_a_column_is_judged_by_its_own_cells() -> None:
    texts = pa.array([" a", "b", "c", "d "], pa.string())

    assert find(column("value", "值"), texts.slice(1, 2)) == []
    assert [one.places.tolist() for one in find(column("value", "值"), texts.slice(1))] == [[2]]


def test_digits_lost_in_a_text_file_that_a_spreadsheet_saved() -> None:
    cells = ["999901198703050012", "9.99901E+17", "5e+10", "'9.999E+17", "E+17", "1.5"]
    assert found("citizen_id", cells) == {"lost_digits": ([1, 2, 3], None)}
    assert found("text", cells) == {}
    assert found("decimal", cells) == {}


def test_full_width_characters_matter_in_numbers_and_dates_alone() -> None:
    for type_ in ("phone", "integer", "date"):
        assert found(type_, ["１３９", "139", "壹"]) == {"full_width": ([0], None)}
    assert found("address", ["望江路１号"]) == {}


def test_percents_become_numbers_exactly() -> None:
    cells = ["12.5%", "100％", " 0.07 %", "-3%", "5", "百分之五", "%"]
    found_ = found("decimal", cells)
    assert found_["percent"] == ([0, 1, 2, 3], ["0.125", "1", "0.0007", "-0.03"])
    assert "percent" not in found("text", cells)


def test_bare_numbers_in_a_date_column_by_both_date_systems() -> None:
    cells, kinds = ["43891", "1990", "20200301", "73051", "43891"], [NUMBER] * 4 + [TEXT]
    assert found("date", cells, kinds)["date_serial"] == ([0], ["2020-03-01"])
    assert found("date", ["42429"], [NUMBER], since_1904=True)["date_serial"] == ([0], ["2020-03-01"])
    assert found("date", cells, kinds, date_formats=("excel_serial",)) == {}


def test_codes_that_lost_their_zeros_are_proposed_only_if_one_code_fits() -> None:
    pairs = (("01", "01"), ("007", "007"), ("07", "07"), ("9", "9"), ("09", "09"))
    cells = found("code", ["1", "7", "9", "1", "5"], [NUMBER, NUMBER, NUMBER, TEXT, NUMBER], pairs=pairs)
    assert cells == {"leading_zeros": ([0], ["01"])}


def test_truth_values_become_words_only_where_the_list_has_them() -> None:
    yes_no = (("是", "1"), ("否", "0"))
    assert found("code", ["TRUE", "FALSE"], [BOOLEAN] * 2, pairs=yes_no)["boolean"] == ([0, 1], ["是", "否"])
    assert found("code", ["TRUE"], [BOOLEAN], pairs=(*yes_no, ("TRUE", "1"))) == {}
    assert found("code", ["TRUE"], [BOOLEAN], pairs=(("1", "1"),)) == {}


def test_numbers_too_long_for_a_spreadsheet_are_never_given_other_digits() -> None:
    assert found("number_text", ["1.1E+17", "12"], [LOST, TEXT]) == {"lost_digits": ([0], None)}
    assert found("text", ["1.1E+17"], [LOST]) == {"lost_digits": ([0], None)}
    assert found("decimal", ["1.1E+17"], [LOST]) == {}


def applied(kind_class: dict[str, str], on_invalid: str = "quarantine") -> tuple[Repairs, list[str]]:
    report: Any = SimpleNamespace(on_repair=Frozen(kind_class))
    repairs = Repairs(report, "表.xlsx")
    one = column("rate", "比率", "decimal", on_invalid=on_invalid)
    texts = pa.array(["5%", "7", "8%"], pa.string())
    return repairs, repairs.apply(one, texts, find(one, texts)).to_pylist()


def test_a_safe_repair_is_made_and_counted() -> None:
    repairs, texts = applied({})
    assert (texts, repairs.safe, repairs.held) == (["0.05", "7", "0.08"], {"percent": 2}, {})


def test_a_repair_to_ask_about_changes_nothing_and_holds_the_rows() -> None:
    repairs, texts = applied({"percent": "ask"})
    assert (texts, repairs.safe) == (["5%", "7", "8%"], {})
    assert {place: (held.rules, held.proposal) for place, held in repairs.held.items()} == {
        0: (["rate.percent"], {"rate": "0.05"}),
        2: (["rate.percent"], {"rate": "0.08"}),
    }


def test_a_row_tells_every_cell_that_is_asked_about_and_what_it_would_be() -> None:
    report: Any = SimpleNamespace(on_repair=Frozen(spaces="ask", full_width="ask", text_as_number="ask"))
    repairs = Repairs(report, "表.xlsx")
    name, phone = column("person", "姓名", "name"), column("phone", "电话", "phone")
    for one, text, kinds in ((name, " 张三　", TEXT), (phone, " 1390000０001 ", TEXT), (phone, "1E+20", LOST)):
        texts = pa.array([text], pa.string())
        assert repairs.apply(one, texts, find(one, texts, np.array([kinds]))).to_pylist() == [text]
    assert repairs.held[0].rules == ["person.spaces", "phone.spaces", "phone.full_width", "phone.lost_digits"]
    assert repairs.held[0].proposal == {"person": "张三", "phone": "13900000001"}


def test_a_number_among_texts_that_begin_with_zeros_lost_its_own() -> None:
    texts = ["0012", "13", "0014"]
    kinds = [TEXT, NUMBER, TEXT]
    assert found("text", texts, kinds) == {"leading_zeros": ([1], ["0013"])}
    assert found("text", ["12", "13", "0014"], kinds) == {}
    assert found("text", ["一", "13", "二"], kinds) == {}


def test_a_column_that_keeps_what_is_invalid_holds_no_row() -> None:
    repairs, texts = applied({"percent": "ask"}, on_invalid="keep")
    assert (texts, repairs.held) == (["5%", "7", "8%"], {})


def test_a_rejected_repair_refuses_the_delivery_and_names_the_row_and_no_value() -> None:
    with pytest.raises(DeliveryError) as error:
        applied({"percent": "reject"})
    assert "data row 1" in error.value.where
    assert error.value.got == "2 of them"
    assert "5%" not in str(error.value)


def test_nothing_that_invents_digits_is_safe_unless_a_contract_says_so() -> None:
    report: Any = SimpleNamespace(on_repair=Frozen(leading_zeros="safe"))
    assert {kind for kind, (_, decided) in REPAIRS.items() if decided == "ask"} == {
        "leading_zeros",
        "lost_digits",
        "error_value",
        "formula_value",
        "covered_text",
    }
    assert repair_class(report, "leading_zeros") == "safe"
    assert repair_class(report, "lost_digits") == "ask"
