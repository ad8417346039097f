"""A secret that somebody writes into a contract is noticed, and never quoted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from yibiao.contracts.documents import Findings
from yibiao.contracts.load import read_schemas
from yibiao.contracts.secrets import written_secret

REPORT = "reports/police/people.odcs.yml"
PASSWORD = "Hunter2-geheim"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://clerk:{PASSWORD}@db/register",
        f"sftp://clerk:{PASSWORD}@host/folder/*.csv",
        f"https://api.example.org/v1?access_token={PASSWORD}&page=1",
        f"https://api.example.org/v1?apikey={PASSWORD}",
        f"host=db user=clerk password={PASSWORD}",
        f"mysql://clerk:${{USER}}{PASSWORD}@db/register",
    ],
)
def test_a_written_secret_is_found(text: str) -> None:
    assert written_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "${POLICE_DB}",
        "${airflow:police}",
        "postgresql://clerk:${PASSWORD}@db/register",
        "postgresql://clerk@db:5432/register",
        "https://api.example.org/v1?token=${TOKEN}",
        "https://api.example.org/v1/tokens?page=1&monkey=1",
        "police/people/*_*.csv",
        "s3://bucket/key/*.csv",
    ],
)
def test_a_reference_or_a_plain_address_is_none(text: str) -> None:
    assert not written_secret(text)


@pytest.mark.parametrize(
    "server",
    [
        f"    type: api\n    location: https://clerk:{PASSWORD}@example.org/v1\n",
        f"    type: api\n    location: https://example.org/v1\n    customProperties:\n"
        f"      - {{property: auth, value: {{by: bearer, value: {PASSWORD}}}}}\n",
        f"    type: sftp\n    location: sftp://clerk:{PASSWORD}@example.org/*.csv\n    format: xlsx\n",
        f"    type: mysql\n    host: db\n    port: 3306\n    database: d\n    customProperties:\n"
        f"      - {{property: table, value: t}}\n      - {{property: connection, value: 'mysql://a:{PASSWORD}@db/d'}}\n",
    ],
)
def test_lint_refuses_it_without_quoting_it(
    server: str, schemas_folder: Path, edit: Callable[[str, str, str], None]
) -> None:
    path = schemas_folder / REPORT
    text = path.read_text(encoding="utf-8")
    start, end = text.index("    type: local"), text.index("customProperties:\n  - {property: mode")
    path.write_text(text[:start] + server + text[end:], encoding="utf-8")
    _, findings = read_schemas(schemas_folder)
    assert "secret" in {finding.rule for finding in findings if finding.severity == "error"}
    assert PASSWORD not in str(Findings(findings))
