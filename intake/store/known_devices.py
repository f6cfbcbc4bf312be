"""Browsers in which a person has signed in before: each has a count of failures of its own for that person.

After OWASP's "device cookies": who guesses at a name from elsewhere makes strangers' browsers rest, not
these. A device proves nothing else: name, password and code are asked for as ever, and its own guesses
make it rest.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from intake.store.accounts import rest_after
from intake.store.locks import take_turns
from intake.store.tables import known_devices

LIFE = timedelta(days=180)
"""So long after its last sign-in a device is known."""
LIMIT = 30
"""Devices of one account: who sits at another desk each shift has many. The longest unused are forgotten."""


def is_known(conn: Connection, now: datetime, account: str, id_digest: str) -> bool:
    """Whether this person has signed in there within ``LIFE``."""
    query = select(known_devices.c.account).where(_one(account, id_digest), _alive(now))
    return conn.execute(query).first() is not None


def is_any(conn: Connection, now: datetime, id_digest: str) -> bool:
    """Whether anybody has: the browser keeps its cookie when the next person signs in."""
    query = select(known_devices.c.account).where(known_devices.c.id_digest == id_digest, _alive(now))
    return conn.execute(query.limit(1)).first() is not None


def remember(conn: Connection, now: datetime, account: str, id_digest: str) -> None:
    """The person has signed in there: nothing is held against it."""
    take_turns(conn, f"devices:{account}")
    conn.execute(delete(known_devices).where(_one(account, id_digest)))
    conn.execute(
        known_devices.insert().values(
            account=account, id_digest=id_digest, used_at=now, failures=0, locked_until=None
        )
    )
    newest = select(known_devices.c.id_digest).where(known_devices.c.account == account)
    newest = newest.order_by(known_devices.c.used_at.desc(), known_devices.c.id_digest).limit(LIMIT)
    kept = conn.execute(newest).scalars().all()
    conn.execute(
        delete(known_devices).where(
            known_devices.c.account == account, known_devices.c.id_digest.not_in(kept)
        )
    )


def forget_all(conn: Connection, account: str) -> None:
    """Its password is another, or it may not sign in any more."""
    conn.execute(delete(known_devices).where(known_devices.c.account == account))


def begin_attempt(conn: Connection, now: datetime, account: str, id_digest: str) -> datetime | None:
    """Count an attempt before it is judged. Until when the device rests, None where this one is judged."""
    row = conn.execute(
        select(known_devices.c.failures, known_devices.c.locked_until)
        .where(_one(account, id_digest))
        .with_for_update()
    ).one_or_none()
    if row is None:
        return now + timedelta(seconds=1)  # forgotten since it was looked for: the next is a stranger's
    if row.locked_until is not None and row.locked_until > now:
        resting: datetime = row.locked_until
        return resting
    rest_s = rest_after(row.failures + 1)
    until = now + timedelta(seconds=rest_s) if rest_s else None
    values = {"failures": row.failures + 1, "locked_until": until}
    conn.execute(update(known_devices).where(_one(account, id_digest)).values(**values))
    return None


def _one(account: str, id_digest: str) -> ColumnElement[bool]:
    return and_(known_devices.c.account == account, known_devices.c.id_digest == id_digest)


def _alive(now: datetime) -> ColumnElement[bool]:
    return known_devices.c.used_at > now - LIFE
