"""How commands that check something show what they found."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from yibiao.contracts.documents import Finding

_SEVERITIES = {"error": "错误", "warning": "警告", "info": "提示"}


def show_findings(findings: Iterable[Finding]) -> None:
    """Print every finding, in Chinese first and then with its parts, and how many there are of each severity."""
    from yibiao.said_findings import said_finding

    findings = list(findings)
    for finding in findings:
        chinese = said_finding(finding)
        click.echo(
            f"{finding.where}: {_SEVERITIES[finding.severity]} {finding.severity}: {chinese or finding.what}"
            f" [{finding.rule}]"
        )
        if chinese:
            click.echo(f"    {finding.what}")
        for label, text in (
            ("应为 expected", finding.expected),
            ("实为 got", finding.got),
            ("办法 to do", finding.todo),
        ):
            if text:
                click.echo(f"    {label}: {text}")
    counts = {name: sum(finding.severity == name for finding in findings) for name in _SEVERITIES}
    chinese = "，".join(f"{_SEVERITIES[name]} {count}" for name, count in counts.items())
    english = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items())
    click.echo(f"{chinese}。{english}")


def stop_at_errors(findings: Iterable[Finding]) -> None:
    """End the command with status 1 if a finding is an error; warnings and infos stop nothing."""
    if any(finding.severity == "error" for finding in findings):
        sys.exit(1)
