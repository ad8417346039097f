"""What the schemas folder says, as frozen values that every other part reads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

import orjson

from yibiao.contracts.survivorship import Criterion


class Frozen(dict):
    """A mapping that refuses change, yet pickles and serialises like the dictionary it is."""

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("schemas are read-only: change the files under schemas/ instead")

    __setitem__ = __delitem__ = _refuse  # type: ignore[assignment]
    clear = pop = popitem = setdefault = update = __ior__ = _refuse  # type: ignore[assignment]

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self))

    def __reduce__(self) -> tuple[type[Frozen], tuple[dict[Any, Any]]]:
        return Frozen, (dict(self),)


@dataclass(frozen=True)
class ElementType:
    """How one type of data element is written in a contract, parsed and stored.

    Attributes:
        logical: ODCS `logicalType` of a column with this type.
        sql: column type in staging and canonical tables.
        macro: name of the dbt macro that parses the raw text.
    """

    logical: str
    sql: str
    macro: str


TYPES: Mapping[str, ElementType] = Frozen(
    text=ElementType("string", "VARCHAR", "parse_text"),
    name=ElementType("string", "VARCHAR", "parse_name"),
    address=ElementType("string", "VARCHAR", "parse_address"),
    number_text=ElementType("string", "VARCHAR", "parse_number_text"),
    citizen_id=ElementType("string", "VARCHAR", "parse_citizen_id"),
    uscc=ElementType("string", "VARCHAR", "parse_uscc"),
    person_number=ElementType("string", "VARCHAR", "parse_person_number"),
    organisation_code=ElementType("string", "VARCHAR", "parse_organisation_code"),
    division_code=ElementType("string", "VARCHAR", "parse_division_code"),
    phone=ElementType("string", "VARCHAR", "parse_phone"),
    code=ElementType("string", "VARCHAR", "parse_code"),
    month=ElementType("string", "VARCHAR", "parse_month"),
    date=ElementType("date", "DATE", "parse_date"),
    integer=ElementType("integer", "BIGINT", "parse_integer"),
    decimal=ElementType("number", "DECIMAL(18,2)", "parse_decimal"),
)
"""Every type a data element may have."""

KEY_KINDS: Mapping[str, str] = Frozen(person_number="citizen_id", uscc="organisation_code")
"""Type -> the type whose numbers its own hold or may be: as certain keys they are one kind (macro `key_form`)."""

DECIMAL_SCALE = 2
"""Digits after the point of every `decimal`."""

STAGED_LEAD = ("record_no", "as_of", "edition_date")
"""Columns that every staging table starts with."""

LOGICAL_TYPES: Mapping[str, str] = Frozen(string="text", date="date", integer="integer", number="decimal")
"""ODCS `logicalType` -> type of a column that belongs to no data element."""

UNITS: Mapping[str, tuple[str, str]] = Frozen(
    {
        "元": ("money", "1"),
        "万元": ("money", "10000"),
        "亿元": ("money", "100000000"),
        "平方米": ("area", "1"),
        "亩": ("area", "666.666666666667"),
        "公顷": ("area", "10000"),
        "人": ("persons", "1"),
        "户": ("households", "1"),
        "岁": ("age", "1"),
        "天": ("days", "1"),
        "个月": ("months", "1"),
        "年": ("years", "1"),
        "次": ("times", "1"),
        "个": ("pieces", "1"),
        "间": ("rooms", "1"),
        "套": ("sets", "1"),
        "层": ("storeys", "1"),
        "辆": ("vehicles", "1"),
        "台": ("machines", "1"),
        "头": ("heads", "1"),
        "厘米": ("length", "1"),
        "米": ("length", "100"),
        "千克": ("mass", "1"),
        "吨": ("mass", "1000"),
        "毫米汞柱": ("pressure", "1"),
        "毫摩尔每升": ("concentration", "1"),
    }
)
"""Unit -> (quantity, size in the quantity's base unit, as decimal text)."""

UNIT_WORDS: Mapping[str, tuple[str, ...]] = Frozen(
    {
        "元": ("元", "圆", "元整"),
        "万元": ("万元", "万"),
        "亿元": ("亿元", "亿"),
        "平方米": ("平方米", "平米", "㎡", "m²", "m2"),
        "亩": ("亩",),
        "公顷": ("公顷",),
        "人": ("人", "口"),
        "户": ("户",),
        "岁": ("岁", "周岁"),
        "天": ("天", "日"),
        "个月": ("个月", "月"),
        "年": ("年",),
        "次": ("次",),
        "个": ("个",),
        "间": ("间",),
        "套": ("套",),
        "层": ("层",),
        "辆": ("辆",),
        "台": ("台",),
        "头": ("头",),
        "厘米": ("厘米", "cm", "公分"),
        "米": ("米", "m"),
        "千克": ("千克", "公斤", "kg"),
        "吨": ("吨", "t"),
        "毫米汞柱": ("毫米汞柱", "mmHg"),
        "毫摩尔每升": ("毫摩尔每升", "毫摩尔/升", "mmol/L"),
    }
)
"""Unit -> how it is written behind a number in a cell."""

FRESHNESS: Mapping[str, tuple[str, int | None]] = Frozen(
    lasting=("不定期", None),
    realtime=("实时", 1),
    daily=("每日", 1),
    weekly=("每周", 7),
    monthly=("每月", 31),
    quarterly=("每季度", 92),
    half_yearly=("每半年", 184),
    yearly=("每年", 366),
)
"""How long a value is good -> (更新周期 of the resource catalogue, days; None for what changes only when corrected)."""

SHARING: Mapping[str, str] = Frozen(unconditional="无条件共享", conditional="有条件共享", none="不予共享")
"""Sharing type -> 共享类型, by 政务数据共享条例 and 政务信息资源目录编制指南."""


@dataclass(frozen=True)
class Code:
    """One value of a code list; `valid_from` and `valid_to` are `YYYY-MM-DD` or empty."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()
    valid_from: str = ""
    valid_to: str = ""


@dataclass(frozen=True)
class CodeList:
    """A code list with its overlays merged, ordered by code."""

    id: str
    name: str
    source: str
    codes: tuple[Code, ...]

    @cached_property
    def by_code(self) -> Mapping[str, Code]:
        return Frozen({code.code: code for code in self.codes})

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(value, code) for every code, then every name, then every alias; the first of equal values counts."""
        found: dict[str, str] = {code.code: code.code for code in self.codes}
        for code in self.codes:
            found.setdefault(code.name, code.code)
        for code in self.codes:
            for alias in code.aliases:
                found.setdefault(alias, code.code)
        return tuple(found.items())

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(orjson.dumps(self.pairs)).hexdigest()


@dataclass(frozen=True)
class Department:
    id: str
    name: str
    short: str


@dataclass(frozen=True)
class Element:
    """A data element (数据元): one canonical field, defined once.

    Attributes:
        type: a key of `TYPES`.
        authority: departments, of which the first that states a value decides.
        survivorship: criteria that count before the authority, in order; mostly none.
        entity: whose fact it is: the first part of the file's name; `common` for several.
        aliases: every other word for it, also those that mean it only in a context.
        contexts: alias -> words of which one stands above it, beside it or in the title where it means this element.
        freshness: a key of `FRESHNESS`: how long a value is good before it should be confirmed.
        sharing: a key of `SHARING`.
        sharing_condition: what a department has to show (共享条件), or on which ground it is not shared.
    """

    id: str
    name: str
    english: str
    type: str
    code_list: str | None
    unit: str | None
    definition: str
    scope: str
    aliases: tuple[str, ...]
    sensitivity: str
    authority: tuple[str, ...]
    purpose: str
    source: str
    survivorship: tuple[Criterion, ...] = ()
    entity: str = ""
    contexts: Mapping[str, tuple[str, ...]] = field(default_factory=Frozen)
    freshness: str = ""
    sharing: str = ""
    sharing_condition: str = ""

    @property
    def sql_type(self) -> str:
        return TYPES[self.type].sql

    @property
    def max_age_days(self) -> int | None:
        """After how many days a value should be confirmed; None if never, or if nothing is said."""
        return FRESHNESS[self.freshness][1] if self.freshness in FRESHNESS else None


@dataclass(frozen=True)
class Entity:
    """A canonical table. `keys` are certain keys; `links` gives `<entity>_id` columns from elements of this entity.

    `addresses`: entity that an address element of this one names, where no link does (a resident's dwelling).
    """

    id: str
    name: str
    id_column: str
    keys: tuple[tuple[str, ...], ...]
    links: Mapping[str, tuple[str, ...]]
    elements: tuple[str, ...]
    addresses: Mapping[str, str] = field(default_factory=Frozen)


@dataclass(frozen=True)
class EditionRule:
    """Where the edition stands.

    Attributes:
        source: name, cell, parameter or schedule (the month or day on which the report is extracted).
        pattern: for name and cell: a regular expression with the groups year, month and maybe day.
        by: for schedule: month or day, in Asia/Shanghai.
    """

    source: str
    pattern: str = ""
    by: str = "month"


@dataclass(frozen=True)
class Server:
    """Where deliveries lie.

    Attributes:
        kind: local (all files, also those of SFTP and S3), api, sqlite, postgres or mysql.
        location: glob relative to the data folder, or an address; `${NAME}` stands for an environment variable,
            `${airflow:id}` for a connection of Airflow.
        format: csv, xlsx, xls, ods, json, ndjson, xml, parquet, sqlite, api, postgres or mysql.
        encoding: as the contract writes it (`UTF-8`, `UTF-8-BOM`, `GB18030` ...), empty where it has no meaning.
        options: reader options in snake_case, for example `title_rows`, `records_path`, `table`.
    """

    kind: str
    location: str
    format: str
    encoding: str = ""
    options: Mapping[str, Any] = field(default_factory=Frozen)

    @property
    def codec(self) -> str:
        """Python's name of the encoding."""
        # Senders of Big5 use characters of its extensions.
        names = {"UTF-8": "utf-8", "UTF-8-BOM": "utf-8-sig", "Big5": "big5hkscs"}
        return names.get(self.encoding, self.encoding.lower()) or "utf-8"


@dataclass(frozen=True)
class Column:
    """One column of a report.

    Attributes:
        name: property name; the column's name in the lake.
        header: what stands in the file; a two-row merged header is written `上级/下级`.
        title: Chinese name for people.
        element: data element id, or None for the department's own field.
        role: whom the column speaks of, if not the row's main entity.
        entity: of the entities that a row speaks of, the only one whose value this is; None for all that have it.
        type: a key of `TYPES`.
        date_formats: strptime patterns and `excel_serial`, tried in order (dates and months).
        codes: the contract's own values -> standard code.
        codes_as: what else the cells hold: the list's `code`, `name` or (first) `alias`.
        pairs: (value, standard code) in full: the contract's own values first, then the list's codes, names, aliases.
        unit, factor: unit in the file, and what to multiply with to reach the element's unit (decimal text).
        units: (word, factor) of every unit that may stand behind the number in a cell; it counts more than `unit`.
        on_invalid: quarantine the row, or keep it with the value taken as not stated.
    """

    name: str
    header: str
    title: str
    element: str | None
    role: str | None
    aliases: tuple[str, ...]
    required: bool
    key: bool
    type: str
    code_list: str | None
    date_formats: tuple[str, ...]
    codes: Mapping[str, str]
    codes_as: str
    pairs: tuple[tuple[str, str], ...]
    unit: str | None
    factor: str
    on_invalid: str
    units: tuple[tuple[str, str], ...] = ()
    entity: str | None = None

    @property
    def staged_name(self) -> str:
        """Column name in staging: the element, `<role>__<element>`, or the property name of an own field."""
        if self.element is None:
            return self.name
        return f"{self.role}__{self.element}" if self.role else self.element

    @property
    def sql_type(self) -> str:
        return TYPES[self.type].sql


def plain_column(name: str, header: str = "", type_: str = "text") -> Column:
    """A column of which nothing is known but its type: what somebody looks at without a contract."""
    return Column(
        name=name,
        header=header,
        title=header,
        element=None,
        role=None,
        aliases=(),
        required=False,
        key=False,
        type=type_,
        code_list=None,
        date_formats=(),
        codes=Frozen(),
        codes_as="code",
        pairs=(),
        unit=None,
        factor="1",
        on_invalid="quarantine",
    )


@dataclass(frozen=True)
class Report:
    """One data contract: what a department delivers, how it is read, checked and understood.

    Attributes:
        as_of: what the day of a row says: `check` (when its values were last checked) or `event` (when something
            happened or was issued); empty for `event` in mode events and `check` else.
    """

    id: str
    department: str
    department_name: str
    name: str
    title: str
    version: str
    description: str
    grain: str
    mode: str
    about: tuple[str, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    constants: Mapping[str, str]
    edition: EditionRule
    max_drop: float
    on_drift: Mapping[str, str]
    control_totals: tuple[Mapping[str, Any], ...]
    schedule: str
    owner: str
    retries: int
    server: Server
    path: str
    on_repair: Mapping[str, str] = field(default_factory=Frozen)
    as_of: str = ""

    @property
    def checks_rows(self) -> bool:
        """Whether the day of a row is the day on which its values were last checked."""
        dated = any(column.element == "as_of_date" and column.role is None for column in self.columns)
        return dated and (self.as_of or ("event" if self.mode == "events" else "check")) == "check"

    @property
    def raw_table(self) -> str:
        """Name of the report's table in schema `raw`, and of its staging model after `stg_`."""
        return f"{self.department}__{self.name}"

    @property
    def staging_model(self) -> str:
        return f"stg_{self.raw_table}"

    def column(self, name: str) -> Column:
        """The column with this property name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def semantics(self) -> str:
        """SHA-256 over everything that can change what a load of one delivery contains.

        Owner, schedule, texts and the place of delivery are left out: changing them must not reload anything.
        """
        options = {name: value for name, value in self.server.options.items() if name not in _NOT_SEMANTIC}
        meaning = {
            "report": self.id,
            "mode": self.mode,
            "key": self.key,
            "constants": self.constants,
            "edition": [self.edition.source, self.edition.pattern],
            "on_drift": self.on_drift,
            "on_repair": self.on_repair,
            "control_totals": self.control_totals,
            "server": [self.server.kind, self.server.format, self.server.encoding, options],
            "columns": [
                [
                    *(column.name, column.header, column.aliases, column.element, column.role),
                    *(column.required, column.key, column.type, column.date_formats, column.factor, column.on_invalid),
                    column.units,
                    hashlib.sha256(orjson.dumps(column.pairs)).hexdigest() if column.type == "code" else "",
                ]
                for column in self.columns
            ],
        }
        return hashlib.sha256(orjson.dumps(meaning, option=orjson.OPT_SORT_KEYS)).hexdigest()


_NOT_SEMANTIC = frozenset(
    {
        *("auth", "connection", "cursor", "cursor_lag", "edition_parameter", "editions", "endpoint_url", "marker"),
        *("members", "page_size", "paging", "quiet_seconds", "requests_per_minute"),
    }
)
"""Options of fetching: they decide which bytes land, not what is read in them."""


@dataclass(frozen=True)
class Schemas:
    """Everything under one schemas folder, each mapping by id in ascending order."""

    elements: Mapping[str, Element]
    codes: Mapping[str, CodeList]
    entities: Mapping[str, Entity]
    departments: Mapping[str, Department]
    reports: Mapping[str, Report]

    @cached_property
    def told(self) -> frozenset[str]:
        """Entities that any report speaks of."""
        return frozenset(entity for report in self.reports.values() for entity in report.about)
