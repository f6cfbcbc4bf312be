"""How many of the last hour's contacts a person took in time, and those who still wait (STANDARDS 7)."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import BigInteger, Connection, and_, case, func, or_, select, type_coerce

from intake.store.supervising import since_id
from intake.store.tables import contacts, messages

LATE_S = 60.0
"""An id is made a moment before its row is kept, by the machine's clock and not by ours."""


class AnswerTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Which contacts are counted, and what is in time, in seconds."""

    within_s: float = 10.0
    window_s: float = 3_600.0


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """``in_target`` of ``counted`` contacts were taken by a handler within ``within_s`` (t5 − t1).

    Counted are those whose first message came in the last ``window_s``: taken, or waiting for longer than
    the target, which is a miss whatever comes of it. Who waits for less is not counted yet, and never is
    what a rule of the policy gave its room without a handler. With ``counted`` 0 there is no share.
    """

    counted: int
    in_target: int
    within_s: float
    window_s: float


def answered(conn: Connection, now: datetime, target: AnswerTarget) -> Answered:
    """One statement, bounded by the ids of the window (UUIDv7: their order is time)."""
    # t1 is the first message's: queued_at moves when a caller writes again after the hand-over.
    first = (
        select(messages.c.received_at)
        .where(messages.c.contact_id == contacts.c.id)
        .order_by(messages.c.id)
        .limit(1)
        .scalar_subquery()
    )
    recent = (
        select(first.label("received_at"), contacts.c.claimed_at, contacts.c.routed_at)
        .where(contacts.c.id > since_id(target.window_s + LATE_S))
        .subquery()
    )
    taken = recent.c.claimed_at.is_not(None)
    wait_us = type_coerce(recent.c.claimed_at, BigInteger) - type_coerce(recent.c.received_at, BigInteger)
    overdue = recent.c.received_at < now - timedelta(seconds=target.within_s)
    row = conn.execute(
        select(
            func.count().label("counted"),
            func.sum(case((and_(taken, wait_us <= round(target.within_s * 1_000_000)), 1), else_=0)).label(
                "in_target"
            ),
        ).where(
            recent.c.received_at > now - timedelta(seconds=target.window_s),
            or_(taken, and_(recent.c.routed_at.is_(None), overdue)),
        )
    ).one()
    return Answered(
        counted=int(row.counted),
        in_target=int(row.in_target or 0),
        within_s=target.within_s,
        window_s=target.window_s,
    )
