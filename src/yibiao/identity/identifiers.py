"""Bare numbers, one a line: which kind of identifier each is, whether it is valid, and why not, in a clerk's words."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from yibiao.errors import DeliveryError
from yibiao.ingest.rules import render

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 4 << 20
"""Bytes read at once."""

LONGEST_LINE = 64 << 10
"""Bytes of the longest line: what is longer is no list of numbers."""

KINDS: Mapping[str, str] = {
    "citizen_id": "居民身份证号码",
    "citizen_id_15": "第一代居民身份证号码（15 位）",
    "residence_permit": "港澳台居民居住证号码",
    "foreign_resident_card": "外国人永久居留身份证号码",
    "foreign_resident_card_15": "外国人永久居留身份证号码（旧版 15 位）",
    "travel_permit": "港澳居民来往内地通行证号码",
    "passport": "护照号码",
    "uscc": "统一社会信用代码",
    "organisation_code": "组织机构代码",
    "division_code": "行政区划代码",
    "phone": "电话号码",
}
"""Kind -> its name. The rules stand in `dbt_project/macros/rules/kinds.sql`."""

REASONS: Mapping[str, str] = {
    "not_stated": "未填写",
    "lost_digits": "末尾几位已丢失（表格软件把号码存成了数值），请按原证件重新录入，不可补零",
    "masked": "号码被星号遮盖，请提供完整号码",
    "length": "位数不对，请核对是否漏录或多录",
    "characters": "含有不该出现的字符，请核对（例如字母 O 与数字 0、字母 I 与数字 1）",
    "authority": "第 1 位不是登记管理部门代码（1 至 9、A、N、Y）",
    "region": "第 3 至 8 位应为 6 位数字的行政区划码",
    "day": "其中的出生日期不存在，请按原证件核对",
    "check_digit": "校验码不符，至少有一位录错，请按原证件核对",
    "form": "不是可识别的号码",
}
"""Why a number is not valid -> words for the clerk who mends it."""

WARNINGS: Mapping[str, str] = {
    "fifteen_digits": "15 位旧号，已换算为 18 位",
    "region_unknown": "地址码的前两位不是任何省份",
    "region_not_listed": "地址码不在现行区划表中（可能已撤并，号码终身有效）",
    "organisation_check": "其中第 9 至 17 位的组织机构代码校验码不符",
    "form_only": "此类号码没有公布的校验码，只核对了格式",
    "two_readings": "这串字符也可能是另一类代码",
    "tidied": "已去除空格、全角或小写等书写差异",
}
"""What a human should know about a number -> words."""


class Judge:
    """Judges lists of texts; one DuckDB connection, planned once.

    Args:
        kind: judge every text as this kind instead of finding out; a key of `KINDS`.
        divisions: division codes of this installation; with them an unlisted county is a warning.
    """

    def __init__(self, kind: str | None = None, divisions: Collection[str] = ()) -> None:
        import duckdb

        self._engine = duckdb.connect(
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": "1GB",
            }
        )
        self._query = _query(kind, divisions)

    def judge(self, texts: list[str], first_line: int = 1) -> pa.Table:
        """One row a text, in order.

        Returns:
            `line` (from `first_line`), `kind` (a key of `KINDS` or null), `valid`, `warnings` (list of keys of
            `WARNINGS`), `reason` (a key of `REASONS`, null if valid), `normal` (the normal form of a valid number, else
            null), `mask` (what may be shown of the text: nothing of a text that is no number).
        """
        import numpy as np
        import pyarrow as pa

        lines = np.arange(first_line, first_line + len(texts), dtype=np.int64)
        self._engine.register("texts", pa.table({"line": lines, "v": pa.array(texts, pa.string())}))
        try:
            return self._engine.sql(self._query).to_arrow_table()
        finally:
            self._engine.unregister("texts")


def _query(kind: str | None, divisions: Collection[str]) -> str:
    provinces = "|".join(sorted({code[:2] for code in divisions} | set(_provinces()))) if divisions else ""
    counties = sorted({code[:6] for code in divisions if len(code) >= 6 and not code.endswith("00", 0, 6)})
    deep = "|".join(sorted({code[:2] for code in counties}))
    found = f"'{kind}'" if kind else render("identifier_kind", "t", "fits")
    warnings = render("identifier_warnings", "kind", "t", "normal", provinces, "|".join(counties), deep)
    # One projection a step: DuckDB computes a repeated expression once only there.
    return f"""
with stated as (select line, v, {render("stated", "v")} as s from texts),
tidy as (select line, v, {render("identifier_text", "s")} as t from stated),
checked as (select *, {render("citizen_id_check_ok", "t")} as fits from tidy),
named as (select *, {found} as kind from checked),
formed as (select *, {render("identifier_normal", "kind", "t", "fits")} as normal from named),
warned as (
    select *, trim({warnings} || case when normal is not null and v <> t then ' tidied' else '' end) as words
    from formed
)
select
    line,
    kind,
    normal is not null as valid,
    case when words = '' then [] else string_split(words, ' ') end as warnings,
    case
        when normal is not null then null
        when t is null then 'not_stated'
        when kind is null then 'form'
        else {render("identifier_reason", "kind", "t", "fits")}
    end as reason,
    normal,
    case
        when kind is null or length(t) < 3 then ''
        else left(t, 1) || repeat('*', length(t) - 2) || right(t, 1)
    end as mask
from warned
order by line
"""


def _provinces() -> list[str]:
    pattern = re.compile(render("rule_provinces"))
    return [f"{code}" for code in range(10, 100) if pattern.fullmatch(f"{code}")]


def divisions(schemas: Path) -> frozenset[str]:
    """Division codes in the code list of an installation, with its overlays; empty if there is none."""
    codes: set[str] = set()
    for path in sorted((schemas / "codes").glob("division*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            codes.update(row["code"] for row in csv.DictReader(stream) if row.get("code"))
    return frozenset(codes)


def lines(stream: IO[bytes], where: str) -> Iterator[list[str]]:
    """Lines of a stream without their ends, some ten thousand at a time; UTF-8, else GB18030; UTF-16 by its mark.

    Raises:
        DeliveryError: a line is longer than `LONGEST_LINE`.
    """
    decoder: codecs.IncrementalDecoder | None = None
    rest = ""
    while True:
        block = stream.read(BLOCK)
        if decoder is None:
            decoder = codecs.getincrementaldecoder(_encoding(block))(errors="replace")
        text = rest + decoder.decode(block, final=not block)
        # A carriage return at the end may be half of an end of line.
        keep = text.endswith("\r") and bool(block)
        parts = re.split("\r\n|\n|\r", text[:-1] if keep else text)
        rest = parts.pop() + ("\r" if keep else "")
        if len(rest) > LONGEST_LINE:
            raise DeliveryError(
                "A line is too long to be a number.",
                where=where,
                expected=f"one number a line, at most {LONGEST_LINE >> 10} KiB",
                todo="Save the numbers alone as text, one a line.",
            )
        if parts:
            yield parts
        if not block:
            break
    if rest:
        yield [rest]


def _encoding(block: bytes) -> str:
    if block[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(block)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"
