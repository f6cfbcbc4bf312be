"""The doors' end of the writer: what one turn of the event loop brought goes over in one piece.

The process at the other end (``committing``) commits and answers. It is started here, watched, and
started again when it dies; whoever waited is told that nothing is certain, and sends again (law 3).
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import structlog

from intake import logs, metrics
from intake.contact import Receipt
from intake.errors import StoreUnavailable
from intake.ports import Clock
from intake.store import committing, wire
from intake.store.wire import Acceptance, Opening

log = structlog.get_logger()

T = TypeVar("T")

WAITING_LIMIT = 20_000
"""More than this waiting for a commit and the doors say 503: refused aloud, never dropped (law 7)."""

OPENING_LIMIT_S = 20.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0
ENDING_LIMIT_S = 30.0

Promise = asyncio.Future[Receipt]


class Started(Protocol):
    """What ends when its socket does."""

    def wait(self, timeout: float) -> object: ...


def launch(theirs: socket.socket) -> Started:
    """Start the process that commits, with one end of a socket pair."""
    descriptor = theirs.fileno()
    module = "intake.store.committing"
    command = [sys.executable, "-m", module, str(descriptor), logs.current.level, logs.current.format]
    return subprocess.Popen(command, pass_fds=[descriptor], stdin=subprocess.DEVNULL)  # noqa: S603 - our own


def _launched() -> tuple[socket.socket, Started]:
    ours, theirs = socket.socketpair()
    with theirs:
        return ours, launch(theirs)


_forked: list[tuple[socket.socket, Started]] = []


class _Fork:
    """A copy of this process, made by `fork`."""

    def __init__(self, pid: int):
        self._pid = pid

    def wait(self, timeout: float) -> None:
        os.waitpid(self._pid, 0)  # it ends with its socket; ``timeout`` is for those that are not ours


def fork() -> None:
    """Make the first writer of this process, before it has a loop or a thread.

    A copy is ready at once, where a new interpreter reads its libraries first: after a crash callers
    would wait for that. Writers that replace a dead one are started by `launch`.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        committing.end_with(theirs)
    theirs.close()
    _forked.append((ours, _Fork(pid)))


class Writer:
    """Owned by one event loop. Every promise is answered: with a Receipt after the COMMIT, or an error."""

    def __init__(self, url: str, clock: Clock, thread_silence_s: float, on_commit: Callable[[], None]):
        self._url, self._clock, self._thread_silence_s = url, clock, thread_silence_s
        self._on_commit = on_commit
        self._turn: list[tuple[Acceptance, Promise]] = []
        self._line: _Line | None = None
        self._quiet = asyncio.Lock()
        self._tending: asyncio.Task[None] | None = None
        self._works: set[asyncio.Task[object]] = set()

    async def start(self) -> None:
        """Raises StoreUnavailable when no writer can be had."""
        self._loop = asyncio.get_running_loop()
        self._line = await self._open()
        self._tending = asyncio.ensure_future(self._tend(self._line))

    async def close(self) -> None:
        """Commit what waits, then let the process end."""
        await asyncio.gather(*self._works, return_exceptions=True)
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)
        self._hand_over()
        if (line := self._line) is not None:
            self._line = None
            await line.end()

    @property
    def is_open(self) -> bool:
        return self._line is not None

    def arrive(self, item: Acceptance) -> Promise:
        """A promise of the Receipt; raises StoreUnavailable when too many wait, or no writer is there."""
        line = self._line
        if line is None:
            raise StoreUnavailable("the writer is starting again")
        if len(line.promises) + len(self._turn) >= WAITING_LIMIT:
            raise StoreUnavailable(f"{WAITING_LIMIT} messages already wait for the database")
        promise: Promise = self._loop.create_future()
        if not self._turn:
            self._loop.call_soon(self._hand_over)
        self._turn.append((item, promise))
        return promise

    async def in_quiet(self, work: Callable[[], Awaitable[T]]) -> T:
        """``await work()`` while the writer keeps its hands off the database, after all that came before.

        Once begun it is finished, even if the one who asked is gone.
        """
        task: asyncio.Task[T] = asyncio.ensure_future(self._in_quiet(work))
        self._works.add(task)
        task.add_done_callback(self._works.discard)
        return await asyncio.shield(task)

    async def _in_quiet(self, work: Callable[[], Awaitable[T]]) -> T:
        async with self._quiet:
            if (line := self._line) is None:
                raise StoreUnavailable("the writer is starting again")
            self._hand_over()
            await line.ask_for_turn()
            try:
                return await work()
            finally:
                line.give_back()

    def _hand_over(self) -> None:
        turn, self._turn = self._turn, []
        if self._line is None:
            for _, promise in turn:
                _refuse(promise, "the writer is starting again")
        elif turn:
            self._line.send(turn)

    async def _open(self) -> _Line:
        ours, started = _forked.pop() if _forked else _launched()
        _, line = await self._loop.create_unix_connection(lambda: _Line(started, self._on_commit), sock=ours)
        opening = Opening(url=self._url, thread_silence_s=self._thread_silence_s, at=self._clock.now())
        try:
            await line.open(opening)
        except StoreUnavailable:
            await line.end()
            raise
        return line

    async def _tend(self, line: _Line) -> None:
        """Whenever the writer has died, start another: not while somebody holds its turn."""
        pause_s = FIRST_PAUSE_S
        while True:
            await line.lost.wait()
            self._line = None
            metrics.WRITER_DEATHS.inc()
            log.error("writer_died")
            await line.end()
            while self._line is None:
                async with self._quiet:
                    try:
                        self._line = line = await self._open()
                    except (StoreUnavailable, OSError) as error:
                        log.error("writer_not_started", error=str(error))
                if self._line is None:
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            pause_s = FIRST_PAUSE_S


