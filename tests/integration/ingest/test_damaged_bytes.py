"""A few bytes that do not decode cost the rows in which they stand; a wrong encoding still costs the delivery."""

from __future__ import annotations

import pytest

from yibiao.detect.text import detect_text
from yibiao.ingest import ingest_report
from yibiao.ingest.readers import delimited

CODECS = {"UTF-8": "utf-8", "GB18030": "gb18030"}


@pytest.fixture
def people(number) -> list[list[str]]:
    return [[number(n), "王一二", "男", "1987-03-05", f"望江路{n}"] for n in range(1, 200, 2)]


@pytest.fixture
def ingest(settings, make_report):
    def made(data: bytes, encoding="UTF-8", **contract):
        (settings.data / "表_202601.csv").write_bytes(data)
        return ingest_report(make_report("csv", "*.csv", encoding=encoding, **contract), settings)

    return made


@pytest.fixture
def read(ingest, content):
    def made(data: bytes, encoding="UTF-8", **contract):
        outcome = ingest(data, encoding, **contract)
        assert outcome.errors == ()
        accepted, quarantined = content(outcome.loaded[0].folder)
        return accepted, quarantined, outcome.loaded[0].manifest

    return made


def table(as_csv, headers, people, codec="utf-8") -> list[bytes]:
    """The lines of a file, header first."""
    return [as_csv([row], codec) for row in [headers, *people]]


DAMAGE = {
    "half a character": (7, "resident_name", "王一二", lambda cell: cell[:-1]),
    "a stray byte": (7, "birth_date", "1987-03-05", lambda cell: cell[:2] + b"\xff" + cell[2:]),
    "a cell that is cut at the end of the file": (100, "remark", "望江路199", lambda cell: cell[:1]),
}
"""Row, column, what stands there, and what becomes of its bytes."""


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_row_is_held_with_its_text_and_the_others_are_accepted(
    read, encoding, damage, as_csv, headers, people
):
    at, column, text, harm = DAMAGE[damage]
    lines = table(as_csv, headers, people, CODECS[encoding])
    whole = text.encode(CODECS[encoding])
    assert lines[at].count(whole) == 1
    lines[at] = lines[at].replace(whole, harm(whole))
    accepted, (held,), manifest = read(b"".join(lines).rstrip(), encoding)
    assert [row["_row"] for row in accepted] == [n for n in range(1, 101) if n != at]
    assert manifest["counts"] == {"read": 100, "accepted": 99, "quarantined": 1}
    assert (held["_row"], held["_rules"], held["_proposal"]) == (at, ["row.encoding"], None)
    names = ("citizen_id", "resident_name", "sex_code", "birth_date", "remark")
    assert [held[name] for name in names] == [
        None if name == column else cell for name, cell in zip(names, people[at - 1], strict=True)
    ]
    seen = harm(whole).decode(CODECS[encoding], "backslashreplace")
    assert held["_raw"].lower() == ",".join(people[at - 1]).replace(text, seen).lower()


def test_a_row_of_another_system_is_proposed_as_it_reads_there(read, as_csv, headers, people):
    lines = table(as_csv, headers, people)
    lines[5] = table(as_csv, headers, people, "gb18030")[5]
    _, (held,), _ = read(b"".join(lines))
    assert held["_rules"] == ["row.encoding"]
    assert held["citizen_id"] == people[4][0]
    assert held["_proposal"] is not None
    assert "王一二" in held["_proposal"]


def test_where_blocks_end_changes_nothing(read, settings, as_csv, headers, people, monkeypatch):
    lines = table(as_csv, headers, people)
    lines[3] = lines[3].replace("王".encode(), b"\xe7\x8e")
    lines[50] = lines[50].replace("望".encode(), b"\xff")
    lines[51] = lines[51].replace(b",1987-03-05", b',"1987-03-05"')
    accepted, held, manifest = read(b"".join(lines))
    assert [row["_row"] for row in held] == [3, 50]
    for size in (64, 97, 201):
        for path in settings.lake.rglob("load=*"):
            path.rename(settings.home / f"{path.name}-{size}")
        monkeypatch.setattr(delimited, "BLOCK", size)
        assert read(b"".join(lines)) == (accepted, held, manifest)


