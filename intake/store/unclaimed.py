"""Fixes that no contact has: those that still wait, those that found none in time, those in dispute."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Text, literal, select, type_coerce

from intake.location import CallerLocation
from intake.store.phones import HAS_DEVICE
from intake.store.queue import LIVE
from intake.store.tables import contacts, locations, phones

LIMIT = 500
CONTESTED = "contested"

_HAS_DEVICE = locations.c.device != literal("", literal_execute=True)
_decode = msgspec.json.Decoder(CallerLocation).decode


class UnclaimedFix(msgspec.Struct, frozen=True, kw_only=True):
    """``joined_by`` is "contested" where several contacts state its phone, else empty."""

    id: str
    received_at: datetime
    caller: str
    device: str
    joined_by: str
    location: CallerLocation


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """``waiting``: their time is not over; ``late``: they found nobody in it; ``contested`` are of either."""

    waiting: int
    late: int
    contested: int


def of_phone(
    conn: Connection, callers: Collection[str], devices: Collection[str], since: datetime
) -> Sequence[UnclaimedFix]:
    """Those of these callers or these devices, newest first."""
    found = _rows(conn, _unclaimed().where(locations.c.caller.in_(callers)))
    if devices:
        found += _rows(conn, _unclaimed().where(locations.c.device.in_(devices), _HAS_DEVICE))
    # Sorted out here: asked for by time, SQLite would leave the phone's own index alone.
    recent = {fix.id: fix for fix in found if fix.received_at >= since}
    return sorted(recent.values(), key=lambda fix: (fix.received_at, fix.id), reverse=True)


def newest(conn: Connection, since: datetime, limit: int = LIMIT) -> Sequence[UnclaimedFix]:
    """All since then, newest first."""
    query = _unclaimed().where(locations.c.received_at >= since)
    return _rows(conn, query.order_by(locations.c.received_at.desc(), locations.c.id.desc()).limit(limit))


def _unclaimed() -> Select[Any]:
    plain = [locations.c[name] for name in UnclaimedFix.__struct_fields__ if name != "location"]
    place = type_coerce(locations.c.location, Text).label("location")
    return select(*plain, place).where(locations.c.contact_id.is_(None))


def _rows(conn: Connection, query: Select[Any]) -> list[UnclaimedFix]:
    return [
        UnclaimedFix(**{**row._mapping, "location": _decode(row.location)}) for row in conn.execute(query)
    ]


def missed(conn: Connection, wait_s: float) -> dict[str, datetime]:
    """Live contacts, with the time of their newest words, that a waiting fix may belong to."""
    wait, found = timedelta(seconds=wait_s), dict[str, datetime]()
    fixes = select(contacts.c.id, contacts.c.last_message_at, locations.c.received_at)
    paired = (phones.c.device == locations.c.device) & _HAS_DEVICE & HAS_DEVICE
    for query in (
        fixes.join(locations, locations.c.caller == contacts.c.caller),
        fixes.join(locations, locations.c.caller == contacts.c.telephone),
        fixes.join(phones, phones.c.caller == contacts.c.caller).join(locations, paired),
    ):
        waiting = query.where(LIVE, locations.c.contact_id.is_(None), locations.c.joined_by != CONTESTED)
        for row in conn.execute(waiting):
            if row.received_at >= row.last_message_at - wait:
                found[row.id] = row.last_message_at
    return found


def count(conn: Connection, now: datetime, wait_s: float, back_s: float) -> Counts:
    """Of the last ``back_s`` seconds."""
    rows = conn.execute(
        select(locations.c.received_at, locations.c.joined_by).where(
            locations.c.contact_id.is_(None), locations.c.received_at >= now - timedelta(seconds=back_s)
        )
    ).all()
    waits_since = now - timedelta(seconds=wait_s)
    waiting = sum(1 for row in rows if row.received_at >= waits_since)
    contested = sum(1 for row in rows if row.joined_by == CONTESTED)
    return Counts(waiting=waiting, late=len(rows) - waiting, contested=contested)
