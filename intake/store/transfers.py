"""The outbox to control rooms: attempted under a fence, until a room has it or a person must act."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, and_, bindparam, exists, func, select, update

from intake.contact import ContactId
from intake.control_room import RoomId, Service
from intake.errors import StaleClaim
from intake.incident import (
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


def due_rooms(conn: Connection, now: datetime) -> Sequence[str]:
    """Rooms that have something due: each is served on its own, so a dead one delays no other (law 12)."""
    query = select(transfers.c.room_id).where(_is_due(now)).distinct()
    return conn.execute(query).scalars().all()


def due(
    conn: Connection, now: datetime, room_id: str, limit: int, *, without: Collection[str] = ()
) -> list[Transfer]:
    """What may be attempted at one room, oldest first; ``without`` names what is under way already.

    A message waits while an earlier one of its incident and service is unconfirmed at the same room
    (law 11: in order). One that is held or rejected, or lies with another room, keeps none waiting.
    On PostgreSQL what another process is just taking is passed over.
    """
    earlier = transfers.alias()
    blocked = exists().where(
        earlier.c.incident_id == transfers.c.incident_id,
        earlier.c.service == transfers.c.service,
        earlier.c.room_id == transfers.c.room_id,
        earlier.c.sequence < transfers.c.sequence,
        earlier.c.state.in_([state.value for state in UNCONFIRMED]),
    )
    rows = conn.execute(
        select(transfers)
        .where(_is_due(now), transfers.c.room_id == room_id, transfers.c.id.not_in(without), ~blocked)
        .order_by(transfers.c.next_attempt_at, transfers.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=transfers)
    )
    return [transfer_from(row) for row in rows]


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
    if "state" in values:
        log_state(conn, now, transfer.contact_id, "relay", transfer.id, values["state"], transfer.room_id)
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
    _after(conn, transfer, {"next_attempt_at": at, "reason": reason})


def attempts_at_room(conn: Connection, transfer: Transfer) -> int:
    """How often this transfer was offered to the room it is now meant for."""
    query = select(func.count()).where(
        transfer_attempts.c.transfer_id == transfer.id, transfer_attempts.c.room_id == transfer.room_id
    )
    return int(conn.execute(query).scalar_one())


def heard_at(conn: Connection, transfer: Transfer) -> tuple[datetime, datetime]:
    """When the room it is meant for first and last gave a verdict on it; when it was made, if never."""
    ended = transfer_attempts.c.ended_at
    query = select(func.min(ended), func.max(ended)).where(
        transfer_attempts.c.transfer_id == transfer.id,
        transfer_attempts.c.room_id == transfer.room_id,
        transfer_attempts.c.outcome.in_([verdict.value for verdict in Verdict]),
    )
    first, last = conn.execute(query).one()
    return first or transfer.created_at, last or transfer.created_at


def try_buddy(
    conn: Connection,
    now: datetime,
    transfer: Transfer,
    buddy: RoomId,
    readdress: Callable[[bytes], bytes],
    reason: str,
) -> None:
    """Offer the message, under the same id, to the room that logs for the silent one.

    What waits behind it for the same room goes along: an update is of no use where the incident is not.
    """
    following.lock(conn, transfer.contact_id)
    moved = {"room_id": buddy, "state": TransferState.QUEUED.value, "next_attempt_at": now, "reason": reason}
    if not _after(conn, transfer, {**moved, "document": readdress(transfer.document)}):
        return
    log_state(conn, now, transfer.contact_id, "relay", transfer.id, TransferState.QUEUED, buddy, reason)
    behind = select(transfers.c.id, transfers.c.document).where(
        transfers.c.incident_id == transfer.incident_id,
        transfers.c.service == transfer.service.value,
        transfers.c.room_id == transfer.room_id,
        transfers.c.sequence > transfer.sequence,
        transfers.c.state == TransferState.QUEUED.value,
    )
    for row in conn.execute(behind).all():
        along = {**moved, "document": readdress(row.document)}
        conn.execute(update(transfers).where(transfers.c.id == row.id).values(**along))
        log_state(conn, now, transfer.contact_id, "relay", row.id, TransferState.QUEUED, buddy, reason)


def offer_again(conn: Connection, now: datetime, transfer: Transfer, reason: str) -> None:
    """A room that confirmed has lost the message: offer it again under the same id."""
    again = {"state": TransferState.QUEUED.value, "next_attempt_at": now, "reason": reason}
    if _after(conn, transfer, again):
        state, room_id = TransferState.QUEUED, transfer.room_id
        log_state(conn, now, transfer.contact_id, "relay", transfer.id, state, room_id, reason)


def hold(conn: Connection, now: datetime, transfer: Transfer, reason: str) -> None:
    """Nobody confirmed: a person must act, and the contact goes back into their sight."""
    following.lock(conn, transfer.contact_id)
    if _after(conn, transfer, {"state": TransferState.HELD.value, "reason": reason}):
        state, room_id = TransferState.HELD, transfer.room_id
        log_state(conn, now, transfer.contact_id, "relay", transfer.id, state, room_id, reason)
        following.to_a_person(conn, now, transfer.contact_id, reason, leaving=following.OUT_OF_SIGHT)


def _after(conn: Connection, transfer: Transfer, values: dict[str, Any]) -> bool:
    """Change a transfer as its attempt left it: no verdict has come since, and no later attempt begun."""
    left = TransferState.DELIVERED if transfer.state is TransferState.DELIVERED else TransferState.SENT
    return (
        conn.execute(
            update(transfers)
            .where(
                transfers.c.id == transfer.id,
                transfers.c.attempts == transfer.attempts + 1,
                transfers.c.state == left.value,
            )
            .values(**values)
        ).rowcount
        == 1
    )


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


def log_state(
    conn: Connection,
    now: datetime,
    contact_id: str,
    actor: str,
    transfer_id: str,
    state: str,
    room_id: str,
    reason: str = "",
) -> None:
    """Append one event about a transfer."""
    data = {"transfer_id": transfer_id, "state": state, "room_id": room_id, "reason": reason}
    log.write(conn, now, LogEventName.TRANSFER, contact_id, actor, data)


def transfer_from(row: Row[Any]) -> Transfer:
    """A whole row of ``transfers``."""
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
