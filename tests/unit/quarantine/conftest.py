"""The schemas and a report of few columns, for tests without any load package."""

from __future__ import annotations

from dataclasses import replace

import pytest

from installations import PROJECT
from yibiao.contracts import Report, Schemas, load_schemas


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    return load_schemas(PROJECT / "schemas")


@pytest.fixture(scope="session")
def report(schemas: Schemas) -> Report:
    """The first five columns of the population register: 公民身份号码 (key), 姓名, 性别, 民族, 出生日期."""
    whole = schemas.reports["public_security.resident_register"]
    return replace(whole, columns=whole.columns[:5])
