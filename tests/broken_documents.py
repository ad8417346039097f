"""Broken JSON, NDJSON and XML."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any

from broken_table import HEADERS, BadFile, as_xml, records, row, rows, whole_json, whole_ndjson

MEGABYTE = 1 << 20


def json_files() -> Iterator[BadFile]:
    """JSON documents."""

    def one(case: str, data: bytes | str, rows_: Any = None, verdict: str = "either", **more: Any) -> BadFile:
        raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        return BadFile(case, "json", ".json", raw, None if rows_ is None else tuple(rows_), verdict, **more)

    whole = whole_json(20).decode()
    ten, few = range(1, 21), records(20)
    yield one("good", whole, ten, "loaded")
    yield one("with mark", codecs.BOM_UTF8 + whole.encode(), ten)
    for codec in ("gb18030", "utf-16", "utf-32"):
        yield one(f"{codec} declared UTF-8", whole.encode(codec), verdict="refused")
    for name, data in {
        "trailing comma": whole[:-1] + ",]",
        "two documents": whole + whole,
        "text after it": whole + "x",
        "single quotes": whole.replace('"', "'"),
        "comment": "/* x */" + whole,
        "brace missing": whole.replace("}", "", 1),
        "bracket missing": whole[:-1],
        "a text": '"姓名-00001"',
        "a number": "1",
        "null": "null",
        "blank": "  \n",
        "object": json.dumps(few[0], ensure_ascii=False),
        "NDJSON": whole_ndjson(20).decode(),
    }.items():
        yield one(name, data, verdict="refused")
    yield one("empty list", "[]")
    yield one("list of texts", '["姓名-00001", "姓名-00002"]')
    yield one("list of lists", json.dumps(rows(5), ensure_ascii=False))
    yield one("items of all kinds", json.dumps([*few[:3], None, 1, "x", [], {}, True], ensure_ascii=False))
    yield one("100000 brackets", "[" * 100_000, verdict="refused")
    yield one("100000 brackets, closed", "[" * 100_000 + "]" * 100_000)
    deep = '{"a":' * 50_000 + "1" + "}" * 50_000
    yield one("a value 50000 deep", json.dumps(few[:2], ensure_ascii=False)[:-1] + f', {{"编号": {deep}}}]')
    yield one("an unknown key 50000 deep", json.dumps(few[:2], ensure_ascii=False)[:-1] + f', {{"x": {deep}}}]')
    first = whole.partition("}")[0]
    yield one("a key twice", whole.replace(first, first + ', "姓名": "姓名-00001"', 1))
    yield one("a key twice, other value", whole.replace(first, first + ', "姓名": "姓名-99999"', 1))
    for name, value in {
        "NaN": "NaN",
        "Infinity": "-Infinity",
        "1e400": "1e400",
        "40 digits": "9" * 40,
        "5000 digits": "9" * 5000,
        "float": "0.1",
        "boolean": "true",
        "null": "null",
        "object": '{"a": 1}',
        "list": "[1, 2]",
        "leading zero": "01",
        "hex": "0x1F",
        "tiny": "1e-400",
        "exponent": "1e999999999",
    }.items():
        yield one(f"amount {name}", whole.replace('"1.25"', value, 1))
    for name, value in {
        "NUL": r"\u0000",
        "high surrogate": r"\ud800",
        "low surrogate": r"\udc00",
        "bad escape": r"\q",
        "raw line end": "\n",
        "raw NUL": "\0",
        "pair": r"\ud842\udfb7",
        "real surrogate": "\ud800",
    }.items():
        yield one(f"text with {name}", whole.replace("学校-00003", f"学校-00003{value}", 1))
    yield one("a text of 6 MB", whole.replace("学校-00003", "学校-00003" + "长" * (2 * MEGABYTE), 1), ten)
    yield one("a record without keys", whole.replace("}, {", "}, {}, {", 1))
    wide = {f"列{place}": "x" for place in range(20_000)}
    yield one("20000 new keys", json.dumps([*few[:3], wide], ensure_ascii=False))
    yield one("an empty key", whole.replace('"学校"', '""', 1), altered=1)  # told as a new column
    yield one("keys with quotes", whole.replace('"学校"', r'"学\"校"', 1), altered=1)  # told as a new column


def ndjson_files() -> Iterator[BadFile]:
    """Lines of JSON."""

    def one(case: str, data: bytes | str, rows_: Any = None, verdict: str = "either", **more: Any) -> BadFile:
        raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        return BadFile(case, "ndjson", ".ndjson", raw, None if rows_ is None else tuple(rows_), verdict, **more)

    lines = whole_ndjson(20).decode().splitlines()
    ten = range(1, 21)
    joined = "\n".join(lines)
    yield one("good", joined, ten, "loaded")
    yield one("with mark", codecs.BOM_UTF8 + joined.encode(), ten)
    yield one("mark in the middle", joined.replace("\n", "\n\ufeff", 1))
    for codec in ("gb18030", "utf-16", "utf-32"):
        yield one(f"{codec} declared UTF-8", joined.encode(codec), verdict="refused")
    yield one("carriage returns and line feeds", "\r\n".join(lines), ten, "loaded")
    yield one("carriage returns alone", "\r".join(lines))
    yield one("blank lines", "\n\n \n".join(lines))
    yield one("100000 blank lines above", "\n" * 100_000 + joined, ten, "loaded")
    yield one("no records, said so", " []\n", (), "loaded")
    deep = '{"a":' * 50_000 + "1" + "}" * 50_000
    for name, line in {
        "cut line": lines[0][:40],
        "comma after it": lines[0] + ",",
        "two objects": lines[0] + lines[1],
        "a list": json.dumps(row(1), ensure_ascii=False),
        "text": "姓名-00001 张三",
        "single quotes": lines[0].replace('"', "'"),
        "number": "1",
        "null": "null",
        "empty object": "{}",
        "a key twice": lines[0][:-1] + ', "姓名": "姓名-00001"}',
        "other value twice": lines[0][:-1] + ', "姓名": "姓名-00077"}',
        "nested object": '{"编号": {"编号": "编号-00001"}}',
        "50000 deep": f'{{"编号": {deep}}}',
        "100000 brackets": "[" * 100_000,
        "NUL byte": lines[0].replace("姓", "\0姓", 1),
        "escaped NUL": lines[0].replace("00001", r"00001\u0000", 1),
        "surrogate": lines[0].replace("00001", r"00001\ud800", 1),
        "bad escape": lines[0].replace("00001", r"00001\x", 1),
        "NaN": lines[0].replace('"1.25"', "NaN"),
        "40 digits": lines[0].replace('"1.25"', "9" * 40),
        "1e999999999": lines[0].replace('"1.25"', "1e999999999"),
        "raw tab": lines[0].replace("姓名-", "姓名-\t", 1),
        "line end of Unicode": lines[0].replace("姓名-", "\u2028姓名-", 1),
        "CSV": ",".join(HEADERS),
        "HTML": "<html>",
    }.items():
        yield one(f"a line: {name}", "\n".join([*lines[1:5], line, *lines[5:]]))
        if name in ("cut line", "text", "null", "50000 deep", "a list"):
            yield one(f"first line: {name}", "\n".join([line, *lines[1:]]))
    yield one("a line of 5 MB", "\n".join([*lines[1:5], lines[0].replace("学校-", "学校-" + "x" * (5 * MEGABYTE), 1)]))
    yield one("an object over several lines", json.dumps(records(3), ensure_ascii=False, indent=1)[1:-1])
    yield one("JSON", whole_json(20))
    yield one("bad bytes in a line", joined.encode().replace("姓名-00003".encode(), b"\xff\xfe"), verdict="refused")


def xml_files() -> Iterator[BadFile]:
    """XML documents."""

    def one(case: str, data: bytes | str, rows_: Any = None, verdict: str = "either", **more: Any) -> BadFile:
        raw = data.encode() if isinstance(data, str) else data
        return BadFile(case, "xml", ".xml", raw, None if rows_ is None else tuple(rows_), verdict, **more)

    head = '<?xml version="1.0" encoding="UTF-8"?>'
    good, body, ten = as_xml(rows(20)), as_xml(rows(20), ""), range(1, 21)
    yield one("good", good, ten, "loaded")
    yield one("good GB18030", as_xml(rows(20), '<?xml version="1.0" encoding="GB2312"?>').encode("gb18030"), ten)
    yield one("UTF-16", as_xml(rows(20), '<?xml version="1.0" encoding="UTF-16"?>').encode("utf-16"), ten)
    yield one("GB18030 declared UTF-8", good.encode("gb18030"), verdict="refused")
    yield one("UTF-8 declared GB18030", as_xml(rows(20), '<?xml version="1.0" encoding="GB18030"?>').encode())
    yield one("unknown encoding", as_xml(rows(20), '<?xml version="1.0" encoding="EBCDIC-CP-US"?>'), verdict="refused")
    laughs = (
        "<!DOCTYPE 表 [<!ENTITY a0 'ha'>"
        + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
        + "]>"
    )
    for name, kind in {
        "billion laughs": laughs,
        "quadratic": f"<!DOCTYPE 表 [<!ENTITY a11 '{'x' * 100_000}'>]>",
        "external entity": "<!DOCTYPE 表 [<!ENTITY a11 SYSTEM 'file:///etc/passwd'>]>",
        "external entity by http": "<!DOCTYPE 表 [<!ENTITY a11 SYSTEM 'http://127.0.0.1:1/x'>]>",
        "parameter entity": "<!DOCTYPE 表 [<!ENTITY % x SYSTEM 'file:///etc/passwd'> %x;]>",
        "external type": "<!DOCTYPE 表 SYSTEM 'http://127.0.0.1:1/x.dtd'>",
    }.items():
        yield one(name, head + kind + body.replace("学校-00001", "&a11;" * 50, 1), verdict="refused")
    yield one("unknown entity", good.replace("学校-00001", "&nbsp;", 1), verdict="refused")
    for name, data in {
        "wrong end tag": good.replace("</学校>", "</校>", 1),
        "no end tag": good.replace("</学校>", "", 1),
        "two roots": good + body,
        "text after it": good + "x",
        "ampersand": good.replace("姓名-", "姓名&-", 1),
        "less-than": good.replace("姓名-00001", "姓名<-", 1),
        "control character": good.replace("姓名-", "\x01姓名-", 1),
        "NUL": good.replace("姓名-", "\0姓名-", 1),
        "number of a control": good.replace("姓名-", "&#1;姓名-", 1),
        "blank before the declaration": "  " + good,
        "HTML": "<html><body><table><tr><td>x</table>",
        "root alone": head + "<表/>",
        "text alone": "编号-00001",
        "declaration alone": head,
    }.items():
        yield one(name, data, verdict="refused")
    yield one("100000 deep", head + "<表>" + "<a>" * 100_000 + "</a>" * 100_000 + "</表>", verdict="refused")
    yield one("a text of 6 MB", good.replace("学校-00001", "学校-00001" + "长" * (2 * MEGABYTE), 1), ten)
    yield one("a record of 20 MB", good.replace("学校-00001", "x" * (20 * MEGABYTE), 1), verdict="refused")
    yield one(
        "an attribute of 20 MB",
        good.replace("<人>", f'<人 x="{"x" * (20 * MEGABYTE)}">', 1),
        verdict="refused",
        costly=True,
    )
    yield one("a tag of 2 MB", good.replace("<人>", f"<人><{'x' * 2 * MEGABYTE}/>", 1))
    yield one(
        "100000 attributes",
        good.replace("<人>", "<人 " + " ".join(f'a{n}="x"' for n in range(100_000)) + ">", 1),
        costly=True,
    )
    yield one("an attribute twice", good.replace("<人>", '<人 a="1" a="2">', 1), verdict="refused")
    yield one("a child twice", good.replace("<学校>", "<学校>学校-00001</学校><学校>", 1))
    yield one("a child with children", good.replace("学校-00001", "<a>学校-00001</a>", 1))
    # Told as the new column `#text`.
    yield one("text beside children", good.replace("<人>", "<人>住址-00001", 1), altered=1)
    yield one("CDATA", good.replace("姓名-00001", "<![CDATA[姓名-00001]]>", 1), ten)
    yield one("unclosed CDATA", good.replace("姓名-00001", "<![CDATA[姓名-00001", 1), verdict="refused")
    yield one("comment in a cell", good.replace("姓名-00001", "姓名<!-- x -->-00001", 1), ten)
    yield one(
        "processing instruction", good.replace("<人>", '<?xml-stylesheet href="file:///etc/passwd"?><人>', 1), ten
    )
    yield one(
        "inclusion",
        good.replace("<人>", '<人><i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>', 1),
    )
    yield one("unbound prefix", good.replace("<人>", "<p:人>", 1).replace("</人>", "</p:人>", 1), verdict="refused")
    yield one("records of another name", good.replace("<人>", "<物>", 3).replace("</人>", "</物>", 3))
