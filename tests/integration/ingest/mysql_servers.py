"""A MySQL to extract from: a real MariaDB where one is installed, and a pretended one on SQLite everywhere."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PASSWORD = "Geheim-7f3a9c"
REAL = shutil.which("mariadbd") or shutil.which("mysqld")


@contextmanager
def real_server(folder: Path) -> Iterator[tuple[str, Callable[[str], None]]]:
    """Start a server on loopback.

    Yields:
        The address of its database `register` for a clerk who may only read, and a function that executes SQL.
    """
    import pymysql

    data, socket_path = folder / "data", folder / "s"
    user = f"--user={os.environ.get('USER', 'root')}"
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", user, f"--datadir={data}", "--auth-root-authentication-method=normal"],
        check=True,
        capture_output=True,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert REAL
    command = [REAL, "--no-defaults", user, f"--datadir={data}", f"--socket={socket_path}", f"--port={port}"]
    server = subprocess.Popen(
        [*command, "--bind-address=127.0.0.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            if socket_path.exists():
                break
            time.sleep(0.1)
        connection = pymysql.connect(unix_socket=str(socket_path), user="root", autocommit=True, charset="utf8mb4")

        def execute(sql: str) -> None:
            with connection.cursor() as cursor:
                cursor.execute(sql)

        execute("create database register character set utf8mb4")
        execute(f"create user 'clerk'@'127.0.0.1' identified by '{PASSWORD}'")
        execute("grant select on register.* to 'clerk'@'127.0.0.1'")
        execute("use register")
        execute("set time_zone = '+00:00'")
        yield f"mysql://clerk:{PASSWORD}@127.0.0.1:{port}/register", execute
        connection.close()
    finally:
        server.terminate()
        server.wait(timeout=30)


class Pretended:
    """Stands for `pymysql.connect`: our statements run on SQLite, which knows backticks and `cast(.. as char)`.

    What it does not prove: the protocol, MySQL's own texts of its types, its transactions.
    """

    def __init__(self) -> None:
        self.base = sqlite3.connect(":memory:", check_same_thread=False)
        self.base.create_function("now", 0, lambda: "2026-03-01 00:00:00")
        self.said: list[str] = []
        self.asked: dict[str, Any] = {}
        self.kinds: dict[str, int] = {}

    def __call__(self, **asked: Any) -> Pretended:
        self.asked = asked
        return self

    def execute(self, sql: str) -> None:
        self.base.execute(sql)

    def cursor(self, _: Any = None) -> _Cursor:
        return _Cursor(self)

    def close(self) -> None: ...


class _Cursor:
    def __init__(self, server: Pretended) -> None:
        self._server, self._cursor = server, server.base.cursor()

    def __enter__(self) -> _Cursor:
        return self

    def __exit__(self, *_: object) -> None: ...

    def execute(self, sql: str) -> None:
        self._server.said.append(sql)
        if not sql.startswith(("set ", "start transaction")):
            try:
                self._cursor.execute(sql)
            except sqlite3.Error as error:
                import pymysql

                raise pymysql.ProgrammingError(1146, str(error)) from None

    @property
    def description(self) -> list[tuple[str, int]]:
        return [(one[0], self._server.kinds.get(one[0], 253)) for one in self._cursor.description]

    def fetchone(self) -> Any:
        return self._cursor.fetchone()

    def close(self) -> None: ...

    def fetchmany(self, size: int) -> Any:
        return self._cursor.fetchmany(size)
