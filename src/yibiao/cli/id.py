"""`yibiao id`: identity numbers and codes by themselves, without a contract."""

from __future__ import annotations

import os
import sys
from collections import Counter
from typing import IO, TYPE_CHECKING

import click

from yibiao.cli.options import json_option

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 200
"""Lines that the table for people shows at most."""


@click.group("id")
def id() -> None:
    """Check identity numbers, credit codes, telephone and division codes."""


@id.command()
@click.argument("file", type=click.File("rb"))
@click.option("--kind", help="Judge every line as this kind instead of finding out, for example citizen_id or uscc.")
@click.option("--show", is_flag=True, help="Print the numbers themselves; without it only masks leave this command.")
@json_option("Print a list of objects, one a line of the file.")
def check(file: IO[bytes], kind: str | None, show: bool, as_json: bool) -> None:
    """Judge FILE, one number a line; - is standard input.

    Ends with status 1 if a stated number is not valid. Shown are the lines that a human should look at; --json has
    all of them: line, kind, valid, warnings, reason, mask, and with --show the normal form.
    """
    from yibiao.errors import DeliveryError
    from yibiao.identity.identifiers import KINDS, Judge, divisions, lines
    from yibiao.settings import Settings

    if kind and kind not in KINDS:
        raise DeliveryError(
            "No such kind of identifier.",
            where="--kind",
            expected=", ".join(KINDS),
            got=kind,
            todo="Choose one of them.",
        )
    judge = Judge(kind, divisions(Settings.load().schemas))
    report = _Json(show) if as_json else _Words(show)
    first = 1
    try:
        for texts in lines(file, getattr(file, "name", "-")):
            report.take(judge.judge(texts, first), texts)
            first += len(texts)
        status = report.end()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)


class _Json:
    """A JSON list, written as it goes."""

    def __init__(self, show: bool) -> None:
        self._show, self._wrong, self._any = show, 0, False
        sys.stdout.write("[")

    def take(self, judged: pa.Table, texts: list[str]) -> None:
        import duckdb
        import pyarrow.compute as pc

        stated = pc.not_equal(pc.fill_null(judged["reason"], ""), "not_stated")
        self._wrong += pc.sum(pc.and_(stated, pc.invert(judged["valid"]))).as_py()
        rows = judged if self._show else judged.drop_columns(["normal"])
        with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as engine:
            engine.register("judged", rows)
            objects = engine.sql("select to_json(judged)::varchar as object from judged").to_arrow_table()["object"]
        sys.stdout.write(",\n" if self._any else "\n")
        sys.stdout.flush()
        sys.stdout.buffer.write(",\n".join(objects.to_pylist()).encode())
        sys.stdout.buffer.flush()
        self._any = True

    def end(self) -> int:
        sys.stdout.write("\n]\n")
        return 1 if self._wrong else 0


class _Words:
    """The lines that need a human, then a count by kind, in Chinese."""

    def __init__(self, show: bool) -> None:
        self._show = show
        self._valid: Counter[str] = Counter()
        self._wrong: Counter[str] = Counter()
        self._left = SHOWN
        self._hidden = self._blank = 0

    def take(self, judged: pa.Table, texts: list[str]) -> None:
        import pyarrow.compute as pc

        from yibiao.identity.identifiers import KINDS, REASONS, WARNINGS

        stated = pc.not_equal(pc.fill_null(judged["reason"], ""), "not_stated")
        self._blank += judged.num_rows - pc.sum(stated).as_py()
        for counts, rows in (
            (self._valid, judged.filter(judged["valid"])),
            (self._wrong, judged.filter(pc.and_(stated, pc.invert(judged["valid"])))),
        ):
            for group in rows.group_by("kind").aggregate([([], "count_all")]).to_pylist():
                counts[group["kind"] or ""] += group["count_all"]
        noted = pc.and_(
            stated, pc.or_(pc.invert(judged["valid"]), pc.greater(pc.list_value_length(judged["warnings"]), 0))
        )
        rows = judged.filter(noted)
        self._hidden += max(0, rows.num_rows - self._left)
        for row in rows.slice(0, self._left).to_pylist():
            place = row["line"] - judged["line"][0].as_py()
            text = texts[place].strip() if self._show else row["mask"] or f"（{len(texts[place])} 个字符）"
            words = [REASONS[row["reason"]]] if row["reason"] else []
            words += [WARNINGS[word] for word in row["warnings"]]
            if self._show and row["normal"] and row["normal"] != text:
                words.append(f"规范写法 {row['normal']}")
            state = "有效" if row["valid"] else "无效"
            click.echo(f"第 {row['line']} 行  {text}  {KINDS.get(row['kind'], '未识别')}  {state}：{'；'.join(words)}")
        self._left = max(0, self._left - rows.num_rows)

    def end(self) -> int:
        from yibiao.identity.identifiers import KINDS

        if self._hidden:
            click.echo(f"另有 {self._hidden:,} 行未列出；--json 列出全部。")
        for kind in [*KINDS, ""]:
            if self._valid[kind] or self._wrong[kind]:
                name = KINDS.get(kind, "未识别")
                click.echo(f"{name}：有效 {self._valid[kind]:,}，无效 {self._wrong[kind]:,}")
        blank = f"，空行 {self._blank:,}" if self._blank else ""
        click.echo(f"合计：有效 {self._valid.total():,}，无效 {self._wrong.total():,}{blank}")
        return 1 if self._wrong.total() else 0
