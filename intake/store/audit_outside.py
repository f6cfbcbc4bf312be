"""The audit record for commands, which come and go beside a running intake."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from intake.errors import StoreUnavailable
from intake.store import audit
from intake.store.audit import SLICE, Entry, Head, Told, Verified
from intake.store.engine import reading_engine, writing_engine
from intake.store.schema import require_readable

T = TypeVar("T")
Read = Callable[[Callable[[Connection], T]], T]

ROLE = "operator"


@contextmanager
def reading(url: str) -> Iterator[Callable[[Callable[[Connection], T]], T]]:
    """A function that reads, each time in a transaction of its own: a long walk holds nothing up.

    Raises StoreUnavailable, or NotFound where there is no such database or it is of another version.
    """
    engine = reading_engine(url, pool_size=1)

    def read(work: Callable[[Connection], T]) -> T:
        with engine.connect() as conn:
            return work(conn)

    try:
        require_readable(engine)
        yield read
    except OperationalError as error:
        raise StoreUnavailable(str(error.__cause__ or error)) from error
    finally:
        engine.dispose()


def walk(read: Read[Verified], kept: Mapping[int, str], limit: int = SLICE) -> Iterator[Verified]:
    """Verify a chain slice by slice; the last one says whether all of it holds, the end included."""
    last: Head | None = None
    while True:
        found = read(partial(audit.verify_slice, after=last, kept=kept, limit=limit))
        is_end = found.head == (last or Head())
        if is_end and not found.problem:
            found = Verified(found.head, audit.cut_off(found.head, kept))
        yield found
        if is_end or found.problem:
            return
        last = found.head


def record(url: str, now: datetime, action: str, contact: str = "", **data: Told) -> Head:
    """Append one record of whoever runs this command; raises StoreUnavailable."""
    entry = Entry(actor=operator(), role=ROLE, action=action, contact=contact, data=data)
    engine = writing_engine(url, pool_size=1)
    if engine.dialect.name == "sqlite":
        # Beside a running intake: take the write lock at once, waiting for it.
        event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as conn:
            return audit.append(conn, now, [entry])
    except SQLAlchemyError as error:
        raise StoreUnavailable("the audit record cannot be written: nothing was done") from error
    finally:
        engine.dispose()


def operator() -> str:
    """``operator:`` and the name of this process's user."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return f"operator:{re.sub(r'[^a-z0-9._-]', '-', name.lower())}"[:40]
