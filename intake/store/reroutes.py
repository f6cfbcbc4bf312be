"""Places that changed after the hand-over: what was proposed, and what a person made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select, update

from intake.contact import ContactId
from intake.control_room import RoomId, Service
from intake.log_events import LogEventName
from intake.routing.saying import SAYING
from intake.store import log
from intake.store.queue import LIVE
from intake.store.queue import OTHER_ROOM as OTHER_ROOM
from intake.store.tables import contacts, reroutes

MOVED = "moved"
OPEN, HANDING = "open", "handing"


class Reroute(msgspec.Struct, frozen=True, kw_only=True):
    """``kind``: ``moved`` (its room was told a new place) or ``other_room`` (another is proposed).

    ``state``: open → handing (a person chose the other room) → done | refused; or dismissed, superseded
    by a newer one, withdrawn because the place came back.
    """

    id: str
    contact_id: ContactId
    service: Service
    kind: str
    state: str
    held_room_id: RoomId
    proposed_room_id: RoomId
    moved_m: float
    decision_id: str
    transfer_id: str
    opened_at: datetime
    ended_at: datetime | None
    ended_by: str
    reason: str


def due(conn: Connection, now: datetime, limit: int) -> Sequence[ContactId]:
    """Handed-over contacts whose place is to be held against what their rooms were told."""
    query = (
        select(contacts.c.id)
        .where(contacts.c.place_check_at.is_not(None), contacts.c.place_check_at <= now)
        .order_by(contacts.c.place_check_at)
        .limit(limit)
    )
    return [ContactId(found) for found in conn.execute(query).scalars()]


def checked(conn: Connection, contact_id: str, again_at: datetime | None) -> None:
    """A contact's place was held against what its rooms know; ``again_at`` when it must be once more."""
    conn.execute(update(contacts).where(contacts.c.id == contact_id).values(place_check_at=again_at))


def of_contact(conn: Connection, contact_id: str) -> list[Reroute]:
    """All of them, oldest first."""
    rows = conn.execute(select(reroutes).where(reroutes.c.contact_id == contact_id).order_by(reroutes.c.id))
    return [_reroute(row) for row in rows]


def open_of(conn: Connection, contact_id: str, service: Service | None, kind: str = "") -> list[Reroute]:
    """Those that wait for a person: of one service or all, of one kind or both."""
    return [
        one
        for one in of_contact(conn, contact_id)
        if one.state == OPEN and service in (None, one.service) and kind in ("", one.kind)
    ]


def handing(conn: Connection) -> list[Reroute]:
    """Those in which another room was asked and the first has not been let go."""
    state = reroutes.c.state == HANDING
    return [_reroute(row) for row in conn.execute(select(reroutes).where(state).order_by(reroutes.c.id))]


def count_open(conn: Connection) -> int:
    """How many live contacts wait for a person to choose between two rooms."""
    query = select(func.count()).where(LIVE, contacts.c.reroute == OTHER_ROOM)
    return int(conn.execute(query).scalar_one())


def propose(
    conn: Connection,
    now: datetime,
    contact_id: str,
    service: Service,
    kind: str,
    *,
    held_room: RoomId,
    proposed_room: RoomId,
    moved_m: float,
    decision_id: str,
    reason: str,
    new_id: Callable[[], str],
) -> str:
    """Open one, in place of what was open for the service, flag its contact and log it."""
    end_open(conn, now, contact_id, service, "superseded", "rerouting", SAYING.en("newer"))
    reroute_id = new_id()
    conn.execute(
        reroutes.insert().values(
            id=reroute_id,
            contact_id=contact_id,
            service=service.value,
            kind=kind,
            state=OPEN,
            held_room_id=held_room,
            proposed_room_id=proposed_room,
            moved_m=moved_m,
            decision_id=decision_id,
            transfer_id="",
            opened_at=now,
            ended_by="",
            reason=reason,
        )
    )
    flag(conn, contact_id)
    data = {"reroute_id": reroute_id, "kind": kind, "state": OPEN, "decision_id": decision_id}
    data |= {"room_id": held_room, "proposed_room_id": proposed_room, "reason": reason}
    log.write(conn, now, LogEventName.ROUTE, contact_id, "rerouting", data)
    return reroute_id


def end_open(
    conn: Connection,
    now: datetime,
    contact_id: str,
    service: Service,
    state: str,
    actor: str,
    reason: str,
) -> None:
    """Whatever is open for a service is over."""
    for one in of_contact(conn, contact_id):
        if one.service is service and one.state == OPEN:
            move(conn, now, one, state, actor, reason)


def move(
    conn: Connection,
    now: datetime,
    one: Reroute,
    state: str,
    actor: str,
    reason: str,
    *,
    transfer_id: str = "",
) -> None:
    """Take one a step further, with its log event; every state but ``handing`` ends it."""
    values: dict[str, Any] = {"state": state, "ended_by": actor, "reason": reason}
    if transfer_id:
        values["transfer_id"] = transfer_id
    if state != HANDING:
        values["ended_at"] = now
    conn.execute(update(reroutes).where(reroutes.c.id == one.id).values(**values))
    flag(conn, one.contact_id)
    data = {"reroute_id": one.id, "kind": one.kind, "state": state, "reason": reason}
    data |= {"room_id": one.held_room_id, "proposed_room_id": one.proposed_room_id}
    log.write(conn, now, LogEventName.ROUTE, one.contact_id, actor, data)


def flag(conn: Connection, contact_id: str) -> None:
    """What the queue shows of a contact: the gravest that is open."""
    query = select(reroutes.c.kind).where(reroutes.c.contact_id == contact_id, reroutes.c.state == OPEN)
    kinds = set(conn.execute(query).scalars())
    shown = OTHER_ROOM if OTHER_ROOM in kinds else MOVED if kinds else ""
    conn.execute(update(contacts).where(contacts.c.id == contact_id).values(reroute=shown))


def _reroute(row: Row[Any]) -> Reroute:
    return Reroute(**{**row._mapping, "service": Service(row.service)})
