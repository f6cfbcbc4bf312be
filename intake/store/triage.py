"""What the triage worker reads and writes: hypotheses, suggestions, priority, each with its log event."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    and_,
    case,
    func,
    literal,
    literal_column,
    select,
    type_coerce,
    update,
)

from intake.contact import InboundMessage, RawMessage, RawMessageId, Trust
from intake.location import CallerLocation
from intake.log_events import LogEventName
from intake.store import log
from intake.store.tables import contacts, locations, messages, raw_messages
from intake.store.types import Instant

# Written bare, so that SQLite sees that the partial index on it answers.
THREADING: ColumnElement[bool] = literal_column("contacts.threading")


class Untriaged(msgspec.Struct, frozen=True, kw_only=True):
    """A stored message nobody has read for place and service yet.

    ``content`` stays text until it is read, so that one spoilt row delays no other (law 12).
    """

    id: str
    contact_id: str | None
    content: str
    received_at: datetime
    flag: str
    trust: Trust


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """When a contact's newest own words were sent (as its sender says) and came, and what the door proved.

    ``flag`` is "" | defective | conflict.
    """

    sent_at: datetime | None
    received_at: datetime
    flag: str
    trust: Trust


def untriaged(conn: Connection, limit: int) -> list[Untriaged]:
    """The oldest messages that wait to be read."""
    rows = conn.execute(
        select(
            messages.c.id,
            messages.c.contact_id,
            messages.c.received_at,
            messages.c.flag,
            type_coerce(messages.c.content, Text).label("content"),
            raw_messages.c.trust,
        )
        .join(raw_messages, raw_messages.c.id == messages.c.raw_id)
        .where(messages.c.triaged_at.is_(None))
        .order_by(messages.c.id)
        .limit(limit)
    )
    return [Untriaged(**{**row._mapping, "trust": Trust(row.trust)}) for row in rows]


def take(conn: Connection, now: datetime, message_id: str) -> bool:
    """Mark a message as read; False when another worker already did (the fence of triage)."""
    statement = update(messages).where(messages.c.id == message_id, messages.c.triaged_at.is_(None))
    return conn.execute(statement.values(triaged_at=now)).rowcount == 1


def newest_words(conn: Connection, contact_id: str) -> Words:
    """What a contact's newest message of its own is worth; places that joined it do not count."""
    row = conn.execute(
        select(messages.c.sent_at, messages.c.received_at, messages.c.flag, raw_messages.c.trust)
        .join(raw_messages, raw_messages.c.id == messages.c.raw_id)
        .where(messages.c.contact_id == contact_id)
        .order_by(messages.c.id.desc())
        .limit(1)
    ).one()
    return Words(**{**row._mapping, "trust": Trust(row.trust)})


def last_words_at(conn: Connection, contact_id: str) -> datetime | None:
    """When a contact's own last message came, by its own way in."""
    newest = select(func.max(messages.c.received_at)).where(messages.c.contact_id == contact_id)
    found: datetime | None = conn.execute(newest).scalar()
    return found


def trust_in_place(conn: Connection, location_id: str) -> Trust | None:
    """What the door proved of the message a place came in; None for a handler's own."""
    found = conn.execute(
        select(raw_messages.c.trust)
        .join(messages, messages.c.raw_id == raw_messages.c.id)
        .join(locations, locations.c.message_id == messages.c.id)
        .where(locations.c.id == location_id)
    ).scalar()
    return None if found is None else Trust(found)


def add_locations(
    conn: Connection,
    now: datetime,
    found: Sequence[CallerLocation],
    *,
    contact_id: str | None,
    message_id: str | None,
    caller: str,
    actor: str,
    new_id: Callable[[], str],
    received_at: datetime | None = None,
    device: str = "",
    joined_by: str = "",
) -> None:
    """Append hypotheses; without a contact they wait for theirs (`intake.store.joining`).

    ``received_at`` is when their message came; left out, it is now. ``device`` is the phone they came
    from, ``joined_by`` the evidence that they are this contact's.
    """
    for location in found:
        location_id = new_id()
        conn.execute(
            locations.insert().values(
                id=location_id,
                contact_id=contact_id,
                message_id=message_id,
                caller=caller,
                received_at=received_at or now,
                source=location.source.value,
                uncertainty_m=location.uncertainty_m,
                location=location,
                actor=actor,
                device=device,
                joined_by=joined_by,
            )
        )
        data = {"location_id": location_id, "source": location.source.value}
        if joined_by:
            data["joined_by"] = joined_by
        log.write(conn, now, LogEventName.LOCATION, contact_id or "", actor, data)


def state_number(conn: Connection, contact_id: str, telephone: str) -> None:
    """Keep the number that a contact states, so that a phone's own fixes find it."""
    conn.execute(update(contacts).where(contacts.c.id == contact_id).values(telephone=telephone))


def contents(conn: Connection, message_ids: Collection[str]) -> list[InboundMessage]:
    """The messages as they were read; what this version cannot decode is left out."""
    query = select(messages.c.id, type_coerce(messages.c.content, Text).label("content"))
    found: dict[str, InboundMessage] = {}
    for row in conn.execute(query.where(messages.c.id.in_(message_ids))):
        with suppress(msgspec.MsgspecError):
            found[row.id] = msgspec.json.decode(row.content, type=InboundMessage)
    return [found[one] for one in message_ids if one in found]


def set_best(conn: Connection, now: datetime, contact_id: str, best: CallerLocation) -> None:
    """The best hypothesis as the queue shows it; the hypotheses themselves stay as they are."""
    # Once handed over, its rooms may know another place: the rerouting worker looks. What is merged is
    # looked at with the contact it is part of.
    is_told = and_(contacts.c.incident_id != "", contacts.c.merged_into == "")
    check_at = case((is_told, literal(now, Instant)), else_=contacts.c.place_check_at)
    conn.execute(
        update(contacts).where(contacts.c.id == contact_id).values(location=best, place_check_at=check_at)
    )
    conn.execute(
        update(contacts)
        .where(contacts.c.id == contact_id, contacts.c.located_at.is_(None))
        .values(located_at=now)
    )


def suggest(conn: Connection, now: datetime, contact_id: str, values: dict[str, Any]) -> None:
    """Write what triage made of a contact (service, priority, language, silence) and log it."""
    conn.execute(update(contacts).where(contacts.c.id == contact_id).values(**values))
    log.write(conn, now, LogEventName.SUGGESTION, contact_id, "triage", values)


def pending_raw(
    conn: Connection, doors: Sequence[str], limit: int, *, without: Collection[str] = ()
) -> list[tuple[RawMessage, Trust]]:
    """Raw messages of these doors whose parsing was left to a worker, oldest first."""
    rows = conn.execute(
        select(raw_messages)
        .where(
            raw_messages.c.state == literal("pending", literal_execute=True),
            raw_messages.c.door.in_(doors),
            raw_messages.c.id.not_in(without),
        )
        .order_by(raw_messages.c.id)
        .limit(limit)
    )
    return [(_raw(row), Trust(row.trust)) for row in rows]


def _raw(row: Row[Any]) -> RawMessage:
    return RawMessage(
        id=RawMessageId(row.id),
        channel=row.channel,
        door=row.door,
        received_at=row.received_at,
        body=bytes(row.body),
        headers=row.headers,
        target=row.target,
        path_args=row.path_args,
        peer=row.peer,
        envelope_from=row.envelope_from,
    )
