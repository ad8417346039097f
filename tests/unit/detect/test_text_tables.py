"""What detection makes of every kind of pollution: the table that was meant, and everything that is not sure."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from text_samples import HEADERS, Written, in_line, people

from yibiao.detect.text import detect_tables, detect_text
from yibiao.errors import DeliveryError

PLAIN = Written()


@pytest.fixture
def detect(tmp_path: Path):
    def run(data: bytes | str, **options):
        path = tmp_path / "样本.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return detect_text(path, **options)

    return run


def rows_of(found) -> list[tuple[str, ...]]:
    return [tuple(row.values()) for row in found.rows.to_pylist()]


def value(found, what):
    return found.choices[what].value


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "，", "^", "~", "\x01", "||", "@|@", ", ", "::"])
def test_every_delimiter_is_found(delimiter, detect):
    found = detect(Written(delimiter=delimiter).table(people()))
    assert value(found, "delimiter") == delimiter
    assert found.headers == HEADERS
    assert rows_of(found) == people()
    assert found.held == ()


@pytest.mark.parametrize(("quote", "escape"), [('"', ""), ("'", ""), ('"', "\\"), ("'", "\\")])
def test_quotes_and_escapes_are_found(quote, escape, detect):
    found = detect(
        Written(quote=quote, escape=escape).table([(*row[:5], f"他说{quote}好, 行{quote}了") for row in people()])
    )
    assert value(found, "quote") == quote
    assert ("escape" in found.choices) == bool(escape)
    assert rows_of(found)[0][5] == f"他说{quote}好, 行{quote}了"
    assert found.held == ()


@pytest.mark.parametrize(("end", "name"), [("\n", "LF"), ("\r\n", "CRLF"), ("\r", "CR")])
@pytest.mark.parametrize("last", ["", "end", "two ends"])
def test_every_line_end_is_found_with_and_without_one_at_the_end(end, name, last, detect):
    text = Written(end=end).table(people()).removesuffix(end) + end * {"": 0, "end": 1, "two ends": 2}[last]
    found = detect(text)
    assert value(found, "lineEnd") == name
    assert rows_of(found) == people()
    assert found.left_out.get("blank", 0) == (last == "two ends")


def test_mixed_line_ends_are_told(detect):
    lines = PLAIN.table(people()).split("\r\n")
    found = detect("".join(line + ("\n", "\r\n", "\r")[place % 3] for place, line in enumerate(lines[:-1])))
    assert (value(found, "lineEnd"), found.choices["lineEnd"].sure) == ("mixed", False)
    assert rows_of(found) == people()


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8-BOM"),
        ("gb18030", "GB18030"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
    ],
)
def test_every_encoding_is_found(codec, name, detect):
    found = detect(PLAIN.table(people()).encode(codec))
    assert (value(found, "encoding"), found.choices["encoding"].sure) == (name, True)
    assert rows_of(found) == people()


def test_big5_is_found(detect):
    text = "姓名,性別,住址\r\n陳小鳳,女,臺北市中正區\r\n歐陽秀,男,高雄市三民區\r\n"
    found = detect(text.encode("big5"))
    assert value(found, "encoding") == "Big5"
    assert rows_of(found)[0] == ("陳小鳳", "女", "臺北市中正區")


@pytest.mark.parametrize("header", [None, HEADERS])
def test_a_header_is_only_seen_where_one_is(header, detect):
    found = detect(PLAIN.table(people(), header))
    assert value(found, "headerRows") == (header is not None)
    assert rows_of(found) == people()


def test_a_header_of_two_rows_is_flattened(detect):
    upper = ("登记日期", "申请人", "", "补贴金额", "住址", "备注")
    lower = ("", "公民身份号码", "姓名", "", "", "")
    found = detect(PLAIN.line(upper) + PLAIN.line(lower) + PLAIN.table(people(), None))
    assert value(found, "headerRows") == 2
    assert found.headers[1:3] == ("申请人/公民身份号码", "申请人/姓名")
    assert rows_of(found) == people()


@pytest.mark.parametrize(
    "above",
    [
        "示范区补贴发放登记表\r\n",
        "示范区补贴发放登记表,,,,,\r\n,,,,,\r\n",
        "示范区补贴发放登记表,,,,,\r\n填报单位：示范街道,,,,2026年1月,\r\n",
        "\r\n\r\n导出时间：2026-01-31\r\n\r\n",
    ],
)
def test_lines_above_the_header_are_no_rows(above, detect):
    found = detect(above + PLAIN.table(people()))
    assert found.headers == HEADERS
    assert rows_of(found) == people()


@pytest.mark.parametrize(
    ("below", "kind"),
    [
        ("合计,,,31234.50,,\r\n", "total"),
        ("\r\n注：本表数据截至2026年1月31日\r\n", "footer"),
        ("填表人：某某,,,审核人：某某,,\r\n", "footer"),
        ("共60条记录\r\n", "footer"),
    ],
)
def test_lines_below_the_data_are_no_rows_and_are_counted(below, kind, detect):
    found = detect(PLAIN.table(people()) + below)
    assert rows_of(found) == people()
    assert found.left_out[kind] == 1
    assert found.held == ()


SLIPS = {
    "a missing delimiter": lambda line: line.replace(",", "", 1),
    "a delimiter too many": lambda line: line.replace(",", ",,", 1),
    "a delimiter too many in front": lambda line: "," + line,
    "delimiters too many at the end": lambda line: line + ",,",
    "another delimiter": lambda line: line.replace(",", " "),
    "a quote in front": lambda line: '"' + line,
    "a quote at the end": lambda line: line + '"',
}


@pytest.mark.parametrize("place", [1, 30, 60])
@pytest.mark.parametrize("slip", SLIPS)
def test_a_row_that_cannot_be_split_is_held_with_its_text_and_its_likeliest_cells(slip, place, detect):
    rows = [(*row[:5], "") for row in people()]
    text = in_line(place, SLIPS[slip])(PLAIN.table(rows))
    found = detect(text)
    assert found.headers == HEADERS
    assert rows_of(found) == [row for at, row in enumerate(rows, 1) if at != place]
    (held,) = found.held
    wanted = list(rows[place - 1])
    if slip == "a quote in front":
        wanted[0] = '"' + wanted[0]
    if slip == "a quote at the end":
        wanted[5] = '"'
    assert held.place == place + 1
    assert held.raw == text.splitlines()[place]
    assert held.proposal == tuple(wanted)
    assert held.rule == ("row.quote" if "quote" in slip else "row.columns")


@pytest.mark.parametrize("slip", ["a delimiter too many", "another delimiter", "a quote in front"])
def test_a_header_that_cannot_be_split_is_mended_and_told(slip, detect):
    found = detect(in_line(0, SLIPS[slip])(PLAIN.table(people())))
    assert found.headers == tuple(
        '"' * (slip == "a quote in front" and not place) + name for place, name in enumerate(HEADERS)
    )
    assert not found.choices["headerRows"].sure
    assert rows_of(found) == people()


def test_cells_over_several_lines_are_read(detect):
    rows = [(*row[:5], f"第一行, 其中\r\n第二行 {place}") for place, row in enumerate(people())]
    found = detect(PLAIN.table(rows))
    assert [row[5].replace("\r", "") for row in rows_of(found)] == [row[5].replace("\r", "") for row in rows]
    assert found.held == ()


def test_two_unclosed_quotes_do_not_swallow_a_row(detect):
    rows = [(*row[:5], "") for row in people()]
    lines = PLAIN.table(rows).splitlines(keepends=True)
    for place in (20, 21):
        lines[place] = lines[place].rstrip("\r\n") + '"\r\n'
    found = detect("".join(lines))
    assert len(rows_of(found)) == 58
    assert sum(one.raw.count("\n") + 1 for one in found.held) == 2


def test_a_zero_byte_and_damaged_bytes_are_held(detect):
    data = PLAIN.table(people()).encode().split(b"\r\n")
    data[5] = data[5].replace(b",", b"\0,", 1)
    data[9] = data[9].replace(b",", b"\xff,", 1)
    found = detect(b"\r\n".join(data))
    assert [(one.place, one.rule) for one in found.held] == [(6, "row.nul"), (10, "row.encoding")]
    assert found.held[0].proposal == people()[4]
    assert len(rows_of(found)) == 58


@pytest.mark.parametrize("blank", ["", "\r\n", ",,,,,\r\n"])
@pytest.mark.parametrize("width", [3, 6, 7])
def test_tables_one_under_another_are_told_apart(width, blank, tmp_path):
    if width == 6 and not blank:
        pytest.skip("nothing tells a header of as many words from a row, if no line is between")
    header = ("社区名称", "户数", "面积", "网格名称", "建立日期", "网格长姓名", "负责楼栋")[:width]
    below = [
        (f"示范{n}社区", f"{n * 100}", f"{n}.5", f"网格{n}", f"2001-01-{n:02}", "王伟", f"{n}栋")[:width]
        for n in range(1, 9)
    ]
    path = tmp_path / "样本.csv"
    path.write_text(PLAIN.table(people()) + blank + PLAIN.table(below, header), encoding="utf-8", newline="")
    first, second = detect_tables(path)
    assert (first.headers, second.headers) == (HEADERS, header)
    assert (rows_of(first), rows_of(second)) == (people(), below)
    assert not first.choices["tables"].sure


def test_a_header_that_repeats_begins_a_table_that_may_be_the_same(tmp_path):
    path = tmp_path / "样本.csv"
    path.write_text(PLAIN.table(people(30)) + PLAIN.table(people(20)), encoding="utf-8", newline="")
    first, second = detect_tables(path)
    assert (rows_of(first), rows_of(second)) == (people(30), people(20))
    assert "going on" in second.choices["tables"].why


def test_a_single_column_has_no_delimiter(detect):
    found = detect("姓名\n" + "\n".join(row[2] for row in people()) + "\n")
    assert (value(found, "delimiter"), found.headers) == ("", ("姓名",))
    assert found.rows.num_rows == 60


def test_prose_is_no_table(detect):
    found = detect("这是一份说明文件。\n它没有表格，只有文字。\n请各单位于月底前报送。\n")
    assert len(found.headers) == 1


@pytest.mark.parametrize("count", [0, 1])
def test_a_header_alone_and_one_row_are_enough(count, detect):
    found = detect(PLAIN.table(people(count)))
    assert found.headers == HEADERS
    assert rows_of(found) == people(count)


def test_an_empty_file_is_an_empty_table(detect):
    found = detect(b"")
    assert (found.headers, found.rows.num_rows, found.held) == ((), 0, ())


def test_bytes_that_are_no_text_are_refused(detect):
    with pytest.raises(DeliveryError, match="no text"):
        detect(bytes(range(256)) * 40)


def test_a_limit_bounds_the_rows_and_the_end_is_seen_all_the_same(detect):
    found = detect(PLAIN.table(people(3000)) + "合计,,,1.0,,\r\n", limit=100)
    assert found.rows.num_rows == 100
    assert found.left_out["total"] == 1


@pytest.mark.parametrize("seed", range(24))
def test_nothing_is_lost_and_nothing_moves_whatever_bytes_are_spoiled(seed, detect):
    dice = random.Random(seed)
    rows = people()
    data = bytearray(PLAIN.table(rows).encode("gb18030"))
    for _ in range(dice.randint(1, 6)):
        place = dice.randrange(len(data))
        how = dice.randrange(3)
        if how == 0:
            data[place] = dice.randrange(256)
        elif how == 1:
            data[place:place] = dice.choice([b'"', b",", b"\0", b"\n", b'""', b"\xff"])
        else:
            del data[place : place + dice.randint(1, 8)]
    found = detect(bytes(data))
    kept = rows_of(found)
    assert all(len(row) == len(found.headers) for row in kept)
    # A date or number that stands in a row stands in the column that it came from.
    if found.headers[:2] == HEADERS[:2]:
        wrong = [row for row in kept if row[1].startswith("2026-01-") or row[0].startswith("9999011970")]
        assert wrong == []
    lines = sum(one.raw.count("\n") + 1 for one in found.held)
    inside = sum(cell.count("\n") for row in kept for cell in row)
    total = len(kept) + lines + inside + sum(found.left_out.values()) + value(found, "headerRows")
    assert total == len(
        bytes(data)
        .decode("gb18030", "replace")
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .removesuffix("\n")
        .split("\n")
    )


TOTALS = [
    ("合计,,,{sum},,\r\n", [("合计/{amount}", "sum", "sum")], "totalPattern"),
    ("合计：{rows}人,,,{sum},,\r\n", [("合计", "rows", "rows"), ("合计/{amount}", "sum", "sum")], "totalPattern"),
    (",合 计,,{sum},,\r\n", [("合计/{amount}", "sum", "sum")], "totalPattern"),
    ("合计,,,1.00,,\r\n", [("合计/{amount}", 1, "sum")], "totalPattern"),
    ("合计,99,,{sum},,\r\n", [("合计/{amount}", "sum", "sum")], "totalPattern"),
    ("共{rows}条记录\r\n", [], "footerPattern"),
]


@pytest.mark.parametrize(("below", "wanted", "option"), TOTALS)
def test_printed_totals_are_recounted_and_described_as_a_contract_describes_them(below, wanted, option, detect):
    from decimal import Decimal

    rows = people()
    figures = {"rows": len(rows), "sum": float(sum(Decimal(row[3]) for row in rows))}
    found = detect(PLAIN.table(rows) + below.format(**figures))
    assert rows_of(found) == rows
    told = [(one["name"], one["stated"], one["counted"]) for one in found.control_totals]
    assert told == [
        (name.format(amount=HEADERS[3]), figures.get(stated, stated), figures[counted])
        for name, stated, counted in wanted
    ]
    assert option in found.choices
    assert ("controlTotals" in found.choices) == (option == "footerPattern")


def test_totals_are_not_recounted_where_only_the_beginning_was_read(detect):
    found = detect(PLAIN.table(people(3000)) + "合计,,,1.0,,\r\n共 100 条\r\n", limit=100)
    assert found.control_totals == ()
    assert "controlTotals" not in found.choices
