"""What the tests of departments' own workbooks share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from installations import Installation
from yibiao.cli.root import root
from yibiao.contracts import Schemas

VISIT = "public_security.visit"
SHEET = "登记表"
FIRST, HEADER = 6, 5
"""First row with a person, and last row of the headers, as Excel counts."""

NAME, NUMBER, SEX, BIRTH, AGE, AREA, SHARE, PLATE, KEY = range(2, 11)
"""Columns, 1-based."""


@dataclass(frozen=True)
class OwnForms:
    """A form that was submitted as a file with macros, approved, and filled for a whole district by the commands.

    Attributes:
        at: the installation. Its control database knows the form; read it only.
        source: the department's own file.
        files: community -> workbook.
        community: the code of the community with most residents.
        number: control number.
        said: what `form submit` said.
    """

    at: Installation
    schemas: Schemas
    source: Path
    files: Mapping[str, Path]
    community: str
    number: str
    said: str

    @property
    def file(self) -> Path:
        return self.files[self.community]


def say(at: Installation, *arguments: str, fails: bool = False) -> str:
    """What a command says, run in this process on an installation."""
    result = CliRunner().invoke(root, [*arguments, "--home", str(at.home)], env=at.environment)
    assert (result.exit_code != 0) == fails, result.output
    return result.output
