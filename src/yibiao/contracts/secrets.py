"""Secrets that somebody wrote into a contract, where everybody who may read the project reads them."""

from __future__ import annotations

import re

_REFERENCE = re.compile(r"\$\{[^}]*\}")
_USER_INFO = re.compile(r"://[^/?#@\s]*:(?P<secret>[^/?#@\s]*)@")
_SETTING = re.compile(
    r"(?i)(?:^|[?&;\s])(?:[\w.-]*(?:password|passwd|pwd|secret|token|api_?key|access_?key|signature|credential)[\w.-]*|key|sig)"
    r"\s*=\s*(?P<secret>[^&;\s]+)"
)


def written_secret(text: str) -> bool:
    """Does an address hold a password or token itself, instead of a reference such as `${NAME}` or `${airflow:id}`?"""
    bare = _REFERENCE.sub("${}", text)
    for pattern in (_USER_INFO, _SETTING):
        for found in pattern.finditer(bare):
            if found["secret"] and found["secret"] != "${}":
                return True
    return False


def is_reference(text: str) -> bool:
    """Is the whole text a reference to the environment or to a connection of Airflow?"""
    return bool(re.fullmatch(r"\$\{(\w+|airflow:[\w.-]+)\}", text))
