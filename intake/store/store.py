"""One door to the database: a group-committing writer for what comes in, transactions for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, event, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from intake.bell import Bell
from intake.contact import DeliveryReport, InboundMessage, RawMessage, Receipt, Trust
from intake.errors import StoreUnavailable
from intake.ports import Clock, Normalised
from intake.store.engine import reading_engine, writing_engine
from intake.store.schema import require_current
from intake.store.tables import log_events
from intake.store.wire import Acceptance
from intake.store.writer import Writer

T = TypeVar("T")


class Store:
    """Owns the engines and the threads. ``start`` refuses a database of another version.

    What comes in is committed by a process of its own. On SQLite it rests while another transaction
    runs here, so that never two connections write. On PostgreSQL others share a pool.
    """

    def __init__(self, url: str, clock: Clock, *, pool_size: int = 4, thread_silence_s: float = 4 * 3600):
        self.url = url
        self._clock = clock
        self._engine = writing_engine(url, pool_size=pool_size)
        self._reading = reading_engine(url, pool_size=pool_size)
        self.is_sqlite = self._engine.dialect.name == "sqlite"
        self.bell = Bell()
        self._writer = Writer(url, clock, thread_silence_s, self.bell.ring)
        self._run_threads = ThreadPoolExecutor(1 if self.is_sqlite else pool_size, thread_name_prefix="store")
        self._read_threads = ThreadPoolExecutor(pool_size, thread_name_prefix="read")
        if self.is_sqlite:
            event.listen(self._engine, "begin", _begin_immediate)

    async def start(self) -> None:
        """Connect and check the schema; raises StoreUnavailable or BadConfiguration."""
        await self._writer.start()
        try:
            await _translated(self._in_thread(lambda: require_current(self._engine)))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what is being committed, then let the connections go."""
        await self._writer.close()
        for threads in (self._run_threads, self._read_threads):
            threads.shutdown(wait=True)
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
            _acceptance(raw, normalised, trust, defect or "", stored_headers)
        )
        return receipt

    async def finish(
        self, raw: RawMessage, normalised: Normalised, *, trust: Trust, defect: str | None
    ) -> Receipt:
        """Add what a worker read out of a raw message that is already stored."""
        item = _acceptance(raw, normalised, trust, defect or "", is_stored=True)
        receipt: Receipt = await self._writer.arrive(item)
        return receipt

    # -- everything else ------------------------------------------------------------------------

    async def run(self, work: Callable[[Connection], T]) -> T:
        """``work(conn)`` in one transaction: COMMIT when it returns, ROLLBACK when it raises."""

        def transaction() -> T:
            with self._engine.begin() as conn:
                return work(conn)

        return await _translated(self._in_thread(transaction))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """``work(conn)`` on a connection that cannot write."""

        def snapshot() -> T:
            with self._reading.connect() as conn:
                return work(conn)

        return await _translated(asyncio.get_running_loop().run_in_executor(self._read_threads, snapshot))

    async def check(self) -> None:
        """One small question to the writing side; raises StoreUnavailable."""
        if not self._writer.is_open:
            raise StoreUnavailable("the writer is starting again")
        await self.run(lambda conn: conn.execute(select(1)).scalar())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        async def promise() -> T:
            return await asyncio.get_running_loop().run_in_executor(self._run_threads, work)

        return await (self._writer.in_quiet(promise) if self.is_sqlite else promise())

    async def last_event_at(self) -> datetime | None:
        """When the newest log event was written: the clock of a restarted process starts no earlier."""
        query = select(log_events.c.at).order_by(log_events.c.id.desc()).limit(1)
        return await self.read(lambda conn: conn.execute(query).scalar())


def _acceptance(
    raw: RawMessage,
    normalised: Normalised | None,
    trust: Trust,
    defect: str,
    stored_headers: tuple[str, ...] = (),
    *,
    is_stored: bool = False,
) -> Acceptance:
    said = normalised or ()
    return Acceptance.of(
        raw,
        trust,
        defect,
        stored_headers,
        is_stored=is_stored,
        is_parsed=normalised is not None,
        messages=tuple(one for one in said if isinstance(one, InboundMessage)),
        reports=tuple(one for one in said if isinstance(one, DeliveryReport)),
    )


async def _translated(promise: Awaitable[T]) -> T:
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
