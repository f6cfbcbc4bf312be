"""One door to the database: a group-committing writer for what comes in, transactions for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, event, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from intake.bell import Bell
from intake.contact import RawMessage, Receipt, Trust
from intake.errors import StoreUnavailable
from intake.ports import Clock, Normalised
from intake.store.accept import Accepting
from intake.store.arrivals import Acceptance
from intake.store.engine import reading_engine, writing_engine
from intake.store.schema import require_current
from intake.store.tables import log_events
from intake.store.writer import Writer

T = TypeVar("T")


class Store:
    """Owns the engines and the threads. ``start`` refuses a database of another version.

    On SQLite every write goes through one thread and one connection. On PostgreSQL what comes in has
    a connection and a thread of its own, and other transactions share a pool.
    """

    def __init__(self, url: str, clock: Clock, *, pool_size: int = 4, thread_silence_s: float = 4 * 3600):
        self.url = url
        self._clock = clock
        self._engine = writing_engine(url, pool_size=pool_size)
        self._reading = reading_engine(url, pool_size=pool_size)
        self.is_sqlite = self._engine.dialect.name == "sqlite"
        self._accepting = Accepting(self._engine, clock, thread_silence_s=thread_silence_s)
        self.bell = Bell()
        self._writer = Writer(self._accepting, self.bell.ring)
        self._run_threads = (
            None if self.is_sqlite else ThreadPoolExecutor(pool_size, thread_name_prefix="store")
        )
        self._read_threads = ThreadPoolExecutor(pool_size, thread_name_prefix="read")
        if self.is_sqlite:
            event.listen(self._engine, "begin", _begin_immediate)

    async def start(self) -> None:
        """Connect and check the schema; raises StoreUnavailable or BadConfiguration."""
        self._writer.start()
        await _translated(self._writer.ask(lambda: require_current(self._engine)))

    async def close(self) -> None:
        """Finish what is being committed, then let the connections go."""
        await self._writer.close()
        for threads in filter(None, (self._run_threads, self._read_threads)):
            threads.shutdown(wait=True)
        self._accepting.close()
        self._engine.dispose()
        self._reading.dispose()

    # -- the way in -----------------------------------------------------------------------------

    async def accept(
        self,
        raw: RawMessage,
        normalised: Normalised | None,
        *,
        trust: Trust,
        defect: str | None,
        stored_headers: tuple[str, ...] = ("Content-Type",),
    ) -> Receipt:
        """Ports.ContactSink: returns only after the COMMIT that holds this message (law 1)."""
        receipt: Receipt = await self._writer.arrive(
            Acceptance(raw, normalised, trust, defect or "", stored_headers)
        )
        return receipt

    async def finish(
        self, raw: RawMessage, normalised: Normalised, *, trust: Trust, defect: str | None
    ) -> Receipt:
        """Add what a worker read out of a raw message that is already stored."""
        item = Acceptance(raw, normalised, trust, defect or "", (), is_stored=True)
        receipt: Receipt = await self._writer.arrive(item)
        return receipt

    # -- everything else ------------------------------------------------------------------------

    async def run(self, work: Callable[[Connection], T]) -> T:
        """``work(conn)`` in one transaction: COMMIT when it returns, ROLLBACK when it raises."""

        def transaction() -> T:
            with self._engine.begin() as conn:
                return work(conn)

        if self._run_threads is None:
            return await _translated(self._writer.ask(transaction))
        return await _translated(asyncio.get_running_loop().run_in_executor(self._run_threads, transaction))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """``work(conn)`` on a connection that cannot write."""

        def snapshot() -> T:
            with self._reading.connect() as conn:
                return work(conn)

        return await _translated(asyncio.get_running_loop().run_in_executor(self._read_threads, snapshot))

    async def check(self) -> None:
        """One small question to the writing side; raises StoreUnavailable."""
        await self.run(lambda conn: conn.execute(select(1)).scalar())

    async def last_event_at(self) -> datetime | None:
        """When the newest log event was written: the clock of a restarted process starts no earlier."""
        query = select(log_events.c.at).order_by(log_events.c.id.desc()).limit(1)
        return await self.read(lambda conn: conn.execute(query).scalar())


async def _translated(promise: asyncio.Future[T]) -> T:
    """The result; a database that is away is StoreUnavailable, any other error is itself."""
    try:
        return await promise
    except (OperationalError, PoolTimeout) as error:
        raise StoreUnavailable(str(error.__cause__ or error)) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StoreUnavailable(str(error.__cause__ or error)) from error
        raise


def _begin_immediate(conn: Connection) -> None:
    # Take the write lock at once: an upgrade from a read in mid-transaction cannot wait, only fail.
    conn.exec_driver_sql("BEGIN IMMEDIATE")
