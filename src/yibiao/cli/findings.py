"""How commands that check something show what they found."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from yibiao.contracts.documents import Finding


def show_findings(findings: Iterable[Finding]) -> None:
    """Print every finding with its parts, then how many there are of each severity."""
    findings = list(findings)
    for finding in findings:
        click.echo(f"{finding.where}: {finding.severity}: {finding.what} [{finding.rule}]")
        for label, text in (("expected", finding.expected), ("got", finding.got), ("to do", finding.todo)):
            if text:
                click.echo(f"    {label}: {text}")
    counts = {name: sum(finding.severity == name for finding in findings) for name in ("error", "warning", "info")}
    click.echo(", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items()))


def stop_at_errors(findings: Iterable[Finding]) -> None:
    """End the command with status 1 if a finding is an error; warnings and infos stop nothing."""
    if any(finding.severity == "error" for finding in findings):
        sys.exit(1)
