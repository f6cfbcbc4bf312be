"""What the house-keeping loops write and count."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from intake.contact import ContactState
from intake.incident import TransferState
from intake.log_events import LogEventName
from intake.outcomes import SAYING
from intake.store import location_links, log
from intake.store.following import replaced
from intake.store.location_links import LinkEnd
from intake.store.queue import IN_QUEUE, LIVE, is_claimable, waits_since
from intake.store.tables import contacts, door_minutes, transfers

CLOSED_AT_ONCE = 500


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The queue at a moment; waits are those of contacts nobody holds (`queue.waits_since`).

    ``held_transfers`` counts those no room took and no person has acted on since.
    """

    by_state: dict[str, int]
    oldest_wait_s: float
    waiting_longer: dict[int, int]
    held_transfers: int


def close_silent(conn: Connection, now: datetime, before: datetime) -> int:
    """Close accepted contacts silent since ``before``; only what a room has may close by itself (law 8)."""
    rows = conn.execute(
        select(contacts.c.id)
        .where(LIVE, contacts.c.state == ContactState.ACCEPTED.value, contacts.c.last_message_at < before)
        .limit(CLOSED_AT_ONCE)
    ).scalars()
    closed = 0
    for contact_id in rows.all():
        changed = conn.execute(
            update(contacts)
            .where(
                contacts.c.id == contact_id,
                contacts.c.state == ContactState.ACCEPTED.value,
                contacts.c.last_message_at < before,
            )
            .values(
                state=ContactState.CLOSED.value,
                claimed_by="",
                closed_at=now,
                closed_reason=SAYING.en("accepted_then_silent"),
                threading=False,
            )
        ).rowcount
        if changed:
            data = {"state": ContactState.CLOSED.value, "reason": SAYING.en("accepted_then_silent")}
            log.write(conn, now, LogEventName.CONTACT_STATE, contact_id, "intake", data)
            location_links.end_all(conn, now, contact_id, LinkEnd.CLOSED)
            closed += 1
    return closed


def note_open_minute(conn: Connection, channels: Sequence[str], minute: datetime) -> None:
    """Once a channel and minute, however many processes say so."""
    for channel in channels:
        known = select(door_minutes.c.channel).where(
            and_(door_minutes.c.channel == channel, door_minutes.c.minute == minute)
        )
        if conn.execute(known).first() is None:
            try:
                with conn.begin_nested():
                    conn.execute(insert(door_minutes).values(channel=channel, minute=minute))
            except IntegrityError:
                continue  # another process of this channel said it in the same moment


def figures(conn: Connection, now: datetime, longer_than_s: Sequence[int]) -> Figures:
    """Count the live queue; closed contacts are not looked at."""
    by_state = {
        state.value: 0 for state in ContactState if state not in (ContactState.CLOSED, ContactState.MERGED)
    }
    by_state |= {
        row.state: int(row.contacts)
        for row in conn.execute(
            select(contacts.c.state, func.count().label("contacts")).where(LIVE).group_by(contacts.c.state)
        )
    }
    waits = is_claimable(now)
    oldest = conn.execute(select(func.min(waits_since())).where(waits)).scalar()
    waiting = {
        after_s: int(
            conn.execute(
                select(func.count()).where(waits, waits_since() <= now - timedelta(seconds=after_s))
            ).scalar_one()
        )
        for after_s in longer_than_s
    }
    # By the contact, so that it is asked of the live queue and not of all transfers there ever were.
    in_queue = select(contacts.c.id).where(LIVE, contacts.c.state.in_([state.value for state in IN_QUEUE]))
    held = conn.execute(
        select(func.count()).where(
            transfers.c.contact_id.in_(in_queue),
            transfers.c.state == TransferState.HELD.value,
            ~replaced(),
        )
    ).scalar_one()
    return Figures(
        by_state=by_state,
        oldest_wait_s=(now - oldest).total_seconds() if oldest else 0.0,
        waiting_longer=waiting,
        held_transfers=int(held),
    )
