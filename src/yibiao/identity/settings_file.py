"""Reading a linkage settings file: every mistake an error with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from yibiao.contracts.documents import Document, Findings, did_you_mean, read_fields, shorten
from yibiao.errors import ContractError
from yibiao.identity.levels import LEVELS
from yibiao.identity.settings import FORMAT, PARTS, Block, Column, Comparison, Level, LinkageSettings, Training

_TOP: dict[str, type | tuple[type, ...]] = {
    "format": int,
    "id": str,
    "columns": dict,
    "certain": list,
    "one_per": str,
    "subject": list,
    "cap": int,
    "blocks": list,
    "compare": dict,
    "thresholds": dict,
    "implied": list,
    "most": int,
    "train": dict,
}
_NUMBER = (int, float)


def parse(path: Path) -> LinkageSettings:
    """See `yibiao.identity.settings.read_settings`."""
    document = Document(path, path.parent)
    findings = Findings()
    given = read_fields(
        document, (), document.data, _TOP, ("format", "columns", "blocks", "compare", "thresholds"), findings
    )
    _raise(findings)
    assert given is not None
    if given["format"] != FORMAT:
        findings.error(
            "format", "Another format of linkage settings.", document.where("format"),
            expected=str(FORMAT), got=str(given["format"]),
        )  # fmt: skip
    columns = _columns(document, given["columns"], findings)
    _raise(findings)
    known = _Known(document, columns, findings)
    cap = given.get("cap", 200)
    blocks = tuple(_blocks(document, given["blocks"], cap, known, findings))
    comparisons = tuple(_comparisons(document, given["compare"], known, findings))
    certain = tuple(known.take(name, ("certain", place)) for place, name in enumerate(given.get("certain", [])))
    one_per = known.take(given["one_per"], ("one_per",)) if "one_per" in given else ""
    subject = tuple(known.take(name, ("subject", place)) for place, name in enumerate(given.get("subject", [])))
    thresholds = _thresholds(document, given["thresholds"], findings)
    implied = _implied(document, given.get("implied", []), comparisons, findings)
    training = _training(document, given.get("train", {}), known, findings)
    _raise(findings)
    return LinkageSettings(
        name=path.stem,
        columns=columns,
        blocks=blocks,
        comparisons=comparisons,
        link=thresholds["link"],
        review=thresholds["review"],
        margin=thresholds["margin"],
        same=thresholds["same"],
        implied=implied,
        id=given.get("id", ""),
        certain=certain,
        one_per=one_per,
        subject=subject,
        most=given.get("most", 1000),
        training=training,
    )


def _raise(findings: Findings) -> None:
    if findings:
        first = findings[0].as_error()
        more = f"{len(findings) - 1} more in this file" if len(findings) > 1 else ""
        todo = "; ".join(text for text in (first.todo, more) if text)
        raise ContractError(first.what, where=first.where, expected=first.expected, got=first.got, todo=todo)


class _Known:
    """Checks references to columns and their parts."""

    def __init__(self, document: Document, columns: dict[str, Column], findings: Findings) -> None:
        self.document, self.columns, self.findings = document, columns, findings

    def take(self, reference: Any, where: tuple[str | int, ...]) -> str:
        name, _, part = str(reference).partition(".")
        column = self.columns.get(name)
        if column is None:
            self.findings.error(
                "unknown-column", f"No column is called `{name}`.", self.document.where(*where),
                expected=shorten(self.columns), todo=did_you_mean(name, self.columns),
            )  # fmt: skip
        elif part and part not in PARTS[column.kind] and not re.fullmatch(r"(first|last)[1-9][0-9]?", part):
            self.findings.error(
                "unknown-part", f"A column of kind `{column.kind}` has no part `{part}`.", self.document.where(*where),
                expected=shorten((*PARTS[column.kind], "firstN", "lastN")),
            )  # fmt: skip
        return str(reference)

    def kind(self, reference: str) -> str:
        name, _, part = reference.partition(".")
        if part:  # parts are ASCII, except those of Chinese text that begin or end it
            chinese = self.columns[name].kind in ("chinese_name", "text", "address")
            return "text" if chinese and part != "sound" else "latin"
        return self.columns[name].kind


def _columns(document: Document, given: dict[str, Any], findings: Findings) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for name, body in given.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", str(name)) or "__" in str(name) or str(name).endswith(("_l", "_r")):
            findings.error(
                "name", "A column's name is made of small letters, digits and single underscores.",
                document.where("columns", name), got=str(name), todo="It may not end in `_l` or `_r`.",
            )  # fmt: skip
            continue
        fields = read_fields(
            document, ("columns", name), body,
            {"from": (str, list), "as": str, "formats": list, "extract": str}, ("as",), findings,
        )  # fmt: skip
        if fields is None:
            continue
        if fields["as"] not in PARTS:
            findings.error(
                "unknown-kind", f"No kind of column is called `{fields['as']}`.", document.where("columns", name, "as"),
                expected=shorten(PARTS), todo=did_you_mean(fields["as"], PARTS),
            )  # fmt: skip
            continue
        try:
            re.compile(fields.get("extract", ""))
        except re.error:
            findings.error("pattern", "`extract` is no regular expression.", document.where("columns", name, "extract"))
        sources = fields.get("from", name)
        sources = (sources,) if isinstance(sources, str) else tuple(str(one) for one in sources)
        formats = tuple(str(one) for one in fields.get("formats", ()))
        if formats and fields["as"] != "date":
            findings.error("formats", "Only a date has formats.", document.where("columns", name, "formats"))
        columns[name] = Column(name, sources, fields["as"], formats, fields.get("extract", ""))
    if not columns:
        findings.error("empty", "No column is described.", document.where("columns"))
    return columns


def _parts(given: Any, path: tuple[str | int, ...], known: _Known) -> tuple[str, ...]:
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or not listed:
        known.findings.error("shape", "A list of columns is expected.", known.document.where(*path))
        return ()
    return tuple(known.take(name, (*path, place)) for place, name in enumerate(listed))


def _blocks(document: Document, given: list[Any], cap: int, known: _Known, findings: Findings) -> list[Block]:
    blocks = []
    for place, body in enumerate(given):
        limit, entities = cap, None
        path: tuple[str | int, ...] = ("blocks", place)
        if isinstance(body, dict):
            kinds: dict[str, type | tuple[type, ...]] = {"parts": (str, list), "cap": int, "entities": int}
            fields = read_fields(document, path, body, kinds, ("parts",), findings)
            if fields is None:
                continue
            limit, entities = fields.get("cap", cap), fields.get("entities")
            body, path = fields["parts"], (*path, "parts")
        if limit < 2:
            findings.error("cap", "A block of fewer than two records compares nothing.", document.where(*path))
        if entities is not None and entities < 1:
            findings.error("cap", "A block of no entity compares nothing.", document.where(*path))
        blocks.append(Block(_parts(body, path, known), limit, entities))
    if not blocks:
        findings.error("empty", "Without a block nothing is compared.", document.where("blocks"))
    return blocks


def _comparisons(document: Document, given: dict[str, Any], known: _Known, findings: Findings) -> list[Comparison]:
    comparisons = []
    for name, body in given.items():
        if not isinstance(body, list) or not body:
            findings.error("shape", "A list of levels is expected.", document.where("compare", name))
            continue
        levels = []
        for place, one in enumerate(body):
            level = _level(document, one, ("compare", name, place), known, findings)
            if level is not None:
                levels.append(level)
        if levels:
            comparisons.append(Comparison(str(name), tuple(levels)))
    return comparisons


def _level(
    document: Document,
    given: Any,
    path: tuple[str | int, ...],
    known: _Known,
    findings: Findings,
    *,
    inner: bool = False,
) -> Level | None:
    kinds = [key for key in given if key in LEVELS] if isinstance(given, dict) else []
    if len(kinds) != 1:
        findings.error(
            "unknown-level", "A level names one way of comparing.", document.where(*path), expected=shorten(LEVELS)
        )
        return None
    kind = LEVELS[kinds[0]]
    allowed: dict[str, type | tuple[type, ...]] = {kinds[0]: (str, list)}
    if kind.value:
        allowed[kind.value] = _NUMBER
    if not inner:
        allowed |= {"frequency": bool, "m": float, "u": float, "and": list}
    fields = read_fields(document, path, given, allowed, (kind.value,) if kind.value else (), findings)
    if fields is None:
        return None
    before = len(findings)
    columns = _parts(fields[kinds[0]], (*path, kinds[0]), known)
    if len(findings) > before:
        return None
    least, greatest = kind.columns
    if not least <= len(columns) <= greatest:
        findings.error(
            "columns", f"`{kinds[0]}` looks at another number of columns.", document.where(*path),
            expected=f"{least} to {greatest}", got=str(len(columns)),
        )  # fmt: skip
    for name in columns:
        if kind.kinds and known.kind(name) not in kind.kinds:
            findings.error(
                "kind", f"`{kinds[0]}` cannot compare a column of kind `{known.kind(name)}`.", document.where(*path),
                expected=shorten(kind.kinds),
                todo="Chinese names have `one_character`, `alike` and their part `sound`."
                if known.kind(name) == "chinese_name" else "",
            )  # fmt: skip
    for key in ("m", "u"):
        if key in fields and not 0 < fields[key] < 1:
            findings.error("probability", f"`{key}` is a probability.", document.where(*path, key), expected="0 to 1")
    also = []
    for place, one in enumerate(fields.get("and", ())):
        level = _level(document, one, (*path, "and", place), known, findings, inner=True)
        if level is not None:
            also.append(level)
    value = fields.get(kind.value) if kind.value else None
    return Level(
        kinds[0], columns, None if value is None else float(value), fields.get("frequency", False),
        fields.get("m"), fields.get("u"), tuple(also),
    )  # fmt: skip


def _thresholds(document: Document, given: Any, findings: Findings) -> dict[str, Any]:
    fields = read_fields(
        document,
        ("thresholds",),
        given,
        {"link": _NUMBER, "review": _NUMBER, "margin": _NUMBER, "same": _NUMBER},
        ("link",),
        findings,
    )
    if fields is None:
        return {"link": 0.0, "review": 0.0, "margin": 0.0, "same": None}
    link = float(fields["link"])
    review = float(fields.get("review", link))
    if review > link:
        findings.error(
            "thresholds", "A pair is looked at before it is linked.", document.where("thresholds", "review"),
            expected="review at most link", got=f"{review:g} > {link:g}",
        )  # fmt: skip
    return {"link": link, "review": review, "margin": float(fields.get("margin", 0.0)), "same": fields.get("same")}


def _implied(
    document: Document, given: list[Any], comparisons: tuple[Comparison, ...], findings: Findings
) -> tuple[str, ...]:
    names = [one.name for one in comparisons]
    for place, name in enumerate(given):
        if name not in names:
            findings.error(
                "unknown-comparison", f"No comparison is called `{name}`.", document.where("implied", place),
                expected=shorten(names), todo=did_you_mean(str(name), names),
            )  # fmt: skip
    return tuple(str(name) for name in given)


def _training(document: Document, given: Any, known: _Known, findings: Findings) -> Training:
    fields = read_fields(
        document, ("train",), given,
        {
            "records": int, "pairs": int, "seed": int, "prior": (dict, float), "em": list, "labels": str, "rare": int,
        },
        (), findings,
    )  # fmt: skip
    if fields is None:
        return Training()
    prior: float | None = None
    blocks: tuple[tuple[str, ...], ...] = ()
    recall = Training.prior_recall
    if isinstance(fields.get("prior"), dict):
        body = read_fields(
            document, ("train", "prior"), fields["prior"], {"blocks": list, "recall": float}, ("blocks",), findings
        )
        if body is not None:
            blocks = tuple(
                _parts(one, ("train", "prior", "blocks", place), known) for place, one in enumerate(body["blocks"])
            )
            recall = body.get("recall", 0.7)
    elif "prior" in fields:
        prior = fields["prior"]
        if not 0 < prior < 1:
            findings.error("probability", "`prior` is a probability.", document.where("train", "prior"))
    em = tuple(_parts(one, ("train", "em", place), known) for place, one in enumerate(fields.get("em", ())))
    labels = known.take(fields["labels"], ("train", "labels")) if "labels" in fields else ""
    return Training(
        records=fields.get("records", Training.records),
        pairs=fields.get("pairs", Training.pairs),
        seed=fields.get("seed", Training.seed),
        prior_blocks=blocks,
        prior_recall=recall,
        prior=prior,
        em=em,
        labels=labels,
        rare=fields.get("rare", Training.rare),
    )
