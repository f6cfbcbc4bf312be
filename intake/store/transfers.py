"""The outbox to control rooms: attempted under a fence, finished by a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, and_, bindparam, exists, func, select, update

from intake.contact import ContactId
from intake.control_room import RoomId, Service
from intake.errors import NotFound, StaleClaim
from intake.incident import (
    Confirmation,
    IncidentId,
    Transfer,
    TransferId,
    TransferKind,
    TransferState,
    Verdict,
)
from intake.log_events import LogEventName
from intake.store import following, log
from intake.store.following import UNCONFIRMED
from intake.store.tables import transfer_attempts, transfers

LIVE = (TransferState.QUEUED, TransferState.SENT, TransferState.DELIVERED)
_VERDICT_STATE = {
    Verdict.CONSIDERING: TransferState.DELIVERED,
    Verdict.ACCEPTED: TransferState.ACCEPTED,
    Verdict.REJECTED: TransferState.REJECTED,
}


def due_rooms(conn: Connection, now: datetime) -> Sequence[str]:
    """Rooms that have something due: each is served on its own, so a dead one delays no other (law 12)."""
    query = select(transfers.c.room_id).where(_is_due(now)).distinct()
    return conn.execute(query).scalars().all()


def due(conn: Connection, now: datetime, room_id: str, limit: int) -> list[Transfer]:
    """What may be attempted at one room, oldest first.

    A message waits while an earlier one of its incident and service is unconfirmed (law 11: in order).
    """
    earlier = transfers.alias()
    blocked = exists().where(
        earlier.c.incident_id == transfers.c.incident_id,
        earlier.c.service == transfers.c.service,
        earlier.c.sequence < transfers.c.sequence,
        earlier.c.state.in_([state.value for state in UNCONFIRMED]),
    )
    rows = conn.execute(
        select(transfers)
        .where(_is_due(now), transfers.c.room_id == room_id, ~blocked)
        .order_by(transfers.c.next_attempt_at, transfers.c.id)
        .limit(limit)
    )
    return [_transfer(row) for row in rows]


def _is_due(now: datetime) -> Any:
    # Written into the statement, so that both engines see that the partial index answers it.
    live: BindParameter[Any] = bindparam(
        "live", [state.value for state in LIVE], expanding=True, literal_execute=True
    )
    return and_(transfers.c.state.in_(live), transfers.c.next_attempt_at <= now)


def start_attempt(
    conn: Connection, now: datetime, transfer: Transfer, next_attempt_at: datetime, new_id: Callable[[], str]
) -> str:
    """Write the attempt and the time of the next one *before* dialling; raises StaleClaim.

    Whoever crashes while dialling has already scheduled the repeat. Returns the attempt's id.
    """
    values: dict[str, Any] = {"attempts": transfer.attempts + 1, "next_attempt_at": next_attempt_at}
    if transfer.state is TransferState.QUEUED:
        values |= {"state": TransferState.SENT.value, "sent_at": now}
    _fenced(conn, transfer, values)
    attempt_id = new_id()
    conn.execute(
        transfer_attempts.insert().values(
            id=attempt_id,
            transfer_id=transfer.id,
            room_id=transfer.room_id,
            attempt=transfer.attempts + 1,
            started_at=now,
            outcome="",
        )
    )
    return attempt_id


def end_attempt(conn: Connection, now: datetime, attempt_id: str, outcome: str) -> None:
    """Keep how an attempt ended; finished work keeps all its results."""
    conn.execute(
        update(transfer_attempts)
        .where(transfer_attempts.c.id == attempt_id)
        .values(ended_at=now, outcome=outcome)
    )


def reschedule(conn: Connection, transfer: Transfer, at: datetime, reason: str) -> None:
    """Try the same room again at a time."""
    values = {"next_attempt_at": at, "reason": reason}
    conn.execute(
        update(transfers)
        .where(transfers.c.id == transfer.id, transfers.c.state.in_([s.value for s in LIVE]))
        .values(**values)
    )


def attempts_at_room(conn: Connection, transfer: Transfer) -> int:
    """How often this transfer was offered to the room it is now meant for."""
    query = select(func.count()).where(
        transfer_attempts.c.transfer_id == transfer.id, transfer_attempts.c.room_id == transfer.room_id
    )
    return int(conn.execute(query).scalar_one())


def try_buddy(
    conn: Connection, now: datetime, transfer: Transfer, buddy: RoomId, document: bytes, reason: str
) -> None:
    """Offer the message, under the same id, to the room that logs for the silent one."""
    changed = conn.execute(
        update(transfers)
        .where(transfers.c.id == transfer.id, transfers.c.state.in_([s.value for s in UNCONFIRMED]))
        .values(
            room_id=buddy,
            document=document,
            state=TransferState.QUEUED.value,
            next_attempt_at=now,
            reason=reason,
        )
    ).rowcount
    if changed:
        _log(conn, now, transfer.contact_id, "relay", transfer.id, TransferState.QUEUED, buddy, reason)


def offer_again(conn: Connection, now: datetime, transfer: Transfer, reason: str) -> None:
    """A room that confirmed has lost the message: offer it again under the same id."""
    conn.execute(
        update(transfers)
        .where(transfers.c.id == transfer.id, transfers.c.state == TransferState.DELIVERED.value)
        .values(state=TransferState.QUEUED.value, next_attempt_at=now, reason=reason)
    )


def hold(conn: Connection, now: datetime, transfer: Transfer, reason: str) -> None:
    """Nobody confirmed: a person must act, and the contact goes back into their sight."""
    changed = conn.execute(
        update(transfers)
        .where(transfers.c.id == transfer.id, transfers.c.state.in_([s.value for s in UNCONFIRMED]))
        .values(state=TransferState.HELD.value, reason=reason)
    ).rowcount
    if changed:
        _log(
            conn, now, transfer.contact_id, "relay", transfer.id, TransferState.HELD, transfer.room_id, reason
        )
        following.back_in_sight(conn, now, transfer.contact_id, reason)


def apply(
    conn: Connection, now: datetime, confirmation: Confirmation, ask_again_at: datetime
) -> Transfer | None:
    """Take a room's word on a transfer; None when it tells nothing new.

    States only move forward: a late "being considered" does not undo an acceptance. A verdict may
    come from the first room or its buddy. Raises NotFound for a transfer that never was.
    """
    row = conn.execute(select(transfers).where(transfers.c.id == confirmation.transfer_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no transfer {confirmation.transfer_id}")
    state = _VERDICT_STATE[confirmation.verdict]
    movable = list(UNCONFIRMED) if state is TransferState.DELIVERED else [*LIVE, TransferState.HELD]
    values: dict[str, Any] = {"state": state.value, "reason": confirmation.reason}
    if confirmation.reference:
        values["room_reference"] = confirmation.reference
    if row.delivered_at is None:
        values["delivered_at"] = now
    if state is TransferState.DELIVERED:
        values["next_attempt_at"] = ask_again_at
    else:
        values["answered_at"] = now
    changed = conn.execute(
        update(transfers)
        .where(transfers.c.id == row.id, transfers.c.state.in_([s.value for s in movable]))
        .values(**values)
    ).rowcount
    if not changed:
        return None
    actor = f"room:{confirmation.room_id}"
    _log(conn, now, row.contact_id, actor, row.id, state, row.room_id, confirmation.reason)
    following.follow(conn, now, row.contact_id, state, confirmation.reason)
    return _transfer(conn.execute(select(transfers).where(transfers.c.id == row.id)).one())


def _fenced(conn: Connection, transfer: Transfer, values: dict[str, Any]) -> None:
    changed = conn.execute(
        update(transfers)
        .where(
            transfers.c.id == transfer.id,
            transfers.c.attempts == transfer.attempts,
            transfers.c.state == transfer.state.value,
        )
        .values(**values)
    ).rowcount
    if changed != 1:
        raise StaleClaim(f"transfer {transfer.id} is in other hands")


def _log(
    conn: Connection,
    now: datetime,
    contact_id: str,
    actor: str,
    transfer_id: str,
    state: TransferState,
    room_id: str,
    reason: str = "",
) -> None:
    data = {"transfer_id": transfer_id, "state": state.value, "room_id": room_id, "reason": reason}
    log.write(conn, now, LogEventName.TRANSFER, contact_id, actor, data)


def _transfer(row: Row[Any]) -> Transfer:
    return Transfer(
        id=TransferId(row.id),
        incident_id=IncidentId(row.incident_id),
        contact_id=ContactId(row.contact_id),
        room_id=RoomId(row.room_id),
        service=Service(row.service),
        kind=TransferKind(row.kind),
        sequence=row.sequence,
        state=TransferState(row.state),
        document=row.document,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        created_at=row.created_at,
        first_room_id=RoomId(row.first_room_id),
        room_reference=row.room_reference,
        reason=row.reason,
    )
