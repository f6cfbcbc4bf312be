"""Leases kept for many desks at once: one statement renews all that still hold."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, select, update

from intake.contact import ContactState
from intake.errors import NotFound, Refused, StaleClaim
from intake.store import claims
from intake.store.claims import HANDED_OVER, Claim
from intake.store.tables import contacts

_IN_HAND = [state.value for state in (ContactState.OPEN, *HANDED_OVER)]


class Lost(msgspec.Struct, frozen=True):
    """A claim that does not hold any more, and why: ``code`` for programs, ``message`` for people."""

    claim: Claim
    code: str
    message: str


def renew_all(conn: Connection, now: datetime, kept: Collection[Claim], lease_s: float) -> list[Claim]:
    """Renew every lease whose fence still stands; returns the claims that are to be looked at alone.

    A row that somebody is changing is passed over, not waited for: one stuck contact lapses no other,
    and no two transactions wait for each other's rows.
    """
    wanted = {claim.contact_id: claim for claim in kept}
    rows = conn.execute(
        select(contacts.c.id, contacts.c.attempts, contacts.c.claimed_by)
        .where(contacts.c.id.in_(sorted(wanted)), contacts.c.state.in_(_IN_HAND))
        .with_for_update(skip_locked=True)
    ).all()
    held = [row.id for row in rows if Claim(row.id, row.claimed_by, row.attempts) == wanted[row.id]]
    if held:
        until = now + timedelta(seconds=lease_s)
        conn.execute(update(contacts).where(contacts.c.id.in_(held)).values(next_attempt_at=until))
    return [wanted[one] for one in sorted(set(wanted) - set(held))]


def renew_alone(
    conn: Connection, now: datetime, claim: Claim, lease_s: float, open_limit: int
) -> Lost | None:
    """Renew one, or say why it is lost. One that waits again fills a hand anew; the others have theirs."""
    try:
        contact = claims.owned(conn, now, claim)
        if contact.state in (ContactState.OPEN, *HANDED_OVER):
            claims.change(conn, now, claim, {"next_attempt_at": now + timedelta(seconds=lease_s)})
        else:
            claims.renew(conn, now, claim, lease_s, open_limit=open_limit)
    except (StaleClaim, Refused, NotFound) as error:
        return Lost(claim, error.code, str(error))
    return None
