"""Places of files: folders, SFTP and S3 through fsspec, with accounts that no contract holds."""

from __future__ import annotations

import base64
import glob
from pathlib import Path
from typing import Any

from yibiao.contracts.reports import Report
from yibiao.errors import DeliveryError
from yibiao.ingest.addresses import Connection, named_connection, resolve
from yibiao.settings import Settings

EXTRAS = {"sftp": ("paramiko", "sftp"), "ssh": ("paramiko", "sftp"), "s3": ("s3fs", "s3")}
"""Scheme -> the package that fsspec needs for it and our optional extra that installs it."""

TIMEOUT = 30.0
"""Seconds for a connection to come about."""


def place(report: Report, settings: Settings) -> tuple[Any, str]:
    """File system and glob of a report. Relative places start in the data folder.

    Raises:
        DeliveryError: the account is not known, a package is missing, or the place cannot be reached.
    """
    import fsspec

    location = resolve(report.server.location, report.id)
    if "://" not in location:
        pattern = location if location.startswith("/") else f"{glob.escape(str(settings.data))}/{location}"
        return fsspec.filesystem("file"), pattern
    scheme = location.partition("://")[0]
    options = report.server.options
    account = named_connection(options.get("connection", ""), report.id)
    try:
        if scheme in ("sftp", "ssh"):
            return _sftp(location, account)
        if scheme == "s3":
            return _s3(location, account, options.get("endpoint_url", ""))
        return fsspec.core.url_to_fs(location)
    except ImportError:
        package, extra = EXTRAS.get(scheme, ("a package of fsspec", ""))
        raise DeliveryError(
            f"This installation cannot read {scheme}://.",
            where=report.id,
            expected=f"the Python package {package}",
            got="it is not installed",
            todo=f"Install yibiao[{extra}]." if extra else f"Install what fsspec needs for {scheme}.",
        ) from None
    except DeliveryError:
        raise
    except Exception as error:  # every file system of fsspec has its own errors; their texts name hosts and accounts
        raise unreachable(report, error) from None


def unreachable(report: Report, error: Exception) -> DeliveryError:
    """The place cannot be listed; the error says no more than its kind."""
    return DeliveryError(
        "The place of the report cannot be listed.",
        where=report.id,
        got=type(error).__name__,
        todo="Check the place in the contract, the account, and that the place can be reached.",
    )


def _sftp(location: str, account: Connection | None) -> tuple[Any, str]:
    """An SFTP folder. The server's key must be the connection's `host_key`, or stand in `known_hosts`.

    fsspec would trust whatever server answers first.
    """
    from fsspec.implementations.sftp import SFTPFileSystem
    from fsspec.utils import infer_storage_options

    told = infer_storage_options(location)
    host = told.get("host") or (account.host if account else "")
    settings: dict[str, Any] = {
        "port": int(told.get("port") or (account and account.port) or 22),
        "username": told.get("username") or (account.login if account else None) or None,
        "password": told.get("password") or (account.password if account else None) or None,
        **dict.fromkeys(("timeout", "banner_timeout", "auth_timeout", "channel_timeout"), TIMEOUT),
    }
    extra = account.extra if account else {}
    if key_file := extra.get("key_file"):
        settings |= {"key_filename": str(Path(str(key_file)).expanduser()), "passphrase": settings.pop("password")}
    if settings.get("password"):
        settings |= {"look_for_keys": False, "allow_agent": False}
    policy = _host_key_policy(str(extra.get("host_key", "")))
    system = SFTPFileSystem(host, host_key_policy=policy, skip_instance_cache=True, **settings)
    return system, told["path"]


def _host_key_policy(pinned: str) -> Any:
    import paramiko  # type: ignore[import-untyped]

    class KnownKeys(paramiko.MissingHostKeyPolicy):
        """Accepts the one key that is known for a server."""

        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            if pinned:
                wanted = pinned.split()
                if key.asbytes() == base64.b64decode(wanted[1] if len(wanted) > 1 else wanted[0]):
                    return
            else:
                known = paramiko.HostKeys()
                for path in ("/etc/ssh/ssh_known_hosts", "~/.ssh/known_hosts"):
                    if (file := Path(path).expanduser()).exists():
                        known.load(str(file))
                if known.check(hostname, key):
                    return
            raise DeliveryError(
                "The SFTP server is not the one that is known.",
                where=hostname,
                expected="the key that the connection's extra `host_key`, or `known_hosts`, names",
                got=f"another {key.get_name()} key" if pinned else f"an unknown {key.get_name()} key",
                todo="Ask the owner of the server for its key and write that down; do not take over what answers.",
            )

    return KnownKeys()


def _s3(location: str, account: Connection | None, endpoint: str) -> tuple[Any, str]:
    """An S3 bucket, also of a compatible server (`endpointUrl`)."""
    from s3fs import S3FileSystem

    extra = account.extra if account else {}
    client = {"endpoint_url": extra.get("endpoint_url") or endpoint or None, "region_name": extra.get("region_name")}
    system = S3FileSystem(
        key=(account.login if account else None) or None,
        secret=(account.password if account else None) or None,
        client_kwargs={name: value for name, value in client.items() if value},
        config_kwargs={"connect_timeout": TIMEOUT, "read_timeout": TIMEOUT, "retries": {"max_attempts": 4}},
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    return system, location.removeprefix("s3://")