class _Line(asyncio.Protocol):
    """The socket to one writer process, and who waits for its answers."""

    def __init__(self, started: Started, on_commit: Callable[[], None]):
        self._started = started
        self._on_commit = on_commit
        self._frames = wire.Frames()
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._yours: asyncio.Future[None] | None = None
        self.promises: deque[Promise] = deque()
        self.lost = asyncio.Event()

    async def open(self, opening: Opening) -> None:
        self._transport.write(wire.frame(wire.OPENING, wire.encode(opening)))
        try:
            async with asyncio.timeout(OPENING_LIMIT_S):
                await self._ready
        except TimeoutError:
            raise StoreUnavailable(f"the writer was not ready within {OPENING_LIMIT_S:.0f} s") from None

    async def end(self) -> None:
        """Say that nothing more comes, wait for the last answer and for the end of the process."""
        if not self.lost.is_set():
            self._transport.write_eof()
        try:
            async with asyncio.timeout(ENDING_LIMIT_S):
                await self.lost.wait()
            await asyncio.to_thread(self._started.wait, ENDING_LIMIT_S)
        except (TimeoutError, subprocess.TimeoutExpired):
            log.error("writer_not_ended")
            self._transport.abort()

    def send(self, turn: list[tuple[Acceptance, Promise]]) -> None:
        pieces = []
        for item, promise in turn:
            try:
                payload = wire.encode(item)
            except Exception as error:  # lone surrogates, numbers without end, types of no format
                reason = f"the message cannot be written down ({type(error).__name__})"
                log.error("message_not_writable", raw_id=item.id, error=type(error).__name__)
                payload = wire.encode(wire.stand_in(item, reason))
            pieces.append(wire.frame(wire.ARRIVAL, payload))
            self.promises.append(promise)
        self._transport.write(b"".join(pieces))

    async def ask_for_turn(self) -> None:
        self._yours = self._loop.create_future()
        self._transport.write(wire.frame(wire.TURN))
        await self._yours

    def give_back(self) -> None:
        if not self.lost.is_set():
            self._transport.write(wire.frame(wire.DONE))

    # -- asyncio.Protocol ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        for kind, payload in self._frames.feed(data):
            if kind == wire.ANSWERS:
                self._keep(wire.read_answers(payload))
            elif kind == wire.YOURS and self._yours is not None:
                self._yours.set_result(None)
            elif kind == wire.READY:
                self._ready.set_result(None)
            elif kind == wire.REFUSED:
                self._ready.set_exception(StoreUnavailable(payload.decode()))

    def _keep(self, answers: wire.Answers) -> None:
        for answer in answers:
            promise = self.promises.popleft()
            if isinstance(answer, str):
                _refuse(promise, answer)
            elif not promise.done():  # the sender may have hung up; what it sent is kept all the same
                promise.set_result(answer)
        self._on_commit()

    def connection_lost(self, error: Exception | None) -> None:
        """Whoever waits must not wait for ever: whether theirs was committed, nobody can say."""
        self.lost.set()
        gone = StoreUnavailable("the writer ended before it answered")
        for waiting in (self._ready, self._yours):
            if waiting is not None and not waiting.done():
                waiting.set_exception(gone)
        while self.promises:
            _refuse(self.promises.popleft(), str(gone))
        if self._ready.done():
            self._ready.exception()  # looked at, where nobody waits for it


def _refuse(promise: Promise, reason: str) -> None:
    if not promise.done():
        promise.set_exception(StoreUnavailable(reason))
