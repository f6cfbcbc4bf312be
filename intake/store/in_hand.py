"""A contact in its handler's hands for the length of one call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection

from intake.contact import Contact
from intake.store import claims, contacts
from intake.store.claims import HANDED_OVER, Claim

_MOMENT_S, _ANY_NUMBER = 1.0, 1_000_000


@contextmanager
def in_hand(conn: Connection, now: datetime, claim: Claim) -> Iterator[Contact]:
    """The contact under its handler's claim. One that nobody has is taken, and let go at the end.

    ``claim.attempts`` is the fence as the handler last saw it. Raises StaleClaim, Refused, NotFound.
    """
    contact = contacts.get(conn, claim.contact_id, lock=True)
    is_free = contact.claimed_by in ("", claim.handler) or contact.next_attempt_at <= now
    if contact.attempts != claim.attempts or contact.claimed_by == claim.handler or not is_free:
        yield claims.owned(conn, now, claim)
        return
    take = claims.reopen if contact.state in HANDED_OVER else claims.claim
    # Held for the length of this transaction: it fills no hand.
    taken = take(conn, now, claim.contact_id, claim.handler, _MOMENT_S, open_limit=_ANY_NUMBER)
    yield taken
    claims.release(conn, now, Claim.of(taken))
