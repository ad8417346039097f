"""What the tests of filled and returned forms share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from installations import Installation
from yibiao.contracts import Schemas
from yibiao.forms import Form
from yibiao.forms.fill import Filled

ROSTER, REVIEW = "public_security.resident_collection", "civil_affairs.low_income_review"
CHOSEN = (ROSTER, REVIEW, "housing.dwelling_survey", "health.child_0_3", "grid_center.disputes")


@dataclass(frozen=True)
class FilledForms:
    """What `fill` made of some forms for a whole district.

    Attributes:
        at: the installation that they were filled from. Read it only.
        community: the code of the community with most residents.
    """

    at: Installation
    schemas: Schemas
    forms: Mapping[str, Form]
    made: Mapping[str, Filled]
    community: str
    release: str
    as_of: date

    def path(self, form: str, community: str = "") -> Path:
        return Path(self.made[form].files[community or self.community])


def rows_of(path: Path) -> list[list[str]]:
    """The rows of a form's sheet as texts, quicker than openpyxl reads them."""
    import python_calamine

    sheet = python_calamine.load_workbook(str(path)).get_sheet_by_index(0)
    return [[str(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
