"""Writes the draft of a contract: everything that sample files show, and beside each doubt a comment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yibiao.contracts.draft.columns import ColumnDraft, draft_columns
from yibiao.contracts.kinds import TYPES
from yibiao.contracts.servers import ENCODINGS
from yibiao.contracts.values import Schemas
from yibiao.detect.table import Choice, Detected
from yibiao.errors import ContractError, DeliveryError

SAMPLE_ROWS = 50_000
"""Rows of each file that are looked at."""

OPTIONS = (
    *("delimiter", "quote", "sheet", "sheets", "titleRows", "headerRows", "groupPattern", "footerPattern"),
    *("subtotalPattern", "subtotals", "totalPattern", "tableAfter", "tableUntil", "tableColumns", "hiddenRows"),
    *("recordsPath", "expand", "table"),
)
"""Choices of detection that are options of a contract."""

_USUAL = {"delimiter": ",", "quote": '"', "titleRows": 0, "headerRows": 1, "hiddenRows": "use", "recordsPath": ""}
"""What a reader does without the option."""

_IN_NAME = re.compile(
    r"(?P<year>20\d\d)(?P<gap>[-_.年]?)(?P<month>0[1-9]|1[0-2])(?:(?P<gap2>[-_.月]?)(?P<day>0[1-9]|[12]\d|3[01]))?(?!\d)"
)
_IN_TEXT = re.compile(r"(20\d\d)\s*年\s*(\d{1,2})\s*月(\s*\d{1,2}\s*日)?")


@dataclass(frozen=True)
class Draft:
    """A drafted contract.

    Attributes:
        text: the YAML.
        columns: what was found out about each column.
        doubts: what a human should decide, in the order of the file.
    """

    text: str
    columns: tuple[ColumnDraft, ...]
    doubts: tuple[str, ...]


def draft_contract(
    samples: Sequence[Path], report_id: str, schemas: Schemas, *, data: Path | None = None, table: str | None = None
) -> Draft:
    """Draft the contract of a report from one or more of its files.

    Args:
        samples: deliveries of the report; the first one decides the layout, all of them the values.
        report_id: `<department>.<report>`.
        data: folder of deliveries, to write a path relative to it.
        table: name of the sheet or table, if a file has several; else the one with most rows.

    Raises:
        ContractError: the id is none, or its department is not known.
        DeliveryError: a file cannot be read, holds no table, or differs from the first one.
    """
    from yibiao.detect.file import detect

    department, _, name = report_id.partition(".")
    if not re.fullmatch(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", report_id):
        raise ContractError("This is no id of a report.", where="--report", expected="department.report", got=report_id)
    if department not in schemas.departments:
        raise ContractError(
            "There is no such department.",
            where="--report",
            expected=", ".join(schemas.departments),
            got=department,
            todo="Add it to schemas/departments.yml.",
        )
    tables = [_pick(detect(path, limit=SAMPLE_ROWS), path, table) for path in samples]
    first = tables[0]
    for path, one in zip(samples[1:], tables[1:], strict=True):
        if one.headers != first.headers or one.format != first.format:
            raise DeliveryError(
                "The sample files are not of one report: their columns differ.",
                where=path.name,
                expected=f"the {len(first.headers)} columns of {samples[0].name}",
                got=f"{len(one.headers)} columns, kind {one.format}",
                todo="Give files of one report, or draft a contract for each.",
            )
    if not first.headers:
        raise DeliveryError(
            "The file has no header that could be recognised.",
            where=samples[0].name,
            todo="Look at it with `yibiao read`; a contract needs names of columns.",
        )
    columns = draft_columns(first.headers, [one.rows for one in tables], schemas, report_id, first.titles)
    writer = _Writer(report_id, name, department, samples, tables, columns, schemas, data)
    return Draft(writer.text(), tuple(columns), tuple(writer.doubts))


def _pick(found: Sequence[Detected], path: Path, wanted: str | None) -> Detected:
    if wanted is not None:
        for one in found:
            if one.name == wanted:
                return one
        raise DeliveryError(
            "The file has no such table.",
            where=path.name,
            expected=", ".join(one.name for one in found if one.name) or "one table without a name",
            got=wanted,
        )
    if not found:
        raise DeliveryError("The file holds no table.", where=path.name, todo="Look at it with `yibiao read`.")
    return max(found, key=lambda one: one.rows.num_rows)


class _Writer:
    def __init__(
        self,
        report_id: str,
        name: str,
        department: str,
        samples: Sequence[Path],
        tables: Sequence[Detected],
        columns: Sequence[ColumnDraft],
        schemas: Schemas,
        data: Path | None,
    ) -> None:
        self.doubts: list[str] = []
        self._id, self._name, self._department = report_id, name, department
        self._samples, self._tables, self._columns = samples, tables, columns
        self._schemas, self._data = schemas, data
        # A column that dates all rows of a file alike: what it tells of one day is not replaced by another day.
        self._dated = any(column.dates_file for column in columns)
        self._edition_rule, self._path = self._edition()

    def text(self) -> str:
        first = self._tables[0]
        title = _title(self._samples[0]) or self._name
        count = sum(one.rows.num_rows for one in self._tables)
        lines = [
            f"# Drafted from {len(self._samples)} file(s), {count:,} rows. A comment `?` is a doubt: decide it.",
            "apiVersion: v3.1.0",
            "kind: DataContract",
            f"id: {self._id}",
            f"name: {_scalar(title)}",
            "version: 1.0.0",
            "status: active",
            f"domain: {self._department}",
            "description:",
            f"  purpose: {_scalar(title)}",
            *self._doubt("  ", "who delivers it?"),
            "team:",
            f"  name: {_scalar(self._schemas.departments[self._department].name)}",
            *self._doubt("", "when is it delivered? Minute, hour, day, month, day of the week."),
            "slaProperties:",
            '  - {property: frequency, value: 1, unit: m, scheduler: cron, schedule: "0 5 5 * *"}',
            "servers:",
            "  - server: delivery",
            "    type: local",
            f"    path: {_scalar(self._path)}",
            f"    format: {first.format}",
            *self._server(first),
            "customProperties:",
            *self._doubt("  ", "snapshot: each delivery is complete; delta: only changes; events: only what is new."),
            f"  - {{property: mode, value: {'events' if self._dated else 'snapshot'}}}",
            *self._about(),
            *self._edition_lines(),
            *self._totals(first),
            "schema:",
            f"  - name: {self._name}",
            f"    physicalName: {self._department}__{self._name}",
            "    logicalType: object",
            "    dataGranularityDescription: 一行一条记录",
            "    properties:",
        ]
        for column in self._columns:
            lines += self._column(column)
        return "\n".join(lines) + "\n"

    def _doubt(self, indent: str, text: str) -> list[str]:
        self.doubts.append(text)
        return [f"{indent}# ? {text}"]

    def _server(self, table: Detected) -> list[str]:
        lines = []
        encoding = table.choices.get("encoding")
        if encoding and table.format in ("csv", "json", "ndjson"):
            lines += self._unsure("    ", encoding)
            if encoding.value not in ENCODINGS:
                lines += self._doubt("    ", f"no contract reads it: ask the sender for one of {', '.join(ENCODINGS)}.")
            lines.append(f"    encoding: {encoding.value}")
        options = []
        for what in OPTIONS:
            choice = table.choices.get(what)
            if choice is None or choice.value in (None, "") or choice.value == _USUAL.get(what):
                continue
            options += self._unsure("      ", choice)
            options.append(f"      - {{property: {what}, value: {_scalar(choice.value)}}}")
        return [*lines, *(["    customProperties:", *options] if options else [])]

    def _unsure(self, indent: str, choice: Choice) -> list[str]:
        if choice.sure:
            return []
        rivals = f"; or {', '.join(map(str, choice.rivals))}" if choice.rivals else ""
        return self._doubt(indent, f"{choice.what}: {choice.why}{rivals}")

    def _about(self) -> list[str]:
        own = {column.element for column in self._columns if column.element and column.role is None}
        about = [entity.id for entity in self._schemas.entities.values() if any(set(key) <= own for key in entity.keys)]
        lines = []
        if not about:
            about = [max(self._schemas.entities.values(), key=lambda entity: len(own & set(entity.elements))).id]
            lines = self._doubt(
                "  ", "no certain key of an entity is among the columns: of whom or what does a row speak?"
            )
        return [*lines, f"  - {{property: about, value: [{', '.join(about)}]}}"]

    def _edition(self) -> tuple[Mapping[str, str] | None, str]:
        """The rule, and the path of the deliveries with the edition left open."""
        names = [path.name for path in self._samples]
        found = [_IN_NAME.search(name) for name in names]
        spoken = [_IN_TEXT.search(name) for name in names]
        place = f"{self._department}/{self._name}"
        if self._data is not None:
            parents = {path.resolve().parent for path in self._samples}
            folder = next(iter(parents))
            if len(parents) == 1 and folder.is_relative_to(self._data.resolve()):
                place = str(folder.relative_to(self._data.resolve()))
        if all(spoken):  # 2026年9月: the next one has two digits
            stems = {name[: one.start()] for name, one in zip(names, spoken, strict=True) if one}
            glob = (_glob_escape(stems.pop()) if len(stems) == 1 else "") + "*" + Path(names[0]).suffix
            return {"from": "name", "pattern": _spoken_pattern(spoken)}, f"{place}/{glob}"
        if all(found):
            match = found[0]
            assert match is not None
            lead = {name[: one.start()][-1:] for name, one in zip(names, found, strict=True) if one}
            tail = {name[one.end() : one.end() + 1] for name, one in zip(names, found, strict=True) if one}
            before = ("^" if lead == {""} else re.escape(lead.pop())) if len(lead) == 1 else ""
            after = re.escape(tail.pop()) if len(tail) == 1 else ""
            day = match["day"] and all(one and one["day"] for one in found)
            pattern = before + r"(?P<year>\d{4})" + re.escape(match["gap"]) + r"(?P<month>\d{2})"
            if day:
                pattern += re.escape(match["gap2"]) + r"(?P<day>\d{2})" + after
            elif not match["day"]:
                pattern += after
            stems = {name[: one.start()] for name, one in zip(names, found, strict=True) if one}
            glob = (_glob_escape(stems.pop()) if len(stems) == 1 else "") + "*" + Path(names[0]).suffix
            return {"from": "name", "pattern": pattern}, f"{place}/{glob}"
        name = names[0] if len(names) == 1 else "*" + Path(names[0]).suffix
        glob = _glob_escape(name) if len(names) == 1 else name
        match_in_title = _IN_TEXT.search(" ".join(self._tables[0].titles))
        if match_in_title:
            return {"from": "cell", "pattern": _spoken_pattern([match_in_title])}, f"{place}/{glob}"
        return None, f"{place}/{glob}"

    def _edition_lines(self) -> list[str]:
        if self._edition_rule is None:
            return [
                *self._doubt("  ", "no edition stands in the name or above the table: it must be given with each run."),
                "  - {property: edition, value: {from: parameter}}",
            ]
        rule = self._edition_rule
        return [f"  - {{property: edition, value: {{from: {rule['from']}, pattern: {_quoted(rule['pattern'])}}}}}"]

    def _totals(self, table: Detected) -> list[str]:
        lines = []
        if promised := table.choices.get("controlTotals"):
            lines.append(f"  - {{property: controlTotals, value: {_scalar(promised.value)}}}")
        off = [total for total in table.control_totals if total.get("stated") != total.get("counted")]
        if off:
            lines += self._doubt(
                "  ",
                f"{len(off)} of {len(table.control_totals)} printed totals of the sample do not agree with its rows.",
            )
        return lines

    def _column(self, column: ColumnDraft) -> list[str]:
        lines: list[str] = []
        for note in column.notes:
            if column.sure:
                lines.append(f"      # {note}")
            else:
                self.doubts.append(f"{column.header}: {note}")
                lines.append(f"      # ? {note}")
        lines += [
            f"      - name: {column.name}",
            f"        physicalName: {_scalar(column.header)}",
            f"        logicalType: {TYPES[column.type].logical}",
        ]
        keys = [one for one in self._columns if one.key]
        if column.key:
            lines.append("        primaryKey: true")
            if len(keys) > 1:
                lines.append(f"        primaryKeyPosition: {keys.index(column) + 1}")
        if column.required:
            lines.append("        required: true")
        own: list[tuple[str, Any]] = []
        if column.element:
            own.append(("element", column.element))
        if column.role:
            own.append(("role", column.role))
        if column.date_formats:
            formats = column.date_formats
            own.append(("dateFormat", formats[0] if len(formats) == 1 else list(formats)))
        if column.unit:
            own.append(("unit", column.unit))
        if column.type == "code" and column.codes_as != "code":
            own.append(("codesAs", column.codes_as))
        if own:
            lines.append("        customProperties:")
            lines += [f"          - {{property: {name}, value: {_scalar(value)}}}" for name, value in own]
        if column.codes:
            lines.append(
                "        #  - {property: codes, value: {" + ", ".join(f'{_scalar(v)}: ""' for v in column.codes) + "}}"
            )
        return lines


def _spoken_pattern(found: Sequence[re.Match[str] | None]) -> str:
    """Of an edition in words, with its day if all of them have one; blanks may stand between."""
    gap = r"\s*" if any(one and re.search(r"\s", one[0]) for one in found) else ""
    pattern = gap.join((r"(?P<year>\d{4})", "年", r"(?P<month>\d{1,2})", "月"))
    if all(one and one[3] for one in found):
        pattern += gap + gap.join((r"(?P<day>\d{1,2})", "日"))
    return pattern


def _title(path: Path) -> str:
    stem = _IN_NAME.sub("", _IN_TEXT.sub("", path.stem))
    return stem.strip(" _-.()（）")


def _glob_escape(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _scalar(value: Any) -> str:
    """A value as YAML on one line, also inside brackets."""
    import yaml

    text: str = yaml.safe_dump([value], allow_unicode=True, default_flow_style=True, width=100_000)
    return text.strip()[1:-1]
