"""Every rule keeps out the rows that break it, says which, and lets all others pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from yibiao.ingest import ingest_report


@pytest.fixture
def verdicts(settings, make_report, as_csv, content, headers):
    """`verdicts(rows, **report)`: rules per quarantined row number, and the manifest."""

    def run(rows, headers=headers, **fields):
        (settings.data / "表_202601.csv").write_bytes(as_csv([headers, *rows]))
        outcome = ingest_report(make_report("csv", "*.csv", **fields), settings)
        assert not outcome.errors
        _, quarantined = content(outcome.loaded[0].folder)
        return {row["_row"]: row["_rules"] for row in quarantined}, outcome.loaded[0].manifest

    return run


def test_good_rows_pass(verdicts, rows):
    found, manifest = verdicts(rows)
    assert found == {}
    assert manifest["rules"] == {}
    assert manifest["warnings"] == {}


def test_each_rule_is_named(verdicts, number, rows):
    good = rows[0]
    broken = [
        ["", *good[1:]],
        ["无", *good[1:]],
        ["12345", *good[1:]],
        [number(1)[:17] + ("0" if number(1)[17] != "0" else "1"), *good[1:]],
        [number(1, "19870231"), *good[1:]],
        [good[0], "", *good[2:]],
        [good[0], "13812345678", *good[2:]],
        [good[0], good[1], "中性", *good[3:]],
        [*good[:3], "5/3/87", ""],
        [*good[:3], "2026-02-01", ""],
        [*good[:4], "坏\ufffd"],
        [*good[:4], "长" * 1400],
        ["", "", "x", "x", ""],
    ]
    found, manifest = verdicts(broken)
    assert found == {
        1: ["citizen_id.required"],
        2: ["citizen_id.required"],
        3: ["citizen_id.form"],
        4: ["citizen_id.check_digit"],
        5: ["citizen_id.day"],
        6: ["resident_name.required"],
        7: ["resident_name.type"],
        8: ["sex_code.code"],
        9: ["birth_date.type"],
        10: ["birth_date.range"],
        11: ["remark.type"],
        12: ["remark.length"],
        13: ["citizen_id.required", "resident_name.required", "sex_code.code", "birth_date.type"],
    }
    assert manifest["counts"]["quarantined"] == 13


def test_what_is_not_required_may_be_left_out(verdicts, rows):
    found, _ = verdicts([[*rows[0][:2], blank, blank, blank] for blank in ("", "无", "-", "不详", "N/A")])
    assert found == {}


def test_another_birth_date_or_sex_than_the_number_says_is_a_warning(verdicts, rows):
    found, manifest = verdicts(
        [[rows[0][0], "张三", "女", "1987-03-05", ""], [rows[1][0], "李四", "女", "1988-03-05", ""]]
    )
    assert found == {}
    assert manifest["warnings"] == {"citizen_id.sex_differs": 1, "citizen_id.birth_date_differs": 1}


def test_a_number_is_held_to_the_birth_date_and_sex_of_the_same_person_only(verdicts, rows, number, make_report):
    own = make_report().columns
    spouse = tuple(
        replace(one, name=f"spouse_{one.name}", header=f"配偶{one.header}", role="spouse", key=False, required=False)
        for one in own[:4]
        if one.name != "resident_name"
    )
    columns = (*own[:4], *spouse)
    titles = [one.header for one in columns]
    man, woman = rows[0][:4], [number(2, "19900101"), "女", "1990-01-01"]
    found, manifest = verdicts([[*man, *woman]], columns=columns, headers=titles)
    assert (found, manifest["warnings"]) == ({}, {})
    _, manifest = verdicts([[*man, woman[0], "男", "1987-03-05"]], columns=columns, headers=titles)
    assert manifest["warnings"] == {"spouse_citizen_id.birth_date_differs": 1, "spouse_citizen_id.sex_differs": 1}


@pytest.mark.parametrize(("mode", "counted"), [("snapshot", 2), ("events", 2), ("delta", 0)])
def test_a_repeated_key_is_kept_and_counted_unless_the_report_tells_of_changes(verdicts, rows, mode, counted):
    _, manifest = verdicts([rows[0], rows[1], rows[0], rows[0]], mode=mode)
    assert manifest["warnings"] == ({"citizen_id.unique": counted} if counted else {})
    assert manifest["counts"] == {"read": 4, "accepted": 4, "quarantined": 0}


def test_an_invalid_value_is_kept_where_the_contract_says_so(verdicts, rows, make_report):
    columns = tuple(
        replace(column, on_invalid="keep", required=False) if column.name == "citizen_id" else column
        for column in make_report().columns
    )
    found, manifest = verdicts([["123", *rows[0][1:]], ["", *rows[0][1:]]], columns=columns)
    assert found == {}
    assert manifest["warnings"] == {"citizen_id.form": 1}


def test_more_rules_than_bits_of_one_word(settings, make_report, as_csv, content):
    from made_columns import column

    columns = tuple(column(f"c{place}", f"列{place}", "integer", key=place == 0) for place in range(70))
    table = [[str(place) for place in range(70)] for _ in range(71)]
    for place in range(70):
        table[place][place] = "x" if place % 2 else "-1"
    (settings.data / "表_202601.csv").write_bytes(as_csv([[one.header for one in columns], *table]))
    outcome = ingest_report(make_report("csv", "*.csv", columns=columns), settings)
    _, quarantined = content(outcome.loaded[0].folder)
    assert {row["_row"]: row["_rules"] for row in quarantined} == {
        place + 1: [f"c{place}.type" if place % 2 else f"c{place}.range"] for place in range(70)
    }


def test_columns_may_be_called_as_the_checks_call_their_own_steps(make_report, as_csv, settings, rows):
    report = make_report("csv", "*.csv")
    names = ("p0", "c0", "b0", "word_0", "p3")
    columns = tuple(replace(column, name=name) for column, name in zip(report.columns, names, strict=True))
    report = replace(report, columns=columns, key=(names[0],))
    (settings.data / "表_202601.csv").write_bytes(as_csv([[column.header for column in columns], *rows]))
    outcome = ingest_report(report, settings)
    assert not outcome.errors
    assert outcome.loaded[0].manifest["counts"] == {"read": 3, "accepted": 3, "quarantined": 0}
