"""Bytes on a bare socket, from a thread, and how long the event loop was held up meanwhile."""

from __future__ import annotations

import asyncio
import select
import socket
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

PATIENCE_S = 15.0

Piece = bytes | float
"""What to send, or how many seconds to wait before the next piece."""


def exchange(port: int, pieces: Iterable[Piece], *, hang_up: bool = False) -> bytes:
    """Send the pieces and return all that comes back until the other side closes or has answered in full.

    A server that answers before it has read everything resets the connection: what it said counts.
    ``hang_up`` ends our side of the connection behind the last piece.
    """
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as wire:
        try:
            for piece in pieces:
                if isinstance(piece, float):
                    if select.select([wire], [], [], piece)[0]:
                        break  # answered already
                else:
                    wire.sendall(piece)
        except OSError:
            pass
        try:
            if hang_up:
                wire.shutdown(socket.SHUT_WR)
            while not _is_whole(heard) and (block := wire.recv(65_536)):
                heard += block
        except OSError:
            pass
    return heard


def _is_whole(heard: bytes) -> bool:
    head, blank, body = heard.partition(b"\r\n\r\n")
    if not blank or not heard.startswith(b"HTTP/"):
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return b" 204 " in head


def status_of(heard: bytes) -> int:
    """The HTTP status; 0 where the connection ended without one."""
    return int(heard.split(b" ", 2)[1]) if heard.startswith(b"HTTP/1.") else 0


def mail_session(port: int, lines: Iterable[Piece]) -> list[int]:
    """Say each piece and wait for its answer; the codes, greeting first, 0 where the line was cut."""
    codes: list[int] = []
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as wire:
        heard = wire.makefile("rb")
        for line in (b"", *lines):
            try:
                if isinstance(line, float):
                    time.sleep(line)
                    continue
                wire.sendall(line)
                codes.append(_last_code(heard))
            except OSError:
                codes.append(0)
            if codes[-1] == 0:
                break
    return codes


def _last_code(heard: Iterable[bytes]) -> int:
    for line in heard:
        if line[3:4] != b"-":
            return int(line[:3])
    return 0


HELD_UP_LIMIT_S = 0.2
TRIES = 4
"""A busy machine may hold up any loop: a bound on blocking shows in the best of some tries."""
QUEUED = Path("/proc/thread-self/schedstat")
"""Linux: nanoseconds this thread ran, and those it waited for a processor that others had."""


class Lag:
    """``worst_s``: the longest time the event loop did not come round by its own fault."""

    worst_s = 0.0


def _own_s() -> float:
    """A clock that stands still while this thread is ready and gets no processor."""
    waited_ns = int(QUEUED.read_bytes().split()[1]) if QUEUED.exists() else 0
    return time.perf_counter() - waited_ns / 1e9


@asynccontextmanager
async def loop_lag() -> AsyncIterator[Lag]:
    """Measure while the block runs; the clients are to be in threads, not in this loop."""
    lag, ticks = Lag(), [_own_s()]

    async def tick() -> None:
        while True:
            await asyncio.sleep(0.005)
            ticks.append(_own_s())

    ticking = asyncio.ensure_future(tick())
    try:
        yield lag
    finally:
        ticking.cancel()
        ticks.append(_own_s())
        lag.worst_s = max(later - sooner for sooner, later in pairwise(ticks))
