"""The tables of the control database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Integer, MetaData, String, Table, Text

metadata = MetaData()

MOMENT = String(40)
"""ISO 8601 with the offset of Asia/Shanghai, as text: SQLite would drop the offset of a timestamp."""


def _value_on_a_form() -> tuple[Column[Any], ...]:
    """Columns that say about which value of which entity a returned form speaks, and what it was filled from."""
    return (
        Column("form", String(128), nullable=False),
        Column("community_code", String(12), nullable=False),
        Column("release_version", String(128), nullable=False),
        Column("entity", String(64), nullable=False),
        Column("entity_id", String(64), nullable=False, index=True),
        Column("element", String(64), nullable=False),
    )


def _decided() -> tuple[Column[Any], ...]:
    """Who decided, why and when."""
    return (
        Column("decided_by", String(128), nullable=False),
        Column("reason", Text, nullable=False),
        Column("decided_at", MOMENT, nullable=False),
    )


load = Table(
    "load",
    metadata,
    Column("load_id", String(64), primary_key=True),
    Column("report", String(128), nullable=False, index=True),
    Column("department", String(64), nullable=False),
    Column("edition", String(16), nullable=False),
    Column("edition_date", Date, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("delivery_sha256", String(64), nullable=False, index=True),
    Column("contract_version", String(32), nullable=False),
    Column("contract_semantics", String(64), nullable=False),
    Column("reader_version", String(32), nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_accepted", BigInteger, nullable=False),
    Column("rows_quarantined", BigInteger, nullable=False),
    comment="One row per load package in the lake; rebuilt from lake/**/manifest.json.",
)

release = Table(
    "release",
    metadata,
    Column("version", String(128), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("content_hash", String(128), nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("manifest", JSON, nullable=False),
    comment="One row per release folder; rebuilt from releases/*/manifest.json.",
)

run = Table(
    "run",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("started_at", MOMENT, nullable=False),
    Column("ended_at", MOMENT),
    Column("state", String(16), nullable=False, comment="running, killed, failed, or the state of its unify run"),
    Column("release_version", String(128)),
    Column("message", Text, nullable=False, default=""),
    comment="When `yibiao run` ran and how it ended.",
)

decision = Table(
    "decision",
    metadata,
    Column("decision_id", Integer, primary_key=True, autoincrement=True),
    Column("load_id", String(64), nullable=False, index=True),
    Column("report", String(128), nullable=False),
    Column("edition", String(16), nullable=False),
    Column("delivery_sha256", String(64), nullable=False),
    Column("decision", String(16), nullable=False, comment="accept, refuse, withdraw, restore"),
    *_decided(),
    comment="What a human decided about a delivery; of several the last counts. Never rebuilt or deleted.",
)

row_decision = Table(
    "row_decision",
    metadata,
    Column("row_decision_id", Integer, primary_key=True, autoincrement=True),
    Column("report", String(128), nullable=False),
    Column("edition", String(16), nullable=False),
    Column("delivery_sha256", String(64), nullable=False, index=True),
    Column("row_no", BigInteger, nullable=False),
    Column("rows_read", BigInteger, nullable=False, comment="of the delivery then; with another number row_no is void"),
    Column("decision", String(16), nullable=False, comment="reject, reopen"),
    *_decided(),
    comment="What a human decided about a quarantined row; of several the last counts. Never rebuilt or deleted.",
)

link_decision = Table(
    "link_decision",
    metadata,
    Column("link_decision_id", Integer, primary_key=True, autoincrement=True),
    Column("entity", String(64), nullable=False, index=True),
    Column("node_l", String(64), nullable=False, comment="the smaller of the two; see docs/architecture.md, Review"),
    Column("node_r", String(64), nullable=False),
    Column("verdict", String(16), nullable=False, comment="same, different, undecided"),
    *_decided(),
    comment="Whether two nodes are one entity, by a human; of several the last counts. Never rebuilt or deleted.",
)

form_registration = Table(
    "form_registration",
    metadata,
    Column("registration_no", Integer, primary_key=True, autoincrement=True),
    Column("form", String(128), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("department", String(64), nullable=False),
    Column("owner", String(128), nullable=False, comment="who answers for the form in its department"),
    Column("legal_basis", Text, nullable=False),
    Column("entity", String(64), comment="what a row is about, where it is known"),
    Column("respondents", BigInteger, nullable=False, comment="returns of one filling"),
    Column("rows", BigInteger, nullable=False, comment="rows of one filling, of all respondents together"),
    Column("times_a_year", Integer, nullable=False),
    Column("wanted_expiry", Date, nullable=False),
    Column("fields", JSON, nullable=False, comment="what each field asks, its verdict, who holds it, how it is filled"),
    Column("source_name", Text, nullable=False, comment="file name, or id in schemas/forms"),
    Column("source_sha256", String(64), nullable=False, index=True),
    Column("formula", Integer, nullable=False, comment="version of the burden formula that gave the two figures"),
    Column("seconds_by_hand", BigInteger, nullable=False, comment="a year, with every field filled by hand"),
    Column("seconds", BigInteger, nullable=False, comment="a year, as its fields are to be filled"),
    comment="One state of a form as it was submitted or re-estimated. Never changed or deleted.",
)

form_file = Table(
    "form_file",
    metadata,
    Column("form_file_no", Integer, primary_key=True, autoincrement=True),
    Column("form", String(128), nullable=False, index=True),
    Column("file_sha256", String(64), nullable=False, index=True, comment="its bytes lie in landing/objects"),
    Column("file_name", Text, nullable=False),
    Column("rows_where", Text, comment="which rows the form has, as in schemas/forms; null if nobody said it"),
    Column("kept_at", MOMENT, nullable=False),
    comment="Files of forms that were submitted, to be filled as they are; of several the last counts. Never deleted.",
)

form_event = Table(
    "form_event",
    metadata,
    Column("event_no", Integer, primary_key=True, autoincrement=True),
    Column("form", String(128), nullable=False, index=True),
    Column("registration_no", Integer, nullable=False),
    Column("action", String(16), nullable=False, comment="submit, approve, reject, renew, retire"),
    Column("control_number", String(32), index=True),
    Column("expires", Date),
    Column("exceptions", JSON, nullable=False, comment="field -> why it may be asked although sharing supplies it"),
    *_decided(),
    comment="What happened to a form, who decided and why; its state is a fold over them. Never changed or deleted.",
)

form_return = Table(
    "form_return",
    metadata,
    Column("return_no", Integer, primary_key=True, autoincrement=True),
    Column("form", String(128), nullable=False, index=True),
    Column("control_number", String(32), comment="as printed on the form that came back; null if it had none"),
    Column("community_code", String(16), nullable=False),
    Column("period", String(16), nullable=False, comment="what the return speaks of: YYYY, YYYY-MM or YYYY-MM-DD"),
    Column("digest", String(64), nullable=False, comment="SHA-256 of the returned file; empty if it had none"),
    Column("rows", BigInteger, nullable=False),
    Column("typed", BigInteger, nullable=False, comment="cells; likewise picked, confirmed, automatic"),
    Column("picked", BigInteger, nullable=False),
    Column("confirmed", BigInteger, nullable=False),
    Column("automatic", BigInteger, nullable=False),
    Column("received_at", MOMENT, nullable=False),
    comment="One returned form; of several for one form, community and period the last counts. Never deleted.",
)

usage = Table(
    "usage",
    metadata,
    Column("usage_no", Integer, primary_key=True, autoincrement=True),
    Column("used_at", MOMENT, nullable=False),
    Column("used_by", String(128), nullable=False),
    Column("kind", String(16), nullable=False, comment="query, export"),
    Column("subject", String(128), nullable=False, index=True, comment="table of the release, or id of a form"),
    Column("via", String(64), nullable=False, comment="the command"),
    Column("release_version", String(128)),
    comment="Who read which table or handed out which form, and when; no values. Kept three years at least.",
)

slip = Table(
    "slip",
    metadata,
    Column("slip_number", String(64), primary_key=True),
    Column("report", String(128), nullable=False),
    Column("edition", String(16), nullable=False),
    Column("delivery_sha256", String(64), nullable=False, index=True),
    Column("sequence", Integer, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False, comment="of what the slip says; the same content is the same slip"),
    Column("state", String(16), nullable=False, comment="open, closed"),
    Column("made_by", String(128), nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("closed_at", MOMENT),
    comment="Return slips that were made. Who got what when is known from nowhere else.",
)

form_fill = Table(
    "form_fill",
    metadata,
    Column("form_fill_no", Integer, primary_key=True, autoincrement=True),
    Column("release_version", String(128), nullable=False, index=True),
    Column("area_code", String(12), nullable=False),
    Column("forms", JSON, nullable=False),
    Column("books", Integer, nullable=False),
    Column("filled_by", String(128), nullable=False),
    Column("filled_at", MOMENT, nullable=False),
    comment="Which forms were sent out filled from which release: what comes back is held against it. Never deleted.",
)

ticket = Table(
    "ticket",
    metadata,
    Column("ticket_no", Integer, primary_key=True, autoincrement=True),
    *_value_on_a_form(),
    Column("department", String(64), nullable=False, comment="the authority that decides"),
    Column("value_before", Text, nullable=False, comment="as the release has it; empty if it has none"),
    Column("value", Text, nullable=False, comment="as the registry writes it; empty if only the old one is wrong"),
    Column("header", String(256), nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("opened_at", MOMENT, nullable=False),
    Column("due_on", Date, nullable=False),
    comment="Corrections that came back on forms (更正工单). Never rebuilt or deleted.",
)

ticket_decision = Table(
    "ticket_decision",
    metadata,
    Column("ticket_decision_id", Integer, primary_key=True, autoincrement=True),
    Column("ticket_no", Integer, nullable=False, index=True),
    Column("decision", String(16), nullable=False, comment="accept, refuse, withdraw"),
    Column("value", Text, nullable=False, comment="that counts from now on, of accept"),
    *_decided(),
    comment="What an authority decided about a ticket; of several the last counts. Never rebuilt or deleted.",
)

ticket_cell = Table(
    "ticket_cell",
    metadata,
    Column("ticket_no", Integer, primary_key=True, autoincrement=False),
    Column("file_name", Text, nullable=False),
    Column("sheet", Text, nullable=False),
    Column("place", String(16), nullable=False, comment="as Excel names it"),
    comment="The cell of the returned file that each ticket is about. Never rebuilt or deleted.",
)

form_confirmation = Table(
    "form_confirmation",
    metadata,
    Column("form_confirmation_no", Integer, primary_key=True, autoincrement=True),
    *_value_on_a_form(),
    Column("value", Text, nullable=False, comment="that was let stand, as the release has it"),
    Column("file_sha256", String(64), nullable=False),
    Column("confirmed_at", MOMENT, nullable=False),
    comment="Values that were confirmed on returned forms (核对记录); of several the last counts. Never deleted.",
)

form_answer = Table(
    "form_answer",
    metadata,
    Column("form_answer_no", Integer, primary_key=True, autoincrement=True),
    Column("file_sha256", String(64), nullable=False, unique=True),
    Column("form", String(128), nullable=False, index=True),
    Column("community_code", String(12), nullable=False),
    Column("release_version", String(128), nullable=False),
    Column("cells", JSON, nullable=False, comment="outcome -> number of cells; they add up to all cells of the file"),
    Column("delivery", Text, nullable=False, comment="file with the new values, relative to the data folder; or empty"),
    Column("collected_at", MOMENT, nullable=False),
    comment="Returned forms that were taken in, by the hash of the file. Never rebuilt or deleted.",
)
