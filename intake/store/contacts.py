"""Reading one contact: the row itself, what was said, where it may be, and where it went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, Table, Text, literal, select, type_coerce

from intake.contact import Contact, ContactId, ContactState, Priority
from intake.control_room import Service
from intake.errors import NotFound
from intake.location import CallerLocation
from intake.reference import read_reference
from intake.routing.decision import RoutingDecision
from intake.store.tables import contacts, decisions, locations, messages, raw_messages, replies, transfers

_decode_location = msgspec.json.Decoder(CallerLocation).decode

COLUMNS = tuple(
    type_coerce(column, Text).label("location") if column.name == "location" else column
    for column in contacts.columns
    if column.name in Contact.__struct_fields__
)
"""The columns of `Contact`; the location stays text until it is read, so that one bad row spoils no list."""

RAW_SHOWN_BYTES = 4_000


class Moments(msgspec.Struct, frozen=True, kw_only=True):
    """t4 to t9 of a contact (STANDARDS section 7)."""

    first_shown_at: datetime | None
    claimed_at: datetime | None
    first_reply_at: datetime | None
    located_at: datetime | None
    routed_at: datetime | None
    accepted_at: datetime | None
    closed_at: datetime | None
    closed_reason: str


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it was kept. ``content`` is the encoded InboundMessage; ``raw`` holds the first
    bytes as they came, only where the message could not be read (law 5)."""

    id: str
    raw_id: str
    received_at: datetime
    sent_at: datetime | None
    kind: str
    flag: str
    content: str
    raw: bytes = b""
    channel: str = ""
    contact_id: str = ""


class StoredReply(msgspec.Struct, frozen=True, kw_only=True):
    """One of our replies with what became of it."""

    id: str
    author: str
    text: str
    state: str
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    attempts: int
    provider_code: str
    reason: str
    channel: str = ""
    contact_id: str = ""


class StoredLocation(msgspec.Struct, frozen=True, kw_only=True):
    """``joined_by``: the evidence by which a phone's own fix is this contact's; empty for all others."""

    id: str
    received_at: datetime
    actor: str
    location: CallerLocation
    joined_by: str = ""


