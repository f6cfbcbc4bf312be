"""Look-ups of clues that only a service outside can place: queued with their clue, leased, fenced.

A look-up is claimed in one transaction, asked for in none, and written in another: a service that is
slow or away holds no row and delays no contact.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    case,
    func,
    insert,
    literal,
    select,
    type_coerce,
    update,
)

from intake.contact import ContactState
from intake.errors import StaleClaim
from intake.location import CallerLocation, Clue, ClueKind
from intake.store.tables import clue_lookups, clues, contacts, messages

LOOKED_UP = (ClueKind.ADDRESS, ClueKind.WHAT3WORDS)
"""Kinds of clue that no data of ours can place."""
AT_ONCE_A_CONTACT = 10

_decode_clue = msgspec.json.Decoder(Clue).decode
_decode_place = msgspec.json.Decoder(CallerLocation).decode


class LookupState(StrEnum):
    """``unneeded``: the contact was closed; ``refused``: the service says that these are no such words."""

    QUEUED = "queued"
    FOUND = "found"
    NOTHING = "nothing"
    UNNEEDED = "unneeded"
    REFUSED = "refused"
    GIVEN_UP = "given_up"


# Written into the statements, so that both engines see that the partial index answers them.
_QUEUED = clue_lookups.c.state == literal(LookupState.QUEUED.value, literal_execute=True)


class DueLookup(msgspec.Struct, frozen=True, kw_only=True):
    """A look-up to make now; ``attempts`` is its fence and counts this attempt too."""

    clue_id: str
    contact_id: str
    message_id: str
    kind: ClueKind
    attempts: int
    created_at: datetime


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a clue is looked up with: itself, the other clues of its message, and the best place so far."""

    clue: Clue
    others: tuple[Clue, ...]
    best: CallerLocation | None
    caller: str
    channel: str
    said_at: datetime
    is_closed: bool


def queue(conn: Connection, found: Sequence[tuple[str, Clue]], message_id: str, contact_id: str) -> None:
    """Queue a look-up for each of ``(clue id, clue)`` that needs one, due from when its message came.

    From the eleventh of a contact on each is due 10 s after the one before: who floods us with addresses
    does not use up what others may ask (law 16).
    """
    wanted = [(clue_id, clue) for clue_id, clue in found if _needs_lookup(clue)]
    if not wanted:
        return
    came_at = conn.execute(select(messages.c.received_at).where(messages.c.id == message_id)).scalar_one()
    before = conn.execute(
        select(func.count()).select_from(clue_lookups).where(clue_lookups.c.contact_id == contact_id)
    ).scalar_one()
    rows = [
        {
            "clue_id": clue_id,
            "contact_id": contact_id,
            "message_id": message_id,
            "kind": clue.kind.value,
            "state": LookupState.QUEUED.value,
            "attempts": 0,
            "next_attempt_at": came_at + timedelta(seconds=10 * max(0, number - AT_ONCE_A_CONTACT)),
            "created_at": came_at,
            "provider": "",
            "reason": "",
        }
        for number, (clue_id, clue) in enumerate(wanted, before + 1)
    ]
    conn.execute(insert(clue_lookups), rows)


def _needs_lookup(clue: Clue) -> bool:
    return clue.kind in LOOKED_UP and not clue.hypotheses and not clue.is_negated


def any_due(conn: Connection, now: datetime, kind: ClueKind) -> bool:
    """Whether something of a kind is due: asked without writing, so that an idle round costs no lock."""
    query = select(clue_lookups.c.clue_id).where(*_due(now, kind)).limit(1)
    return conn.execute(query).first() is not None


def claim_due(conn: Connection, now: datetime, kind: ClueKind, limit: int, lease_s: float) -> list[DueLookup]:
    """Take what is due, the most urgent contacts' first. The repeat is written before anything is asked:
    whoever crashes while asking has scheduled it already."""
    rows = conn.execute(
        select(clue_lookups)
        .join(contacts, contacts.c.id == clue_lookups.c.contact_id)
        .where(*_due(now, kind))
        .order_by(contacts.c.priority, clue_lookups.c.next_attempt_at, clue_lookups.c.clue_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=clue_lookups)
    ).all()
    if rows:
        conn.execute(
            update(clue_lookups)
            .where(clue_lookups.c.clue_id.in_([row.clue_id for row in rows]))
            .values(
                attempts=clue_lookups.c.attempts + 1,
                next_attempt_at=now + timedelta(seconds=lease_s),
            )
        )
    return [
        DueLookup(
            clue_id=row.clue_id,
            contact_id=row.contact_id,
            message_id=row.message_id,
            kind=ClueKind(row.kind),
            attempts=row.attempts + 1,
            created_at=row.created_at,
        )
        for row in rows
    ]


