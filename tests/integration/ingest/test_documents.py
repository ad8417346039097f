"""Nested records, lists whose items are rows, and XML: what a contract's paths mean, and what is refused."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from made_columns import column

from yibiao.ingest import ingest_report

SECRET = "99990119870305987X"
FAMILIES = (
    column("code", "户号", key=True, required=True),
    column("head", "户主.姓名"),
    column("phone", "户主.电话.0"),
    column("member", "成员.姓名"),
    column("relation", "成员.@关系", aliases=("成员.关系",)),
)
RECORDS = [
    {
        "户号": "1",
        "户主": {"姓名": "张三", "电话": ["139", "138"]},
        "成员": [{"姓名": "甲", "关系": "子"}, {"姓名": "乙"}],
    },
    {"户号": "2", "户主": {"姓名": "李四"}, "成员": []},
    {"户号": "3", "户主": None},
]
EXPANDED = [
    ("1", "张三", "139", "甲", "子"),
    ("1", "张三", "139", "乙", None),
    ("2", "李四", None, None, None),
    ("3", None, None, None, None),
]


@pytest.fixture
def read(make_report, settings, content):
    """`read(format, bytes, options, columns)`: accepted rows as tuples, quarantined ones, the manifest, the errors."""

    def load(kind: str, data: bytes, options=None, columns=FAMILIES, encoding="UTF-8", **fields):
        (settings.data / f"表_202601.{kind}").write_bytes(data)
        report = make_report(kind, f"*.{kind}", columns=columns, options=options, encoding=encoding, **fields)
        outcome = ingest_report(report, settings)
        if outcome.errors:
            return [], [], None, outcome.errors
        (package,) = outcome.loaded
        accepted, quarantined = content(package.folder)
        names = [one.name for one in columns]
        return [tuple(row[name] for name in names) for row in accepted], quarantined, package.manifest, ()

    return load


@pytest.mark.parametrize("kind", ["json", "ndjson"])
def test_items_of_a_list_are_rows_beside_what_their_record_says_once(read, kind):
    lines = [json.dumps(one, ensure_ascii=False) for one in RECORDS]
    data = ("[" + ",".join(lines) + "]" if kind == "json" else "\n".join(lines)).encode()
    rows, _, manifest, _ = read(kind, data, {"expand": "成员"})
    assert rows == EXPANDED
    assert manifest["counts"] == {"read": 4, "accepted": 4, "quarantined": 0}


def test_without_expansion_a_list_stays_as_it_is(read):
    columns = (
        column("code", "户号", key=True, required=True),
        column("members", "成员"),
        column("first", "成员.0.姓名"),
    )
    rows, *_ = read("json", json.dumps(RECORDS).encode(), columns=columns)
    assert rows == [("1", '[{"姓名":"甲","关系":"子"},{"姓名":"乙"}]', "甲"), ("2", "[]", None), ("3", None, None)]


def test_a_list_of_plain_values_is_expanded_too(read):
    columns = (column("code", "户号", key=True, required=True), column("phone", "电话"))
    rows, *_ = read("json", b'[{"\\u6237\\u53f7": "1", "\\u7535\\u8bdd": ["139", 138]}]', {"expand": "电话"}, columns)
    assert rows == [("1", "139"), ("1", "138")]


def test_a_header_that_is_a_key_goes_before_a_path(read):
    columns = (column("code", "户号", key=True, required=True), column("head", "户主.姓名"))
    records = [{"户号": "1", "户主.姓名": "就是它", "户主": {"姓名": "不是它"}}]
    rows, *_ = read("json", json.dumps(records).encode(), columns=columns)
    assert rows == [("1", "就是它")]


@pytest.mark.parametrize("kind", ["json", "ndjson"])
def test_a_key_that_stands_twice_and_a_value_where_an_object_belongs_go_to_quarantine(read, kind):
    lines = ['{"户号": "1", "户主": {"姓名": "张三"}}', '{"户号": "2", "户号": "3"}', '{"户号": "4", "户主": "李四"}']
    data = ("[" + ",".join(lines) + "]" if kind == "json" else "\n".join(lines)).encode()
    rows, quarantined, manifest, _ = read(kind, data, columns=FAMILIES[:2])
    assert rows == [("1", "张三")]
    assert [(row["_row"], row["_rules"]) for row in quarantined] == [(2, ["row.repeated_key"]), (3, ["row.shape"])]
    assert json.loads(quarantined[1]["_raw"]) == {"户号": "4", "户主": "李四"}
    assert manifest["counts"] == {"read": 3, "accepted": 1, "quarantined": 2}


def test_numbers_keep_all_their_digits(read):
    columns = (column("code", "编号", key=True, required=True), column("amount", "金额"))
    data = '[{"编号": 123456789012345678901234, "金额": 0.10}, {"编号": 1, "金额": 1.5e3}]'.encode()
    rows, *_ = read("json", data, columns=columns)
    assert rows == [("123456789012345678901234", "0.10"), ("1", "1500")]


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        (b'{"data": {"list": 1}}', {"records_path": "data.list"}, "a list at `data.list`"),
        (b'{"data": []', {"records_path": "data"}, "one complete JSON document"),
        (f'[{{"户号": "{SECRET}"}}, {{"户号": '.encode(), {}, "one complete JSON document"),
        (f'[{{"户号": "{SECRET}"}}] x'.encode(), {}, "one complete JSON document"),
        (f'[{{"户号": "{SECRET}", "金额": NaN}}]'.encode(), {}, "one complete JSON document"),
    ],
)
def test_a_document_that_breaks_off_or_has_no_list_there_is_refused(read, data, options, expected):
    *_, (error,) = read("json", data, options)
    assert error.expected == expected
    assert SECRET not in str(error)


@pytest.mark.parametrize("inside", ["[" * 50_000, '{"a":[' * 30_000, '"' + "]" * 300 + '",' + "[" * 50_000])
def test_a_document_nested_beyond_reason_is_refused_at_once(read, inside):
    *_, (error,) = read("json", f'[{{"户号": "1", "x": [{inside}'.encode())
    assert "nested too deep" in error.what


def test_a_text_without_end_is_refused_at_once(read, monkeypatch):
    monkeypatch.setattr("yibiao.ingest.readers.documents.LONGEST_TEXT", 1 << 20)
    monkeypatch.setattr("yibiao.ingest.readers.documents.BLOCK", 1 << 16)
    long = "某" * 300_000
    *_, manifest, errors = read("json", f'[{{"户号": "{long}"}}]'.encode(), columns=FAMILIES[:1])
    assert (errors, manifest["counts"]["read"]) == ((), 1)
    *_, (error,) = read("json", f'[{{"户号": "{long * 2}"}}]'.encode(), columns=FAMILIES[:1])
    assert "without end" in error.what


def test_brackets_in_texts_nest_nothing(read):
    columns = (column("code", "户号", key=True, required=True), column("note", "备注"))
    records = [{"户号": str(place), "备注": '见[附件{\\"['} for place in range(300)]
    rows, *_ = read("json", json.dumps(records, ensure_ascii=False).encode(), columns=columns)
    assert len(rows) == 300


@pytest.mark.parametrize(
    ("kind", "data", "options"), [("json", b'{"data": []}', {"records_path": "data"}), ("ndjson", b" []\n", {})]
)
def test_an_empty_list_is_a_delivery_of_no_rows(read, kind, data, options):
    rows, _, manifest, errors = read(kind, data, options)
    assert (rows, errors, manifest["counts"]["read"]) == ([], (), 0)


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n" * 3])
def test_a_file_of_no_lines_may_be_an_export_that_failed(read, data):
    *_, errors = read("ndjson", data)
    assert [error.what for error in errors] == ["The delivery is empty: it has no record."]
    assert "`[]`" in errors[0].todo


def test_records_below_many_blank_lines_are_read(read):
    rows, quarantined, *_ = read("ndjson", b"\n" * 300_000 + b'{"\xe6\x88\xb7\xe5\x8f\xb7": "1"}\n')
    assert ([row[0] for row in rows], quarantined) == (["1"], [])


FAMILY_XML = """<?xml version="1.0" encoding="{codec}"?>
<!-- 家庭 -->
<x:名单 xmlns:x="urn:x"><列表>
  <x:户><户号>1</户号><户主><姓名>张三</姓名></户主>
    <成员 关系="子"><姓名>甲</姓名></成员><成员><姓名><![CDATA[乙]]></姓名></成员></x:户>
  <x:户><户号>2</户号><户主><姓名>李四</姓名></户主><成员 关系="女"><姓名>丙</姓名></成员></x:户>
  <x:户><户号>3</户号><户主/></x:户>
