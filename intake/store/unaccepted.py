"""What was sent to a room that has not accepted it, while no desk has its caller open (law 8).

Whoever has a contact open hears of its rooms from their own desk; policy sends without anybody, and desks go.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, case, func, literal_column, select

from intake.contact import ContactState
from intake.store.claims import HANDED_OVER
from intake.store.tables import contacts, transfers

AFTER_S = 45.0
"""A room that has not accepted for so long is an alarm (`front/alarms/timers.js`: `roomAlarm`)."""

# Written as in ix_transfers_unaccepted, so that both engines see that it answers.
_NOT_ACCEPTED: ColumnElement[bool] = literal_column(
    "transfers.kind = 'creation' AND transfers.state IN ('queued', 'sent', 'delivered')"
)
_IN_HAND = [state.value for state in (ContactState.OPEN, *HANDED_OVER)]
_OUT_OF_SIGHT = [state.value for state in (ContactState.CLOSED, ContactState.MERGED)]


class Unaccepted(msgspec.Struct, frozen=True, kw_only=True):
    """The one that waits longest for its room, since ``oldest_at``; ``count`` are there in all. ``number``
    and ``queued_at`` are its contact's; one that is merged counts as the contact it is part of."""

    count: int
    oldest_at: datetime
    contact: str
    number: int
    queued_at: datetime
    room_id: str


def standing(conn: Connection, now: datetime, desks: Collection[str]) -> Unaccepted | None:
    """What rooms have not accepted for ``AFTER_S`` and none of these ``desks`` (handlers) has open; None
    where there is nothing. Held and refused ones wait for a person in the queue; one that a person closed
    all the same is theirs."""
    own, seen = contacts.alias("own"), contacts.alias("seen")
    in_hand = and_(
        seen.c.claimed_by.in_(sorted(desks)), seen.c.next_attempt_at > now, seen.c.state.in_(_IN_HAND)
    )
    row = conn.execute(
        select(
            func.count().over().label("count"),
            transfers.c.created_at.label("oldest_at"),
            seen.c.id.label("contact"),
            seen.c.number,
            seen.c.queued_at,
            transfers.c.room_id,
        )
        .join(own, own.c.id == transfers.c.contact_id)
        .join(seen, seen.c.id == case((own.c.merged_into != "", own.c.merged_into), else_=own.c.id))
        .where(
            _NOT_ACCEPTED,
            transfers.c.created_at <= now - timedelta(seconds=AFTER_S),
            seen.c.state.not_in(_OUT_OF_SIGHT),
            ~in_hand,
        )
        .order_by(transfers.c.created_at, transfers.c.id)
        .limit(1)
    ).one_or_none()
    return None if row is None else Unaccepted(**row._mapping)
