"""An SFTP server and an S3 server on loopback, for what departments keep elsewhere."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import paramiko

PASSWORD = "Geheim-7f3a9c"


@dataclass
class Sftp:
    """A running SFTP server: its port, its public key as `known_hosts` writes it, and who logged in.

    Attributes:
        lost_after: bytes of a file after which nothing comes.
        stops_at: bytes of a file at which it waits until it `goes_on`; that it has `stopped` can be seen.
    """

    port: int
    host_key: str
    logins: list[str] = field(default_factory=list)
    lost_after: int | None = None
    stops_at: int | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)


@contextmanager
def sftp_server(folder: Path) -> Iterator[Sftp]:
    """Serve a folder to the user `clerk`; only reading is possible."""
    key = paramiko.RSAKey.generate(2048)
    listener = socket.create_server(("127.0.0.1", 0))
    made = Sftp(listener.getsockname()[1], f"{key.get_name()} {key.get_base64()}")

    class Login(paramiko.ServerInterface):
        def check_auth_password(self, username: str, password: str) -> int:
            made.logins.append(username)
            good = (username, password) == ("clerk", PASSWORD)
            return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

        def check_channel_request(self, kind: str, chanid: int) -> int:
            return paramiko.OPEN_SUCCEEDED

    class Handle(paramiko.SFTPHandle):
        def read(self, offset: int, length: int) -> bytes | int:
            if made.lost_after is not None and offset >= made.lost_after:
                return paramiko.SFTP_EOF  # the rest of the file is gone although its size was told
            if made.stops_at is not None and offset >= made.stops_at:
                made.stopped.set()
                made.goes_on.wait(60)
            self.readfile.seek(offset)
            return self.readfile.read(length)

    class Files(paramiko.SFTPServerInterface):
        def _real(self, path: str) -> Path:
            return folder / self.canonicalize(path).lstrip("/")

        def list_folder(self, path: str):
            real = self._real(path)
            return [paramiko.SFTPAttributes.from_stat(os.stat(real / name), name) for name in sorted(os.listdir(real))]

        def stat(self, path: str):
            try:
                return paramiko.SFTPAttributes.from_stat(os.stat(self._real(path)))
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)

        lstat = stat

        def open(self, path: str, flags: int, attr):
            handle = Handle(flags)
            handle.readfile = self._real(path).open("rb")
            handle.filename = path
            handle.stat = lambda: self.stat(path)
            return handle

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Files)
            try:
                transport.start_server(server=Login())
            except (paramiko.SSHException, EOFError):
                transport.close()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield made
    finally:
        listener.close()


@dataclass
class S3:
    """A bucket: key -> bytes; `address`; who asked; how many bytes of an object are really sent."""

    objects: dict[str, bytes] = field(default_factory=dict)
    address: str = ""
    accounts: set[str] = field(default_factory=set)
    fetched: list[str] = field(default_factory=list)


@contextmanager
def s3_server() -> Iterator[S3]:
    """Serve one bucket, `reports`: listing, head and get, as much as reading needs."""
    made = S3()
    changed = datetime(2026, 1, 5, tzinfo=UTC)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            made.accounts.add(self.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0])
            address = urlsplit(self.path)
            bucket, _, key = unquote(address.path).lstrip("/").partition("/")
            if bucket != "reports":
                return self._answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
            if not key:
                return self._answer(200, self._list(parse_qs(address.query)))
            if key not in made.objects:
                return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            data = made.objects[key]
            status, headers = (
                200,
                {"ETag": f'"{md5(data).hexdigest()}"', "Last-Modified": format_datetime(changed, True)},
            )
            if asked := self.headers.get("Range", "").removeprefix("bytes="):
                start, _, end = asked.partition("-")
                last = min(int(end or len(data) - 1), len(data) - 1)
                headers["Content-Range"] = f"bytes {start}-{last}/{len(data)}"
                status, data = 206, data[int(start) : last + 1]
            if self.command == "GET":
                made.fetched.append(key)
            return self._answer(status, data, headers)

        def _list(self, query: dict[str, list[str]]) -> bytes:
            prefix, delimiter = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
            contents, folders = "", set()
            for key, data in sorted(made.objects.items()):
                if not key.startswith(prefix):
                    continue
                rest = key[len(prefix) :]
                if delimiter and delimiter in rest:
                    folders.add(prefix + rest.partition(delimiter)[0] + delimiter)
                    continue
                contents += (
                    f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-05T00:00:00.000Z</LastModified>"
                    f"<ETag>&quot;{md5(data).hexdigest()}&quot;</ETag><Size>{len(data)}</Size></Contents>"
                )
            common = "".join(
                f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in sorted(folders)
            )
            return (
                '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>reports</Name>'
                f"<IsTruncated>false</IsTruncated>{contents}{common}</ListBucketResult>"
            ).encode()

        def _answer(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
