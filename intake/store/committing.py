"""The process that commits arrivals, in groups and in the order they came.

It shares no interpreter with the doors: two threads of one interpreter spend as long winning its lock
back from each other as they spend working. It ends when its socket does, and with nothing else: a
stopped intake still gets its answers, a killed one leaves no writer behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn

import structlog
from sqlalchemy import make_url

from intake.clock import SteadyClock
from intake.contact import Receipt
from intake.logs import set_up_logs
from intake.settings import LogSettings
from intake.store import wire
from intake.store.accept import Accepting
from intake.store.checkpointing import Checkpoints
from intake.store.engine import writing_engine
from intake.store.wire import Acceptance

log = structlog.get_logger()

BATCH_LIMIT = 256
"""A long group is cut, so that no transaction waits for thousands."""

READ_BYTES = 1 << 18
ANOTHER_WRITER_S = 5.0
"""How long the writer of an intake that was killed has to end."""


class Committing:
    """One writer: reads arrivals from a socket, commits them, answers for each."""

    def __init__(self, conn: socket.socket):
        self._conn = conn
        self._frames = wire.Frames()
        self._waiting: deque[tuple[bytes, bytes]] = deque()
        self._read = memoryview(bytearray(READ_BYTES))
        self.accepting: Accepting | None = None

    def work(self) -> None:
        """Until the other end closes the socket."""
        with contextlib.ExitStack() as stack:
            # The other end may be gone in the middle of a sentence: then nobody waits for an answer.
            stack.enter_context(contextlib.suppress(ConnectionError))
            stack.enter_context(self._conn)
            if (first := self._next()) is None:
                return
            opening = wire.read_opening(first[1])
            try:
                stack.enter_context(only_writer(opening.url))
            except BlockingIOError as error:
                self._say(wire.REFUSED, str(error).encode())
                return
            engine = writing_engine(opening.url, pool_size=1)
            clock = SteadyClock(opening.at)
            self.accepting = Accepting(engine, clock, thread_silence_s=opening.thread_silence_s)
            stack.callback(engine.dispose)
            stack.callback(self.accepting.close)
            gc.freeze()
            self._say(wire.READY)
            committed: Callable[[int], None] = lambda items: None  # noqa: E731
            if engine.dialect.name == "sqlite":
                checkpoints = stack.enter_context(Checkpoints(opening.url).running())
                committed = partial(checkpoints.committed, writer=engine)
            self._serve(self.accepting, committed)

    def _serve(self, accepting: Accepting, committed: Callable[[int], None]) -> None:
        while (said := self._next()) is not None:
            kind, payload = said
            group = [payload]
            if kind == wire.TURN:
                self._say(wire.YOURS)
                self._wait_for_done()
            else:
                while self._waiting and self._waiting[0][0] == wire.ARRIVAL and len(group) < BATCH_LIMIT:
                    group.append(self._waiting.popleft()[1])
                self._say(wire.ANSWERS, wire.encode(self._answers(accepting, group)))
            committed(len(group))

    def _answers(self, accepting: Accepting, group: list[bytes]) -> wire.Answers:
        try:
            answers = accepting.commit([_read(payload) for payload in group])
        except Exception as error:
            # `commit` answers for every item itself; whatever slips through must still not end the writer.
            log.exception("writer_failed")
            return [f"the writer failed: {type(error).__name__}" for _ in group]
        return [one if isinstance(one, Receipt) else str(one) for one in answers]

    def _wait_for_done(self) -> None:
        later: list[tuple[bytes, bytes]] = []
        while (said := self._next()) is not None and said[0] != wire.DONE:
            later.append(said)
        self._waiting.extendleft(reversed(later))

    def _next(self) -> tuple[bytes, bytes] | None:
        while not self._waiting:
            size = self._conn.recv_into(self._read)
            if not size:
                return None
            self._waiting.extend(self._frames.feed(self._read[:size]))
        return self._waiting.popleft()

    def _say(self, kind: bytes, payload: bytes = b"") -> None:
        self._conn.sendall(wire.frame(kind, payload))


def _read(payload: bytes) -> Acceptance:
    try:
        return wire.read_arrival(payload)
    except Exception as error:
        log.error("arrival_not_readable", error=type(error).__name__)
        return wire.stand_in(wire.read_envelope(payload), f"not readable ({type(error).__name__})")


@contextlib.contextmanager
def only_writer(url: str) -> Iterator[None]:
    """Hold a SQLite file's one place for a writer (see ``engine.writing_engine``).

    Raises BlockingIOError when another intake has it. The lock ends with its process, however that ends.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        yield
        return
    with Path(f"{parsed.database}-writer").open("ab") as file:
        deadline_s = time.monotonic() + ANOTHER_WRITER_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline_s:
                    raise BlockingIOError(
                        f"another intake already writes to {parsed.database}; SQLite serves one process,"
                        " use PostgreSQL for more"
                    ) from None
                time.sleep(0.01)
        yield


def end_with(conn: socket.socket) -> NoReturn:
    """Be the writer at this end of a socket pair, and nothing else."""
    # Ctrl-C and a service manager's SIGTERM reach the whole group: what waits must still be committed.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    try:
        Committing(conn).work()
    except BaseException:
        log.exception("writer_failed")
        os._exit(1)
    # A copy of another process has no business with what that would do at its end.
    os._exit(0)


def main() -> None:
    descriptor, level, log_format = sys.argv[1:]
    set_up_logs(LogSettings(level=level, format=log_format))
    end_with(socket.socket(fileno=int(descriptor)))


if __name__ == "__main__":
    main()
