"""The thread that commits: arrivals in groups, other transactions one by one, in the order they came."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, Protocol

import structlog

from intake.contact import Receipt
from intake.errors import StoreUnavailable
from intake.store.arrivals import Acceptance

log = structlog.get_logger()

BATCH_LIMIT = 256
WAITING_LIMIT = 20_000
"""More than this waiting for a commit and the doors say 503: refused aloud, never dropped (law 7)."""

Promise = asyncio.Future[Any]
Arrived = tuple[Acceptance, Promise]
Asked = tuple[Callable[[], Any], Promise]


class Commits(Protocol):
    def commit(self, items: list[Acceptance]) -> Sequence[Receipt | Exception]: ...
    def close(self) -> None: ...


class Writer:
    """Owned by one event loop. Promises are kept after the COMMIT, and every promise is answered.

    There is no timer: what one turn of the loop brought goes together, and whatever gathered during
    a commit is the next batch. The thread never waits for the loop between two batches.
    """

    def __init__(self, accepting: Commits, on_commit: Callable[[], None]):
        self._accepting = accepting
        self._on_commit = on_commit
        self._turn: list[Arrived] = []
        self._waiting = 0
        self._queue: SimpleQueue[list[Arrived] | Asked | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def close(self) -> None:
        """Commit what waits, then end the thread."""
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def arrive(self, item: Acceptance) -> Promise:
        """A promise of the Receipt; raises StoreUnavailable when too many wait already."""
        if self._waiting >= WAITING_LIMIT:
            raise StoreUnavailable(f"{WAITING_LIMIT} messages already wait for the database")
        assert self._loop is not None, "start() comes first"  # noqa: S101
        promise: Promise = self._loop.create_future()
        if not self._turn:
            self._loop.call_soon(self._hand_over)
        self._turn.append((item, promise))
        self._waiting += 1
        return promise

    def ask(self, work: Callable[[], Any]) -> Promise:
        """A promise of ``work()``, run in the thread after everything that came before it."""
        assert self._loop is not None, "start() comes first"  # noqa: S101
        promise: Promise = self._loop.create_future()
        self._hand_over()
        self._queue.put((work, promise))
        return promise

    def _hand_over(self) -> None:
        if self._turn:
            self._queue.put(self._turn)
            self._turn = []

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            if isinstance(job, tuple):
                self._answer(job)
                continue
            # Law 9's neighbours: a long group is cut, so that no transaction waits for thousands.
            while self._queue.qsize() and len(job) < BATCH_LIMIT:
                following = self._queue.get()
                if not isinstance(following, list):
                    self._commit(job)
                    job = []
                    if following is None:
                        return
                    self._answer(following)
                    break
                job += following
            for start in range(0, len(job), BATCH_LIMIT):
                self._commit(job[start : start + BATCH_LIMIT])

    def _commit(self, batch: list[Arrived]) -> None:
        try:
            answers = self._accepting.commit([item for item, _ in batch])
        except BaseException as error:
            # `commit` answers for every item itself; whatever slips through must still not kill the thread.
            log.exception("writer_failed")
            answers = [StoreUnavailable(f"the writer failed: {type(error).__name__}")] * len(batch)
        self._tell(self._kept, batch, answers)

    def _answer(self, asked: Asked) -> None:
        work, promise = asked
        try:
            result = work()
        except BaseException as error:
            self._tell(_refuse, promise, error)
        else:
            self._tell(_fulfil, promise, result)

    def _tell(self, what: Callable[..., None], *args: Any) -> None:
        assert self._loop is not None  # noqa: S101
        try:
            self._loop.call_soon_threadsafe(what, *args)
        except RuntimeError:
            log.error("loop_closed_before_answer")  # what was committed stays committed

    def _kept(self, batch: list[Arrived], answers: Sequence[Receipt | Exception]) -> None:
        self._waiting -= len(batch)
        for (_, promise), answer in zip(batch, answers, strict=True):
            if isinstance(answer, Receipt):
                _fulfil(promise, answer)
            else:
                _refuse(promise, answer)
        self._on_commit()


def _fulfil(promise: Promise, result: Any) -> None:
    if not promise.done():  # the sender may have hung up; what it sent is kept all the same
        promise.set_result(result)


def _refuse(promise: Promise, error: BaseException) -> None:
    if not promise.done():
        promise.set_exception(error)