def surroundings(conn: Connection, due: DueLookup) -> Surroundings:
    """Everything a look-up is made with. A clue of its message that cannot be read is left out."""
    message = conn.execute(
        select(messages.c.caller, messages.c.channel, messages.c.sent_at, messages.c.received_at).where(
            messages.c.id == due.message_id
        )
    ).one()
    contact = conn.execute(
        select(contacts.c.state, type_coerce(contacts.c.location, Text).label("location")).where(
            contacts.c.id == due.contact_id
        )
    ).one()
    rows = conn.execute(
        select(clues.c.id, type_coerce(clues.c.clue, Text).label("clue"))
        .where(clues.c.message_id == due.message_id)
        .order_by(clues.c.id)
    ).all()
    own = next(row for row in rows if row.id == due.clue_id)
    return Surroundings(
        clue=_decode_clue(own.clue),
        others=tuple(clue for row in rows if row is not own and (clue := _readable(row)) is not None),
        best=_place(contact.location),
        caller=message.caller,
        channel=message.channel,
        said_at=message.sent_at or message.received_at,
        is_closed=contact.state == ContactState.CLOSED.value,
    )


def end(
    conn: Connection, now: datetime, due: DueLookup, state: LookupState, *, provider: str, reason: str = ""
) -> None:
    """A look-up is over. Raises StaleClaim where another attempt has begun since, or has ended it."""
    values = {"state": state.value, "ended_at": now, "provider": provider, "reason": reason}
    _change(conn, due, **values)


def again(conn: Connection, due: DueLookup, at: datetime, *, provider: str, reason: str) -> None:
    """Ask once more at a time. Raises StaleClaim as ``end`` does.

    ``attempts`` only ever grows, also for what was not asked after all: a fence that goes back lets an
    older attempt through.
    """
    _change(conn, due, next_attempt_at=at, provider=provider, reason=reason)


def lapse(conn: Connection, now: datetime, kind: ClueKind, before: datetime, limit: int = 500) -> int:
    """Give up what has waited since before a time: an old address helps nobody; how many."""
    old = select(clue_lookups.c.clue_id).where(*_lapsed(now, kind, before)).limit(limit)
    values = {
        "state": LookupState.GIVEN_UP.value,
        "ended_at": now,
        "reason": case((clue_lookups.c.reason == "", "never asked"), else_=clue_lookups.c.reason),
    }
    return conn.execute(
        update(clue_lookups).where(_QUEUED, clue_lookups.c.clue_id.in_(old)).values(**values)
    ).rowcount


def any_lapsed(conn: Connection, now: datetime, kind: ClueKind, before: datetime) -> bool:
    """Whether ``lapse`` has something to do."""
    query = select(clue_lookups.c.clue_id).where(*_lapsed(now, kind, before)).limit(1)
    return conn.execute(query).first() is not None


def waiting(conn: Connection) -> dict[str, int]:
    """Queued look-ups by kind of clue."""
    rows = conn.execute(
        select(clue_lookups.c.kind, func.count().label("lookups"))
        .where(_QUEUED)
        .group_by(clue_lookups.c.kind)
    )
    return {kind.value: 0 for kind in LOOKED_UP} | {row.kind: int(row.lookups) for row in rows}


def _due(now: datetime, kind: ClueKind) -> tuple[ColumnElement[bool], ...]:
    return _QUEUED, clue_lookups.c.kind == kind.value, clue_lookups.c.next_attempt_at <= now


def _lapsed(now: datetime, kind: ClueKind, before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Too old, and in nobody's hands."""
    return *_due(now, kind), clue_lookups.c.created_at < before


def _change(conn: Connection, due: DueLookup, **values: object) -> None:
    changed = conn.execute(
        update(clue_lookups)
        .where(clue_lookups.c.clue_id == due.clue_id, clue_lookups.c.attempts == due.attempts, _QUEUED)
        .values(**values)
    ).rowcount
    if changed != 1:
        raise StaleClaim(f"the look-up of clue {due.clue_id} is in other hands")


def _readable(row: Row[tuple[str, str]]) -> Clue | None:
    try:
        return _decode_clue(row.clue)
    except msgspec.MsgspecError:
        return None


def _place(value: str | None) -> CallerLocation | None:
    try:
        return None if value is None else _decode_place(value)
    except msgspec.MsgspecError:
        return None
