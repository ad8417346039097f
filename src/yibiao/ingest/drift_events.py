"""Drift of the live loads as people and programs ask for it: every event, what speaks for it, the line that settles it.

Unlike the decision at load time (`yibiao.ingest.drift`) this may look at everything: at the names that the catalogue
knows for an element, and at the same column of the last good load.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from yibiao.contracts.reports import Column, Report
from yibiao.contracts.values import Element, Schemas
from yibiao.ingest.drift import name_score
from yibiao.ingest.packages import ACCEPTED, QUARANTINE, LoadPackage, live_packages
from yibiao.ingest.rules import quote, render
from yibiao.settings import Settings

SETTLED = "alias"
"""A header that is an alias is agreed: no drift that anybody has to look at."""

SAMPLE = 5_000
"""Values of a column that are compared."""

NEAR = 0.6
"""Likeness of a new header to a name in the catalogue from which it is mentioned."""


_FORM = r"regexp_replace(regexp_replace(regexp_replace(v, '\d', '9', 'g'), '[A-Za-z]', 'a', 'g'), '\p{Han}+', 'H', 'g')"
"""The format of a value: every digit 9, every letter a, every run of Chinese characters H."""


def drift_events(settings: Settings, schemas: Schemas, report_id: str | None = None) -> list[dict[str, Any]]:
    """Every event of every live load that was not withdrawn.

    Returns:
        Mappings, ordered by report, edition, delivery: `report`, `edition`, `load_id`, `file`, `kind`, `mode`, `held`
        (are the rows of the load held for it) and what the event has itself (`column`, `header`, `score`, `why`,
        `share`, `looks_like`, `columns`). For a renamed column also `compared_with` (the last good load),
        `formats_alike`, `values_seen` (shares) and `add` (`file`, `property`, `line`: the YAML to put into the
        contract); for a missing column `perhaps`, a new header that the catalogue knows as a name of its element, with
        `add`.

    Raises:
        LoadError: a package is damaged.
    """
    from yibiao.control import withdrawn_deliveries

    withdrawn = withdrawn_deliveries(settings)
    events = []
    for report in schemas.reports.values():
        if report_id not in (None, report.id):
            continue
        packages = [one for one in live_packages(report, settings) if one.delivered not in withdrawn]
        for package in packages:
            manifest = package.manifest
            drift = [one for one in manifest["drift"] if one["kind"] != SETTLED]
            new = [one["header"] for one in drift if one["kind"] == "new_column"]
            for one in drift:
                event = {
                    "report": report.id,
                    "edition": manifest["edition"],
                    "load_id": package.load_id,
                    "file": manifest["delivery"]["name"],
                    "held": one["kind"] in manifest["held"],
                    **one,
                }
                if one["kind"] == "renamed_column":
                    column = report.column(one["column"])
                    event |= _compared(column, package, packages) | {"add": _alias(report, column, one["header"])}
                elif one["kind"] == "missing_column":
                    event |= _perhaps(report, report.column(one["column"]), new, schemas.elements)
                events.append(event)
    return events


def _alias(report: Report, column: Column, header: str) -> dict[str, str]:
    aliases = ", ".join(_yaml(text) for text in (*column.aliases, header))
    return {
        "file": report.path,
        "property": column.name,
        "line": f"- {{property: aliases, value: [{aliases}]}}",
    }


def _yaml(text: str) -> str:
    """A text as it may stand in a YAML list: quoted if a sign in it could mean something."""
    plain = all(one.isalnum() or one in "_" for one in text) and not text[:1].isdigit()
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _perhaps(report: Report, column: Column, headers: Sequence[str], elements: Mapping[str, Element]) -> dict[str, Any]:
    element = elements.get(column.element or "")
    names = [column.header, column.title, *column.aliases]
    if element and not column.role:
        names += [element.name, *element.aliases]
    scored = [(score, header) for header in headers if (score := name_score(header, names)) >= NEAR]
    if not scored:
        return {}
    score, header = max(scored)
    return {"perhaps": header, "score": round(score, 2), "add": _alias(report, column, header)}


def _compared(column: Column, package: LoadPackage, packages: Sequence[LoadPackage]) -> dict[str, Any]:
    """The column's values beside those of the last load that has the column and accepted rows."""
    place = packages.index(package)
    others = [*reversed(packages[:place]), *packages[place + 1 :]]
    before = next((other for other in others if _is_good(other, column.name)), None)
    if before is None:
        return {"compared_with": None}
    import duckdb

    name = quote(column.name)
    stated = f"({render('stated', name)}) is not null"

    def values(of: LoadPackage, files: Sequence[str]) -> str:
        paths = render("rule_list", [str(of.folder / file) for file in files])
        return f"select {name} as v from read_parquet([{paths}]) where {stated} order by _row limit {SAMPLE}"

    with duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": "false"}) as engine:
        engine.execute(f"create table now as {values(package, [ACCEPTED, QUARANTINE])}")
        engine.execute(f"create table before as {values(before, [ACCEPTED])}")
        shares = "select {} as form, count(*) / (select count(*) from {}) as share from {} group by form"
        formats = " join ".join(
            f"({shares.format(_FORM, table, table)}) as {table}_forms" for table in ("now", "before")
        )
        ((alike,),) = engine.execute(
            f"select coalesce(sum(least(now_forms.share, before_forms.share)), 0) from {formats} using (form)"
        ).fetchall()
        # All values of the good load, not only its first: people move between rows.
        everything = f"select {name} from read_parquet({render('rule_text', str(before.folder / ACCEPTED))})"
        ((seen,),) = engine.execute(f"select coalesce(avg((v in ({everything}))::integer), 0) from now").fetchall()
    return {"compared_with": before.load_id, "formats_alike": round(alike, 4), "values_seen": round(seen, 4)}


