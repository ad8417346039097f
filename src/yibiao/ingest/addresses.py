"""Addresses and secrets: what `${NAME}` and `${airflow:id}` in a contract stand for.

A connection of Airflow is read from its environment variable, `AIRFLOW_CONN_<ID>`, without importing Airflow. Inside a
task of Airflow, those of its database and of a secrets backend are found too. No value ever stands in an error.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from yibiao.errors import DeliveryError

_VARIABLE = re.compile(r"\$\{(?:(?P<name>\w+)|airflow:(?P<id>[\w.-]+))\}")


@dataclass(frozen=True)
class Connection:
    """An account somewhere, as Airflow keeps it. `repr` shows no secret."""

    kind: str
    host: str = ""
    port: int | None = None
    login: str = ""
    password: str = field(default="", repr=False)
    path: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def base(self) -> str:
        """`scheme://host:port/path` without the account."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = {"http": self.extra.get("scheme") or "http", "postgres": "postgresql"}.get(self.kind, self.kind)
        return f"{scheme}://{host}{f':{self.port}' if self.port else ''}{f'/{self.path}' if self.path else ''}"

    @property
    def address(self) -> str:
        """The same with the account and plain extras (`sslmode=require`), as drivers of databases take it."""
        account = quote(self.login, safe="") + (f":{quote(self.password, safe='')}" if self.password else "")
        scheme, _, rest = self.base.partition("://")
        plain = {name: value for name, value in self.extra.items() if isinstance(value, str | int)}
        query = f"?{urlencode(plain)}" if plain else ""
        return f"{scheme}://{f'{account}@' if account else ''}{rest}{query}"


def resolve(text: str, where: str) -> str:
    """Put environment variables and the addresses of connections into an address.

    Raises:
        DeliveryError: one is not set; the message names it, never a value.
    """
    return _VARIABLE.sub(
        lambda match: connection(match["id"], where).address if match["id"] else _set(match["name"], where), text
    )


def resolve_base(text: str, where: str) -> str:
    """As `resolve`, for addresses that are given to a server: a connection's account is left out."""
    return _VARIABLE.sub(
        lambda match: connection(match["id"], where).base if match["id"] else _set(match["name"], where), text
    )


def resolve_secret(text: str, where: str) -> str:
    """As `resolve`, for tokens: a connection stands for its password."""
    return _VARIABLE.sub(
        lambda match: connection(match["id"], where).password if match["id"] else _set(match["name"], where), text
    )


def named_connection(text: str, where: str) -> Connection | None:
    """The connection that a text refers to: `${airflow:id}`, or a variable with a URI; None for an empty text."""
    if not text:
        return None
    found = _VARIABLE.fullmatch(text)
    if found and found["id"]:
        return connection(found["id"], where)
    return parse_connection(resolve(text, where), where)


def connection(name: str, where: str) -> Connection:
    """A connection of Airflow.

    Raises:
        DeliveryError: there is none of this id, or it is not written as Airflow writes them.
    """
    variable = f"AIRFLOW_CONN_{name.upper()}"
    if found := os.environ.get(variable):
        return parse_connection(found, where, variable)
    if "airflow.sdk" in sys.modules:  # else this is no task of Airflow, and importing it would take seconds
        try:
            from airflow.sdk import Connection as AirflowConnection

            given = AirflowConnection.get(name)
            return Connection(
                kind=given.conn_type or "",
                host=given.host or "",
                port=given.port,
                login=given.login or "",
                password=given.password or "",
                path=given.schema or "",
                extra=given.extra_dejson or {},
            )
        except Exception:  # not found, no task context, database down: each backend has its own errors
            pass
    raise DeliveryError(
        "A connection of the report is not known.",
        where=where,
        expected=f"the connection `{name}` in Airflow, or the environment variable {variable}",
        got="nothing",
        todo=f"Add the connection, or set {variable}.",
    )


def parse_connection(text: str, where: str, variable: str = "the connection") -> Connection:
    """A connection as Airflow writes it: a URI, or JSON with `conn_type`, `host`, `login` ...

    Raises:
        DeliveryError: it is neither.
    """
    try:
        if text.lstrip().startswith("{"):
            given = json.loads(text)
            extra = given.get("extra") or {}
            return Connection(
                kind=given["conn_type"],
                host=given.get("host") or "",
                port=int(given["port"]) if given.get("port") else None,
                login=given.get("login") or "",
                password=given.get("password") or "",
                path=given.get("schema") or "",
                extra=json.loads(extra) if isinstance(extra, str) else extra,
            )
        parts = urlsplit(text)
        if not parts.scheme:
            raise ValueError
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        extra = json.loads(query["__extra__"]) if "__extra__" in query else query
        return Connection(
            kind=parts.scheme,
            host=unquote(parts.hostname or ""),
            port=parts.port,
            login=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            path=unquote(parts.path.lstrip("/")),
            extra=extra,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DeliveryError(
            "A connection cannot be understood.",
            where=where,
            expected=f"{variable} as Airflow writes it: a URI, or JSON with `conn_type`",
            got="something else (not shown)",
            todo="Write it as `airflow connections export` does.",
        ) from None


def _set(name: str, where: str) -> str:
    if not (found := os.environ.get(name)):
        raise DeliveryError(
            "The address of the report is not known.",
            where=where,
            expected=f"the environment variable {name}",
            got="nothing",
            todo=f"Set {name}.",
        )
    return found
