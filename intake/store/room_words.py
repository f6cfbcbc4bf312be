"""What a room says of a transfer, taken in whatever order it comes and from whichever room tried it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from intake.errors import NotFound
from intake.incident import Confirmation, Transfer, TransferId, TransferState, Verdict
from intake.store import following
from intake.store.following import UNCONFIRMED
from intake.store.tables import transfer_attempts, transfers
from intake.store.transfers import LIVE, log_state, transfer_from

_MOVABLE = {
    TransferState.DELIVERED: (*UNCONFIRMED, TransferState.HELD),
    TransferState.ACCEPTED: (*LIVE, TransferState.HELD),
    TransferState.REJECTED: (*LIVE, TransferState.HELD, TransferState.ACCEPTED),
}
_VERDICT_STATE = {
    Verdict.CONSIDERING: TransferState.DELIVERED,
    Verdict.ACCEPTED: TransferState.ACCEPTED,
    Verdict.REJECTED: TransferState.REJECTED,
}


def apply(
    conn: Connection, now: datetime, confirmation: Confirmation, ask_again_at: datetime
) -> Transfer | None:
    """Take a room's word on a transfer; None when it changes nothing.

    States only move forward: a late "being considered" does not undo an acceptance; only the room
    that has a transfer may still give it back. After the transfer went on to a buddy, whichever room
    accepts first has it; every other word of a room that does not hold it is logged and no more.
    Raises NotFound for a transfer that never was, or was never offered to this room.
    """
    row = _locked(conn, confirmation.transfer_id)
    room_id, state = confirmation.room_id, _VERDICT_STATE[confirmation.verdict]
    holds = room_id == row.room_id
    if not holds and not _was_offered(conn, row.id, room_id):
        raise NotFound(f"there is no transfer {row.id} for {room_id}")
    movable = _MOVABLE[state] if holds or state is TransferState.ACCEPTED else ()
    if row.state not in movable:
        if not holds or row.state != state.value:
            reason = f"{confirmation.verdict.value} changes nothing: it is {row.state} at {row.room_id}"
            log_state(conn, now, row.contact_id, f"room:{room_id}", row.id, row.state, room_id, reason)
        elif state is TransferState.DELIVERED:
            _put(conn, row.id, {"next_attempt_at": ask_again_at})
        return None
    values: dict[str, Any] = {"state": state.value, "reason": confirmation.reason, "room_id": room_id}
    if confirmation.reference:
        values["room_reference"] = confirmation.reference
    if row.delivered_at is None:
        values["delivered_at"] = now
    if state is TransferState.DELIVERED:
        values["next_attempt_at"] = ask_again_at
    else:
        values["answered_at"] = now
    _put(conn, row.id, values)
    log_state(conn, now, row.contact_id, f"room:{room_id}", row.id, state, room_id, confirmation.reason)
    following.follow(conn, now, row.contact_id, state, confirmation.reason)
    return transfer_from(conn.execute(select(transfers).where(transfers.c.id == row.id)).one())


def _locked(conn: Connection, transfer_id: TransferId) -> Row[Any]:
    contact_id = conn.execute(select(transfers.c.contact_id).where(transfers.c.id == transfer_id)).scalar()
    if contact_id is None:
        raise NotFound(f"there is no transfer {transfer_id}")
    following.lock(conn, contact_id)
    return conn.execute(select(transfers).where(transfers.c.id == transfer_id).with_for_update()).one()


def _was_offered(conn: Connection, transfer_id: str, room_id: str) -> bool:
    query = select(transfer_attempts.c.id).where(
        transfer_attempts.c.transfer_id == transfer_id, transfer_attempts.c.room_id == room_id
    )
    return conn.execute(query.limit(1)).first() is not None


def _put(conn: Connection, transfer_id: str, values: dict[str, Any]) -> None:
    conn.execute(update(transfers).where(transfers.c.id == transfer_id).values(**values))
