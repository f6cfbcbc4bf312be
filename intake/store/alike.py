"""Live contacts that may be the same conversation as another: the same person, or the same minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, literal, or_, select

from intake.contact import Contact
from intake.store.contacts import COLUMNS, contact_from
from intake.store.queue import LIVE
from intake.store.tables import contacts
from intake.store.triage import THREADING

LIMIT = 500


def telephone_of(conn: Connection, contact: Contact) -> str:
    """The number a contact stated, as a tel: URI; empty for none."""
    query = select(contacts.c.telephone).where(contacts.c.id == contact.id)
    return conn.execute(query).scalar() or ""


def same_person(conn: Connection, contact: Contact) -> Sequence[Contact]:
    """Those that write from the same address or telephone by another way, or state the same number."""
    numbers = {number for number in (contact.caller, telephone_of(conn, contact)) if number}
    stated = contacts.c.telephone != literal("", literal_execute=True)
    found: dict[str, Contact] = {}
    for query in (
        select(*COLUMNS).where(THREADING, contacts.c.caller.in_(numbers)),
        select(*COLUMNS).where(contacts.c.telephone.in_(numbers), stated),
    ):
        for row in conn.execute(query.where(LIVE, contacts.c.id != contact.id).limit(LIMIT)):
            found[row.id] = contact_from(row._mapping)
    return list(found.values())


def same_minutes(conn: Connection, contact: Contact, within_s: float) -> Sequence[Contact]:
    """Those with a place whose newest words came within so many seconds of this one's."""
    around = timedelta(seconds=within_s)
    rows = conn.execute(
        select(*COLUMNS)
        .where(
            LIVE,
            contacts.c.id != contact.id,
            contacts.c.location.is_not(None),
            contacts.c.last_message_at >= contact.last_message_at - around,
            or_(
                contacts.c.last_message_at <= contact.last_message_at + around,
                contacts.c.queued_at <= contact.last_message_at + around,
            ),
        )
        .order_by(contacts.c.last_message_at.desc())
        .limit(LIMIT)
    )
    return [contact_from(row._mapping) for row in rows]
