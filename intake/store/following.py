"""How a contact's state follows its transfers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, literal, select, update

from intake.contact import ContactState
from intake.incident import TransferState
from intake.log_events import LogEventName
from intake.store import log
from intake.store.tables import contacts, transfers
from intake.store.types import Instant

UNCONFIRMED = (TransferState.QUEUED, TransferState.SENT)


def follow(conn: Connection, now: datetime, contact_id: str, state: TransferState, reason: str) -> None:
    """Let the contact's state follow its transfers: the slowest of them speaks for all."""
    if state is TransferState.REJECTED:
        back_in_sight(conn, now, contact_id, f"rejected by the room: {reason}")
        return
    states = set(
        conn.execute(select(transfers.c.state).where(transfers.c.contact_id == contact_id)).scalars()
    )
    if states <= {TransferState.ACCEPTED.value, TransferState.REJECTED.value, TransferState.HELD.value}:
        if TransferState.ACCEPTED.value in states:
            move(conn, now, contact_id, ContactState.ACCEPTED, "accepted by the room")
    elif not states & {one.value for one in UNCONFIRMED}:
        move(conn, now, contact_id, ContactState.DELIVERED, "being considered by the room")


def move(conn: Connection, now: datetime, contact_id: str, state: ContactState, reason: str) -> None:
    """Move a contact along its hand-over; one that waits for a person again is left to that person."""
    movable = {
        ContactState.SENDING: (ContactState.WAITING, ContactState.OPEN, ContactState.HELD),
        ContactState.DELIVERED: (ContactState.SENDING,),
        ContactState.ACCEPTED: (ContactState.SENDING, ContactState.DELIVERED),
    }[state]
    values: dict[str, Any] = {"state": state.value}
    if state is ContactState.ACCEPTED:
        values["accepted_at"] = func.coalesce(contacts.c.accepted_at, literal(now, Instant))
    changed = conn.execute(
        update(contacts)
        .where(contacts.c.id == contact_id, contacts.c.state.in_([s.value for s in movable]))
        .values(**values)
    ).rowcount
    if changed:
        data = {"state": state.value, "reason": reason}
        log.write(conn, now, LogEventName.CONTACT_STATE, contact_id, "intake", data)


def back_in_sight(conn: Connection, now: datetime, contact_id: str, reason: str) -> None:
    """Nobody has it after all: a person must see it again, in its original place (law 8)."""
    changed = conn.execute(
        update(contacts)
        .where(
            contacts.c.id == contact_id,
            contacts.c.state.in_([s.value for s in (ContactState.SENDING, ContactState.DELIVERED)]),
        )
        .values(state=ContactState.WAITING.value, next_attempt_at=now, claimed_by="")
    ).rowcount
    if changed:
        data = {"state": ContactState.WAITING.value, "reason": reason}
        log.write(conn, now, LogEventName.CONTACT_STATE, contact_id, "intake", data)
