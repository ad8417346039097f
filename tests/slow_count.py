"""What a form asks and a release knows, counted by a slow loop over dictionaries: the oracle of the account in SQL."""

from __future__ import annotations

from datetime import date
from math import ceil

from yibiao.forms.count import Counts

AS_OF = date(2026, 3, 31)
OWNER = ("dwelling_owner_name", "dwelling_owner_citizen_id")
SILENT = {
    ("veterans.preferential_visit", "benefit_end_date", None),
    ("veterans.preferential_visit", "benefit_month", None),
    ("public_security.floating_population", "mobile_phone", "owner"),
}
"""Fields whose own benefit's report does not hold them; those of other benefits do.
And the telephone of somebody's landlord."""


class Slow:
    """What a person would do: take each row, follow its links, look whether the cell is filled."""

    def __init__(self, tables, schemas):
        self.tables, self.entities = tables, schemas.entities
        self.by_id = {
            entity: {row[schemas.entities[entity].id_column]: row for row in rows} for entity, rows in tables.items()
        }
        self.heads = {}
        for row in sorted(tables["resident"], key=lambda row: row["resident_id"]):
            living_head = row["relation_to_head_code"] in ("01", "02") and row["death_date"] is None
            if living_head and row["household_id"] is not None:
                self.heads.setdefault(row["household_id"], row)
        self.partners = {}
        for row in tables["resident"]:
            if (row["relation_to_head_code"] or "").startswith("1") and row["death_date"] is None:
                self.partners.setdefault(row["household_id"], []).append(row)

    def spouse(self, row):
        """Husband or wife, where the relations within the household say who that is."""
        head, partners = self.heads.get(row["household_id"]), self.partners.get(row["household_id"], [])
        if head is None or len(partners) != 1:
            return None
        return {head["resident_id"]: partners[0], partners[0]["resident_id"]: head}.get(row["resident_id"])

    def reach(self, entity, row):
        """Every row that this one leads to, by entity; the nearest where two ways lead there."""
        found = {entity: row}
        steps = [entity]
        while steps:
            source = steps.pop(0)
            for target in sorted(self.entities[source].links):
                if target in found:
                    continue
                steps.append(target)
                link = found[source].get(self.entities[target].id_column) if found[source] else None
                found[target] = self.by_id[target].get(link)
        return found

    def knows(self, entity, row, field):
        if field.element is None:
            return False
        rows = self.reach(entity, row)
        if field.role == "head":
            if "household" not in rows:
                return False
            carrier = row if "household_id" in row else rows["resident"]
            head = self.heads.get(carrier["household_id"]) if carrier else None
            return head is not None and head[field.element] is not None
        if field.role == "guardian" and entity == "resident":
            head = self.heads.get(row["household_id"])
            child = (row["relation_to_head_code"] or "").startswith(("2", "3"))
            return child and head is not None and head[field.element] is not None
        if field.role == "spouse" and entity == "resident":
            found = self.spouse(row)
            return found is not None and found[field.element] is not None
        if field.role == "owner":
            return self.knows_owner(entity, rows, field)
        if field.role is not None:
            return False
        if field.derive == "exists":
            holder = next((name for name in rows if field.element in self.entities[name].elements), None)
            subject = rows[holder] if holder else rows["resident"]
            holder = holder or "benefit"
            values = [one[field.element] for one in self.tables[holder]]
            wanted = field.value in values if field.value else any(value is not None for value in values)
            return subject is not None and wanted
        for name, found in rows.items():
            if field.element in self.entities[name].elements:
                return found is not None and found[field.element] is not None
        assert field.concept, field  # nobody delivers it yet
        return False

    def knows_owner(self, entity, rows, field):
        """What the dwelling says of him where it stands; the rest, on a row about it, if he lives there too and is one
        person for sure."""
        if rows.get("dwelling") is None:
            return False
        own = next(found for name, found in rows.items() if "community_code" in self.entities[name].elements)
        here, dwelling = own and own["community_code"], rows["dwelling"]
        if here is None:
            return False if entity != "dwelling" else self._told(dwelling, field)
        if field.element in ("resident_name", "citizen_id"):
            return self._told(dwelling, field) and dwelling["community_code"] == here
        if entity != "dwelling":
            return False  # the address of somebody who moved leads to another's house
        owners = [
            one
            for one in self.tables["resident"]
            if one["resident_name"] is not None
            and one["citizen_id"] is not None
            and one["resident_name"] == dwelling["dwelling_owner_name"]
            and one["citizen_id"] == dwelling["dwelling_owner_citizen_id"]
            and one["death_date"] is None
        ]
        places = {dwelling["community_code"], *(one["community_code"] for one in owners)}
        return len(owners) == 1 and places == {here} and owners[0][field.element] is not None

    @staticmethod
    def _told(dwelling, field):
        kept = {"resident_name": "dwelling_owner_name", "citizen_id": "dwelling_owner_citizen_id"}.get(field.element)
        return kept is not None and dwelling[kept] is not None

    def count(self, form, chosen):
        rows = [row for row in self.tables[form.rows.entity] if chosen(self.reach(form.rows.entity, row))]
        known = [
            sum(
                (form.id, field.element, field.role) not in SILENT and self.knows(form.rows.entity, row, field)
                for row in rows
            )
            for field in form.fields
        ]
        due = ceil(len(rows) * form.rows.share)
        communities = set()
        for row in rows:
            holders = self.reach(form.rows.entity, row)
            name = next(name for name in holders if "community_code" in self.entities[name].elements)
            if holders[name] and holders[name]["community_code"]:
                communities.add(holders[name]["community_code"])
        return Counts(due, tuple(due * one // max(1, len(rows)) for one in known), min(due, len(communities)))
