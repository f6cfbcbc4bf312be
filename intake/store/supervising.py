"""What a supervisor watches besides the queue: channels, links to the rooms, caps. Every read is bounded:
by the live queue, by a partial index, or by the ids of the last day (UUIDv7: their order is time)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Connection, case, func, literal_column, select, update

from intake.contact import DeliveryState
from intake.errors import NotFound
from intake.incident import TransferState
from intake.store.following import replaced
from intake.store.queue import IN_QUEUE, LIVE
from intake.store.tables import accounts, contacts, door_minutes, messages, replies, room_states, transfers
from intake.store.types import EPOCH

DAY_S, HOUR_S = 86_400.0, 3_600.0
_UNANSWERED: ColumnElement[bool] = literal_column(
    "transfers.state IN ('queued', 'sent', 'delivered')"
)  # as in ix_transfers_due


class ChannelHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A channel whose doors were open, or that brought something, within a day. ``open_minutes`` of the
    last sixty; replies are those of the last hour."""

    channel: str
    last_message_at: datetime | None
    messages_hour: int
    last_open_at: datetime | None
    open_minutes: int
    replies_hour: int
    replies_failed: int


class LinkHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A room that was sent something within a day, owes us an answer, or has said how it is."""

    room_id: str
    sent_day: int
    last_delivered_at: datetime | None
    unanswered: int
    oldest_unanswered_at: datetime | None
    held: int
    state: str
    state_reason: str
    state_since: datetime | None


def since_id(seconds: float) -> str:
    """Below every id made within so many seconds, by this machine's clock: ids are, too."""
    text = f"{max(0, int((time.time() - seconds) * 1000)):012x}"
    return f"{text[:8]}-{text[8:]}"


def channels(conn: Connection, now: datetime) -> Sequence[ChannelHealth]:
    """By name."""
    open_at = conn.execute(
        select(
            door_minutes.c.channel,
            func.max(door_minutes.c.minute).label("last"),
            func.sum(case((door_minutes.c.minute > now - timedelta(hours=1), 1), else_=0)).label("minutes"),
        )
        .where(door_minutes.c.minute > now - timedelta(days=1))
        .group_by(door_minutes.c.channel)
    ).all()
    said = conn.execute(
        select(
            messages.c.channel,
            func.max(messages.c.received_at).label("last"),
            func.sum(case((messages.c.id > since_id(HOUR_S), 1), else_=0)).label("recent"),
        )
        .where(messages.c.id > since_id(DAY_S))
        .group_by(messages.c.channel)
    ).all()
    failed = case((replies.c.state == DeliveryState.FAILED.value, 1), else_=0)
    answered = conn.execute(
        select(replies.c.channel, func.count().label("all"), func.sum(failed).label("failed"))
        .where(replies.c.id > since_id(HOUR_S))
        .group_by(replies.c.channel)
    ).all()
    opened, came = {row.channel: row for row in open_at}, {row.channel: row for row in said}
    went = {row.channel: row for row in answered}
    return [
        ChannelHealth(
            channel=name,
            last_message_at=came[name].last if name in came else None,
            messages_hour=int(came[name].recent) if name in came else 0,
            last_open_at=opened[name].last if name in opened else None,
            open_minutes=int(opened[name].minutes) if name in opened else 0,
            replies_hour=int(went[name].all) if name in went else 0,
            replies_failed=int(went[name].failed) if name in went else 0,
        )
        for name in sorted({*opened, *came, *went})
    ]


def links(conn: Connection) -> Sequence[LinkHealth]:
    """Those that owe us an answer longest come first, then by room."""
    day = conn.execute(
        select(
            transfers.c.room_id,
            func.count().label("sent"),
            func.max(transfers.c.delivered_at).label("delivered"),
        )
        .where(transfers.c.id > since_id(DAY_S))
        .group_by(transfers.c.room_id)
    ).all()
    owing = conn.execute(
        select(
            transfers.c.room_id, func.count().label("many"), func.min(transfers.c.created_at).label("oldest")
        )
        .where(_UNANSWERED)
        .group_by(transfers.c.room_id)
    ).all()
    in_queue = select(contacts.c.id).where(LIVE, contacts.c.state.in_([state.value for state in IN_QUEUE]))
    held = conn.execute(
        select(transfers.c.room_id, func.count().label("many"))
        .where(
            transfers.c.contact_id.in_(in_queue),
            transfers.c.state == TransferState.HELD.value,
            ~replaced(),
        )
        .group_by(transfers.c.room_id)
    ).all()
    said = {row.room_id: row for row in conn.execute(select(room_states))}
    traffic, owes = {row.room_id: row for row in day}, {row.room_id: row for row in owing}
    puts_aside = {row.room_id: int(row.many) for row in held}
    found = [
        LinkHealth(
            room_id=room_id,
            sent_day=int(traffic[room_id].sent) if room_id in traffic else 0,
            last_delivered_at=traffic[room_id].delivered if room_id in traffic else None,
            unanswered=int(owes[room_id].many) if room_id in owes else 0,
            oldest_unanswered_at=owes[room_id].oldest if room_id in owes else None,
            held=puts_aside.get(room_id, 0),
            state=said[room_id].state if room_id in said else "",
            state_reason=said[room_id].reason if room_id in said else "",
            state_since=said[room_id].since if room_id in said else None,
        )
        for room_id in sorted({*traffic, *owes, *puts_aside, *said})
    ]
    owed = [one for one in found if one.oldest_unanswered_at is not None]
    return sorted(owed, key=lambda one: one.oldest_unanswered_at or EPOCH) + [
        one for one in found if one.oldest_unanswered_at is None
    ]


def set_cap(conn: Connection, handler: str, open_limit: int) -> None:
    """How many conversations a handler may have open; raises NotFound. What is open stays open."""
    changed = update(accounts).where(accounts.c.name == handler).values(open_limit=open_limit)
    if conn.execute(changed).rowcount == 0:
        raise NotFound(f"there is no account {handler!r}")
