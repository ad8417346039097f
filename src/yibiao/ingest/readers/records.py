"""Records that are JSON objects into columns by path: DuckDB parses a block of lines at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from yibiao.contracts.reports import Report
from yibiao.ingest.columns import plain, refuse_drift
from yibiao.ingest.deliveries import shown
from yibiao.ingest.readers.chunks import Broken, Chunk, Reading, schema

MALFORMED = "row.json"
"""Rule of a line that is no JSON object."""

REPEATED = "row.repeated_key"
"""Rule of an object that has one key twice: which of the values counts, nobody knows."""

SHAPE = "row.shape"
"""Rule of a record in which something else stands where the contract looks into an object or a list."""

Steps = tuple[str, ...]
"""A path inside a record: keys of objects, and digits for places in lists, from 0."""


def split_path(text: str) -> Steps:
    """The steps of `户主.姓名` or, as headers of sheets are written, `户主/姓名`."""
    separator = "/" if "/" in text else "."
    return tuple(step for step in text.split(separator) if step)


def read_records(blocks: Iterable[pa.Array], report: Report, reading: Reading) -> Iterator[Chunk]:
    """Turn lines, one JSON object each, into columns.

    A column stands at the key that is its header or an alias; if there is none, at the path that these spell. With the
    contract's `expand` every item of the list at that path is a row of its own, beside what its record says once; a
    record without items is one row.

    Args:
        blocks: texts; null never occurs.
    """
    connection = duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": "false"})
    expand = split_path(report.server.options.get("expand", ""))
    known: dict[str, Steps] = {}
    columns: list[Steps | None] = []
    target = schema([column.name for column in report.columns])
    first = 1
    try:
        for block in blocks:
            connection.register("block", pa.table({"line": block}))
            keys = _Keys(connection, expand, report)
            found = keys.headers()
            if reading.binding is None:
                # Records may leave out what they do not state: a column is missing if the whole first block lacks it.
                binding = reading.bind(report, list(found))
                known = found
                columns = [None if place is None else known[binding.headers[place]] for place in binding.places]
            elif new := [header for header in found if header not in known]:
                known |= found
                columns = _late(report, known)
                drift = [
                    {"kind": "new_column", "header": shown(header)}
                    for header in new
                    if not _is_expected(report, header)
                ]
                refuse_drift(report, drift, reading.where)
                reading.drift.extend(drift)
            table = connection.sql(_query(report, columns, expand, keys.repeated)).to_arrow_table()
            problems = table.column("problem")
            numbers = pa.array(range(first, first + table.num_rows), pa.int64())
            first += table.num_rows
            reading.total = first - 1
            rows = pa.Table.from_arrays([numbers, *(table.column(name) for name in target.names[1:])], schema=target)
            broken: tuple[Broken, ...] = ()
            if problems.null_count < table.num_rows:
                broken = tuple(
                    Broken(number.as_py(), problem.as_py(), raw.as_py())
                    for number, problem, raw in zip(numbers, problems, table.column("raw"), strict=True)
                    if problem.as_py()
                )
                rows = rows.filter(problems.is_null())
            yield Chunk(rows, broken)
    finally:
        connection.close()
    if reading.binding is None:
        reading.bind(report, [column.header for column in report.columns])  # no records: nothing is known to be missing


@dataclass
class _Keys:
    """The keys of one block of lines, asked for level by level and only where the contract looks."""

    connection: duckdb.DuckDBPyConnection
    expand: Steps
    report: Report
    repeated: bool = False
    _levels: dict[tuple[str, Steps], list[str]] = field(default_factory=dict)

    def headers(self) -> dict[str, Steps]:
        """Header -> path of everything that is there, in ascending order.

        An object that the contract looks into is told by its keys: `户主/电话` stands beside `户主/姓名`.
        """
        top = self._level("record", ())
        found: dict[str, Steps] = {key: (key,) for key in top}
        if self.expand and self.expand[0] in found and len(self.expand) == 1:
            self._open(found, self.expand, ".")
        exact = {plain(key) for key in top}
        for column in self.report.columns:
            for text in (column.header, *column.aliases):
                if plain(text) in exact or not ("." in text or "/" in text):
                    continue
                steps = self._resolve(split_path(text))
                separator = "/" if "/" in text else "."
                for depth in range(1, len(steps)):
                    self._open(found, steps[:depth], separator)
                if steps:
                    found = {header: path for header, path in found.items() if path != steps}
                    found[text] = steps
        return dict(sorted(found.items()))

    def _open(self, found: dict[str, Steps], steps: Steps, separator: str) -> None:
        """Take an object's keys instead of the object itself."""
        headers = [header for header, path in found.items() if path == steps]
        below = self._below(steps)
        if not headers or not below or below == [""]:
            return
        for header in headers:
            del found[header]
        taken = set(found.values())
        found.update({separator.join((*steps, key)): (*steps, key) for key in below if (*steps, key) not in taken})

    def _resolve(self, wanted: Steps) -> Steps:
        """The path as the records spell it; nothing if no record has it."""
        steps: Steps = ()
        for step in wanted:
            near = {plain(key): key for key in self._below(steps)}
            if plain(step) in near:
                steps = (*steps, near[plain(step)])
            elif step.isdigit() and steps and steps != self.expand:
                steps = (*steps, step)
            else:
                return ()
        return steps

    def _below(self, steps: Steps) -> list[str]:
        if self.expand and steps[: len(self.expand)] == self.expand:
            return self._level("item", steps[len(self.expand) :])
        return self._level("record", steps)

    def _level(self, source: str, steps: Steps) -> list[str]:
        """Keys of the objects at a path, ascending. The first question also tells whether a record has a key twice."""
        if (source, steps) not in self._levels:
            what = f"json_keys({source}, {_literal(_path(steps))})" if steps else f"json_keys({source})"
            # Records share few lists of keys: to compare lists is cheaper than to compare keys.
            found = self.connection.execute(
                f"select distinct {what} from ({_lines(self.expand)}) where json_type({source}) = 'OBJECT'"
            ).fetchall()
            lists = [keys for (keys,) in found if keys]
            self._levels[source, steps] = sorted({key for keys in lists for key in keys})
            if not steps:
                self.repeated |= any(len(set(keys)) < len(keys) for keys in lists)
        return self._levels[source, steps]


