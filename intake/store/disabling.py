"""An account that may not be used any more leaves nothing in its hands."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from intake.contact import ContactState
from intake.store import accounts, claims, console_sessions, known_devices
from intake.store.claims import HANDED_OVER, Claim
from intake.store.contacts import COLUMNS, contact_from
from intake.store.locks import take_turns
from intake.store.tables import contacts

_IN_HAND = [state.value for state in (ContactState.OPEN, *HANDED_OVER)]


def disable(conn: Connection, now: datetime, name: str) -> None:
    """Its sessions are over, its devices forgotten, and what it has claimed is back in its original place
    at once, however long the lease. Raises NotFound.

    A claim on its way waits for this one's end, and is then refused (`claims.require_free_hands`).
    """
    take_turns(conn, f"handler:{name}")
    accounts.disable(conn, now, name)
    console_sessions.end_all(conn, now, name)
    known_devices.forget_all(conn, name)
    held = select(*COLUMNS).where(contacts.c.claimed_by == name, contacts.c.state.in_(_IN_HAND))
    for row in conn.execute(held.order_by(contacts.c.id).with_for_update(of=contacts)).all():
        claims.release(conn, now, Claim.of(contact_from(row._mapping)))
