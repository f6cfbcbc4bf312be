"""Making transactions take turns where a row lock has nothing to hold on to."""

from __future__ import annotations

from sqlalchemy import Connection, func, select


def take_turns(conn: Connection, key: str) -> None:
    """Until this transaction ends, no other with the same key passes this line.

    SQLite needs nothing: each of its writing transactions begins with the only write lock.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def report_key(channel: str, provider_ref: str) -> str:
    """What a provider's report and our own record of its reference take turns on."""
    return f"report:{channel}:{provider_ref}"
