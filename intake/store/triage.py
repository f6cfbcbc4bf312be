"""What the triage worker reads and writes: hypotheses, suggestions, priority, each with its log event."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    case,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
    update,
)

from intake.contact import ContactState, RawMessage, RawMessageId, Trust
from intake.location import CallerLocation
from intake.log_events import LogEventName
from intake.store import log
from intake.store.queue import LIVE
from intake.store.tables import contacts, locations, messages, raw_messages
from intake.store.types import Instant

# Written bare, so that SQLite sees that the partial index on it answers.
THREADING: ColumnElement[bool] = literal_column("contacts.threading")
_HAS_TELEPHONE = contacts.c.telephone != literal("", literal_execute=True)


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


def contact_of_caller(conn: Connection, caller: str, closed_since: datetime) -> str | None:
    """The caller's newest contact that still takes messages, on any channel: by address or stated number.

    One that was closed and has been silent since ``closed_since`` takes none: new words would open another.
    """
    takes = or_(contacts.c.state != ContactState.CLOSED.value, contacts.c.last_message_at >= closed_since)
    found = select(contacts.c.id, contacts.c.last_message_at).where(THREADING, takes)
    rows = [
        *conn.execute(found.where(contacts.c.caller == caller)),
        *conn.execute(found.where(contacts.c.telephone == caller, _HAS_TELEPHONE)),
    ]
    newest = max(rows, key=lambda row: (row.last_message_at, row.id), default=None)
    return None if newest is None else str(newest.id)


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
) -> None:
    """Append hypotheses; without a contact they wait for one to be joined by ``join_waiting``.

    ``received_at`` is when their message came; left out, it is now.
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
            )
        )
        data = {"location_id": location_id, "source": location.source.value}
        log.write(conn, now, LogEventName.LOCATION, contact_id or "", actor, data)


def join_waiting(conn: Connection, now: datetime, contact_id: str, caller: str, since: datetime) -> int:
    """Give a contact the fixes of its caller that came before it, but not before ``since``; how many."""
    joined = conn.execute(
        update(locations)
        .where(
            locations.c.contact_id.is_(None), locations.c.caller == caller, locations.c.received_at >= since
        )
        .values(contact_id=contact_id)
    ).rowcount
    if joined:
        log.write(conn, now, LogEventName.LOCATION, contact_id, "triage", {"joined": joined})
    return joined


def waiting_callers(conn: Connection, wait_s: float) -> set[tuple[str, str, datetime]]:
    """``(contact id, caller, since)`` of live contacts and fixes that missed each other in the writing."""
    wait = timedelta(seconds=wait_s)
    found: set[tuple[str, str, datetime]] = set()
    for theirs in (contacts.c.caller, contacts.c.telephone):
        rows = conn.execute(
            select(contacts.c.id, contacts.c.last_message_at, locations.c.caller, locations.c.received_at)
            .join(locations, locations.c.caller == theirs)
            .where(LIVE, locations.c.contact_id.is_(None))
        )
        for row in rows:
            since = row.last_message_at - wait
            if row.received_at >= since:
                found.add((row.id, row.caller, since))
    return found


def set_best(conn: Connection, now: datetime, contact_id: str, best: CallerLocation) -> None:
    """The best hypothesis as the queue shows it; the hypotheses themselves stay as they are."""
    # Once handed over, its rooms may know another place: the rerouting worker looks.
    check_at = case((contacts.c.incident_id != "", literal(now, Instant)), else_=contacts.c.place_check_at)
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
