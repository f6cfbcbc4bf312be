"""Browsers that are signed in. The table holds digests of their cookies: it opens no session."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, or_, select, update

from intake.store.tables import accounts, console_sessions

KEPT_AFTER = timedelta(days=1)
"""Sessions that are over leave the table after this long; the audit record keeps who was there."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session that stands, with what its account says now."""

    id_digest: str
    account: str
    seen_at: datetime
    expires_at: datetime
    locked_at: datetime | None
    display_name: str
    role: str
    language: str
    open_limit: int


def start(conn: Connection, now: datetime, id_digest: str, account: str, life_s: float) -> None:
    """A browser has signed in. Sessions that ended long ago are cleared away on the way."""
    conn.execute(
        delete(console_sessions).where(
            or_(
                console_sessions.c.expires_at < now - KEPT_AFTER,
                console_sessions.c.ended_at < now - KEPT_AFTER,
            )
        )
    )
    conn.execute(
        console_sessions.insert().values(
            id_digest=id_digest,
            account=account,
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(seconds=life_s),
        )
    )


def find(conn: Connection, now: datetime, id_digest: str, idle_s: float) -> Session | None:
    """The session, None where it is unknown, ended, over, idle for too long or its account disabled."""
    own = [console_sessions.c[n] for n in ("id_digest", "account", "seen_at", "expires_at", "locked_at")]
    theirs = [accounts.c[n] for n in ("display_name", "role", "language", "open_limit")]
    row = conn.execute(
        select(*own, *theirs)
        .join(accounts, accounts.c.name == console_sessions.c.account)
        .where(
            console_sessions.c.id_digest == id_digest,
            console_sessions.c.ended_at.is_(None),
            console_sessions.c.expires_at > now,
            console_sessions.c.seen_at > now - timedelta(seconds=idle_s),
            accounts.c.disabled_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else Session(**row._mapping)


def started_at(conn: Connection, id_digest: str) -> datetime | None:
    """When somebody signed in to it, None where it is unknown."""
    query = select(console_sessions.c.created_at).where(console_sessions.c.id_digest == id_digest)
    return conn.execute(query).scalar()


def seen(conn: Connection, now: datetime, id_digest: str) -> None:
    _set(conn, id_digest, seen_at=now)


def lock(conn: Connection, now: datetime, id_digest: str) -> None:
    """Until the password comes; a session that is locked stays locked since when it was."""
    conn.execute(
        update(console_sessions)
        .where(console_sessions.c.id_digest == id_digest, console_sessions.c.locked_at.is_(None))
        .values(locked_at=now)
    )


def unlock(conn: Connection, now: datetime, id_digest: str) -> None:
    _set(conn, id_digest, locked_at=None, seen_at=now)


def end(conn: Connection, now: datetime, id_digest: str) -> None:
    """Signed out: the cookie opens nothing any more."""
    _set(conn, id_digest, ended_at=now)


def end_all(conn: Connection, now: datetime, account: str, besides: str = "") -> int:
    """Every session of an account but one: its password or second factor has changed. How many."""
    ended = conn.execute(
        update(console_sessions)
        .where(
            and_(
                console_sessions.c.account == account,
                console_sessions.c.ended_at.is_(None),
                console_sessions.c.id_digest != besides,
            )
        )
        .values(ended_at=now)
    )
    return ended.rowcount


def _set(conn: Connection, id_digest: str, **values: Any) -> None:
    standing = and_(console_sessions.c.id_digest == id_digest, console_sessions.c.ended_at.is_(None))
    conn.execute(update(console_sessions).where(standing).values(**values))
