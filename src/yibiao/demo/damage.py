"""Every rate of damage of the demo, in one place, and how it is spread over the reports.

Rates are shares of the *person records*: rows of any report that speak of one resident and have a column for the
citizen number. A record counts for a rate only where the damage could happen at all, as the base says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from yibiao.contracts.reports import Report
from yibiao.contracts.values import Schemas

RATES: Mapping[str, float] = {
    "citizen_id.missing": 0.10,
    "citizen_id.mistyped": 0.03,
    "residence_address.stale": 0.08,
    "hukou_address.stale": 0.08,
    "mobile_phone.wrong": 0.05,
    "resident_name.typo": 0.01,
}
"""Damage -> share of person records; of the addresses, phones and names given, where it is one of those."""

STAYS_VALID = 0.001
"""Share of the mistyped numbers that are again a valid number, of another or of nobody."""

SHEET_RATES: Mapping[str, float] = {
    "citizen_id.as_number": 0.03,
    "citizen_id.apostrophe": 0.02,
    "citizen_id.full_width": 0.01,
    "citizen_id.spaced": 0.01,
    "citizen_id.fifteen": 0.01,
}
"""Further damage of numbers in XLS and XLSX: share of the numbers given there. `as_number` (five of six: the last three
digits are lost; else `9.99901E+17`) cannot be mended; the others can. `fifteen` only for those born before 2000."""

TEXT_RATES: Mapping[str, float] = {
    "citizen_id.full_width": 0.0005,
    "citizen_id.spaced": 0.001,
    "citizen_id.fifteen": 0.002,
}
"""The same in all other formats."""

LOWER_X: Mapping[str, float] = {"sheet": 0.35, "text": 0.06}
"""Share of the numbers ending in X that are written with a small x."""

SHEET_SERIAL_DATES = 0.15
"""Share of date cells that are serial numbers in a column whose contract allows both."""

MISSING_STYLES: tuple[tuple[str | None, float], ...] = (
    (None, 0.66),
    ("无", 0.09),
    ("不详", 0.04),
    ("待补", 0.03),
    ("000000000000000000", 0.05),
    ("masked", 0.13),
)
"""How a number without use looks: blank, a word, zeros, or first six and last four digits of the true one."""

SLOPPINESS: Mapping[str, Mapping[str, float]] = {
    "citizen_id.missing": {
        "public_security": 0.0,
        "public_security.floating_population": 0.25,
        "public_security.death_cancellation": 0.1,
        "grid_center": 1.6,
        "health": 1.4,
        "health.vaccination": 1.9,
        "medical_insurance": 0.7,
        "human_resources": 0.6,
        "civil_affairs": 0.3,
        "civil_affairs.cremation": 1.2,
        "housing.public_rental": 0.3,
        "veterans": 0.3,
        "agriculture": 0.4,
        "disabled_federation": 0.2,
    },
    "citizen_id.mistyped": {"public_security": 0.12, "medical_insurance": 0.7, "human_resources": 0.8, "health": 1.5},
    "hukou_address.stale": {"public_security": 0.4},
    "residence_address.stale": {
        "public_security": 0.7,
        "grid_center": 0.45,
        "human_resources": 1.7,
        "medical_insurance": 1.3,
    },
    "mobile_phone.wrong": {"grid_center": 0.5, "medical_insurance": 0.8, "education": 0.5, "public_security": 1.3},
    "resident_name.typo": {"public_security": 0.15, "medical_insurance": 0.5, "human_resources": 0.6, "grid_center": 2},
}
"""Damage -> department or report -> how much worse (or better) than the average it is; 1 unless said. The resident
register of public security has every number: it is what the other registers are measured by."""

CONTRADICTIONS: Mapping[str, float] = {
    "sex_code": 0.003,
    "birth_date": 0.012,
    "ethnicity_code": 0.008,
    "marital_status_code": 0.05,
    "education_code": 0.06,
    "political_status_code": 0.03,
    "hukou_type_code": 0.03,
    "relation_to_head_code": 0.02,
    "residence_status_code": 0.02,
    "employment_status_code": 0.04,
    "employer_name": 0.06,
    "medical_insurance_type_code": 0.02,
}
"""Element -> share of the values given by a department without authority for it that are not true."""

AUTHORITY_FACTORS = (0.1, 0.5)
"""By what the share shrinks for the first authority of an element, and for the other ones."""

BLANKS: Mapping[str, float] = {
    "mobile_phone": 0.06,
    "political_status_code": 0.08,
    "education_code": 0.05,
    "remark": 0.0,
}
BLANK_OTHERWISE = 0.015
"""Share of cells left empty in optional columns of data elements; the authority leaves a third of that."""

ROLE_FACTOR = 0.5
"""Damage of another person's columns (owner, guardian ...) relative to the report's own person."""

TOLERANCE = 0.08
"""What the audit allows beside chance: relative deviation of a found rate from the wanted one."""


@dataclass(frozen=True)
class Plan:
    """Rate per (damage, report id), such that the whole meets `RATES`; more sloppy departments carry more."""

    rates: Mapping[tuple[str, str], float]

    def rate(self, damage: str, report: Report) -> float:
        return self.rates.get((damage, report.id), 0.0)


def is_person_report(report: Report) -> bool:
    """Whether rows of the report speak of one resident and have a column for the number."""
    return any(column.element == "citizen_id" and not column.role for column in report.columns)


def make_plan(reports: list[Report], rows: Mapping[str, int]) -> Plan:
    """Spread the rates over the person reports.

    Args:
        reports: all reports of the demo.
        rows: report id -> person records in the first edition.
    """
    rates: dict[tuple[str, str], float] = {}
    for damage, wanted in RATES.items():
        base = [report for report in reports if is_person_report(report) and _has_base(damage, report)]
        weight = {report.id: _sloppiness(damage, report) for report in base}
        whole = sum(rows[report.id] for report in base)
        weighted = sum(rows[report.id] * weight[report.id] for report in base)
        for report in base:
            rates[damage, report.id] = wanted * weight[report.id] * whole / max(weighted, 1e-9)
    return Plan(rates)


def _has_base(damage: str, report: Report) -> bool:
    elements = {column.element for column in report.columns if not column.role}
    return damage.split(".")[0] in elements


def _sloppiness(damage: str, report: Report) -> float:
    table = SLOPPINESS[damage]
    return table.get(report.id, table.get(report.department, 1.0))


def contradiction_rate(schemas: Schemas, element: str, department: str) -> float:
    """Share of untrue values of an element in a department's reports."""
    authority = schemas.elements[element].authority
    rate = CONTRADICTIONS.get(element, 0.0)
    if department not in authority:
        return rate
    return rate * AUTHORITY_FACTORS[0 if authority[0] == department else 1]


def blank_rate(schemas: Schemas, element: str, department: str) -> float:
    """Share of empty cells of an optional element in a department's reports."""
    rate = BLANKS.get(element, BLANK_OTHERWISE)
    return rate / 3 if department in schemas.elements[element].authority[:1] else rate


def is_sheet(report: Report) -> bool:
    """Whether clerks write the report with a spreadsheet program."""
    return report.server.format in ("xlsx", "xls")
