"""A supervisor reads a conversation along with the handler who has it, and both know."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, or_, select, tuple_, update

from intake.contact import Contact, ContactId, ContactState
from intake.errors import Refused
from intake.reference import reference
from intake.store.contacts import get
from intake.store.presence import SEEN_WITHIN_S
from intake.store.tables import accounts, contacts, readings

OVER = (ContactState.CLOSED, ContactState.MERGED)
Key = tuple[str, str]
"""A contact's id and the supervisor's name."""


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads along at a contact. ``seen_at``: when a process last found them on the live line there."""

    contact_id: str
    handler: str
    display_name: str
    since: datetime
    seen_at: datetime

    @property
    def key(self) -> Key:
        return self.contact_id, self.handler


def join(conn: Connection, now: datetime, contact_id: ContactId, supervisor: str) -> Contact:
    """Read along at what a colleague has in hand; joining twice is joining once. Raises Refused."""
    contact = get(conn, contact_id, lock=True)
    name = reference(contact.number, contact.queued_at)
    if contact.state in OVER:
        raise Refused(f"{name} is {contact.state}: there is nobody to read with")
    if contact.claimed_by == supervisor:
        raise Refused(f"{name} is with you")
    if not contact.claimed_by or contact.next_attempt_at <= now:
        raise Refused(f"{name} is with nobody: take it, or move it to a desk")
    leave(conn, contact_id, supervisor)
    values = {"contact_id": contact_id, "handler": supervisor, "since": now, "seen_at": now}
    conn.execute(readings.insert().values(**values))
    return contact


def leave(conn: Connection, contact_id: ContactId, supervisor: str) -> None:
    """They read along no more, if they did."""
    end(conn, [(contact_id, supervisor)])


def readers(conn: Connection, now: datetime) -> Sequence[Reader]:
    """Everybody who reads along at a contact that is a colleague's and not over."""
    rows = conn.execute(
        select(readings, accounts.c.display_name)
        .join(contacts, contacts.c.id == readings.c.contact_id)
        .outerjoin(accounts, accounts.c.name == readings.c.handler)
        .where(
            readings.c.seen_at > now - timedelta(seconds=SEEN_WITHIN_S),
            contacts.c.claimed_by != readings.c.handler,
            contacts.c.state.not_in([state.value for state in OVER]),
        )
        .order_by(readings.c.since, readings.c.handler)
    )
    return [Reader(**{**row._mapping, "display_name": row.display_name or row.handler}) for row in rows.all()]


def still_there(conn: Connection, now: datetime, keys: Collection[Key]) -> None:
    """These were found on the live line now."""
    if keys:
        conn.execute(update(readings).where(_named(keys)).values(seen_at=now))


def end(conn: Connection, keys: Collection[Key]) -> None:
    """These read along no more."""
    if keys:
        conn.execute(delete(readings).where(_named(keys)))


def end_of(conn: Connection, now: datetime, supervisors: Collection[str]) -> None:
    """Whose live line has ended reads nothing; what a process that died left is cleared away, too."""
    dead = readings.c.seen_at <= now - timedelta(seconds=SEEN_WITHIN_S)
    conn.execute(delete(readings).where(or_(dead, readings.c.handler.in_(sorted(supervisors)))))


def _named(keys: Collection[Key]) -> ColumnElement[bool]:
    return tuple_(readings.c.contact_id, readings.c.handler).in_(sorted(keys))