class StoredDecision(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    decided_at: datetime
    decided_by: str
    location_id: str | None
    standing: str
    decision: RoutingDecision


class TransferSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer without its document."""

    id: str
    incident_id: str
    decision_id: str
    room_id: str
    first_room_id: str
    service: Service
    kind: str
    state: str
    attempts: int
    created_at: datetime
    created_by: str
    next_attempt_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    answered_at: datetime | None
    room_reference: str
    reason: str


def find(conn: Connection, address: str) -> ContactId:
    """The contact behind an id or a reference (``26-000123``, ``123``); raises NotFound."""
    number = read_reference(address)
    where = contacts.c.id == address if number is None else contacts.c.number == number
    # PostgreSQL fails at U+0000, and with it all that shares the transaction.
    found = conn.execute(select(contacts.c.id).where(where)).scalar() if address.isprintable() else None
    if found is None:
        raise NotFound(f"there is no contact {address!r}: use its reference (26-000123) or its id")
    return ContactId(found)


def get(conn: Connection, contact_id: ContactId, *, lock: bool = False) -> Contact:
    """One contact; ``lock`` keeps others from changing it until the transaction ends. Raises NotFound."""
    query = select(*COLUMNS).where(contacts.c.id == contact_id)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"there is no contact {contact_id}")
    return contact_from(row._mapping)


def whole(conn: Connection, contact_id: ContactId) -> list[ContactId]:
    """A conversation: the contact itself, then those that were merged into it, oldest first."""
    part = contacts.c.merged_into != literal("", literal_execute=True)
    query = select(contacts.c.id).where(contacts.c.merged_into == contact_id, part)
    merged = conn.execute(query.order_by(contacts.c.number)).scalars()
    return [contact_id, *(ContactId(one) for one in merged)]


def contact_from(row: RowMapping) -> Contact:
    """A row of ``COLUMNS``. What this version cannot read of it is left out, never raised (law 12)."""
    plain = {name: row[name] for name in Contact.__struct_fields__}
    plain["state"] = ContactState(row["state"])
    plain["priority"] = Priority(min(max(row["priority"], Priority.IMMEDIATE), Priority.ROUTINE))
    plain["service"] = _service(row["service"])
    plain["location"] = _location(row["location"])
    return Contact(**plain)


def _service(value: str | None) -> Service | None:
    try:
        return None if value is None else Service(value)
    except ValueError:
        return None


def _location(value: str | None) -> CallerLocation | None:
    try:
        return None if value is None else _decode_location(value)
    except msgspec.MsgspecError:
        return None


def have_messages(conn: Connection, ids: Sequence[tuple[str, str]]) -> bool:
    """Whether every message of these ``(provider id, channel)`` is in the store."""
    return all(
        conn.execute(
            select(messages.c.id).where(messages.c.provider_id == provider_id, messages.c.channel == channel)
        ).first()
        for provider_id, channel in ids
    )


def moments(conn: Connection, contact_id: ContactId) -> Moments:
    names = Moments.__struct_fields__
    row = conn.execute(
        select(*(contacts.c[name] for name in names)).where(contacts.c.id == contact_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no contact {contact_id}")
    return Moments(**row._mapping)


def conversation(
    conn: Connection, contact_id: ContactId
) -> tuple[Sequence[StoredMessage], Sequence[StoredReply]]:
    """What the caller said and what we answered, each oldest first, on whichever merged contact."""
    ids = whole(conn, contact_id)
    said = conn.execute(
        select(*_columns(messages, StoredMessage, "content", "raw"), type_coerce(messages.c.content, Text))
        .where(messages.c.contact_id.in_(ids))
        .order_by(messages.c.received_at, messages.c.id)
    ).all()
    unread = [row.raw_id for row in said if row.flag == "defective"]
    bodies = _bodies(conn, unread) if unread else {}
    answered = conn.execute(
        select(*_columns(replies, StoredReply)).where(replies.c.contact_id.in_(ids)).order_by(replies.c.id)
    )
    return (
        [StoredMessage(**row._mapping, raw=bodies.get(row.raw_id, b"")) for row in said],
        [StoredReply(**row._mapping) for row in answered],
    )


def _bodies(conn: Connection, raw_ids: Sequence[str]) -> dict[str, bytes]:
    rows = conn.execute(select(raw_messages.c.id, raw_messages.c.body).where(raw_messages.c.id.in_(raw_ids)))
    return {row.id: bytes(row.body)[:RAW_SHOWN_BYTES] for row in rows}


def hypotheses(conn: Connection, contact_id: ContactId) -> Sequence[StoredLocation]:
    """Every hypothesis of where the contact is, oldest first; those of merged contacts are its own."""
    rows = conn.execute(
        select(*_columns(locations, StoredLocation, "location"), type_coerce(locations.c.location, Text))
        .where(locations.c.contact_id.in_(whole(conn, contact_id)))
        .order_by(locations.c.id)
    )
    return [
        StoredLocation(
            id=row.id,
            received_at=row.received_at,
            actor=row.actor,
            location=location,
            joined_by=row.joined_by,
        )
        for row in rows
        if (location := _location(row.location)) is not None
    ]


def decisions_of(conn: Connection, contact_id: ContactId) -> Sequence[StoredDecision]:
    """Every routing decision, oldest first."""
    rows = conn.execute(
        select(*_columns(decisions, StoredDecision))
        .where(decisions.c.contact_id == contact_id)
        .order_by(decisions.c.id)
    )
    return [
        StoredDecision(**{**row._mapping, "decision": msgspec.convert(row.decision, RoutingDecision)})
        for row in rows
    ]


def transfers_of(conn: Connection, contact_id: ContactId) -> Sequence[TransferSummary]:
    """Every transfer of a contact and of its incident, oldest first: merged contacts may share that."""
    own = transfers_from(conn, contact_id)
    parts = whole(conn, contact_id)[1:]
    if not parts:
        return own
    incident_id = conn.execute(select(contacts.c.incident_id).where(contacts.c.id == contact_id)).scalar()
    found = [one for part in parts for one in transfers_from(conn, part) if one.incident_id == incident_id]
    return sorted([*own, *found], key=lambda one: one.id)


def shown_transfers(conn: Connection, contact_id: ContactId) -> Sequence[TransferSummary]:
    """Every transfer of a contact and of those that were merged into it, each one's oldest first."""
    return [one for part in whole(conn, contact_id) for one in transfers_from(conn, part)]


def transfers_from(conn: Connection, contact_id: ContactId) -> Sequence[TransferSummary]:
    """Every transfer that was sent from a contact itself, oldest first."""
    rows = conn.execute(
        select(*_columns(transfers, TransferSummary))
        .where(transfers.c.contact_id == contact_id)
        .order_by(transfers.c.id)
    )
    return [TransferSummary(**{**row._mapping, "service": Service(row.service)}) for row in rows]


def _columns(table: Table, kind: type[msgspec.Struct], *without: str) -> list[Any]:
    return [table.c[name] for name in kind.__struct_fields__ if name not in without]
