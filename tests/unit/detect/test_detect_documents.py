"""Files of records without a contract: where the records lie, what their columns are."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from yibiao.detect.documents import detect_documents
from yibiao.errors import DeliveryError

PEOPLE = [
    {"编号": "007", "户主": {"姓名": "张三", "证号": 123456789012345678901234}, "金额": 12.5, "成员": [{"名": "甲"}]},
    {"编号": 8, "户主": {"姓名": "李四"}, "在册": True, "电话": ["1", "2"]},
]
HEADERS = ("编号", "户主.姓名", "户主.证号", "金额", "成员", "在册", "电话")
ROWS = [
    ("007", "张三", "123456789012345678901234", "12.5", '[{"名":"甲"}]', None, None),
    ("8", "李四", None, None, None, "true", '["1","2"]'),
]


def rows(found) -> list[tuple]:
    return list(zip(*found.rows.to_pydict().values(), strict=True))


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_records_of_a_document_are_found_where_they_lie(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "a.json"
    document = {"code": 0, "links": [{"x": 1}], "data": {"list": PEOPLE}, "页": 1}
    path.write_bytes(json.dumps(document, ensure_ascii=False).encode(codec))
    (found,) = detect_documents(path, "json")
    assert (found.choices["recordsPath"].value, found.choices["recordsPath"].rivals) == ("data.list", ("links",))
    assert not found.choices["recordsPath"].sure
    assert (
        found.choices["encoding"].value
        == {
            "utf-8": "UTF-8",
            "utf-8-sig": "UTF-8-BOM",
            "gb18030": "GB18030",
            "utf-16": "UTF-16",
        }[codec]
    )
    expand = found.choices["expand"]  # nothing is expanded; a human may want it
    assert (expand.value, expand.sure, expand.rivals) == ("", False, ("成员",))
    assert found.headers == HEADERS
    assert rows(found) == ROWS


def test_a_list_at_the_top_and_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"a": n, "b": {"c": str(n)}} for n in range(50)]))
    (found,) = detect_documents(path, "json", limit=7)
    assert (found.choices["recordsPath"].value, found.choices["recordsPath"].sure) == ("", True)
    assert (found.headers, found.rows.num_rows) == (("a", "b.c"), 7)


@pytest.mark.parametrize("kind", ["ndjson", "json"])
def test_lines_of_objects_and_what_is_none_is_held(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.json"
    lines = [json.dumps(one, ensure_ascii=False) for one in PEOPLE]
    path.write_text("\n".join([lines[0], "", "垃圾", lines[1]]) if kind == "ndjson" else "\n".join(lines))
    (found,) = detect_documents(path, kind)
    assert (found.format, found.headers, rows(found)) == ("ndjson", HEADERS, ROWS)
    assert [(one.place, one.rule, one.raw) for one in found.held] == (
        [(3, "row.json", "垃圾")] if kind == "ndjson" else []
    )


@pytest.mark.parametrize("codec", ["utf-8", "gbk", "gb18030"])
def test_repeated_elements_are_records(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(
        f"""<?xml version="1.0" encoding="{codec}"?>
        <名单 xmlns="urn:x"><说明>一</说明><列表>
          <人 编号="007"><户主><姓名 语言="zh">张三</姓名></户主><电话>1</电话><电话>2</电话></人>
          <人 编号="8"><户主><姓名>李四 &amp; 子</姓名></户主></人>
        </列表></名单>""".encode(codec)
    )
    (found,) = detect_documents(path, "xml")
    assert (found.choices["recordsPath"].value, found.choices["recordsPath"].sure) == ("列表.人", True)
    assert found.headers == ("@编号", "户主.姓名", "户主.姓名.@语言", "电话")
    assert rows(found) == [("007", "张三", "zh", '["1","2"]'), ("8", "李四 & 子", None, None)]


def test_parquet_structures_become_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"编号": [1, 2], "户主": [{"姓名": "张三", "龄": 40}, None]}), path)
    (found,) = detect_documents(path, "parquet")
    assert (found.headers, rows(found)) == (("编号", "户主.姓名", "户主.龄"), [("1", "张三", "40"), ("2", None, None)])
    assert detect_documents(path, "parquet", limit=1)[0].rows.num_rows == 1


def test_every_table_of_a_database_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    connection = sqlite3.connect(path)
    connection.execute('create table "房屋" (id integer primary key autoincrement, "面积" real)')
    connection.execute('insert into "房屋" values (1, 88.0), (2, null)')
    connection.execute("create table leer (x)")
    connection.commit()
    connection.close()
    empty, houses = detect_documents(path, "sqlite")
    assert (empty.name, empty.headers, empty.rows.num_rows) == ("leer", ("x",), 0)
    assert (houses.name, houses.choices["table"].sure, rows(houses)) == ("房屋", False, [("1", "88"), ("2", None)])


BAD = {
    "empty": b"",
    "noise": bytes(range(256)) * 40,
    "csv": "证号,姓名\n99990119870305987X,张三\n".encode(),
    "number": b"42",
    "entities": b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    "cut": b'{"data": [',
}


@pytest.mark.parametrize("kind", ["json", "ndjson", "xml", "parquet", "sqlite"])
@pytest.mark.parametrize("damage", sorted(BAD))
def test_what_is_something_else_is_refused_without_quoting_it(tmp_path: Path, kind: str, damage: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(BAD[damage])
    with pytest.raises(DeliveryError) as refused:
        detect_documents(path, kind)
    assert "99990119870305987X" not in str(refused.value)
