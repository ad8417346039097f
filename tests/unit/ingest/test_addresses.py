"""What `${NAME}` and `${airflow:id}` stand for, and that nothing of it is told."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from yibiao.errors import DeliveryError
from yibiao.ingest.addresses import (
    connection,
    named_connection,
    parse_connection,
    resolve,
    resolve_base,
    resolve_secret,
)

PASSWORD = "p@ss/word:7f3a9c"
URI = "postgres://clerk:p%40ss%2Fword%3A7f3a9c@db:5432/register?sslmode=require"
AS_JSON = json.dumps(
    {
        **{"conn_type": "postgres", "login": "clerk", "password": PASSWORD, "host": "db", "port": 5432},
        **{"schema": "register", "extra": json.dumps({"sslmode": "require"})},
    }
)


@pytest.mark.parametrize("written", [URI, AS_JSON])
def test_a_connection_is_read_as_airflow_writes_it(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_POLICE", written)
    found = connection("police", "x")
    assert (found.host, found.port, found.login, found.password, found.path) == (
        *("db", 5432, "clerk", PASSWORD, "register"),
    )
    assert resolve("${airflow:police}", "x") == URI.replace("postgres:", "postgresql:")
    assert resolve_base("${airflow:police}/v1", "x") == "postgresql://db:5432/register/v1"
    assert resolve_secret("${airflow:police}", "x") == PASSWORD
    assert PASSWORD not in repr(found)


def test_a_connection_of_http_has_its_scheme_in_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_API", json.dumps({"conn_type": "http", "host": "h", "extra": {"scheme": "https"}}))
    assert resolve_base("${airflow:api}/v1", "x") == "https://h/v1"


def test_variables_and_connections_may_be_parts_of_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST_NAME", "db")
    monkeypatch.setenv("SECRET", PASSWORD)
    assert resolve("postgresql://clerk:${SECRET}@${HOST_NAME}/r", "x") == f"postgresql://clerk:{PASSWORD}@db/r"
    account = parse_connection("sftp://clerk@db/a%20b", "x")
    assert (account.kind, account.login, account.path) == ("sftp", "clerk", "a b")
    assert named_connection("", "x") is None


@pytest.mark.parametrize("text", ["${NOT_SET_AT_ALL}", "${airflow:not_set_at_all}"])
def test_what_is_not_set_is_named(text: str) -> None:
    with pytest.raises(DeliveryError) as refused:
        resolve(text, "police.register")
    assert "NOT_SET_AT_ALL" in refused.value.todo
    assert refused.value.where == "police.register"


@pytest.mark.parametrize(
    "written", [PASSWORD, "{" + PASSWORD, '{"login": "' + PASSWORD + '"}', "x://clerk:7f3a9c@db:port"]
)
def test_a_connection_that_cannot_be_understood_is_not_quoted(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_POLICE", written)
    with pytest.raises(DeliveryError) as refused:
        resolve("${airflow:police}", "x")
    assert "7f3a9c" not in str(refused.value)
    assert "AIRFLOW_CONN_POLICE" in refused.value.expected


def test_airflow_is_not_imported_for_it() -> None:
    code = (
        "import os, sys; os.environ['AIRFLOW_CONN_A'] = 'sftp://a:b@c'\n"
        "from yibiao.ingest.addresses import connection\n"
        "connection('a', 'x'); print('airflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
