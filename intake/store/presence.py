"""Which desks are there, what each has open, and since when callers wait for its answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, func, literal, select, update

from intake.contact import ContactState, MessageKind
from intake.reference import reference
from intake.store.claims import HANDED_OVER
from intake.store.locks import take_turns
from intake.store.queue import LIVE
from intake.store.replies import AUTOMATIC
from intake.store.tables import contacts, desks, messages, replies
from intake.store.types import EPOCH, Instant

SEEN_WITHIN_S = 15.0
"""A desk whose process has not said for so long that it is there is not."""

AVAILABLE, AWAY = "available", "away"
AWAY_FOR_S = 600.0
"""Who was away and comes back within this is still away: a page that is loaded again is no decision."""


class DeskRow(msgspec.Struct, frozen=True, kw_only=True):
    """A desk as its process last wrote it. ``state`` is ``available`` or ``away``, ``since`` then."""

    handler: str
    number: int
    state: str
    since: datetime
    seen_at: datetime
    connected: bool

    def is_live(self, now: datetime) -> bool:
        return self.connected and now - self.seen_at <= timedelta(seconds=SEEN_WITHIN_S)


class OpenContact(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation in a handler's hands; ``owed_since`` is the caller's first words without an answer."""

    id: str
    reference: str
    handler: str
    priority: int
    state: str
    owed_since: datetime | None


def arrive(conn: Connection, now: datetime, handler: str) -> DeskRow:
    """A desk is there; its first time gives it a number for good."""
    row = _of(conn, handler)
    if row is None:
        _first_time(conn, now, handler)
    elif row.state == AWAY and now - row.seen_at > timedelta(seconds=AWAY_FOR_S):
        set_state(conn, now, handler, AVAILABLE)
    seen(conn, now, [handler])
    found = _of(conn, handler)
    assert found is not None  # noqa: S101 - written above
    return found


def _first_time(conn: Connection, now: datetime, handler: str) -> None:
    # A whole shift signs in within a minute: each waits for the number before its own.
    take_turns(conn, "desk-number")
    if _of(conn, handler) is not None:
        return  # another page of theirs was first
    number = int(conn.execute(select(func.max(desks.c.number))).scalar() or 0) + 1
    values = {"handler": handler, "number": number, "state": AVAILABLE, "since": now, "seen_at": now}
    conn.execute(desks.insert().values(**values, connected=True))


def seen(conn: Connection, now: datetime, handlers: Collection[str]) -> None:
    """These desks are there now."""
    if handlers:
        there = update(desks).where(desks.c.handler.in_(sorted(handlers)))
        conn.execute(there.values(seen_at=now, connected=True))


def left(conn: Connection, now: datetime, handlers: Collection[str]) -> None:
    """These desks have gone; what they had open lapses by itself (law 9)."""
    if handlers:
        gone = update(desks).where(desks.c.handler.in_(sorted(handlers)))
        conn.execute(gone.values(seen_at=now, connected=False))


def set_state(conn: Connection, now: datetime, handler: str, state: str) -> None:
    changed = update(desks).where(desks.c.handler == handler, desks.c.state != state)
    conn.execute(changed.values(state=state, since=now))


def all_desks(conn: Connection) -> Sequence[DeskRow]:
    """Every desk there ever was, by number."""
    return [DeskRow(**row._mapping) for row in conn.execute(select(desks).order_by(desks.c.number))]


def _of(conn: Connection, handler: str) -> DeskRow | None:
    row = conn.execute(select(desks).where(desks.c.handler == handler)).one_or_none()
    return None if row is None else DeskRow(**row._mapping)


def open_contacts(conn: Connection, now: datetime) -> Sequence[OpenContact]:
    """All that handlers have in hand now, by handler, then in the queue's order."""
    in_hand = [state.value for state in (ContactState.OPEN, *HANDED_OVER)]
    rows = conn.execute(
        select(
            contacts.c.id,
            contacts.c.number,
            contacts.c.queued_at,
            contacts.c.claimed_by,
            contacts.c.priority,
            contacts.c.state,
        )
        .where(
            LIVE,
            contacts.c.claimed_by != "",
            contacts.c.next_attempt_at > now,
            contacts.c.state.in_(in_hand),
        )
        .order_by(contacts.c.claimed_by, contacts.c.priority, contacts.c.queued_at)
    ).all()
    owed = owed_since(conn, [row.id for row in rows])
    return [
        OpenContact(
            id=row.id,
            reference=reference(row.number, row.queued_at),
            handler=row.claimed_by,
            priority=row.priority,
            state=row.state,
            owed_since=owed.get(row.id),
        )
        for row in rows
    ]


def owed_since(conn: Connection, contact_ids: Collection[str]) -> Mapping[str, datetime]:
    """When each caller first wrote after the last words a person sent them; without such words, at all."""
    answered = (
        select(replies.c.contact_id, func.max(replies.c.created_at).label("at"))
        .where(replies.c.contact_id.in_(contact_ids), ~replies.c.author.startswith(AUTOMATIC))
        .group_by(replies.c.contact_id)
        .subquery()
    )
    last = func.coalesce(answered.c.at, literal(EPOCH, Instant))
    rows = conn.execute(
        select(messages.c.contact_id, func.min(messages.c.received_at).label("since"))
        .outerjoin(answered, answered.c.contact_id == messages.c.contact_id)
        .where(
            messages.c.contact_id.in_(contact_ids),
            messages.c.kind != MessageKind.PLACE.value,
            messages.c.received_at > last,
        )
        .group_by(messages.c.contact_id)
    )
    return {row.contact_id: row.since for row in rows}
