"""Where a contract says that deliveries lie: the one entry under `servers`, with its custom properties."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from open_data_contract_standard import model as odcs

from yibiao.contracts.documents import Document, Findings
from yibiao.contracts.kinds import Frozen
from yibiao.contracts.properties import SERVER_PROPERTIES, read_properties
from yibiao.contracts.registry import check_reference
from yibiao.contracts.reports import Server
from yibiao.contracts.secrets import is_reference, written_secret

FORMATS = ("csv", "xlsx", "xls", "ods", "json", "ndjson", "xml", "parquet", "sqlite")
ENCODINGS = ("UTF-8", "UTF-8-BOM", "GB18030", "GBK", "Big5", "UTF-16")
_TEXT_FORMATS = ("csv", "json", "ndjson")

FILES = ("local", "s3", "sftp")
DATABASES = ("postgres", "mysql")
EXTRACTED = ("api", *DATABASES)
"""Kinds of servers without files: what is landed is extracted by the program."""

_DATABASES_BY_TYPE = {"postgres": "postgres", "postgresql": "postgres", "mysql": "mysql"}
_PLACE = ("servers", 0)


def read_server(document: Document, server: odcs.Server, findings: Findings) -> Server:
    """The place of a report's deliveries; every mistake becomes a finding with its line."""

    def error(what: str, *path: str | int, **more: str) -> None:
        findings.error("server", what, document.where(*_PLACE, *path), **more)

    def known(rule: str, noun: str, given: str, names: tuple[str, ...], key: str) -> None:
        if given not in names:
            check_reference(rule, noun, given, names, document.where(*_PLACE, key), findings)

    options = read_properties(document, (*_PLACE, "customProperties"), SERVER_PROPERTIES, findings)
    snake = Frozen({re.sub("([A-Z])", r"_\1", name).lower(): value for name, value in options.items()})
    encoding = server.encoding or ""
    _no_secrets(document, server, options, findings)
    if server.type == "api":
        return Server("api", server.location or "", "api", encoding, snake)
    if kind := _DATABASES_BY_TYPE.get(server.type or ""):
        scheme = "postgresql" if kind == "postgres" else kind
        place = options.get("connection") or f"{scheme}://{server.host}:{server.port}/{server.database}"
        if not options.get("table") and not options.get("query"):
            error("A database needs the custom property `table` or `query`.")
        schema = server.schema_ or ("public" if kind == "postgres" else "")
        return Server(kind, place, kind, "", Frozen({**snake, **({"schema": schema} if schema else {})}))
    if server.type not in FILES:
        error(
            "Deliveries cannot be fetched this way.",
            expected=", ".join((*FILES, "api", *_DATABASES_BY_TYPE)),
        )
    format_ = server.format or ""
    known("unknown-format", "format", format_, FORMATS, "format")
    place = (server.path if server.type == "local" else server.location) or ""
    if not place:
        error(
            "Nothing says where deliveries lie.",
            expected="`path`, a glob relative to the data folder"
            if server.type == "local"
            else f"`location`, a glob that begins with {server.type}://",
        )
    if server.endpointUrl:
        snake = Frozen({**snake, "endpoint_url": server.endpointUrl})
    if format_ in _TEXT_FORMATS or (format_ == "xml" and encoding):  # an XML document says it itself
        known("unknown-encoding", "encoding", encoding, ENCODINGS, "encoding")
    elif encoding:
        error(f"The format {format_} has no encoding.", "encoding", todo="Remove the line.")
    if format_ == "sqlite" and not options.get("table") and not options.get("query"):
        error("A database needs the custom property `table` or `query`.")
    return Server("sqlite" if format_ == "sqlite" else "local", place, format_, encoding, snake)


def _no_secrets(document: Document, server: odcs.Server, options: Mapping[str, Any], findings: Findings) -> None:
    """Passwords and tokens are references; the message does not quote what it found."""

    def error(what: str, *path: str, **more: str) -> None:
        findings.error("secret", what, document.where(*_PLACE, *path), **more)

    todo = "Write ${NAME} or ${airflow:id}, set that where the program runs, and change what was written here."
    for key in ("location", "path", "host", "endpointUrl", "database"):
        if written_secret(str(getattr(server, key, None) or "")):
            error(f"A secret stands in `{key}`.", key, todo=todo)
    for key in ("connection", "editions", "query"):
        if written_secret(str(options.get(key, ""))):
            error(f"A secret stands in `{key}`.", "customProperties", key, todo=todo)
    value = options.get("auth", {}).get("value", "")
    if "auth" in options and not is_reference(value):
        error(
            "The `value` of `auth` is no reference.",
            *("customProperties", "auth"),
            expected="${NAME} or ${airflow:id}",
            todo=todo if value else "Add it.",
        )
