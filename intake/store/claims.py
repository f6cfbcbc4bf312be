"""Claims: a contact in one pair of hands, as a lease under a fence (laws 9, 12 and 15).

``attempts`` counts the claims and is the fence: a change is made only where it is still what the
handler saw. ``next_attempt_at`` is the lease's end; a lapsed lease needs no sweeper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, func, literal, or_, select, update

from intake.contact import Contact, ContactId, ContactState
from intake.errors import IntakeError, NotFound, Refused, StaleClaim
from intake.log_events import LogEventName
from intake.reference import reference
from intake.store import accounts, log
from intake.store.contacts import COLUMNS, get
from intake.store.locks import take_turns
from intake.store.queue import LIVE, ORDER, is_claimable
from intake.store.tables import contacts
from intake.store.types import Instant

OPEN_LIMIT = 3
"""A handler's open conversations; a supervisor may set 1 to 4."""

HANDED_OVER = (ContactState.SENDING, ContactState.DELIVERED, ContactState.ACCEPTED)
_WITH_NOBODY = (ContactState.WAITING, ContactState.HELD, ContactState.STALE)


class Claim(msgspec.Struct, frozen=True):
    """A handler's hold on a contact: ``attempts`` as it was when they took it."""

    contact_id: ContactId
    handler: str
    attempts: int

    @classmethod
    def of(cls, contact: Contact) -> Claim:
        return cls(contact.id, contact.claimed_by, contact.attempts)


def claim_next(
    conn: Connection, now: datetime, handler: str, lease_s: float, *, open_limit: int = OPEN_LIMIT
) -> Contact | None:
    """Take the top claimable contact; None when there is none. Raises Refused above ``open_limit``.

    On PostgreSQL a row that another transaction holds is passed over: one stuck contact delays no other.
    """
    require_free_hands(conn, now, handler, open_limit, besides="")
    row = conn.execute(
        select(*COLUMNS)
        .where(is_claimable(now))
        .order_by(*ORDER)
        .limit(1)
        .with_for_update(skip_locked=True, of=contacts)
    ).one_or_none()
    if row is None:
        return None
    return _take(conn, now, row, handler, lease_s, is_claimable(now))


def claim(
    conn: Connection,
    now: datetime,
    contact_id: ContactId,
    handler: str,
    lease_s: float,
    *,
    open_limit: int = OPEN_LIMIT,
) -> Contact:
    """Take one contact by name, held, unreachable and one's own included; raises StaleClaim naming who
    has it."""
    require_free_hands(conn, now, handler, open_limit, besides=contact_id)
    waiting = contacts.c.state.in_([state.value for state in _WITH_NOBODY])
    allowed = or_(waiting, _lets_go(now, handler, (ContactState.OPEN,)))
    return _take(conn, now, _row(conn, contact_id), handler, lease_s, allowed)


def reopen(
    conn: Connection,
    now: datetime,
    contact_id: ContactId,
    handler: str,
    lease_s: float,
    *,
    open_limit: int = OPEN_LIMIT,
) -> Contact:
    """Take a closed or handed-over contact back, at its old priority; raises StaleClaim while its
    handler still keeps it."""
    require_free_hands(conn, now, handler, open_limit, besides=contact_id)
    closed = contacts.c.state == ContactState.CLOSED.value
    allowed = or_(closed, _lets_go(now, handler, HANDED_OVER))
    row = _row(conn, contact_id)
    return _take(conn, now, row, handler, lease_s, allowed, closed_reason="", closed_at=None)


