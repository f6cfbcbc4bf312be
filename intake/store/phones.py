"""What phones and callers said of which device goes with which number, and what else a phone told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, literal, select

from intake.phone import TEL
from intake.store.tables import contacts, phones

HAS_DEVICE = phones.c.device != literal("", literal_execute=True)
"""Written into the statement, so that both engines see that the partial index answers it."""


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What one message tells of a phone. ``is_stated``: by its caller, or by a form that anybody can send."""

    caller: str
    device: str = ""
    is_stated: bool = False
    language: str = ""
    crashed_at: datetime | None = None


class DatedSighting(msgspec.Struct, frozen=True):
    at: datetime
    seen: Sighting


def saw(
    conn: Connection, seen: Sighting, *, message_id: str, at: datetime, new_id: Callable[[], str]
) -> None:
    """Keep what a message told of a phone."""
    row = {**msgspec.structs.asdict(seen), "id": new_id(), "message_id": message_id, "received_at": at}
    conn.execute(phones.insert().values(**row))


def numbers_of(conn: Connection, device: str, since: datetime) -> list[str]:
    """The telephones that AML itself named with a device, latest first."""
    rows = conn.execute(
        select(phones.c.caller)
        .where(phones.c.device == device, HAS_DEVICE, phones.c.received_at >= since)
        .where(phones.c.is_stated.is_(False), phones.c.caller.startswith(TEL))
        .order_by(phones.c.received_at.desc(), phones.c.id.desc())
    )
    return list(dict.fromkeys(rows.scalars()))


def devices_of(conn: Connection, callers: Collection[str], since: datetime) -> list[str]:
    """The devices that were named with one of these callers."""
    query = select(phones.c.device).where(phones.c.caller.in_(callers), phones.c.received_at >= since)
    return list(dict.fromkeys(filter(None, conn.execute(query).scalars())))


def has_other_device(conn: Connection, caller: str, device: str, since: datetime) -> bool:
    """Whether another device has been seen with this number: two phones can share one."""
    return any(other != device for other in devices_of(conn, [caller], since))


def said_for(conn: Connection, contact_id: str, since: datetime) -> Sequence[DatedSighting]:
    """What phones with a contact's number told beside their place, oldest first."""
    row = conn.execute(
        select(contacts.c.caller, contacts.c.telephone).where(contacts.c.id == contact_id)
    ).one()
    names = Sighting.__struct_fields__
    rows = conn.execute(
        select(*(phones.c[name] for name in names), phones.c.received_at)
        .where(phones.c.caller.in_(list(filter(None, (row.caller, row.telephone)))))
        .where(phones.c.received_at >= since)
        .order_by(phones.c.received_at, phones.c.id)
    )
    found = [
        DatedSighting(one.received_at, Sighting(**{name: one._mapping[name] for name in names}))
        for one in rows
    ]
    return [one for one in found if one.seen.language or one.seen.crashed_at]


def messages_of(conn: Connection, caller: str, since: datetime) -> list[str]:
    """The ids of the messages in which this phone was seen, oldest first."""
    query = select(phones.c.message_id).where(phones.c.caller == caller, phones.c.received_at >= since)
    return list(conn.execute(query.order_by(phones.c.received_at, phones.c.id)).scalars())
