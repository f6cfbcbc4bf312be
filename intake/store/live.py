"""What the live line reads: which contacts were touched lately, and how they stand now.

`log_events` and `delivery_reports` are append-only with UUIDv7 ids, written in the transaction of what
they tell of. A transaction may commit after a later one has: who follows must look back (law 10).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, literal, select, tuple_

from intake.contact import Contact, ContactState
from intake.store.contacts import COLUMNS, contact_from
from intake.store.queue import LIVE, ORDER, Place
from intake.store.tables import contacts, delivery_reports, log_events, replies
from intake.store.types import Instant

AT_ONCE = 200
"""Contacts a statement."""

EVENTS_AT_ONCE = 5_000

_IN_SIGHT = contacts.c.state != ContactState.MERGED.value
_ROW = (*COLUMNS, contacts.c.first_shown_at, contacts.c.first_reply_at)


class LiveContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact, with when it first stood on a desk and when a person first answered it."""

    contact: Contact
    first_shown_at: datetime | None
    first_reply_at: datetime | None


class Signal(msgspec.Struct, frozen=True, array_like=True):
    """A row that says that a contact was touched; ``id`` is the row's own."""

    id: str
    contact_id: str


def signals(conn: Connection, after_id: str) -> list[Signal]:
    """Every signal with an id above ``after_id`` that can be seen now, oldest first."""
    found: list[Signal] = []
    while True:
        rows = conn.execute(
            select(log_events.c.id, log_events.c.contact_id)
            .where(log_events.c.id > after_id)
            .order_by(log_events.c.id)
            .limit(EVENTS_AT_ONCE)
        ).all()
        found += [Signal(row.id, row.contact_id) for row in rows]
        if len(rows) < EVENTS_AT_ONCE:
            return found
        after_id = rows[-1].id


def reports(conn: Connection, after_id: str) -> list[Signal]:
    """Delivery reports above ``after_id``: they move our replies without a log event."""
    told = (replies.c.channel == delivery_reports.c.channel) & (
        replies.c.provider_ref == delivery_reports.c.provider_ref
    )
    rows = conn.execute(
        select(delivery_reports.c.id, replies.c.contact_id)
        .join(replies, told)
        .where(delivery_reports.c.id > after_id)
        .order_by(delivery_reports.c.id)
        .limit(EVENTS_AT_ONCE)
    )
    return [Signal(row.id, row.contact_id) for row in rows]


def of_ids(conn: Connection, ids: Collection[str]) -> list[LiveContact]:
    """These contacts as they stand, closed and merged ones too; unknown ids are left out."""
    found: list[LiveContact] = []
    for some in _in_pieces(ids, AT_ONCE):
        found += map(_live, conn.execute(select(*_ROW).where(contacts.c.id.in_(some))))
    return found


def page(conn: Connection, after: Place | None, limit: int) -> tuple[list[LiveContact], Place | None]:
    """Live contacts in the queue's order behind ``after``, and where the next page begins (None: no more)."""
    rows = conn.execute(_behind(select(*_ROW), after).limit(limit)).all()
    return [_live(row) for row in rows], _next(rows, limit)


def ids_page(conn: Connection, after: Place | None, limit: int) -> tuple[list[str], Place | None]:
    """As ``page``, the ids alone: they stand in the index."""
    rows = conn.execute(_behind(select(*ORDER), after).limit(limit)).all()
    return [row.id for row in rows], _next(rows, limit)


def _behind(query: Any, after: Place | None) -> Any:
    query = query.where(LIVE, _IN_SIGHT).order_by(*ORDER)
    if after is None:
        return query
    place = (literal(after.priority), literal(after.queued_at, Instant), literal(after.id))
    return query.where(tuple_(*ORDER) > tuple_(*place))


def _next(rows: Sequence[Row[Any]], limit: int) -> Place | None:
    if len(rows) < limit:
        return None
    return Place(rows[-1].priority, rows[-1].queued_at, rows[-1].id)


def _live(row: Row[Any]) -> LiveContact:
    return LiveContact(
        contact=contact_from(row._mapping),
        first_shown_at=row.first_shown_at,
        first_reply_at=row.first_reply_at,
    )


def _in_pieces(ids: Collection[str], size: int) -> Iterator[list[str]]:
    rest = iter(ids)
    while piece := list(islice(rest, size)):
        yield piece
