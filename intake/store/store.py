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

T = TypeVar("T")

BATCH_LIMIT = 256
WAITING_LIMIT = 20_000
"""More than this waiting for a commit and the doors say 503: refused aloud, never dropped (law 7)."""


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
        self._accept_thread = ThreadPoolExecutor(1, thread_name_prefix="accept")
        self._run_threads = (
            self._accept_thread
            if self.is_sqlite
            else ThreadPoolExecutor(pool_size, thread_name_prefix="store")
        )
        self._read_threads = ThreadPoolExecutor(pool_size, thread_name_prefix="read")
        self._waiting: list[tuple[Acceptance, asyncio.Future[Receipt]]] = []
        self._committing = False
        self.bell = Bell()
        if self.is_sqlite:
            event.listen(self._engine, "begin", _begin_immediate)

    async def start(self) -> None:
        """Connect and check the schema; raises StoreUnavailable or BadConfiguration."""
        await self._in(self._run_threads, require_current, self._engine)

    async def close(self) -> None:
        """Finish what is being committed, then let the connections go."""
        waiting = [promise for _, promise in self._waiting]
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._accept_thread, self._accepting.close)
        for threads in (self._accept_thread, self._run_threads, self._read_threads):
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
        return await self._put(Acceptance(raw, normalised, trust, defect or "", stored_headers))

    async def finish(
        self, raw: RawMessage, normalised: Normalised, *, trust: Trust, defect: str | None
    ) -> Receipt:
        """Add what a worker read out of a raw message that is already stored."""
        return await self._put(Acceptance(raw, normalised, trust, defect or "", (), is_stored=True))

    async def _put(self, item: Acceptance) -> Receipt:
        if len(self._waiting) >= WAITING_LIMIT:
            raise StoreUnavailable(f"{WAITING_LIMIT} messages already wait for the database")
        promise: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, promise))
        if not self._committing:
            self._commit_waiting()
        return await promise

    def _commit_waiting(self) -> None:
        # Group commit without a timer: whatever gathered during the last commit is the next batch.
        batch = self._waiting[:BATCH_LIMIT]
        del self._waiting[:BATCH_LIMIT]
        self._committing = True
        work = asyncio.get_running_loop().run_in_executor(
            self._accept_thread, self._accepting.commit, [item for item, _ in batch]
        )
        work.add_done_callback(lambda done: self._committed(done, [promise for _, promise in batch]))

    def _committed(
        self, done: asyncio.Future[list[Receipt | Exception]], promises: list[asyncio.Future[Receipt]]
    ) -> None:
        self._committing = False
        if self._waiting:
            self._commit_waiting()
        failure = done.exception()
        answers: list[Receipt | Exception] | list[BaseException] = (
            [failure] * len(promises) if failure else done.result()
        )
        for promise, answer in zip(promises, answers, strict=True):
            if promise.done():  # the sender hung up; what it sent is kept all the same
                continue
            if isinstance(answer, Receipt):
                promise.set_result(answer)
            else:
                promise.set_exception(answer)
        self.bell.ring()

    # -- everything else ------------------------------------------------------------------------

    async def run(self, work: Callable[[Connection], T]) -> T:
        """``work(conn)`` in one transaction: COMMIT when it returns, ROLLBACK when it raises."""

        def transaction() -> T:
            with self._engine.begin() as conn:
                return work(conn)

        return await self._in(self._run_threads, transaction)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """``work(conn)`` on a connection that cannot write."""

        def snapshot() -> T:
            with self._reading.connect() as conn:
                return work(conn)

        return await self._in(self._read_threads, snapshot)

    async def check(self) -> None:
        """One small question to the writing side; raises StoreUnavailable."""
        await self.run(lambda conn: conn.execute(select(1)).scalar())

    async def last_event_at(self) -> datetime | None:
        """When the newest log event was written: the clock of a restarted process starts no earlier."""
        query = select(log_events.c.at).order_by(log_events.c.id.desc()).limit(1)
        return await self.read(lambda conn: conn.execute(query).scalar())

    @staticmethod
    async def _in(threads: ThreadPoolExecutor, work: Callable[..., T], *args: object) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, work, *args)
        except (OperationalError, PoolTimeout) as error:
            raise StoreUnavailable(str(error.__cause__ or error)) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise StoreUnavailable(str(error.__cause__ or error)) from error
            raise


def _begin_immediate(conn: Connection) -> None:
    # Take the write lock at once: an upgrade from a read in mid-transaction cannot wait, only fail.
    conn.exec_driver_sql("BEGIN IMMEDIATE")
