"""Every way in which the columns of a delivery differ from its contract, and each of the three answers to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_columns import column

from yibiao.contracts.kinds import Frozen
from yibiao.contracts.properties import DRIFT, drift_modes
from yibiao.contracts.values import Schemas
from yibiao.ingest import ingest_report, live_packages
from yibiao.ingest.drift_events import drift_events, words

ROWS = 40


@pytest.fixture
def register(number):
    """Rows as `headers` has them: number, name, sex, birth date, remark."""
    return [
        [
            number(place),
            f"张三{'一二三四五六七八九十'[place % 10]}",
            "男" if place % 2 else "女",
            "1987-03-05",
            f"备注{place}",
        ]
        for place in range(ROWS)
    ]


@pytest.fixture
def deliver(settings, as_csv):
    def write(headers, rows, edition="202602"):
        (settings.data / f"表_{edition}.csv").write_bytes(as_csv([headers, *rows]))

    return write


def modes(**given):
    return Frozen(drift_modes(given))


def renamed(headers, rows):
    return ["证件号", *headers[1:]], rows


def new(headers, rows):
    return [*headers, "血型"], [[*row, "A"] for row in rows]


def missing(headers, rows):
    return headers[:-1], [row[:-1] for row in rows]


def reordered(headers, rows):
    return [headers[1], headers[0], *headers[2:]], [[row[1], row[0], *row[2:]] for row in rows]


def changed(headers, rows):
    return headers, [[*row[:3], "1987/03/05", *row[4:]] for row in rows]


CASES = {
    "renamedColumn": (renamed, {"column": "citizen_id", "header": "证件号", "propose_alias": "证件号"}),
    "newColumn": (new, {"header": "血型"}),
    "missingColumn": (missing, {"column": "remark"}),
    "reordered": (reordered, {"columns": ["citizen_id"]}),
    "changedType": (changed, {"column": "birth_date", "share": 1.0, "values": ROWS, "looks_like": "date %Y/%m/%d"}),
}


def test_there_is_a_case_for_every_kind():
    assert set(CASES) == set(DRIFT)


@pytest.mark.parametrize("key", CASES)
def test_evolve_takes_the_delivery_and_records_the_event(
    key, settings, make_report, deliver, headers, register, content
):
    change, says = CASES[key]
    deliver(*change(headers, register))
    (package,) = ingest_report(make_report("csv", "*.csv", on_drift=modes(**{key: "evolve"})), settings).loaded
    (event,) = package.manifest["drift"]
    assert event.items() >= {"kind": DRIFT[key], "mode": "evolve", **says}.items()
    assert package.manifest["held"] == []
    accepted, quarantined = content(package.folder)
    if key == "changedType":  # a row whose date cannot be read is kept out as ever
        assert (len(accepted), len(quarantined)) == (0, ROWS)
    else:
        assert [row["citizen_id"] for row in accepted] == [row[0] for row in register]
        assert [row["resident_name"] for row in accepted] == [row[1] for row in register]


@pytest.mark.parametrize("key", CASES)
def test_quarantine_holds_every_row_until_the_contract_is_changed(
    key, settings, make_report, deliver, headers, register, content
):
    change, says = CASES[key]
    deliver(*change(headers, register))
    report = make_report("csv", "*.csv", on_drift=modes(**{key: "quarantine"}))
    (package,) = ingest_report(report, settings).loaded

    manifest = package.manifest
    assert manifest["counts"] == {"read": ROWS, "accepted": 0, "quarantined": ROWS}
    assert manifest["held"] == [DRIFT[key]]
    assert manifest["drift"][0].items() >= {"kind": DRIFT[key], "mode": "quarantine", **says}.items()
    rule = f"delivery.{DRIFT[key]}"
    assert manifest["rules"][rule] == ROWS
    accepted, quarantined = content(package.folder)
    assert accepted == []
    assert [row["_row"] for row in quarantined] == list(range(1, ROWS + 1))
    assert all(rule in row["_rules"] for row in quarantined)
    assert [row["citizen_id"] for row in quarantined] == [row[0] for row in register]

    # What `yibiao load drift` proposes for a renamed column; elsewhere the new form is agreed.
    if key == "renamedColumn":
        agreed = replace(report, columns=(replace(report.columns[0], aliases=("证件号",)), *report.columns[1:]))
    elif key == "changedType":
        columns = [replace(one, date_formats=("%Y/%m/%d",)) if one.type == "date" else one for one in report.columns]
        agreed = replace(report, columns=tuple(columns))
    else:
        agreed = replace(report, on_drift=modes())
    (released,) = ingest_report(agreed, settings).loaded
    assert released.manifest["counts"] == {"read": ROWS, "accepted": ROWS, "quarantined": 0}
    assert [live.load_id for live in live_packages(agreed, settings)] == [released.load_id]


@pytest.mark.parametrize("key", CASES)
def test_refuse_leaves_nothing_and_says_what_to_do(key, settings, make_report, deliver, headers, register):
    change, says = CASES[key]
    deliver(*change(headers, register))
    outcome = ingest_report(make_report("csv", "*.csv", on_drift=modes(**{key: "refuse"})), settings)
    (error,) = outcome.errors
    assert DRIFT[key] in error.got
    assert str(says.get("header") or says.get("column") or "") in error.got
    assert error.todo
    assert register[0][0] not in str(error)
    assert list(settings.lake.glob("*/*/*")) == []
    assert list(settings.work.iterdir()) == []


def test_unless_the_contract_says_more_only_a_renamed_column_is_held():
    assert modes() == {
        "new_column": "evolve",
        "missing_column": "evolve",
        "renamed_column": "quarantine",
        "reordered": "evolve",
        "changed_type": "evolve",
    }
    assert modes(newColumn="refuse")["renamed_column"] == "refuse"
    assert modes(newColumn="refuse", renamedColumn="evolve")["renamed_column"] == "evolve"


def test_several_kinds_hold_together_and_broken_rows_keep_their_own_rules(
    settings, make_report, deliver, headers, register, content
):
    register[3][2] = "中性"
    titles, rows = new(*renamed(headers, register))
    deliver(titles, [*rows, ["too", "short"]])
    report = make_report("csv", "*.csv", on_drift=modes(newColumn="quarantine"))
    (package,) = ingest_report(report, settings).loaded
    assert package.manifest["held"] == ["new_column", "renamed_column"]
    assert package.manifest["counts"] == {"read": ROWS + 1, "accepted": 0, "quarantined": ROWS + 1}
    _, quarantined = content(package.folder)
    assert quarantined[3]["_rules"] == ["sex_code.code", "delivery.new_column", "delivery.renamed_column"]
    assert quarantined[-1]["_rules"] == ["row.columns"]


def test_equal_deliveries_give_equal_packages_whatever_was_loaded_before(
    settings, make_report, deliver, headers, register, tmp_path
):
    report = make_report("csv", "*.csv")
    deliver(*renamed(headers, register))
    (alone,) = ingest_report(report, settings).loaded
    other = replace(settings, home=tmp_path / "other")
    deliver(headers, register, "202601")
    assert len(ingest_report(report, other).loaded) == 2
    (again,) = [one for one in live_packages(report, other) if one.manifest["edition"] == "2026-02"]
    assert again.manifest == alone.manifest


@pytest.mark.parametrize("format_", ["xlsx", "ndjson", "parquet"])
def test_a_renamed_column_is_recognised_in_every_kind_of_file(
    format_, settings, make_report, headers, register, content
):
    titles, rows = renamed(headers, register)
    path = settings.data / f"表_202601.{format_}"
    if format_ == "xlsx":
        import xlsxwriter

        book = xlsxwriter.Workbook(path)
        sheet = book.add_worksheet()
        for place, row in enumerate([titles, *rows]):
            sheet.write_row(place, 0, row)
        book.close()
    elif format_ == "ndjson":
        import orjson

        path.write_bytes(b"\n".join(orjson.dumps(dict(zip(titles, row, strict=True))) for row in rows))
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table(dict(zip(titles, map(list, zip(*rows, strict=True)), strict=True))), path)
    (package,) = ingest_report(make_report(format_, f"*.{format_}"), settings).loaded
    (event,) = package.manifest["drift"]
    assert (event["kind"], event["column"], event["header"]) == ("renamed_column", "citizen_id", "证件号")
    _, quarantined = content(package.folder)
    assert [row["citizen_id"] for row in quarantined] == [row[0] for row in register]


def test_a_new_key_far_behind_the_first_records_holds_the_delivery_too(
    settings, make_report, headers, register, monkeypatch
):
    import orjson

    from yibiao.ingest.readers import documents

    monkeypatch.setattr(documents, "BLOCK", 4096)
    lines = [dict(zip(headers, row, strict=True)) for row in register * 10]
    lines[-1]["血型"] = "A"
    (settings.data / "表_202601.ndjson").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    report = make_report("ndjson", "*.ndjson", on_drift=modes(newColumn="quarantine"))
    (package,) = ingest_report(report, settings).loaded
    assert package.manifest["held"] == ["new_column"]
    assert package.manifest["counts"] == {"read": len(lines), "accepted": 0, "quarantined": len(lines)}


def test_values_of_another_kind_are_not_taken_for_a_renamed_column(settings, make_report, deliver, headers, register):
    deliver(["公民身份号", *headers[1:]], [["见附件", *row[1:]] for row in register])
    (error,) = ingest_report(make_report("csv", "*.csv"), settings).errors
    assert error.expected == "公民身份号码"


def test_two_columns_that_fit_equally_well_are_left_to_a_human(settings, make_report, deliver, headers, register):
    deliver(["证件号", *headers[1:], "证件码"], [[*row, row[0]] for row in register])
    (error,) = ingest_report(make_report("csv", "*.csv"), settings).errors
    assert error.expected == "公民身份号码"
    assert "证件码" in error.got


def test_a_few_broken_values_are_no_changed_type(settings, make_report, deliver, headers, register):
    for row in register[: ROWS // 2 - 1]:
        row[3] = "5/3/87"
    deliver(headers, register)
    (package,) = ingest_report(make_report("csv", "*.csv"), settings).loaded
    assert package.manifest["drift"] == []


def test_a_column_that_is_stated_in_few_rows_changes_its_type_all_the_same(
    settings, make_report, deliver, headers, register
):
    many = [[*row[:3], "" if place % 5 else "19870305", row[4]] for place, row in enumerate(register * 2)]
    deliver(headers, many)
    report = make_report("csv", "*.csv")
    report = replace(report, columns=tuple(replace(one, required=one.key) for one in report.columns))
    (event,) = ingest_report(report, settings).loaded[0].manifest["drift"]
    assert (event["column"], event["values"], event["looks_like"]) == ("birth_date", 16, "date %Y%m%d")


def schemas_of(report, elements=()):
    return Schemas(
        elements=Frozen(elements),
        codes=Frozen(),
        entities=Frozen(),
        departments=Frozen(),
        reports=Frozen({report.id: report}),
    )


def test_the_events_are_shown_with_the_last_good_load_and_the_line_to_add(
    settings, make_report, deliver, headers, register
):
    deliver(headers, register, "202601")
    deliver(*renamed(headers, register))
    report = make_report("csv", "*.csv", path="schemas/reports/police/register.odcs.yml")
    report = replace(report, columns=(replace(report.columns[0], aliases=("身份证/号",)), *report.columns[1:]))
    good, held = (package.load_id for package in ingest_report(report, settings).loaded)
    (event,) = drift_events(settings, schemas_of(report))
    assert (
        event.items()
        >= {
            "report": report.id,
            "edition": "2026-02",
            "load_id": held,
            "kind": "renamed_column",
            "mode": "quarantine",
            "held": True,
            "compared_with": good,
            "formats_alike": 1.0,
            "values_seen": 1.0,
        }.items()
    )
    assert event["add"] == {
        "file": "schemas/reports/police/register.odcs.yml",
        "property": "citizen_id",
        "line": '- {property: aliases, value: ["身份证/号", 证件号]}',
    }
    told = "\n".join(words(event))
    assert event["add"]["line"] in told
    assert register[0][0] not in told
    assert drift_events(settings, schemas_of(report), "another.report") == []


def test_a_name_that_only_the_catalogue_knows_is_mentioned(settings, make_report, deliver, headers, register):
    from yibiao.contracts import load_schemas

    elements = load_schemas(settings.schemas).elements
    employer = elements["employer_name"]
    headers = [*headers, employer.aliases[0]]
    deliver(headers, [[*row, "某公司"] for row in register])
    report = make_report("csv", "*.csv")
    extra = column("employer_name", "从业去向", element="employer_name", title="从业去向")
    report = replace(report, columns=(*report.columns, extra))
    (package,) = ingest_report(report, settings).loaded
    assert [one["kind"] for one in package.manifest["drift"]] == ["missing_column", "new_column"]
    missed = drift_events(settings, schemas_of(report, elements))[0]
    assert missed["perhaps"] == employer.aliases[0]
    assert missed["add"]["property"] == "employer_name"