def _is_good(package: LoadPackage, column: str) -> bool:
    manifest = package.manifest
    drifted = {one.get("column") for one in manifest["drift"] if one["kind"] != SETTLED}
    return bool(manifest["counts"]["accepted"]) and not manifest["held"] and column not in drifted


_KINDS: Mapping[str, str] = {
    "new_column": "新增列",
    "missing_column": "缺少列",
    "renamed_column": "列名改变",
    "reordered": "列的顺序改变",
    "changed_type": "列的内容改变",
}

_MODES: Mapping[str, str] = {
    "evolve": "照常装载，仅记录",
    "quarantine": "整份隔离，等待修改合约",
    "refuse": "拒收",
}


def words(event: Mapping[str, Any]) -> list[str]:
    """An event as lines for a person: what, where, what speaks for it, what to add to the contract."""
    what = [str(event[key]) for key in ("column", "header") if event.get(key)] or [", ".join(event.get("columns", ()))]
    lines = [
        f"{event['report']} {event['edition']} {event['file']}：{_KINDS.get(event['kind'], event['kind'])} "
        f"{' <- '.join(what)}（{_MODES.get(event['mode'], event['mode'])}）"
    ]
    if event["kind"] == "renamed_column":
        lines.append(f"  把握 score {event['score']:.2f}：{event['why']}")
        if event["compared_with"]:
            lines.append(
                f"  与上次装载 {event['compared_with'][:12]} 相比：格式相同 {event['formats_alike']:.0%}，"
                f"出现过的值 {event['values_seen']:.0%}"
            )
    if event["kind"] == "changed_type":
        like = f"，像是 looks like {event['looks_like']}" if event.get("looks_like") else ""
        lines.append(f"  {event['values']:,} 个值中 {event['share']:.0%} 不合类型{like}")
    if event.get("perhaps"):
        lines.append(f"  也许就是新列 perhaps {event['perhaps']}（{event['score']:.2f}）")
    if add := event.get("add"):
        lines.append(f"  如果是同一列，在 {add['file']} 的 {add['property']} 的 customProperties 写入：")
        lines.append(f"    {add['line']}")
    return lines
