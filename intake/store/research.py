"""What the research tables are made from: read-only, in one snapshot, and without text or callers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, FromClause, Row, Select, func, select
from sqlalchemy.exc import OperationalError

from intake.errors import StoreUnavailable
from intake.log_events import LogEventName
from intake.store.engine import reading_engine
from intake.store.schema import require_readable
from intake.store.tables import contacts, decisions, door_minutes, locations, log_events, messages

Rows = Sequence[Row[*tuple[Any, ...]]]


@contextmanager
def snapshot(url: str) -> Iterator[Connection]:
    """A connection on which every query sees the same moment, and none can write.

    Raises NotFound where there is no such database or it is of another version, StoreUnavailable
    where it does not answer.
    """
    engine = reading_engine(url, pool_size=1)
    try:
        require_readable(engine)
        with engine.connect() as conn:
            if engine.dialect.name == "sqlite":
                conn.exec_driver_sql("BEGIN")
            else:
                conn = conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield conn
    except OperationalError as error:
        raise StoreUnavailable(f"the database does not answer: {error.__cause__ or error}") from error
    finally:
        engine.dispose()


def period(conn: Connection) -> tuple[datetime, datetime] | None:
    """The first and the last moment of which there is anything to tell."""
    times = [
        conn.execute(select(func.min(column), func.max(column))).one()
        for column in (messages.c.received_at, door_minutes.c.minute)
    ]
    known = [moment for pair in times for moment in pair if moment is not None]
    return (min(known), max(known)) if known else None


def contacts_between(conn: Connection, since: datetime, until: datetime) -> Rows:
    """Contacts whose first message came in [since, until), with every moment of theirs."""
    first = _first_messages(since, until)
    stored = _stored_events()
    return conn.execute(
        select(
            contacts.c.id,
            contacts.c.channel,
            contacts.c.service,
            first.c.sent_at,
            first.c.received_at,
            stored.c.stored_at,
            contacts.c.queued_at,
            contacts.c.first_shown_at,
            contacts.c.claimed_at,
            contacts.c.first_reply_at,
            contacts.c.routed_at,
            contacts.c.accepted_at,
            contacts.c.closed_at,
        )
        .join(first, first.c.contact_id == contacts.c.id)
        .outerjoin(stored, stored.c.contact_id == contacts.c.id)
        .order_by(contacts.c.number)
    ).all()


def fixes_between(conn: Connection, since: datetime, until: datetime) -> Rows:
    """Location hypotheses of those contacts: ``contact_id, received_at, location``."""
    first = _first_messages(since, until)
    return conn.execute(
        select(locations.c.contact_id, locations.c.received_at, locations.c.location).join(
            first, first.c.contact_id == locations.c.contact_id
        )
    ).all()


def decisions_between(conn: Connection, since: datetime, until: datetime) -> Rows:
    """Decisions by which those contacts were sent, oldest first: ``contact_id, service, room_id``."""
    first = _first_messages(since, until)
    return conn.execute(
        select(decisions.c.contact_id, decisions.c.service, decisions.c.room_id)
        .join(first, first.c.contact_id == decisions.c.contact_id)
        .where(decisions.c.standing == "sent")
        .order_by(decisions.c.id)
    ).all()


def door_minutes_between(conn: Connection, since: datetime, until: datetime) -> Rows:
    """``channel, minute`` for each minute in which a channel's doors were open."""
    minute = door_minutes.c.minute
    return conn.execute(select(door_minutes).where(minute >= since, minute < until)).all()


def _first_messages(since: datetime, until: datetime) -> FromClause:
    """t0 and t1 of each contact that came in the period."""
    came = func.min(messages.c.received_at)
    return (
        select(
            messages.c.contact_id,
            came.label("received_at"),
            func.min(messages.c.sent_at).label("sent_at"),
        )
        .where(messages.c.contact_id.is_not(None))
        .group_by(messages.c.contact_id)
        .having(came >= since, came < until)
        .subquery()
    )


def _stored_events() -> FromClause:
    """t2: the clock of the transaction that stored the contact's first message, read as it began."""
    events: Select[Any] = (
        select(log_events.c.contact_id, func.min(log_events.c.at).label("stored_at"))
        .where(log_events.c.name.in_((LogEventName.MESSAGE.value, LogEventName.DEFECT.value)))
        .group_by(log_events.c.contact_id)
    )
    return events.subquery()
