"""The summary of a run as a person reads it at the end of `yibiao run`."""

from __future__ import annotations

from typing import Any, TextIO

STATES = {
    "published": "[green]已发布[/] published",
    "unchanged": "[green]没有变化[/] nothing new: nothing was loaded, nothing was published",
    "verified": "[green]重建一致[/] rebuilt by force: the content is the same",
    "refused": "[bold red]未过质量门[/] refused by the gate",
    "rolled back": "[bold red]已回退[/] rolled back by an operator; the present inputs are not published",
    "failed": "[bold red]失败[/] failed",
}


def show(summary: dict[str, Any], stream: TextIO) -> None:
    """Print the summary: per report, then the release, then what to do next."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    # Without a terminal there is no width to go by; 120 keeps every row on one line.
    console = Console(file=stream, width=None if stream.isatty() else 120, highlight=False)

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("报表\nreport", no_wrap=True)
    table.add_column("名称\ntitle", no_wrap=True)
    totals = summary["totals"]
    counts = {"read": "读取\nread", "accepted": "通过\naccepted", "quarantined": "隔离\nquarantined"}
    if settled := totals["resolved"] + totals["rejected"]:
        counts["open"] = "待改\nopen"  # until a slip has come back all of them are
    for name in ("期\neditions", *counts.values(), "错误\nerrors"):
        table.add_column(name, justify="right")
    for report in summary["reports"]:
        errors = len(report["errors"])
        editions = str(report["deliveries"]) + (f" ({report['waiting']} 待定)" if report["waiting"] else "")
        table.add_row(
            report["report"],
            report["title"],
            editions,
            *(f"{report[key]:,}" for key in counts),
            f"[bold red]{errors}[/]" if errors else "0",
        )
    table.add_section()
    table.add_row(
        "合计 total",
        "",
        str(totals["deliveries"]),
        *(f"{totals[key]:,}" for key in (*counts, "errors")),
    )
    console.print(table)

    if summary["entities"]:
        entities = Table(box=SIMPLE_HEAD, pad_edge=False)
        entities.add_column("实体\nentity")
        entities.add_column("数量\nrecords", justify="right")
        entities.add_column("有分歧的格\ndisputed cells", justify="right")
        for name, number in summary["entities"].items():
            entities.add_row(name, f"{number:,}", f"{summary['conflicts'][name]:,}")
        console.print(entities)

    facts = Table.grid(padding=(0, 2))
    for severity, numbers in summary["expectations"].items():
        failed = f"[bold red]{numbers['failed']}[/]" if numbers["failed"] else "0"
        facts.add_row(f"质量规则 expectations, {severity}", f"{numbers['passed']} 通过 passed, {failed} 未通过 failed")
    if settled:
        facts.add_row(
            "隔离的行 quarantined rows",
            f"{totals['open']:,} 待改 open, {totals['resolved']:,} 已改 resolved, {totals['rejected']:,} 拒收 rejected",
        )
    if printed := sum(report["totals"] for report in summary["reports"]):
        off = sum(report["totals_off"] for report in summary["reports"])
        facts.add_row(
            "报表合计 printed totals",
            f"{printed - off} 相符 agree, {f'[bold red]{off}[/]' if off else '0'} 不符 disagree with the rows",
        )
    if gone := sum(summary["decisions_passed_over"].values()):
        facts.add_row(
            "归并结论 decisions", f"{gone:,} 条所涉记录已变, 未起作用 passed over (yibiao identity decisions)"
        )
    if lost := summary["corrections_passed_over"]:
        facts.add_row(
            "更正 corrections", f"{len(lost):,} 条所涉对象已不在, 未起作用 passed over (yibiao ticket show {lost[0]})"
        )
    if burden := summary["burden"]:
        facts.add_row(
            "填报负担 burden a year",
            f"{burden['cells_asked']:,} 格 cells asked by {burden['forms']} forms, "
            f"{burden['cells_known']:,} ({burden['share_known']:.0%}) 已有 known already"
            + ("" if burden["release"] == summary["release"]["version"] else f", 截至 as of {burden['as_of']}"),
        )
    if built := summary["built"]:
        made = (
            f"整体重建 everything: {escape(built['whole'])}"
            if built["whole"]
            else f"仅变动部分 what {built['records']:,} changed records touch"
            + (f", {built['corrections']:,} 项更正 corrections" if built["corrections"] else "")
        )
        facts.add_row("构建 built", made)
    facts.add_row("用时 seconds", ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in summary["seconds"].items()))
    release = summary["release"]
    if release["version"]:
        facts.add_row("发布版本 release", f"[bold]{release['version']}[/]")
        facts.add_row("位置 place", escape(release["path"]))
        facts.add_row("内容校验 content hash", escape(str(release["content_hash"])))
    facts.add_row("结果 result", STATES[summary["state"]] + (f": {escape(summary['why'])}" if summary["why"] else ""))
    console.print(facts, soft_wrap=True)

    unread = [("unify", summary["error"])] if summary["error"] else []
    for report in summary["reports"]:
        unread += [(report["report"], error) for error in report["errors"]]
    for name, error in unread:
        parts = "; ".join(f"{key}: {text}" for key, text in error.items() if key not in ("kind", "what") and text)
        console.print(f"[bold red]{name}[/] {escape(error['what'])} {escape(parts)}", soft_wrap=True)
    if summary["next"]:
        console.print("[bold]下一步 Next[/]")
        for line in summary["next"]:
            console.print(f"  {escape(line)}", soft_wrap=True)
    console.print(f"[dim]summary.json, log: {escape(summary['log'])}[/]", soft_wrap=True)
