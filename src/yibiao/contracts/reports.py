"""One data contract as frozen values: what a department delivers, in which columns, and where it lies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from yibiao.contracts.kinds import TYPES, Frozen


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
