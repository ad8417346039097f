"""Delimited text by contract: slips of the writer cost the row they stand in, and a human sees what it would be."""

from __future__ import annotations

import json

import pytest

from yibiao.ingest import ingest_report

BIG5_HEADERS = ("公民身分號碼", "姓名", "性別", "出生日期", "備註")


@pytest.fixture
def people(number):
    """Forty rows of the register: with quoted remarks, some of them with commas and quotes."""
    remarks = ("住院,已出院", "低保户", "外出务工,三月回", "", '门牌 "甲 3"', "")
    names = ("张三", "李四光", "王小明", "欧阳修远")
    return [
        [
            number(place),
            names[place % 4],
            "男" if place % 2 else "女",
            f"19{40 + place}-03-{place % 28 + 1:02}",
            remarks[place % 6],
        ]
        for place in range(1, 41)
    ]


@pytest.fixture
def load(settings, make_report, content):
    """`load(bytes, **contract)`: (accepted, quarantined, manifest) of the delivery, or its error."""

    def run(data: bytes, **contract):
        (settings.data / "表_202601.csv").write_bytes(data)
        outcome = ingest_report(make_report("csv", "*.csv", **contract), settings)
        if outcome.errors:
            return outcome.errors[0]
        (package,) = outcome.loaded
        return *content(package.folder), package.manifest

    return run


def lines_of(as_csv, headers, people) -> list[str]:
    return as_csv([headers, *people]).decode().splitlines(keepends=True)


def spoiled(line: str, how: str) -> str:
    cells = line.rstrip("\r\n")
    return {
        "a delimiter too few": cells.replace(",", "", 1),
        "a delimiter too many": cells.replace(",", ",,", 1),
        "delimiters too many at the end": cells + ",,",
        "the last cell missing": cells.rsplit(",", 1)[0],
        "a comma in an unquoted name": cells.replace("李四光", "李四,光"),
        "a quote that does not close": cells.replace("李四光", '"李四光'),
        "a quote inside quotes": cells.replace('"低保户"', "低保户").replace(",低保户", ',"低"保户"'),
        "another delimiter all through": cells.replace(",", ";"),
    }[how] + "\r\n"


SLIPS = (
    "a delimiter too few",
    "a delimiter too many",
    "delimiters too many at the end",
    "the last cell missing",
    "a comma in an unquoted name",
    "a quote that does not close",
    "a quote inside quotes",
    "another delimiter all through",
)


@pytest.mark.parametrize("how", SLIPS)
@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030", "UTF-16"])
def test_a_slip_costs_one_row_whose_cells_are_proposed(how, encoding, load, as_csv, headers, people):
    lines = lines_of(as_csv, headers, people)
    remark = "" if how == "the last cell missing" else "低保户"
    place = next(at for at, row in enumerate(people, 1) if at > 8 and row[1] == "李四光" and row[4] == remark)
    wanted = list(people[place - 1])
    lines[place] = spoiled(lines[place], how)
    if how == "a comma in an unquoted name":
        wanted[1] = "李四,光"
    if how == "a quote inside quotes":
        wanted[4] = '低"保户'

    accepted, quarantined, manifest = load("".join(lines).encode(encoding.lower()), encoding=encoding)

    assert manifest["counts"] == {"read": 40, "accepted": 39, "quarantined": 1}
    (row,) = quarantined
    assert row["_row"] == place
    assert row["_rules"] == ["row.quote" if how.startswith("a quote") else "row.columns"]
    assert row["_raw"] == lines[place].rstrip("\r\n")
    assert list(json.loads(row["_proposal"]).values()) == wanted
    columns = ("citizen_id", "resident_name", "sex_code", "birth_date", "remark")
    assert [[one[name] for name in columns] for one in accepted] == [
        row for at, row in enumerate(people, 1) if at != place
    ]


def test_a_row_that_could_be_mended_in_several_ways_gets_no_proposal(load, as_csv, headers, people):
    lines = lines_of(as_csv, headers, people)
    lines[7] = "无,无,无\r\n"
    _, quarantined, _ = load("".join(lines).encode())
    assert [(row["_raw"], row["_proposal"]) for row in quarantined] == [("无,无,无", None)]


def test_a_quote_that_never_closes_costs_its_row_and_not_the_file(load, as_csv, headers, people):
    lines = lines_of(as_csv, headers, people)
    lines += lines[1:] * 500
    lines[5] = '"' + lines[5]
    accepted, quarantined, _ = load("".join(lines).encode())
    assert [row["_row"] for row in quarantined if "row.quote" in row["_rules"]] == [5]
    assert len(accepted) + len(quarantined) == 40 * 501


def test_two_quotes_that_never_close_do_not_swallow_a_row(load, as_csv, headers, people):
    lines = lines_of(as_csv, headers, people)
    for place in (6, 7):
        lines[place] = ",".join(people[place - 1][:4]) + ',"\r\n'
    accepted, quarantined, manifest = load("".join(lines).encode())
    assert [row["_row"] for row in quarantined] == [6, 7]
    assert manifest["counts"]["read"] == 40
    assert len(accepted) == 38


def test_a_quote_inside_an_unquoted_cell_is_text_where_nothing_else_fits(load, as_csv, headers, people):
    lines = lines_of(as_csv, headers, people)
    lines[2] = ",".join(people[1][:4]) + ',水管 5" 口径\r\n'
    accepted, quarantined, _ = load("".join(lines).encode())
    assert quarantined == []
    assert accepted[1]["remark"] == '水管 5" 口径'


