"""Addresses as clerks write them, and the parts that are read out of them."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yibiao.identity.addresses import Address, describe, figures, parse, parse_all

HOME = Address("示范市示范区", "城关镇", "幸福社区", "人民路", "8号", "幸福花园", building="3", unit="2", room="501")


@pytest.mark.parametrize(
    "text",
    [
        "示范市示范区城关镇幸福社区人民路8号幸福花园3幢2单元501室",
        "示范市示范区城关镇幸福社区人民路8号幸福花园3栋2单元501室",
        "示范市示范区城关镇幸福社区人民路8号幸福花园3号楼2单元501",
        "示范市示范区城关镇幸福社区居委会人民路8号幸福花园3座2门501房",
        "示范市示范区城关镇幸福社区人民路８号幸福花园３幢２单元５０１室",
        "示范市示范区城关镇幸福社区人民路八号幸福花园三栋二单元五〇一室",
        "示范市示范区城关镇幸福社区人民路8号幸福花园3-2-501",
        "示范市示范区城关镇幸福社区人民路8号幸福花园３－２－５０１",
        "示范市示范区城关镇幸福社区人民路8号幸福花园3—2—501室",
        "示范市示范区城关镇幸福社区人民路8号幸福花园3#2-501",
        "示范市示范区城关镇幸福社区人民路8号幸福花园3＃2单元501#",
        "示范市示范区城关镇幸福社区人民路8号（幸福花园）3幢2-501",
        "示范市示范区 城关镇 幸福社区 人民路8号 幸福花园 3幢 2单元 501室",
        "示范市示范区城关镇幸福社区人民路8号幸福花园3幢2单元5层501室",
        "示范市示范区城关镇幸福社区人民路0008号幸福花园03幢02单元0501室",
        "示范市示范区城关镇幸福社区人民路8号幸福花园3幢2单元501室（租住）",
        "示范市示范区城关镇幸福社区人民路8号幸福花园3幢2单元501室内",
    ],
)
def test_one_home_is_read_alike_however_it_is_written(text: str) -> None:
    assert parse(text) == HOME


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("幸福花园3幢2单元501室", Address(estate="幸福花园", building="3", unit="2", room="501")),
        ("幸福花园3号楼501室", Address(estate="幸福花园", building="3", room="501")),
        ("西湖花园B2座1单元1801", Address(estate="西湖花园", building="B2", unit="1", room="1801")),
        ("工人新村12幢304", Address(estate="工人新村", building="12", room="304")),
        ("人民路8号", Address(road="人民路", number="8号")),
        ("长江路一百二十号", Address(road="长江路", number="120号")),
        ("人民路东段8号", Address(road="人民路东段", number="8号")),
        ("浙江省杭州市西湖区文三路123号西湖花园3幢2单元501室",
         Address("浙江省杭州市西湖区", road="文三路", number="123号", estate="西湖花园",
                 building="3", unit="2", room="501")),
        ("北京市朝阳区建国路甲88号SOHO现代城A座1203",
         Address("北京市朝阳区", road="建国路", number="甲88号", estate="SOHO现代城", building="A", room="1203")),
        ("上海市徐汇区漕溪北路1200弄34号501室",
         Address("上海市徐汇区", road="漕溪北路", number="1200弄", building="34", room="501")),
        ("重庆市渝中区解放碑街道民权路28号", Address("重庆市渝中区", "解放碑街道", road="民权路", number="28号")),
        ("北京市海淀区中关村南大街5号院12号楼3门402",
         Address("北京市海淀区", road="中关村南大街", number="5号院", building="12", unit="3", room="402")),
        ("建设路100号院6号楼2单元9层902号",
         Address(road="建设路", number="100号院", building="6", unit="2", room="902")),
        ("四川省成都市武侯区玉林街道玉林东路社区玉林东路12号附3号",
         Address("四川省成都市武侯区", "玉林街道", "玉林东路社区", "玉林东路", "12号附3号")),
        ("示范市青台县城关镇人民路12号3栋201室",
         Address("示范市青台县", "城关镇", road="人民路", number="12号", building="3", room="201")),
        ("内蒙古自治区锡林郭勒盟锡林浩特市希日塔拉街道",
         Address("内蒙古自治区锡林郭勒盟锡林浩特市", "希日塔拉街道")),
    ],
)  # fmt: skip
def test_parts_may_be_missing_at_either_end(text: str, expected: Address) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "示范市示范区马店乡河口村3组12号",
        "示范市示范区马店乡河口村第三村民小组12号",
        "示范市示范区马店乡河口村民委员会三组12号",
        "示范市示范区马店乡河口行政村3组12号",
        "示范市示范区马店乡河口村３组１２号",
        "示范市示范区马店乡河口村3社12户",
    ],
)
def test_in_a_village_the_group_is_the_building_and_the_house_number_the_room(text: str) -> None:
    assert parse(text) == Address("示范市示范区", "马店乡", "河口村", building="3", room="12")


def test_a_village_that_is_called_by_a_number_is_a_village() -> None:
    found = parse("新疆维吾尔自治区喀什地区疏附县吾库萨克镇3村2组")
    assert (found.town, found.community, found.building) == ("吾库萨克镇", "3村", "2")


def test_two_writings_of_a_home_have_one_key_and_two_homes_have_two() -> None:
    assert parse("幸福花园3幢2单元501室").home == parse("示范市示范区人民路8号幸福花园三栋2-501").home
    keys = {parse(f"幸福花园{b}幢{u}单元{r}室").home for b in (1, 11) for u in (1, 2) for r in (101, 1101)}
    assert len(keys) == 8


def test_without_a_room_there_is_no_home_and_without_a_building_no_house() -> None:
    assert parse("人民路8号幸福花园3幢").home == ""
    assert parse("人民路8号幸福花园3幢").house == "幸福花园|3"
    assert parse("人民路8号").house == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [("十", "10"), ("十二", "12"), ("二十", "20"), ("二十一", "21"), ("一百零五", "105"), ("一百二十", "120"),
     ("二〇三", "203"), ("000", "000"), ("007", "7"), ("A12", "A12"), ("", "")],
)  # fmt: skip
def test_numerals_become_figures(text: str, expected: str) -> None:
    assert figures(text) == expected


@given(st.text(alphabet="示范市区县镇乡村路街道号楼栋幢座单元室组弄巷院第附〇一二十百零0１23-#（）() A甲", max_size=40))
def test_no_text_makes_the_parser_fail(text: str) -> None:
    found = parse(text)
    assert all(isinstance(part, str) for part in found)


@given(st.integers(1, 99), st.integers(1, 9), st.integers(101, 3399))
def test_what_is_written_is_read_back(building: int, unit: int, room: int) -> None:
    for text in (f"幸福花园{building}幢{unit}单元{room}室", f"幸福花园{building}-{unit}-{room}"):
        found = parse(text)
        assert (found.estate, found.building, found.unit, found.room) == (
            "幸福花园", str(building), str(unit), str(room),
        )  # fmt: skip


WRITTEN = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "示范市示范区城关镇", "示范市示范区城关镇幸福社区", "示范市青台县", "马店乡河口村"]),
    st.sampled_from(["", "人民路8号", "建设路100号院", "解放路", "（东门）", "3组", "文三路12弄"]),
    st.sampled_from(["", "幸福花园", "SOHO现代城A座", "工人新村", "(阳光小区)", "第", "B区", "第三"]),
    st.sampled_from(
        ["3幢2单元501室", "03栋0501", "3号楼2单元501", "12座101室", "３幢２单元５０１室", "三栋二单元501", "3-2-501",
         "8号", "3幢", "000幢1室", "1幢2单元3层301", "2单元501室", "5栋501室(租)", "3组12号", "03组001号",
         "12号5栋0301室", "1（旁边）3号楼501", "第3组5号", "3小组12号"]
    ),
)  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(st.lists(WRITTEN, min_size=40, max_size=60, unique=True))
def test_the_engine_reads_common_ends_as_the_parser_does(texts: list[str]) -> None:
    con = duckdb.connect()
    con.execute("create table t as select unnest(?) as a", [texts])
    describe(con, "select a from t", "parts")
    found = con.execute("select * from parts order by text").fetchall()
    expected = parse_all(sorted(texts))
    assert sorted(found) == sorted(tuple(row.values()) for row in expected.to_pylist())


def test_a_table_of_addresses_has_null_where_nothing_was_read() -> None:
    table = parse_all(["人民路8号", ""])
    assert table.column_names[0] == "text"
    assert table["road"].to_pylist() == ["人民路", None]
    assert table["home"].to_pylist() == [None, None]
    assert parse_all([]).num_rows == 0