</列表></x:名单>"""


@pytest.mark.parametrize("path", ["列表.户", "名单.列表.户"])
@pytest.mark.parametrize("codec", ["UTF-8", "GBK", "gb2312", "GB18030", "UTF-16"])
def test_elements_at_a_path_are_records_in_any_declared_encoding(read, codec, path):
    columns = (*FAMILIES[:2], *FAMILIES[3:])
    rows, _, _, errors = read(
        "xml", FAMILY_XML.format(codec=codec).encode(codec), {"records_path": path, "expand": "成员"}, columns
    )
    assert not errors, errors
    assert rows == [
        ("1", "张三", "甲", "子"),
        ("1", "张三", "乙", None),
        ("2", "李四", "丙", "女"),
        ("3", None, None, None),
    ]


LAUGHS = "<!DOCTYPE a [<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
HARMFUL = {
    "billion laughs": f"<?xml version='1.0'?>{LAUGHS}]><a><户><户号>&a9;</户号></户></a>",
    "external entity": "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a><户><户号>&x;</户号></户></a>",
    "external document type": "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'><a><户><户号>1</户号></户></a>",
    "parameter entity": "<!DOCTYPE a [<!ENTITY % x SYSTEM 'file:///etc/passwd'> %x;]><a/>",
}


@pytest.mark.parametrize("harm", sorted(HARMFUL))
def test_document_types_are_refused_and_the_reason_is_told(read, harm):
    *_, (error,) = read("xml", HARMFUL[harm].encode(), columns=FAMILIES[:1])
    assert "DOCTYPE" in error.what
    assert "without a document type" in error.todo


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "not a well-formed"),
        (f"<a><户><户号>{SECRET}</户号></户>".encode(), "not a well-formed"),
        (f"<a><户><户号>{SECRET}</户></户号></a>".encode(), "not a well-formed"),
        (f"<a><户><户号>{SECRET}&nbsp;</户号></户></a>".encode(), "not a well-formed"),
        (f"<a><户><户号>{SECRET}张</户号></户></a>".encode("gbk"), "encoding"),
        (b'<?xml version="1.0" encoding="ebcdic-cp-us"?><a/>', "encoding"),
        (("<a>" * 100 + "</a>" * 100).encode(), "too deep"),
        (b"<a/>", "no records"),
        (b"<a><b>" + b"<c>x</c>" * 1_000_000 + b"</b></a>", "too large"),
    ],
)
def test_xml_that_is_none_or_too_much_is_refused_without_quoting_it(read, data, what):
    *_, (error,) = read("xml", data, columns=FAMILIES[:1])
    assert what in error.what
    assert SECRET not in str(error)


def test_a_contract_may_correct_a_wrong_declaration(read, settings, make_report, content):
    data = '<?xml version="1.0" encoding="ISO-8859-1"?><a><户><户号>一</户号></户></a>'.encode("gbk")
    (settings.data / "表_202601.xml").write_bytes(data)
    report = make_report("xml", "*.xml", columns=FAMILIES[:1])
    assert "declares" in ingest_report(report, settings).errors[0].what
    from dataclasses import replace

    corrected = replace(report, server=replace(report.server, encoding="GB18030"))
    assert content(ingest_report(corrected, settings).loaded[0].folder)[0][0]["code"] == "一"


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_bytes_flipped_anywhere_never_crash_a_reader(read, kind, settings):
    chance = random.Random(7)
    whole = (json.dumps(RECORDS, ensure_ascii=False) if kind == "json" else FAMILY_XML.format(codec="UTF-8")).encode()
    options = {"expand": "成员"} | ({} if kind == "json" else {"records_path": "列表.户"})
    for _ in range(8):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        rows, quarantined, manifest, errors = read(kind, bytes(damaged), options)
        for error in errors:
            assert type(error).__name__ == "DeliveryError"
            assert "defect of the program" not in error.todo, error
        assert errors or len(rows) + len(quarantined) == manifest["counts"]["read"]
        for path in settings.data.iterdir():
            path.unlink()


GROWTH = """
import sys, types, resource
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from made_columns import column
from yibiao.ingest.readers.chunks import Reading
from yibiao.ingest.readers import read
kind, columns = sys.argv[2], (column("code", "户号"), column("head", "户主.姓名"))
options = {"records_path": "data" if kind == "json" else "户"}
server = types.SimpleNamespace(options=options, codec="utf-8", encoding="UTF-8", format=kind)
report = types.SimpleNamespace(columns=columns, server=server, on_drift={})
for name in ("small", "big"):
    path = Path(sys.argv[1]) / name
    print(sum(chunk.rows.num_rows for chunk in read(kind, path, report, Reading(name))))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_a_document_four_times_as_large_takes_no_more_memory(tmp_path, kind):
    text = "某" * 2000
    for name, count in (("small", 3_000), ("big", 12_000)):
        with (tmp_path / name).open("w", encoding="utf-8") as stream:
            stream.write('{"data": [' if kind == "json" else "<a>")
            for place in range(count):
                if kind == "json":
                    stream.write(f'{"," if place else ""}{{"户号":"{place}","户主":{{"姓名":"{text}"}}}}')
                else:
                    stream.write(f"<户><户号>{place}</户号><户主><姓名>{text}</姓名></户主></户>")
            stream.write("]}" if kind == "json" else "</a>")
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", GROWTH, str(tmp_path), kind, here]
    small, before, big, after = map(int, subprocess.run(command, capture_output=True, check=True).stdout.split())
    assert (small, big) == (3_000, 12_000)
    assert after - before < 40  # megabytes; the big one has 50 more than the small one
