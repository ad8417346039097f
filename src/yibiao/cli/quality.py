"""`yibiao quality`: what the gate found about a release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from yibiao.cli.options import json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from yibiao.quality.results import ExpectationResult, GateResult

SEVERITY_WORDS = {"critical": "严重 critical", "warning": "警告 warning", "info": "提示 info"}
STATUS_WORDS = {"passed": "通过 passed", "failed": "不符 failed", "error": "无法检查 error"}


@click.group()
def quality() -> None:
    """Show what the gate found (质量门)."""


@quality.command()
@click.option("--release", "version", metavar="VERSION", help="Version of a release; the current one by default.")
@click.option("--file", type=click.Path(path_type=Path), help="A quality.json, of a run that was not released.")
@click.option("--home", type=click.Path(path_type=Path), help="Working folder (YIBIAO_HOME).")
@click.option("--all", "everything", is_flag=True, help="List every expectation that passed, too.")
@json_option("Print the results as JSON.")
def show(version: str | None, file: Path | None, home: Path | None, everything: bool, as_json: bool) -> None:
    """Print the results of a release: failures first, the gravest on top."""
    from yibiao.files import to_json
    from yibiao.quality.results import FILE_NAME, read_results
    from yibiao.settings import Settings
    from yibiao.warehouse.releases import find, need_current

    if file is None:
        settings = Settings.load(home=home)
        release = find(settings, version) if version and settings.releases.is_dir() else need_current(settings)
        file = release.folder / FILE_NAME
        title = f"版本 release: {file.parent.name}"
    else:
        title = f"文件 file: {file}"
    result = read_results(file)
    if as_json:
        click.echo(to_json(result.as_dict()), nl=False)
    else:
        _print(result, title, everything)


def _print(result: GateResult, title: str, everything: bool) -> None:
    """Two tables for people: what failed, then what passed (by table, or one by one)."""
    import sys

    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    head = "通过 passed" if result.passed else "未通过 not passed"
    console.print(f"质量门 gate: {head}    {title}", markup=False)
    for severity, numbers in result.by_severity.items():
        console.print(f"  {SEVERITY_WORDS[severity]}: 通过 {numbers['passed']} passed, 不符 {numbers['failed']} failed")
    if result.failed:
        console.print(_table("不符 failed", result.failed))
    else:
        console.print("没有不符的期望。 Every expectation holds.")
    passed = [one for one in result.results if one.success]
    if everything:
        console.print(_table("通过 passed", passed))
        return
    by_table: dict[str, int] = {}
    for one in passed:
        by_table[one.table] = by_table.get(one.table, 0) + 1
    console.print("通过 passed, 按表 by table (--all 逐条列出 lists each):")
    summary = Table("表 table", "通过 passed")
    for name, number in by_table.items():
        summary.add_row(name, str(number))
    console.print(summary)


def _table(title: str, results: Sequence[ExpectationResult]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in ("级别 severity", "结果 status", "表 table", "期望 expectation", "列 column"):
        table.add_column(column, overflow="fold")
    table.add_column("不符/检查 unexpected/evaluated", justify="right")
    table.add_column("责任 owner", overflow="fold")
    table.add_column("原因 reason", overflow="fold", ratio=1)
    for one in results:
        amount = "" if one.evaluated is None else f"{one.unexpected:,} / {one.evaluated:,}"
        if one.percent:
            amount += f" ({one.percent:g} %)"
        reason = f"{one.reason} [{one.error}: {one.message}]" if one.status == "error" else one.reason
        table.add_row(
            SEVERITY_WORDS[one.severity],
            STATUS_WORDS[one.status],
            one.table,
            one.id,
            one.column,
            amount,
            one.owner,
            escape(reason),
        )
    return table
