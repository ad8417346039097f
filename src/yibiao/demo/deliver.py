"""A delivery as text columns: true values, damaged as the department is, written in its manner."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from yibiao.contracts.reports import Column
from yibiao.contracts.values import Schemas
from yibiao.demo import harm
from yibiao.demo.batch import Batch
from yibiao.demo.damage import (
    RATES,
    ROLE_FACTOR,
    SHEET_SERIAL_DATES,
    Plan,
    blank_rate,
    contradiction_rate,
    is_sheet,
)
from yibiao.demo.numbers import calendar
from yibiao.demo.own_fields import override, own_field
from yibiao.demo.render import (
    SERIAL_FORMATS,
    as_text,
    in_own_unit,
    render_codes,
    render_dates,
    writes_unpadded,
)
from yibiao.demo.truth import ENTITIES, Truth, chosen, days, phones, taken


@dataclass
class Delivery:
    """The columns of a delivery in contract order, as strings (null: empty).

    `numeric` says which cells a spreadsheet holds as numbers: column place -> mask. `marks` tells the damage per row.
    """

    batch: Batch
    columns: list[pa.Array]
    marks: harm.Marks
    numeric: dict[int, np.ndarray] = field(default_factory=dict)


def deliver(batch: Batch, truth: Truth, plan: Plan, schemas: Schemas) -> Delivery:
    """Write a batch as its department would."""
    return _Clerk(batch, truth, plan, schemas).write()


def asked_of(schemas: Schemas, column: Column) -> tuple[str | None, str | None]:
    """Element and role of a column; of what an entity keeps of a person in a role, those of the person."""
    return schemas.asked_as.get(column.element or "", (column.element, column.role))


class _Clerk:
    """Writes one delivery, column by column."""

    def __init__(self, batch: Batch, truth: Truth, plan: Plan, schemas: Schemas) -> None:
        self.batch, self.truth, self.plan, self.schemas = batch, truth, plan, schemas
        self.report, self.edition, self.world = batch.report, batch.edition, batch.edition.world
        self.marks = harm.Marks(batch.rows)
        self.numeric: dict[int, np.ndarray] = {}
        self.sheet = is_sheet(batch.report)
        self.stale_home = self._stale("residence_address", self.edition.former_residence)
        former = self.world.homes.former_registered[self.world.families.household]
        self.stale_hukou = self._stale("hukou_address", former)

    def write(self) -> Delivery:
        columns = []
        for place, column in enumerate(self.report.columns):
            text = self._column(place, column)
            columns.append(self._with_blanks(column, text))
        return Delivery(self.batch, columns, self.marks, self.numeric)

    def _stale(self, element: str, former: np.ndarray) -> np.ndarray:
        """Rows whose address is an earlier one: only persons who have one, more of them the fewer they are."""
        rows = self.batch.entities.get("resident")
        rate = self.plan.rate(f"{element}.stale", self.report)
        if rows is None or not rate:
            return np.zeros(self.batch.rows, dtype=bool)
        able = (rows >= 0) & (former[np.maximum(rows, 0)] >= 0)
        share = max(able.sum() / max((rows >= 0).sum(), 1), 1e-9)
        stale = able & (self.batch.draw(f"{element}/stale") < min(rate / share, 0.95))
        self.marks.add(f"{element}.stale", stale)
        return stale

    def _column(self, place: int, column: Column) -> pa.Array:
        element, _ = asked_of(self.schemas, column)
        special = override(self.batch, column.name)
        if special is not None:
            return self._manner(place, column, special(self.batch, self.truth))
        if element is None:
            return self._manner(place, column, own_field(self.batch, self.truth, column.name))
        if element == "as_of_date":
            return self._manner(place, column, days(self._as_of()))
        if element == "remark":
            return as_text(own_field(self.batch, self.truth, "remark"))
        entity, rows, prefix = self._whom(column, element)
        if entity == "resident":
            return self._personal(place, column, element, rows, prefix)
        return self._manner(place, column, taken(self.truth.column(entity, element), rows))

    def _whom(self, column: Column, element: str) -> tuple[str, np.ndarray, str]:
        """Entity, row numbers and salt prefix that a column speaks of."""
        _, role = asked_of(self.schemas, column)
        if role:
            nobody = np.full(self.batch.rows, -1)
            return "resident", self.batch.roles.get(role, nobody), f"{role}/"
        for entity in (*self.report.about, *ENTITIES):
            if entity in self.batch.entities and self.truth.has(entity, element):
                # A benefit's or event's citizen number is the number of a person, and damaged like any other.
                if element == "citizen_id" and "resident" in self.batch.entities:
                    entity = "resident"
                return entity, self.batch.entities[entity], ""
        raise AssertionError(f"no table of the demo has element {element} for {self.report.id}")

    def _rate(self, damage: str, prefix: str) -> float:
        if prefix:
            return RATES[damage] * ROLE_FACTOR
        return self.plan.rate(damage, self.report)

    def _personal(self, place: int, column: Column, element: str, rows: np.ndarray, prefix: str) -> pa.Array:
        role = "role." if prefix else ""
        someone = np.maximum(rows, 0)

        def chance(salt: str) -> np.ndarray:
            # A person missing from the row cannot be written wrongly: luck beyond every rate.
            return np.where(rows >= 0, self.batch.draw(prefix + salt), 2.0)

        if element == "citizen_id":
            born, _, _ = calendar(self.world.residents.birth[someone])
            rates = (self._rate("citizen_id.missing", prefix), self._rate("citizen_id.mistyped", prefix))
            text, as_number = harm.citizen_numbers(
                self.world.residents.numbers[someone], born, chance, *rates, self.sheet, self.marks, role
            )
            if as_number.any():
                self.numeric[place] = as_number
            return taken(text, np.where(rows >= 0, np.arange(len(rows)), -1))
        if element == "resident_name":
            rate = self._rate("resident_name.typo", prefix)
            text = taken(self.truth.column("resident", element), rows)
            return harm.names(text, chance, rate, self.marks, f"{role}resident_name.typo")
        if element == "mobile_phone":
            tails = np.where(rows >= 0, self.edition.phone[someone], -1)
            former = np.where(rows >= 0, self.edition.former_phone[someone], -1)
            rate = self._rate("mobile_phone.wrong", prefix)
            tails, short = harm.phones(tails, former, chance, rate, self.marks, f"{role}mobile_phone.wrong")
            text = phones(tails)
            return harm.put(
                text, short, pa.array([one[:10] for one in text.take(pa.array(short)).to_pylist()], pa.string())
            )
        if not prefix and element in ("residence_address", "hukou_address", "dwelling_code", "community_code"):
            return self._manner(place, column, self._placed(element, rows))
        rate = 0.0 if prefix else contradiction_rate(self.schemas, element, self.report.department)
        if element == "birth_date":
            wrong = harm.birth_days(
                self.world.residents.birth[someone], chance, rate, self.edition.last_day, self.marks
            )
            return self._manner(place, column, days(wrong, known=rows >= 0))
        if element == "employer_name":
            return as_text(self._employers(rows, chance, rate))
        values = taken(self.truth.column("resident", element), rows)
        if isinstance(values, pa.DictionaryArray) and column.type == "code":
            allowed = set(column.codes.values()) or {standard for _, standard in column.pairs}
            values = harm.codes(values, element, chance, rate, self.marks, allowed)
        return self._manner(place, column, values)

    def _placed(self, element: str, rows: np.ndarray) -> pa.Array:
        """Where a person lives or is registered, as an out-of-date record has it."""
        places, someone = self.world.places, np.maximum(rows, 0)
        if element == "hukou_address":
            household = self.world.families.household[someone]
            homes = self.world.homes
            entry = np.where(self.stale_hukou, homes.former_registered[household], homes.registered[household])
            return self.truth.address(np.where(rows >= 0, entry, -1))
        entry = np.where(self.stale_home, self.edition.former_residence[someone], self.edition.residence[someone])
        inside = (rows >= 0) & (entry < places.dwellings)
        if element == "residence_address":
            return self.truth.address(np.where(rows >= 0, entry, -1))
        if element == "dwelling_code":
            return taken(places.code, np.where(inside, entry, -1))
        now = self.edition.community[someone]
        of_entry = places.community[np.minimum(np.maximum(entry, 0), places.dwellings - 1)]
        place = np.where(self.stale_home & inside, of_entry, now)
        return chosen(places.community_codes().to_pylist(), np.where(rows >= 0, place.astype(np.int64), -1))

    def _employers(self, rows: np.ndarray, chance: harm.Draw, rate: float) -> pa.Array:
        now = np.where(rows >= 0, self.edition.employer[np.maximum(rows, 0)], -1)
        before = np.where(rows >= 0, self.edition.former_employer[np.maximum(rows, 0)], -1)
        able = (before >= 0) & (now >= 0) & (before != now)
        share = max(able.sum() / max((now >= 0).sum(), 1), 1e-9)
        wrong = able & (chance("employer_name/contradiction") < min(rate / share, 0.9))
        self.marks.add("employer_name.contradiction", wrong)
        return taken(self.world.organisations.name, np.where(wrong, before, now))

    def _as_of(self) -> np.ndarray:
        """The row's own day; a record with an old address was last touched before the move."""
        batch = self.batch
        if not batch.updates or not self.stale_home.any():
            return batch.as_of
        person = batch.person
        household = self.world.families.household[person]
        moved = self.world.homes.move[household]
        heard = np.where((moved > 0) & (moved <= self.edition.last_day), moved, self.edition.last_day)
        before = heard - 1 - (batch.draw("as_of") * 200).astype(np.int64)
        before = np.maximum(before, self.world.residents.birth[person])
        return np.where(self.stale_home, np.minimum(batch.as_of, before), batch.as_of)

    def _manner(self, place: int, column: Column, values: pa.Array) -> pa.Array:
        """Values in the department's manner of writing."""
        if column.type in ("date", "month") and pa.types.is_date32(values.type):
            return self._dates(place, column, values)
        if column.type == "code" and column.code_list is not None:
            return render_codes(values, column, self.schemas)
        text = as_text(values)
        if column.type in ("decimal", "integer"):
            if column.type == "decimal":
                text = in_own_unit(text, column.factor)
            if self.sheet:
                self.numeric[place] = text.is_valid().to_numpy(zero_copy_only=False)
        return text

    def _dates(self, place: int, column: Column, values: pa.Array) -> pa.Array:
        patterns = column.date_formats or (("%Y-%m",) if column.type == "month" else ("%Y-%m-%d",))
        pattern = patterns[0]
        text = render_dates(values, pattern, unpadded=writes_unpadded(pattern, sheet=self.sheet))
        known = values.is_valid().to_numpy(zero_copy_only=False)
        if pattern in SERIAL_FORMATS:
            self.numeric[place] = known
        elif len(patterns) > 1 and patterns[1] in SERIAL_FORMATS:
            as_serial = known & (self.batch.draw(f"{column.name}/serial") < SHEET_SERIAL_DATES)
            rows = np.flatnonzero(as_serial)
            text = harm.put(text, rows, render_dates(values.take(pa.array(rows)), patterns[1], unpadded=False))
            self.numeric[place] = as_serial
        return text

    def _with_blanks(self, column: Column, text: pa.Array) -> pa.Array:
        if column.required or column.key or column.element is None:
            return text
        element, _ = asked_of(self.schemas, column)
        if element is None or element in ("citizen_id", "as_of_date", "remark"):
            return text
        rate = blank_rate(self.schemas, element, self.report.department)
        rows = np.flatnonzero(self.batch.draw(f"{column.name}/blank") < rate)
        return harm.put(text, rows, pa.nulls(len(rows), pa.string()))


def first_counts(batches: list[Batch]) -> dict[str, int]:
    """Person records per report."""
    return {
        batch.report.id: int((batch.entities["resident"] >= 0).sum())
        for batch in batches
        if "resident" in batch.entities
    }
