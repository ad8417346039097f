"""Models hold nothing whose answer depends on the order of rows, the clock or chance."""

import re
from pathlib import Path

import pytest

from yibiao.settings import Settings

PROJECT = Settings.load().dbt_project
FILES = sorted([*(PROJECT / "models").rglob("*.sql"), *(PROJECT / "macros").rglob("*.sql")])

BANNED = {
    "any_value": r"\bany_value\s*\(",
    "first, last": r"(?<!_)\b(first|last|first_value|last_value)\s*\(",
    "mode": r"\bmode\s*\(",
    "unordered string_agg or list": r"\b(string_agg|listagg|group_concat|list|array_agg)\s*\((?![^)]*\border by\b)",
    "arg_min or arg_max without the total order": r"\b(arg_max|arg_min|max_by|min_by)\s*\((?![^()]*\brecord_order\b)",
    "row_number (use the total order)": r"\brow_number\s*\(",
    "clock": r"\b(now|current_date|current_timestamp|today|get_current_timestamp)\s*\(",
    "chance": r"\b(random|uuid|gen_random_uuid|setseed)\s*\(",
    "floating sum": r"\b(sum|avg|stddev|variance)\s*\([^)]*\b(double|float|real)\b|\bavg\s*\(",
    "limit": r"\blimit\s+\d",
    "sample": r"\b(using|table)\s*sample\b",
}


def findings(sql: str) -> list[str]:
    text = re.sub(r"\{#.*?#\}", "", sql, flags=re.S)
    text = re.sub(r"--[^\n]*", "", text).lower()
    return [name for name, pattern in BANNED.items() if re.search(pattern, text)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_model_is_deterministic(path: Path):
    assert findings(path.read_text()) == []


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("select any_value(a) from t", "any_value"),
        ("select first(a order by b) from t", "first, last"),
        ("select mode(a) from t", "mode"),
        ("select string_agg(a, ',') from t", "unordered string_agg or list"),
        ("select arg_max(a, b) from t", "arg_min or arg_max without the total order"),
        ("select max_by(a, b), record_order\nfrom t", "arg_min or arg_max without the total order"),
        ("select row_number() over (order by a) from t", "row_number (use the total order)"),
        ("select now()", "clock"),
        ("select random()", "chance"),
        ("select sum(a::double) from t", "floating sum"),
        ("select avg(a) from t", "floating sum"),
        ("select a from t limit 5", "limit"),
    ],
)
def test_the_lint_finds_what_is_banned(sql, name):
    assert name in findings(sql)


def test_the_lint_allows_the_value_in_the_row_of_the_greatest_record_order():
    assert findings("select arg_max(a, staged.record_order) from t") == []


def test_the_lint_allows_an_ordered_aggregate_and_a_comment():
    assert findings("-- today() is not here\nselect string_agg(a, ',' order by a) from t") == []
