"""What the triage worker reads and writes: hypotheses, suggestions, priority, each with its log event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, or_, select, update

from intake.contact import InboundMessage, RawMessage, RawMessageId, Trust
from intake.location import CallerLocation
from intake.log_events import LogEventName
from intake.store import log
from intake.store.tables import contacts, locations, messages, raw_messages


class Untriaged(msgspec.Struct, frozen=True, kw_only=True):
    """A stored message nobody has read for place and service yet."""

    id: str
    contact_id: str | None
    message: InboundMessage
    received_at: datetime
    flag: str
    trust: Trust


def untriaged(conn: Connection, limit: int) -> list[Untriaged]:
    """The oldest messages that wait to be read."""
    rows = conn.execute(
        select(messages, raw_messages.c.trust)
        .join(raw_messages, raw_messages.c.id == messages.c.raw_id)
        .where(messages.c.triaged_at.is_(None))
        .order_by(messages.c.id)
        .limit(limit)
    )
    return [
        Untriaged(
            id=row.id,
            contact_id=row.contact_id,
            message=msgspec.convert(row.content, InboundMessage),
            received_at=row.received_at,
            flag=row.flag,
            trust=Trust(row.trust),
        )
        for row in rows
    ]


def take(conn: Connection, now: datetime, message_id: str) -> bool:
    """Mark a message as read; False when another worker already did (the fence of triage)."""
    statement = update(messages).where(messages.c.id == message_id, messages.c.triaged_at.is_(None))
    return conn.execute(statement.values(triaged_at=now)).rowcount == 1


def contact_of_caller(conn: Connection, caller: str) -> str | None:
    """The caller's newest contact that still takes messages, on any channel: by address or stated number."""
    mine = or_(contacts.c.caller == caller, and_(contacts.c.telephone == caller, contacts.c.telephone != ""))
    query = select(contacts.c.id).where(mine, contacts.c.threading)
    return conn.execute(query.order_by(contacts.c.last_message_at.desc()).limit(1)).scalar()


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
) -> None:
    """Append hypotheses; without a contact they wait for one to be joined by ``join_waiting``."""
    for location in found:
        location_id = new_id()
        conn.execute(
            locations.insert().values(
                id=location_id,
                contact_id=contact_id,
                message_id=message_id,
                caller=caller,
                received_at=now,
                source=location.source.value,
                uncertainty_m=location.uncertainty_m,
                location=location,
                actor=actor,
            )
        )
        data = {"location_id": location_id, "source": location.source.value}
        log.write(conn, now, LogEventName.LOCATION, contact_id or "", actor, data)


def join_waiting(conn: Connection, now: datetime, contact_id: str, caller: str, wait_s: float) -> int:
    """Give a contact the fixes of its caller that came before it; returns how many."""
    since = now - timedelta(seconds=wait_s)
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


def waiting_callers(conn: Connection, now: datetime, wait_s: float) -> Sequence[tuple[str, str]]:
    """``(contact id, caller)`` for fixes whose contact has come since: closes the race between the two."""
    since = now - timedelta(seconds=wait_s)
    theirs = or_(locations.c.caller == contacts.c.caller, locations.c.caller == contacts.c.telephone)
    rows = conn.execute(
        select(contacts.c.id, locations.c.caller)
        .join(locations, theirs)
        .where(locations.c.contact_id.is_(None), locations.c.received_at >= since, contacts.c.threading)
        .distinct()
    )
    return [(row.id, row.caller) for row in rows]


def set_best(conn: Connection, now: datetime, contact_id: str, best: CallerLocation) -> None:
    """The best hypothesis as the queue shows it; the hypotheses themselves stay as they are."""
    conn.execute(update(contacts).where(contacts.c.id == contact_id).values(location=best))
    conn.execute(
        update(contacts)
        .where(contacts.c.id == contact_id, contacts.c.located_at.is_(None))
        .values(located_at=now)
    )


def suggest(conn: Connection, now: datetime, contact_id: str, values: dict[str, Any]) -> None:
    """Write what triage made of a contact (service, priority, language, silence) and log it."""
    conn.execute(update(contacts).where(contacts.c.id == contact_id).values(**values))
    log.write(conn, now, LogEventName.SUGGESTION, contact_id, "triage", values)


def pending_raw(conn: Connection, doors: Sequence[str], limit: int) -> list[tuple[RawMessage, Trust]]:
    """Raw messages of these doors whose parsing was left to a worker, oldest first."""
    rows = conn.execute(
        select(raw_messages)
        .where(raw_messages.c.state == "pending", raw_messages.c.door.in_(doors))
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
