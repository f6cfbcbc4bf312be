"""The queue as desks see it: its order, a page at a time, and its counts (laws 8, 9 and 16).

A contact is claimable when it waits, when its lease has lapsed, when its hold is over, or when an
unreachable caller of priority 1 or 2 is to be tried again: all four are ``next_attempt_at <= now``, so
that no sweeper is needed. ``queued_at`` is its place; no claim, lapse, release or hold moves it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from intake.contact import Contact, ContactId, ContactState, Priority
from intake.store.contacts import COLUMNS, contact_from
from intake.store.tables import contacts
from intake.store.types import Instant

PAGE_LIMIT = 100
IN_QUEUE = (ContactState.WAITING, ContactState.OPEN, ContactState.HELD, ContactState.STALE)
TRIED_AGAIN = Priority.URGENT
"""Down to this priority somebody tries an unreachable caller again (DECISIONS.md, 43)."""
OTHER_ROOM = "other_room"
"""Of what a room has: another one is proposed since (`contacts.reroute`)."""
_HANDED_OVER = [one.value for one in (ContactState.SENDING, ContactState.DELIVERED, ContactState.ACCEPTED)]

# Written into the statement, so that both engines see that the partial index answers it.
LIVE = and_(
    contacts.c.state != literal(ContactState.CLOSED.value, literal_execute=True),
    contacts.c.state != literal(ContactState.MERGED.value, literal_execute=True),
)
ORDER = (contacts.c.priority, contacts.c.queued_at, contacts.c.id)


class Place(msgspec.Struct, frozen=True):
    """A contact's place in the queue's order; the next page begins behind it."""

    priority: int
    queued_at: datetime
    id: str


class QueueFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which live contacts to list; every condition left out is true. ``needs_person`` is a desk's own
    queue: waiting, open, held, unreachable, or with a room while another one is proposed."""

    states: Collection[ContactState] = ()
    needs_person: bool = False
    claimable: bool = False
    claimed_by: str = ""
    priority: int | None = None
    channel: str = ""
    service: str = ""


class QueueCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Of all live contacts: how many in each state, how many claimable at each priority, since when."""

    states: dict[str, int]
    claimable: dict[int, int]
    oldest_queued_at: datetime | None


class QueuePage(msgspec.Struct, frozen=True, kw_only=True):
    """At most a hundred contacts in order. ``unshown`` have never been on a desk (t4);
    ``next`` is where the following page begins, None at the end."""

    contacts: Sequence[Contact]
    unshown: Sequence[ContactId]
    next: Place | None


def list_queue(
    conn: Connection,
    now: datetime,
    *,
    limit: int = PAGE_LIMIT,
    where: QueueFilter | None = None,
    after: Place | None = None,
) -> QueuePage:
    """One page of live contacts by priority, then waiting time. Reads only: see ``mark_shown``."""
    limit = max(1, min(limit, PAGE_LIMIT))
    query = select(*COLUMNS, contacts.c.first_shown_at).where(LIVE, *_conditions(where, now))
    if after is not None:
        behind = (literal(after.priority), literal(after.queued_at, Instant), literal(after.id))
        query = query.where(tuple_(*ORDER) > tuple_(*behind))
    rows = conn.execute(query.order_by(*ORDER).limit(limit + 1)).all()
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    return QueuePage(
        contacts=[contact_from(row._mapping) for row in page],
        unshown=[ContactId(row.id) for row in page if row.first_shown_at is None],
        next=None if last is None else Place(last.priority, last.queued_at, last.id),
    )


def count_queue(conn: Connection, now: datetime) -> QueueCounts:
    """Counts over the whole live queue."""
    due = case((is_claimable(now), 1), else_=0)
    rows = conn.execute(
        select(
            contacts.c.state,
            contacts.c.priority,
            func.count().label("all"),
            func.sum(due).label("due"),
            func.min(case((is_claimable(now), contacts.c.queued_at))).label("oldest"),
        )
        .where(LIVE)
        .group_by(contacts.c.state, contacts.c.priority)
    ).all()
    states: dict[str, int] = {}
    claimable: dict[int, int] = {}
    for row in rows:
        states[row.state] = states.get(row.state, 0) + row.all
        if row.due:
            claimable[row.priority] = claimable.get(row.priority, 0) + int(row.due)
    oldest = [row.oldest for row in rows if row.oldest is not None]
    return QueueCounts(states=states, claimable=claimable, oldest_queued_at=min(oldest, default=None))


def mark_shown(conn: Connection, now: datetime, contact_ids: Collection[ContactId]) -> set[ContactId]:
    """Keep when contacts first stood on a desk (t4); returns those still to be marked.

    A row that somebody is changing is passed over, not waited for: 200 desks mark thousands at once, and
    no two transactions may wait for each other's rows.
    """
    unmarked = select(contacts.c.id).where(
        contacts.c.id.in_(contact_ids), contacts.c.first_shown_at.is_(None)
    )
    free = conn.execute(unmarked.with_for_update(skip_locked=True)).scalars().all()
    if free:
        conn.execute(update(contacts).where(contacts.c.id.in_(free)).values(first_shown_at=now))
    return set(conn.execute(unmarked).scalars())


def is_claimable(now: datetime) -> ColumnElement[bool]:
    """Nobody has it: it waits, its lease has lapsed, its hold is over, or its caller is to be tried again."""
    in_queue = contacts.c.state.in_([state.value for state in IN_QUEUE])
    resting = and_(contacts.c.state == ContactState.STALE.value, contacts.c.priority > int(TRIED_AGAIN))
    return and_(LIVE, in_queue, contacts.c.next_attempt_at <= now, ~resting)


def can_be_claimed(contact: Contact, now: datetime) -> bool:
    """The same of one that was read."""
    return contact.state in IN_QUEUE and contact.next_attempt_at <= now and not is_resting(contact)


def is_resting(contact: Contact) -> bool:
    """Unreachable and routine: not tried again by itself; a sign of its caller brings it back."""
    return contact.state is ContactState.STALE and contact.priority > TRIED_AGAIN


def waits_since() -> ColumnElement[Any]:
    """When a claimable contact began to wait for a person: for one that a handler left because the caller
    could not be reached, when it came back; for all others, its place."""
    came_back = contacts.c.unreachable_since.is_not(None)
    return case((came_back, contacts.c.next_attempt_at), else_=contacts.c.queued_at)


def waiting_since(contact: Contact) -> datetime:
    """The same of one that was read."""
    return contact.next_attempt_at if contact.unreachable_since is not None else contact.queued_at


def _conditions(where: QueueFilter | None, now: datetime) -> list[ColumnElement[bool]]:
    if where is None:
        return []
    found: list[ColumnElement[bool]] = []
    if where.states:
        found.append(contacts.c.state.in_([state.value for state in where.states]))
    if where.needs_person:
        in_queue = contacts.c.state.in_([state.value for state in IN_QUEUE])
        other_room = and_(contacts.c.state.in_(_HANDED_OVER), contacts.c.reroute == OTHER_ROOM)
        found.append(or_(in_queue, other_room))
    if where.claimable:
        found.append(is_claimable(now))
    if where.claimed_by:
        # Sent and kept, until its room has it for good: still in these hands.
        handed_over = and_(contacts.c.state.in_(_HANDED_OVER), contacts.c.next_attempt_at > now)
        in_hand = or_(contacts.c.state == ContactState.OPEN.value, handed_over)
        found += [contacts.c.claimed_by == where.claimed_by, in_hand]
    if where.priority is not None:
        found.append(contacts.c.priority == where.priority)
    if where.channel:
        found.append(contacts.c.channel == where.channel)
    if where.service:
        found.append(contacts.c.service == where.service)
    return found