def _take(
    conn: Connection,
    now: datetime,
    row: Row[Any],
    handler: str,
    lease_s: float,
    allowed: ColumnElement[bool],
    **values: Any,
) -> Contact:
    until = now + timedelta(seconds=lease_s)
    taken = conn.execute(
        update(contacts)
        # The fence: of two takers who read the same `attempts`, one changes a row.
        .where(contacts.c.id == row.id, contacts.c.attempts == row.attempts, allowed)
        .values(
            state=ContactState.OPEN.value,
            claimed_by=handler,
            attempts=row.attempts + 1,
            next_attempt_at=until,
            claimed_at=func.coalesce(contacts.c.claimed_at, literal(now, Instant)),
            unreachable_since=None,
            **values,
        )
    ).rowcount
    if taken != 1:
        raise _why_not(conn, now, ContactId(row.id), handler)
    data = {"state": ContactState.OPEN.value, "from": row.state, "attempts": row.attempts + 1}
    log.write(conn, now, LogEventName.CONTACT_STATE, row.id, handler, data)
    return get(conn, ContactId(row.id))


def _row(conn: Connection, contact_id: ContactId) -> Row[Any]:
    row = conn.execute(select(*COLUMNS).where(contacts.c.id == contact_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no contact {contact_id}")
    return row


def _why_not(conn: Connection, now: datetime, contact_id: ContactId, handler: str) -> IntakeError:
    """Why a handler may not act on a contact as it stands, and what to do."""
    contact = get(conn, contact_id)
    name = reference(contact.number, contact.queued_at)
    if contact.state is ContactState.CLOSED:
        return Refused(f"{name} is closed: reopen it first")
    if contact.state is ContactState.MERGED:
        kept = get(conn, contact.merged_into)
        return Refused(f"{name} is part of {reference(kept.number, kept.queued_at)} now: go on there")
    if contact.state not in _WITH_NOBODY and contact.next_attempt_at > now:
        if contact.claimed_by == handler:
            return StaleClaim(f"{name} was opened again under your name: look at it again before you act")
        if contact.claimed_by:
            return StaleClaim(f"{name} is with {contact.claimed_by}: take another")
    if contact.state in HANDED_OVER:
        return Refused(f"{name} was handed over ({contact.state}): reopen it to go on with it")
    return StaleClaim(f"{name} is with nobody now ({contact.state}): claim it first")


def require_free_hands(conn: Connection, now: datetime, handler: str, limit: int, besides: str) -> None:
    """Raise Refused where a handler has ``limit`` open conversations, or an account that was disabled;
    call it before any row is locked."""
    # Two claims of one handler at the same moment must not both see the last free hand.
    take_turns(conn, f"handler:{handler}")
    if accounts.is_disabled(conn, handler):
        raise Refused("your account is disabled: ask an admin")
    held = conn.execute(
        select(contacts.c.number, contacts.c.queued_at)
        .where(
            LIVE,
            contacts.c.state == ContactState.OPEN.value,
            contacts.c.claimed_by == handler,
            contacts.c.next_attempt_at > now,
            contacts.c.id != besides,
        )
        .limit(limit)
    ).all()
    if len(held) >= limit:
        names = ", ".join(reference(row.number, row.queued_at) for row in sorted(held))
        raise Refused(f"you have {len(held)} open conversations ({names}): close, hold or release one first")


def _lets_go(now: datetime, handler: str, states: Sequence[ContactState]) -> ColumnElement[bool]:
    """In one of the states, and in nobody else's hands."""
    free = or_(contacts.c.next_attempt_at <= now, contacts.c.claimed_by.in_(("", handler)))
    return and_(contacts.c.state.in_([state.value for state in states]), free)


def owned(conn: Connection, now: datetime, claim: Claim) -> Contact:
    """The contact, locked, if the claim still holds; raises StaleClaim or Refused.

    A lapsed lease still holds while nobody has taken the contact: the fence says so, not the clock.
    """
    contact = get(conn, claim.contact_id, lock=True)
    if (contact.attempts, contact.claimed_by) != (claim.attempts, claim.handler):
        raise _why_not(conn, now, claim.contact_id, claim.handler)
    if contact.state is ContactState.CLOSED:
        raise _why_not(conn, now, claim.contact_id, claim.handler)
    return contact


def renew(
    conn: Connection, now: datetime, claim: Claim, lease_s: float, *, open_limit: int = OPEN_LIMIT
) -> Contact:
    """Keep a contact for another ``lease_s`` seconds; its place is unchanged.

    One that the caller's new words made wait again after its hand-over is opened again.
    """
    require_free_hands(conn, now, claim.handler, open_limit, besides=claim.contact_id)
    contact = owned(conn, now, claim)
    values = {"next_attempt_at": now + timedelta(seconds=lease_s)}
    if contact.state is ContactState.WAITING:
        move(conn, now, claim, contact, ContactState.OPEN, "renewed", values)
    else:
        change(conn, now, claim, values)
    return get(conn, claim.contact_id)


def release(conn: Connection, now: datetime, claim: Claim) -> None:
    """Let a contact go: back to its original place in the queue, or to its room once handed over."""
    contact = owned(conn, now, claim)
    state = contact.state if contact.state in HANDED_OVER else ContactState.WAITING
    move(conn, now, claim, contact, state, "released", {"claimed_by": "", "next_attempt_at": now})


def pass_on(
    conn: Connection, now: datetime, contact: Contact, handler: str, by: str, lease_s: float
) -> Contact:
    """Put a locked contact into another handler's hands, whoever had it: one step, under the fence.

    ``by`` is who did it. What was handed over keeps its state. Call ``require_free_hands`` before.
    Raises StaleClaim where the contact is not as it was read.
    """
    state = contact.state if contact.state in HANDED_OVER else ContactState.OPEN
    passed = conn.execute(
        update(contacts)
        .where(
            contacts.c.id == contact.id,
            contacts.c.attempts == contact.attempts,
            contacts.c.state == contact.state.value,
        )
        .values(
            state=state.value,
            claimed_by=handler,
            attempts=contact.attempts + 1,
            next_attempt_at=now + timedelta(seconds=lease_s),
            claimed_at=func.coalesce(contacts.c.claimed_at, literal(now, Instant)),
            unreachable_since=None,
        )
    ).rowcount
    if passed != 1:
        raise _why_not(conn, now, contact.id, handler)
    data = {"state": state.value, "from": contact.state.value, "attempts": contact.attempts + 1}
    log.write(conn, now, LogEventName.CONTACT_STATE, contact.id, by, data | {"passed_to": handler})
    return get(conn, contact.id)


def hold(conn: Connection, now: datetime, claim: Claim, until: datetime, reason: str) -> None:
    """Put a contact aside until a time, in sight; then it is claimable in its original place."""
    if until <= now:
        raise Refused("a hold must end in the future")
    contact = owned(conn, now, claim)
    if contact.state in HANDED_OVER:
        raise Refused("it was handed over and is no longer in the queue: release it instead")
    values = {"claimed_by": "", "next_attempt_at": until}
    move(conn, now, claim, contact, ContactState.HELD, reason, values)


def move(
    conn: Connection,
    now: datetime,
    claim: Claim,
    contact: Contact,
    state: ContactState,
    reason: str,
    values: Mapping[str, Any],
) -> None:
    """Change a claimed contact's state, with its log event."""
    change(conn, now, claim, {"state": state.value, **values})
    data = {"state": state.value, "from": contact.state.value, "reason": reason}
    log.write(conn, now, LogEventName.CONTACT_STATE, contact.id, claim.handler, data)


def change(conn: Connection, now: datetime, claim: Claim, values: Mapping[str, Any]) -> None:
    """Change a claimed contact where the fence still stands; raises StaleClaim or Refused."""
    changed = conn.execute(
        update(contacts)
        .where(
            contacts.c.id == claim.contact_id,
            contacts.c.attempts == claim.attempts,
            contacts.c.claimed_by == claim.handler,
            contacts.c.state != ContactState.CLOSED.value,
        )
        .values(**values)
    ).rowcount
    if changed != 1:
        raise _why_not(conn, now, claim.contact_id, claim.handler)
