"""Whose a phone's own fix is: by its number, by its device, or nobody's yet.

``owner_of`` alone decides, for a fix that comes after its contact and for one that waited, so that the
order of arrival changes nothing. Best evidence first:

================  ==================================================================================
``caller``        the contact's own address on a channel that has no numbers
``number``        the fix names the telephone that the contact writes from
``stated number`` the contact only states that telephone, and is the only one that does
``device``        an earlier AML of the same phone named device and number together
``stated device`` the contact states the device, or an unsigned form paired them; the only one again
================  ==================================================================================

Two that state the same thing are ``contested``: it joins neither, and an operator sees it. A cell, a
network, a type of phone or the time of arrival are never evidence: thousands share them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, literal, literal_column, or_, select, update

from intake.contact import ContactState
from intake.log_events import LogEventName
from intake.phone import TEL
from intake.store import log, unclaimed
from intake.store.locks import take_turns
from intake.store.phones import HAS_DEVICE, devices_of, numbers_of
from intake.store.tables import contacts, locations, phones
from intake.store.triage import THREADING

ACTOR = "triage"
_HAS_TELEPHONE = contacts.c.telephone != literal("", literal_execute=True)
_IS_STATED: ColumnElement[bool] = literal_column("locations.joined_by = 'stated number'")


class Evidence(StrEnum):
    NONE = ""
    CALLER = "caller"
    NUMBER = "number"
    STATED_NUMBER = "stated number"
    DEVICE = "device"
    STATED_DEVICE = "stated device"
    CONTESTED = unclaimed.CONTESTED


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """The contact a fix belongs to, None for nobody yet; ``contested`` are those that state the same."""

    contact_id: str | None = None
    by: Evidence = Evidence.NONE
    contested: tuple[str, ...] = ()


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """``wait_s``: how long a fix waits for words; ``silence_s``: how long a conversation is one."""

    wait_s: float
    silence_s: float


def in_turns(conn: Connection, keys: Iterable[str]) -> None:
    """Of two workers that read about one phone at once, the second sees what the first one wrote.

    Always in this order: two that each wait for the other would be a deadlock.
    """
    for key in sorted(set(filter(None, keys))):
        take_turns(conn, f"phone:{key}")


def owner_of(conn: Connection, caller: str, device: str, at: datetime, patience: Patience) -> Owner:
    """Whose a fix is that came ``at`` from ``caller`` and ``device`` (either may be unknown or empty)."""
    since = at - timedelta(seconds=patience.silence_s)
    fresh_since = at - timedelta(seconds=patience.wait_s)
    is_number = caller.startswith(TEL)
    if own := _newest_of(conn, caller, since):
        return Owner(contact_id=own, by=Evidence.NUMBER if is_number else Evidence.CALLER)
    claims = _claims(conn, _states(caller), since, fresh_since) if is_number else []
    if len(claims) == 1:
        return Owner(contact_id=claims[0], by=Evidence.STATED_NUMBER)
    by_device = _by_device(conn, device, since, fresh_since) if device else Owner()
    if claims and by_device.contact_id not in claims:
        return Owner(by=Evidence.CONTESTED, contested=tuple(claims))
    return by_device


def _by_device(conn: Connection, device: str, since: datetime, fresh_since: datetime) -> Owner:
    numbers = numbers_of(conn, device, since)
    for number in numbers:
        if own := _newest_of(conn, number, since):
            return Owner(contact_id=own, by=Evidence.DEVICE)
    for number in numbers:
        claims = _claims(conn, _states(number), since, fresh_since)
        if len(claims) == 1:
            return Owner(contact_id=claims[0], by=Evidence.DEVICE)
    stated = select(phones.c.caller).where(
        phones.c.device == device, HAS_DEVICE, phones.c.is_stated.is_(True), phones.c.received_at >= since
    )
    claims = _claims(conn, contacts.c.caller.in_(stated), since, fresh_since)
    if len(claims) > 1:
        return Owner(by=Evidence.CONTESTED, contested=tuple(claims))
    return Owner(contact_id=claims[0], by=Evidence.STATED_DEVICE) if claims else Owner()


def _newest_of(conn: Connection, caller: str, closed_since: datetime) -> str | None:
    """The newest contact of an address that still takes messages, on any channel.

    One that was closed and has been silent since ``closed_since`` takes none: new words would open another.
    """
    query = select(contacts.c.id, contacts.c.last_message_at)
    rows = conn.execute(query.where(THREADING, contacts.c.caller == caller, _takes(closed_since)))
    newest = max(rows, key=lambda row: (row.last_message_at, row.id), default=None)
    return None if newest is None else str(newest.id)


def _claims(
    conn: Connection, who: ColumnElement[bool], closed_since: datetime, fresh_since: datetime
) -> list[str]:
    """Contacts that state something: those with fresh words, else those open, else those just closed."""
    query = select(contacts.c.id, contacts.c.state, contacts.c.last_message_at)
    rows = conn.execute(query.where(THREADING, who, _takes(closed_since))).all()
    live = [row for row in rows if row.state != ContactState.CLOSED.value]
    fresh = [row for row in live if row.last_message_at >= fresh_since]
    return sorted(row.id for row in fresh or live or rows)


def _states(number: str) -> ColumnElement[bool]:
    return and_(contacts.c.telephone == number, _HAS_TELEPHONE)


def _takes(closed_since: datetime) -> ColumnElement[bool]:
    return or_(contacts.c.state != ContactState.CLOSED.value, contacts.c.last_message_at >= closed_since)


def gather(
    conn: Connection,
    now: datetime,
    contact_id: str,
    words_at: datetime,
    patience: Patience,
    new_id: Callable[[], str],
) -> int:
    """Give a contact the fixes that waited for the words it wrote at ``words_at``; how many.

    Fixes of its own number that went to somebody who only stated it are given to it as well, as
    further rows: nothing is torn away (law 14).
    """
    row = conn.execute(
        select(contacts.c.caller, contacts.c.telephone).where(contacts.c.id == contact_id)
    ).one()
    callers = list(filter(None, (row.caller, row.telephone)))
    since = words_at - timedelta(seconds=patience.wait_s)
    devices = devices_of(conn, callers, words_at - timedelta(seconds=patience.silence_s))
    joined = 0
    for fix in unclaimed.of_phone(conn, callers, devices, since):
        owner = owner_of(conn, fix.caller, fix.device, fix.received_at, patience)
        if owner.contact_id == contact_id:
            joined += _join(conn, now, fix.id, owner)
        elif owner.contested and fix.joined_by != Evidence.CONTESTED:
            contest(conn, now, fix.id, owner)
    if row.caller.startswith(TEL):
        joined += _copy_own(conn, now, contact_id, row.caller, since, new_id)
    return joined


def _join(conn: Connection, now: datetime, location_id: str, owner: Owner) -> int:
    waits = update(locations).where(locations.c.id == location_id, locations.c.contact_id.is_(None))
    if conn.execute(waits.values(contact_id=owner.contact_id, joined_by=owner.by.value)).rowcount != 1:
        return 0  # somebody was first
    data = {"location_id": location_id, "joined_by": owner.by.value}
    log.write(conn, now, LogEventName.LOCATION, owner.contact_id or "", ACTOR, data)
    return 1


def contest(conn: Connection, now: datetime, location_id: str, owner: Owner) -> None:
    """Note on a fix, and in the log of each contact that states its phone, that it joined none of them."""
    waits = update(locations).where(locations.c.id == location_id, locations.c.contact_id.is_(None))
    conn.execute(waits.values(joined_by=Evidence.CONTESTED.value))
    say_contested(conn, now, owner)


def say_contested(conn: Connection, now: datetime, owner: Owner) -> None:
    """In the log of each contact: a fix may be its own, and it is with nobody."""
    for contact_id in owner.contested:
        data = {"joined_by": Evidence.CONTESTED.value, "contacts": len(owner.contested)}
        log.write(conn, now, LogEventName.LOCATION, contact_id, ACTOR, data)


def _copy_own(
    conn: Connection,
    now: datetime,
    contact_id: str,
    caller: str,
    since: datetime,
    new_id: Callable[[], str],
) -> int:
    theirs = select(locations).where(
        _IS_STATED, locations.c.caller == caller, locations.c.received_at >= since
    )
    have = select(locations.c.message_id).where(locations.c.contact_id == contact_id)
    rows = conn.execute(theirs.where(locations.c.message_id.not_in(have)).order_by(locations.c.id)).all()
    for row in rows:
        copy = {**row._mapping, "id": new_id(), "contact_id": contact_id, "joined_by": Evidence.NUMBER.value}
        conn.execute(locations.insert().values(**copy))
        data = {"location_id": copy["id"], "joined_by": Evidence.NUMBER.value, "also_with": row.contact_id}
        log.write(conn, now, LogEventName.LOCATION, contact_id, ACTOR, data)
    return len(rows)