def test_a_damaged_byte_inside_a_quoted_cell_of_several_lines_holds_its_record(read, as_csv, headers, people):
    lines = table(as_csv, headers, people)
    lines[9] = lines[9].replace("望江路".encode(), b'"\xe6\x9c\n\xe6\x9b\xbe')[:-2] + b'"\r\n'
    accepted, held, manifest = read(b"".join(lines))
    assert manifest["counts"]["read"] == manifest["counts"]["accepted"] + len(held)
    assert {row["remark"] for row in accepted} == {row[4] for row in people} - {people[8][4]}
    assert held[0]["_rules"] == ["row.encoding"]


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
def test_what_detection_holds_the_contract_holds_too(read, settings, encoding, as_csv, headers, people):
    lines = table(as_csv, headers, people, CODECS[encoding])
    for at in (4, 60):
        lines[at] = lines[at].replace("一".encode(CODECS[encoding]), "一".encode(CODECS[encoding])[:1])
    _, held, _ = read(b"".join(lines), encoding)
    found = detect_text(settings.data / "表_202601.csv")
    assert [one.rule for one in found.held] == [row["_rules"][0] for row in held] == ["row.encoding"] * 2
    assert [one.place - 1 for one in found.held] == [row["_row"] for row in held] == [4, 60]


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("count", [5, 6])
def test_up_to_a_twentieth_of_the_rows_may_be_damaged(ingest, encoding, count, as_csv, headers, people):
    lines = table(as_csv, headers, people, CODECS[encoding])
    for at in range(10, 10 + count):
        lines[at] = lines[at].replace(b"1987-", b"\xff-")
    outcome = ingest(b"".join(lines), encoding)
    if count == 5:
        assert outcome.loaded[0].manifest["rules"] == {"row.encoding": 5}
    else:
        (error,) = outcome.errors
        assert (error.expected, error.got) == (encoding, "6 of 100 rows with bytes that are none of its characters")
        assert "two encodings" in error.todo


@pytest.mark.parametrize("declared", ["UTF-8", "GB18030"])
def test_a_wrong_declaration_is_refused_however_short_the_file_is(ingest, declared, as_csv, headers, people):
    other = "gb18030" if declared == "UTF-8" else "utf-8"
    for rows in (1, 2, 50):
        outcome = ingest(b"".join(table(as_csv, headers, people[:rows], other)), declared)
        assert {error.what for error in outcome.errors} == {
            "The delivery is not in the encoding that the contract declares."
        }


def test_a_damaged_header_is_refused(ingest, as_csv, headers, people):
    lines = table(as_csv, headers, people)
    lines[0] = lines[0].replace("性".encode(), b"\xe6\x80")
    (error,) = ingest(b"".join(lines)).errors
    assert error.got == "a header with damaged bytes"


def test_damage_in_titles_and_notes_costs_no_row(read, as_csv, headers, people):
    title, note = "登记表".encode()[:-1] + b"\r\n", "注：以上".encode()[:-1] + b"\r\n"
    lines = [title, *table(as_csv, headers, people), note]
    options = {"title_rows": 1, "footer_pattern": "注"}
    _, held, manifest = read(b"".join(lines), options=options)
    assert (held, manifest["left_out"]) == ([], {"title": 1, "footer": 1})


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
def test_a_code_point_that_no_text_has_is_no_damage_where_all_bytes_decode(read, encoding, as_csv, headers, people):
    people[3][4] = "甲\ufdd0乙"
    accepted, _, _ = read(b"".join(table(as_csv, headers, people, CODECS[encoding])), encoding)
    assert accepted[3]["remark"] == "甲\ufdd0乙"
