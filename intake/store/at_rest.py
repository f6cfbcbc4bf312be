"""The database for a command that comes and goes: transactions, and nothing of the way in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from intake.errors import StoreUnavailable
from intake.store.engine import writing_engine
from intake.store.schema import require_current

T = TypeVar("T")


class Transactions(Protocol):
    """What a store does with work that knows SQL; see `Store`."""

    async def run(self, work: Callable[[Connection], T]) -> T: ...
    async def read(self, work: Callable[[Connection], T]) -> T: ...


class AtRest:
    """One connection, for one command at a time."""

    def __init__(self, engine: Engine):
        self._engine = engine

    async def run(self, work: Callable[[Connection], T]) -> T:
        """``work(conn)`` in one transaction. Raises StoreUnavailable."""
        try:
            with self._engine.begin() as conn:
                return work(conn)
        except OperationalError as error:
            raise StoreUnavailable(str(error.__cause__ or error)) from error

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self.run(work)


@contextmanager
def opened(url: str) -> Iterator[AtRest]:
    """Raises StoreUnavailable, or BadConfiguration for a database of another version."""
    engine = writing_engine(url, pool_size=1)
    try:
        try:
            require_current(engine)
        except OperationalError as error:
            raise StoreUnavailable(str(error.__cause__ or error)) from error
        if engine.dialect.name == "sqlite":
            # Beside a running intake: take the write lock at once, waiting for it.
            event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN IMMEDIATE"))
        yield AtRest(engine)
    finally:
        engine.dispose()
