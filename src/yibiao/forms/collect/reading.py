"""What is written in returned cells, read as a delivery of the form's contract is."""

from __future__ import annotations

from collections.abc import Sequence

from yibiao.contracts.values import Schemas
from yibiao.forms.collect.contract import asked_of, own_columns, own_report
from yibiao.forms.model import Form
from yibiao.ingest.rules import read_as


class Reading:
    """Reads texts of a form's fields with the very rules by which a delivery of its contract is checked."""

    def __init__(self, form: Form, schemas: Schemas) -> None:
        # A contract that was written before, or changed since, may call its columns otherwise; headers find them.
        columns = {one.header: one for one in own_report(form, schemas).columns}
        by_place = {(one.element, one.role): one.header for one in own_columns(form, schemas) if one.element}
        self._rules: dict[int, str | None] = {}
        for number, field in enumerate(form.fields):
            element, role = asked_of(form, schemas, field)
            header = by_place.get((element, role)) if element and not field.derive else None
            self._rules[number] = read_as(columns[header], "text") if header in columns else None

    def __call__(self, asked: Sequence[tuple[int, str]]) -> list[str | None]:
        import duckdb
        import pyarrow as pa

        values: list[str | None] = [None] * len(asked)
        with duckdb.connect() as connection:
            for number in sorted({number for number, _ in asked}):
                places = [place for place, one in enumerate(asked) if one[0] == number]
                rule = self._rules[number]
                if rule is None:
                    for place in places:
                        values[place] = asked[place][1]
                    continue
                connection.register("said", pa.table({"text": [asked[place][1] for place in places]}))
                found = connection.execute(f"select ({rule})::varchar from said").fetchall()
                for place, (value,) in zip(places, found, strict=True):
                    values[place] = value
        return values
