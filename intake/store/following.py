"""How a contact's state follows its transfers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, literal, or_, select, update

from intake.contact import ContactState
from intake.incident import TransferState
from intake.log_events import LogEventName
from intake.outcomes import SAYING
from intake.store import log
from intake.store.tables import contacts, transfers
from intake.store.types import Instant

UNCONFIRMED = (TransferState.QUEUED, TransferState.SENT)
HANDED_OVER = (ContactState.SENDING, ContactState.DELIVERED, ContactState.ACCEPTED)
UNMERGED = SAYING.en("unmerged")
BY_ITSELF = "rerouting"
"""Who wrote messages of our own to rooms that have the incident: a new place, another room, a closure."""
_WITH_PEOPLE = (ContactState.WAITING, ContactState.OPEN, ContactState.HELD, ContactState.STALE)
OUT_OF_SIGHT = (*HANDED_OVER, ContactState.HELD, ContactState.STALE, ContactState.CLOSED)
_FINISHED = {TransferState.ACCEPTED.value, TransferState.REJECTED.value, TransferState.HELD.value}
_MOVABLE = {
    ContactState.SENDING: (*_WITH_PEOPLE, *HANDED_OVER[1:]),
    ContactState.DELIVERED: (ContactState.SENDING,),
    ContactState.ACCEPTED: (ContactState.SENDING, ContactState.DELIVERED),
}


def lock(conn: Connection, contact_id: str) -> None:
    """Take turns on a contact, before any of its transfers is touched: that order, everywhere.

    Without it two rooms that answer in the same moment would each see the other's transfer as it was,
    and the contact would follow neither.
    """
    conn.execute(select(contacts.c.id).where(contacts.c.id == contact_id).with_for_update())


def follow(conn: Connection, now: datetime, contact_id: str, state: TransferState, reason: str) -> None:
    """Let the contact's state follow its transfers: the slowest of them speaks for all."""
    if state is TransferState.REJECTED:
        to_a_person(conn, now, contact_id, SAYING.en("rejected", own=reason), leaving=OUT_OF_SIGHT)
        return
    states = _states(conn, contact_id)
    if states <= _FINISHED:
        if TransferState.ACCEPTED.value in states:
            move(conn, now, contact_id, ContactState.ACCEPTED, SAYING.en("accepted"))
    elif not states & {one.value for one in UNCONFIRMED}:
        move(conn, now, contact_id, ContactState.DELIVERED, SAYING.en("considered"))


def resume(conn: Connection, now: datetime, contact_id: str, reason: str) -> None:
    """Let a contact go back to the rooms that have it, if one has and none is left to a person."""
    states = _states(conn, contact_id)
    if TransferState.HELD.value in states:
        return
    if states & {one.value for one in UNCONFIRMED}:
        state = ContactState.SENDING
    elif TransferState.DELIVERED.value in states:
        state = ContactState.DELIVERED
    elif TransferState.ACCEPTED.value in states:
        state = ContactState.ACCEPTED
    else:
        return
    move(conn, now, contact_id, state, reason, leaving=_WITH_PEOPLE)


def _states(conn: Connection, contact_id: str) -> set[str]:
    """Those that say how a contact stands: what was held is over once a later message has gone to the
    service, and what only tells needs no acceptance."""
    over = or_(only_told(), and_(transfers.c.state == TransferState.HELD.value, replaced()))
    return set(
        conn.execute(select(transfers.c.state).where(transfers.c.contact_id == contact_id, ~over)).scalars()
    )


def move(
    conn: Connection,
    now: datetime,
    contact_id: str,
    state: ContactState,
    reason: str,
    *,
    leaving: tuple[ContactState, ...] | None = None,
) -> None:
    """Move a contact along its hand-over; one that waits for a person again is left to that person.

    ``leaving`` names fewer states than usual that it may leave.
    """
    values: dict[str, Any] = {"state": state.value}
    if state is ContactState.ACCEPTED:
        values["accepted_at"] = func.coalesce(contacts.c.accepted_at, literal(now, Instant))
    changed = conn.execute(
        update(contacts)
        .where(
            contacts.c.id == contact_id,
            contacts.c.state.in_([s.value for s in leaving or _MOVABLE[state]]),
        )
        .values(**values)
    ).rowcount
    if changed:
        data = {"state": state.value, "reason": reason}
        log.write(conn, now, LogEventName.CONTACT_STATE, contact_id, "intake", data)


def back_in_sight(
    conn: Connection,
    now: datetime,
    contact_id: str,
    reason: str,
    *,
    leaving: tuple[ContactState, ...] = OUT_OF_SIGHT,
) -> None:
    """Nobody has it after all: a person must see it again, in its original place (law 8).

    What already waits, or is open with a handler, is in sight; a closed contact is opened again. A merged
    one is seen in the contact it is part of.
    """
    contact_id = seen_as(conn, contact_id)
    changed = conn.execute(
        update(contacts)
        .where(contacts.c.id == contact_id, contacts.c.state.in_([state.value for state in leaving]))
        .values(
            state=ContactState.WAITING.value,
            next_attempt_at=now,
            claimed_by="",
            closed_at=None,
            closed_reason="",
        )
    ).rowcount
    if changed:
        data = {"state": ContactState.WAITING.value, "reason": reason}
        log.write(conn, now, LogEventName.CONTACT_STATE, contact_id, "intake", data)


def seen_as(conn: Connection, contact_id: str) -> str:
    """Which contact people see one as: itself, or the one it is merged into."""
    into = conn.execute(select(contacts.c.merged_into).where(contacts.c.id == contact_id)).scalar()
    return into or contact_id


def to_a_person(
    conn: Connection,
    now: datetime,
    contact_id: str,
    reason: str,
    *,
    leaving: tuple[ContactState, ...] = HANDED_OVER,
) -> None:
    """A person must decide something about what is handed over: whoever has it in hand, else the queue."""
    contact_id = seen_as(conn, contact_id)
    changed = conn.execute(
        update(contacts)
        .where(
            contacts.c.id == contact_id,
            contacts.c.state.in_([state.value for state in HANDED_OVER]),
            contacts.c.claimed_by != "",
            contacts.c.next_attempt_at > now,
        )
        .values(state=ContactState.OPEN.value)
    ).rowcount
    if changed:
        data = {"state": ContactState.OPEN.value, "reason": reason}
        log.write(conn, now, LogEventName.CONTACT_STATE, contact_id, "intake", data)
    else:
        back_in_sight(conn, now, contact_id, reason, leaving=leaving)


def only_told() -> ColumnElement[bool]:
    """Of a transfer: it went by itself to a room that had the incident, and has arrived."""
    return and_(transfers.c.created_by == BY_ITSELF, transfers.c.state == TransferState.DELIVERED.value)


def replaced() -> ColumnElement[bool]:
    """Of a transfer: a later message about its incident has gone to the same service since."""
    later = transfers.alias()
    return exists().where(
        later.c.incident_id == transfers.c.incident_id,
        later.c.service == transfers.c.service,
        later.c.sequence > transfers.c.sequence,
    )