def _lines(expand: Steps) -> str:
    """The block: `line`, `record` (null for what is no object: the functions of JSON fail on other texts), `item`."""
    objects = """
        select line, case when valid then case when json_type(line) = 'OBJECT' then line end end as record
        from (select line, json_valid(line) as valid from block)
    """
    if not expand:
        return objects
    path = _literal(_path(expand))
    return f"""
        select line, record, unnest(
            case when json_type(record, {path}) = 'ARRAY' and json_array_length(record, {path}) > 0
            then json_extract(record, {_literal(_path(expand) + "[*]")}) else [null] end
        ) as item from ({objects})
    """


def _query(report: Report, columns: list[Steps | None], expand: Steps, repeated: bool) -> str:
    """One parse a line: `json_transform` to the wanted keys, then the columns in the contract's order."""
    shapes: dict[str, dict[str, Any]] = {"record": {}, "item": {}}
    picks = []
    for column, steps in zip(report.columns, columns, strict=True):
        picks.append(f"{_pick(steps, expand, shapes)} as {_name(column.name)}")
    parts = [
        f"json_transform({source}, {_literal(json.dumps(shape, ensure_ascii=False))}) as {source}_parts"
        for source, shape in shapes.items()
        if shape
    ]
    cases = [f"when record is null then '{MALFORMED}'"]
    if repeated:
        twice = "len(json_keys({0})) <> len(list_distinct(json_keys({0})))"
        cases.append(f"when {twice.format('record')} then '{REPEATED}'")
        if expand:
            cases.append(f"when json_type(item) = 'OBJECT' and {twice.format('item')} then '{REPEATED}'")
    if wrong := _wrong_shapes(columns, expand):
        cases.append(f"when {' or '.join(wrong)} then '{SHAPE}'")
    return f"""
        select problem, case when problem is not null then line end as raw, {", ".join(picks)} from (
            select *, case {" ".join(cases)} end as problem{"".join(f", {part}" for part in parts)}
            from ({_lines(expand)})
        )
    """


def _pick(steps: Steps | None, expand: Steps, shapes: dict[str, dict[str, Any]]) -> str:
    """The expression of one column; what it needs of the record is noted in `shapes`."""
    if steps is None:
        return "cast(null as varchar)"
    source = "record"
    if expand and steps[: len(expand)] == expand:
        source, steps = "item", steps[len(expand) :]
        if not steps:  # a list of plain values
            return "json_extract_string(item, '$')"
    if any(step.isdigit() for step in steps):
        return f"json_extract_string({source}, {_literal(_path(steps))})"
    shape = shapes[source]
    for step in steps[:-1]:
        if not isinstance(shape.get(step), dict):
            shape[step] = {}
        shape = shape[step]
    if isinstance(shape.get(steps[-1]), dict):  # another column looks into this object
        return f"json_extract_string({source}, {_literal(_path(steps))})"
    shape[steps[-1]] = "VARCHAR"
    return f"{source}_parts." + ".".join(map(_name, steps))


def _wrong_shapes(columns: Iterable[Steps | None], expand: Steps) -> list[str]:
    """Conditions under which a value stands where an object is looked into: its columns would be empty unseen."""
    inside: dict[tuple[str, Steps], str] = {}
    for steps in filter(None, columns):
        source, rest = "record", steps
        if expand and steps[: len(expand)] == expand:
            source, rest = "item", steps[len(expand) :]
            if rest:
                inside["item", ()] = "OBJECT"
        for depth in range(1, len(rest)):
            inside[source, rest[:depth]] = "ARRAY" if rest[depth].isdigit() else "OBJECT"
    if expand:
        inside["record", expand] = "ARRAY"
    conditions = []
    for (source, steps), kind in sorted(inside.items()):
        place = f", {_literal(_path(steps))}" if steps else ""
        conditions.append(f"json_type({source}{place}) not in ('{kind}', 'NULL')")
    return conditions


def _path(steps: Steps) -> str:
    """DuckDB's JSON path."""
    return "$" + "".join(
        f"[{step}]" if step.isdigit() else "." + json.dumps(step, ensure_ascii=False) for step in steps
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _is_expected(report: Report, header: str) -> bool:
    return any(plain(header) in map(plain, (column.header, *column.aliases)) for column in report.columns)


def _late(report: Report, known: Mapping[str, Steps]) -> list[Steps | None]:
    """Where every column stands among keys of which some appeared only in a later block."""
    seen = {plain(header): steps for header, steps in known.items()}
    return [
        next((seen[text] for text in map(plain, (column.header, *column.aliases)) if text in seen), None)
        for column in report.columns
    ]