def test_a_zero_byte_costs_its_row_and_is_shown(load, as_csv, headers, people):
    lines = lines_of(as_csv, headers, people)
    lines[4] = lines[4].replace(people[3][1], people[3][1] + "\0")
    accepted, quarantined, _ = load("".join(lines).encode())
    (row,) = quarantined
    assert row["_rules"] == ["row.nul"]
    assert "␀" in row["_raw"]
    assert list(json.loads(row["_proposal"]).values()) == people[3]
    assert len(accepted) == 39


def test_a_file_that_was_not_filled_to_its_end_is_refused(load, as_csv, headers, people):
    error = load(as_csv([headers, *people]) + bytes(4096))
    assert "zero bytes" in error.what
    assert error.todo


@pytest.mark.parametrize("delimiter", ["||", "@|@", ", ", "；", "\t", "|"])
def test_every_delimiter_that_a_contract_names_is_read(delimiter, load, headers, people):
    def line(cells):
        return delimiter.join(
            '"' + cell.replace('"', '""') + '"' if delimiter in cell or '"' in cell else cell for cell in cells
        )

    text = "\n".join(map(line, [headers, *people])) + "\n"
    accepted, quarantined, _ = load(text.encode(), options={"delimiter": delimiter})
    assert quarantined == []
    assert [row["remark"] for row in accepted] == [row[4] for row in people]


def test_backslashes_before_quotes_are_read_if_the_contract_says_so(load, headers, people):
    text = "\n".join(",".join('"' + cell.replace('"', '\\"') + '"' for cell in row) for row in [headers, *people])
    accepted, quarantined, _ = load(text.encode(), options={"escape": "\\"})
    assert quarantined == []
    assert [row["remark"] for row in accepted] == [row[4] for row in people]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r", "mixed"])
def test_every_line_end_is_read(ends, load, as_csv, headers, people):
    lines = [line.rstrip("\r\n") for line in lines_of(as_csv, headers, people)]
    marks = ["\n", "\r\n", "\r"] if ends == "mixed" else [ends]
    text = "".join(line + marks[place % len(marks)] for place, line in enumerate(lines))
    accepted, quarantined, _ = load(text.encode())
    assert (len(accepted), quarantined) == (40, [])


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_read_in_either_order_with_and_without_its_mark(codec, load, as_csv, headers, people):
    accepted, quarantined, _ = load(as_csv([headers, *people], codec), encoding="UTF-16")
    assert (len(accepted), quarantined) == (40, [])
    assert [row["resident_name"] for row in accepted] == [row[1] for row in people]


def test_big5_is_read_and_told_apart(load, as_csv, people, make_report):
    traditional = [
        [row[0], "歐陽秀" if place % 2 else "陳小鳳", row[2], row[3], "遷入戶口"] for place, row in enumerate(people)
    ]
    columns = tuple(
        type(column)(**{**vars(column), "header": header})
        for column, header in zip(make_report().columns, BIG5_HEADERS, strict=True)
    )
    data = as_csv([BIG5_HEADERS, *traditional], "big5")
    accepted, quarantined, _ = load(data, encoding="Big5", columns=columns)
    assert (len(accepted), quarantined) == (40, [])
    assert accepted[0]["resident_name"] == "陳小鳳"
    error = load(data + b"\n", encoding="GB18030", columns=columns)
    assert "Big5" in error.got


def test_signs_and_rare_characters_under_ordinary_headers_make_no_big5(load, as_csv, headers):
    odd = [  # found by the law of nothing lost
        ["", "", "", "", "燶ò&r9\x17Β珆\x15\x13±z"],
        ["", "τ", "|α", "ЖХQК", "Ёǖ啤>\x0b"],
        ["", "7φ", "П齚Ρ", "軺TΖ贑ψ", "萿绝ΛsЫ怙^"],
        ["", "¤¤àà", "¤¤à", "¤¤à", "¤¤¤àà"],
    ]
    accepted, quarantined, _ = load(as_csv([headers, *odd], "gbk"), encoding="GBK")
    assert len(accepted) + len(quarantined) == len(odd)


@pytest.mark.parametrize("delimiter", [";", "\t", "|", "||"])
def test_another_delimiter_than_declared_is_named(delimiter, load, headers, people):
    data = "\n".join(delimiter.join(cell.replace('"', "") for cell in row) for row in [headers, *people]).encode()
    error = load(data)
    assert type(error).__name__ == "DeliveryError"
    assert repr(delimiter) in error.got
    assert "delimiter" in error.todo
    assert people[0][0] not in str(error)


def test_title_rows_that_the_contract_does_not_know_are_named(load, as_csv, headers, people):
    error = load("示范区人口登记表\r\n\r\n".encode() + as_csv([headers, *people]))
    assert "titleRows" in error.got
    assert people[0][0] not in str(error)


def test_pinyin_in_gbk_is_not_taken_for_big5(load, as_csv, headers):
    table = [headers, ["", "", "àà", "àààà", "àààà"]]
    _, quarantined, manifest = load(as_csv(table, "gbk"), encoding="GBK")
    assert (manifest["counts"]["read"], quarantined[0]["remark"]) == (1, "àààà")
