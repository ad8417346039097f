"""dbt and the gate for unifications within this process, forked from a server that has imported both already.

Each takes longer to import (some 2.5 s of processor time) than to do its work on the tests' few rows. A fork does what
the process would do that the program starts (`python -m MODULE`): it runs the module from its first line to the
interpreter's own end, with the order, streams, folder and environment that the program gives. Nothing is simulated, and
every real `yibiao run` of the tests starts both as its users do.
"""

from __future__ import annotations

import gc
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO
from unittest import mock

MODULES = ("yibiao.warehouse.dbt_process", "yibiao.quality.gate")
IMPORTED = (
    "dbt.adapters.duckdb",
    "dbt.cli.main",
    "dbt.contracts.graph.manifest",
    "orjson",
    "pandas",
    "splink",
    "yibiao.identity.run",
    "yibiao.quality.specs",
    "yibiao.settings",
)
MOST = 1 << 20
"""Bytes of an order: mostly the environment."""


@contextmanager
def warm_engines() -> Iterator[None]:
    """Within it, what this process builds and checks is built and checked by forks."""
    from yibiao.quality import runner
    from yibiao.warehouse import dbt

    used = SimpleNamespace(**vars(subprocess) | {"Popen": start})
    with mock.patch.object(dbt, "subprocess", used), mock.patch.object(runner, "subprocess", used):
        yield


def start(command: Sequence[str], **options: Any) -> Forked | subprocess.Popen[bytes]:
    """`subprocess.Popen` for the two programs; anything else is started as it is."""
    if command[:2] != [sys.executable, "-m"] or command[2] not in MODULES:
        return subprocess.Popen(command, **options)
    return Forked(command[2:], cwd=options["cwd"], env=options["env"], stderr=options["stderr"])


class Forked:
    """What the program uses of `subprocess.Popen`: both streams, the status, a context that waits for the end."""

    def __init__(self, command: Sequence[str], *, cwd: Path, env: dict[str, str], stderr: int) -> None:
        given, order = os.pipe()
        answer, told = os.pipe()
        self._status, status = os.pipe()
        nowhere = os.open(os.devnull, os.O_RDWR)
        mask = os.umask(0o077)
        os.umask(mask)
        wanted = {"command": list(command), "cwd": str(cwd), "env": env, "umask": mask}
        files = [given, told, told if stderr == subprocess.STDOUT else nowhere, status]
        socket.send_fds(_server()[0], [json.dumps(wanted).encode()], files)
        for number in {*files, nowhere}:
            os.close(number)
        self.stdin: BinaryIO = os.fdopen(order, "wb")
        self.stdout: BinaryIO = os.fdopen(answer, "rb")
        self.pid = int.from_bytes(os.read(self._status, 4), "little")
        self.returncode: int | None = None

    def wait(self) -> int:
        """Its status, negative if a signal ended it."""
        if self.returncode is None:
            told = os.read(self._status, 4)
            os.close(self._status)
            self.returncode = os.waitstatus_to_exitcode(int.from_bytes(told, "little")) if told else -signal.SIGKILL
        return self.returncode

    def kill(self) -> None:
        """End it, unless it has been waited for."""
        ended = self.returncode is not None or select.select([self._status], [], [], 0)[0]
        if not ended:
            os.kill(self.pid, signal.SIGKILL)

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *rest: object) -> None:
        self.stdout.close()
        self.stdin.close()
        self.wait()


@cache
def _server() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The server of this process, and where it takes orders; it ends with it."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (here, there):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MOST)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("YIBIAO_", "AIRFLOW", "DBT_"))}
    command = [sys.executable, __file__, str(there.fileno())]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[there.fileno()], env=kept)
    there.close()
    return here, server


def serve(orders: socket.socket) -> list[str]:
    """Fork for every order; returns the command in a fork only, and ends with the process that asks."""
    import_engines()
    running: dict[int, tuple[int, int]] = {}
    with selectors.DefaultSelector() as waiting:
        waiting.register(orders, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is not orders:
                    process, status = running.pop(key.fd)
                    waiting.unregister(key.fd)
                    os.close(key.fd)
                    _tell(status, os.waitpid(process, 0)[1])
                    continue
                content, files, *_ = socket.recv_fds(orders, MOST, 4)
                if not content:
                    for process, _ in running.values():
                        os.kill(process, signal.SIGKILL)
                    os._exit(0)
                *streams, status = files
                process = os.fork()
                if process == 0:
                    orders.close()
                    os.close(status)
                    for at, file in enumerate(streams):
                        os.dup2(file, at)
                        os.close(file)
                    return become(json.loads(content))
                for file in set(streams):
                    os.close(file)
                _tell(status, process, last=False)
                handle = os.pidfd_open(process)
                running[handle] = process, status
                waiting.register(handle, selectors.EVENT_READ)


def _tell(file: int, number: int, *, last: bool = True) -> None:
    with suppress(BrokenPipeError):  # nobody waits any more
        os.write(file, number.to_bytes(4, "little"))
    if last:
        os.close(file)


def import_engines() -> None:
    """What takes the time."""
    for name in IMPORTED:
        import_module(name)
    from dbt.adapters.duckdb.credentials import DuckDBCredentials
    from dbt.contracts.project import Configuration, Project, ProjectFlags

    from yibiao.identity.names import features
    from yibiao.ingest import rules
    from yibiao.quality import evaluation, gate

    gate.defer_imports()
    evaluation.preload()
    # All keep what they made, the same for everybody who asks: a second of dbt's process.
    features("一")
    rules.make_ready(Path(__file__).parents[1] / "dbt_project" / rules.RULES_FOLDER)
    for kind in (Configuration, DuckDBCredentials, Project, ProjectFlags):
        kind.json_schema()
    gc.freeze()


def become(wanted: dict[str, Any]) -> list[str]:
    """Take over what a process of its own would have been given; returns its command."""
    os.environ.clear()
    os.environ.update(wanted["env"])
    os.umask(wanted["umask"])
    os.chdir(wanted["cwd"])
    time.tzset()
    tempfile.tempdir = None
    sys.path.insert(0, wanted["cwd"])
    return wanted["command"]


if __name__ == "__main__":
    import runpy

    del sys.path[0]  # the folder of this file
    module, *sys.argv[1:] = serve(socket.socket(fileno=int(sys.argv[1])))
    sys.modules.pop(module, None)
    # To the end of the module and of the interpreter, which closes the database, as in a process of its own.
    runpy.run_module(module, run_name="__main__", alter_sys=True)
