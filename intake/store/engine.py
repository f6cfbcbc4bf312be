"""Engines set up so that a commit survives a power cut, on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# Not the standard library's: before 3.51.3 a commit on one connection beside a checkpoint on another
# may corrupt the file (the WAL-reset race), and Debian 12 ships 3.40.
from pysqlite3 import dbapi2 as sqlite  # one SQLite a process: two do not see each other's locks
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.pool import QueuePool, StaticPool

HIDDEN = True
"""An error names its statement and none of its values: the log would hold callers' numbers and words."""


def writing_engine(url: str, *, pool_size: int = 4) -> Engine:
    """The engine that may write.

    SQLite gets one connection: a single writer needs no lock waits.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            url,
            module=sqlite,
            poolclass=StaticPool,
            connect_args={"check_same_thread": False},
            hide_parameters=HIDDEN,
        )
        event.listen(engine, "connect", _sqlite_writer)
    else:
        engine = create_engine(
            url,
            hide_parameters=HIDDEN,
            poolclass=QueuePool,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args=_patience(parsed),
        )
        event.listen(engine, "connect", _postgresql_durable)
    return engine


def reading_engine(url: str, *, pool_size: int = 4) -> Engine:
    """An engine for reading only: on SQLite it can neither write nor checkpoint."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            url,
            hide_parameters=HIDDEN,
            poolclass=QueuePool,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args=_patience(parsed),
        )
    engine = create_engine(
        url,
        hide_parameters=HIDDEN,
        module=sqlite,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        connect_args={"check_same_thread": False},
    )
    event.listen(engine, "connect", _sqlite_reader)
    return engine


def _patience(url: URL) -> dict[str, int]:
    """A server that has vanished without a word is found out, before the providers give up (15 s)."""
    usual = {"connect_timeout": 5, "tcp_user_timeout": 10_000}  # libpq: seconds, and milliseconds
    return {name: value for name, value in usual.items() if name not in url.query}


def _sqlite_writer(connection: Any, _record: Any) -> None:
    # The driver's own transaction control is off: SQLAlchemy's BEGIN below is the only one.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # law 1: NORMAL lost acknowledged rows in 258 of 300 power cuts
        "foreign_keys=ON",
        "busy_timeout=5000",
        "wal_autocheckpoint=0",  # see store/checkpointing.py
        "cache_size=-65536",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_reader(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("query_only=ON", "wal_autocheckpoint=0", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")


def _postgresql_durable(connection: Any, _record: Any) -> None:
    # Law 1: an operator's server default must not weaken the promise.
    connection.execute("SET synchronous_commit = on")
    connection.commit()
