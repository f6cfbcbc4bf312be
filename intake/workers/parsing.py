"""Reads what a door left unread: mail, in a thread of its own, under a time limit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TypeVar

import structlog

from intake import metrics
from intake.contact import RawMessage, Trust
from intake.defects import read_message
from intake.errors import MalformedMessage
from intake.ports import ChannelAdapter, Normalised, SmtpDoor
from intake.store import triage
from intake.store.store import Store

log = structlog.get_logger()

T = TypeVar("T")

BATCH = 20
PATIENCE_S = 1.0
"""A mail that takes longer is read aside, and the next one begins."""

ASIDE_LIMIT = 8
PARSE_LIMIT_S = 10.0


class Parsing:
    """``step`` reads the oldest pending messages; a poison one is kept as defective and delays no other."""

    def __init__(self, store: Store, adapters: Iterable[ChannelAdapter]):
        self._store = store
        self._doors = {
            door.name: door for adapter in adapters for door in adapter.doors() if isinstance(door, SmtpDoor)
        }
        self._aside: dict[str, asyncio.Task[None]] = {}

    async def step(self) -> int:
        """One after another, in the order they came, but for those that take long."""
        limit = BATCH if len(self._aside) < ASIDE_LIMIT else 0
        pending = await self._store.read(
            lambda conn: triage.pending_raw(conn, tuple(self._doors), limit, without=tuple(self._aside))
        )
        for raw, trust in pending:
            reading = self._aside[raw.id] = asyncio.create_task(self._read(raw, trust))
            reading.add_done_callback(partial(self._ended, raw.id))
            done, _ = await asyncio.wait({reading}, timeout=PATIENCE_S)
            if done:
                reading.result()  # raises StoreUnavailable: the loop waits, the message stays pending
            elif len(self._aside) >= ASIDE_LIMIT:
                break
        return len(pending)

    def close(self) -> None:
        """Let go: what is not read yet is still pending."""
        for task in self._aside.values():
            task.cancel()

    def _ended(self, raw_id: str, task: asyncio.Task[None]) -> None:
        del self._aside[raw_id]
        self._store.bell.ring()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("parsing_failed", raw_id=raw_id, error=repr(error))

    async def _read(self, raw: RawMessage, trust: Trust) -> None:
        messages, defect = await self._parsed(raw)
        if defect:
            metrics.DEFECTS.labels(channel=raw.channel).inc()
        await self._store.finish(raw, messages, trust=trust, defect=defect)

    async def _parsed(self, raw: RawMessage) -> tuple[Normalised, str | None]:
        try:
            async with asyncio.timeout(PARSE_LIMIT_S):
                return await _in_a_thread(partial(read_message, self._doors[raw.door].normalise, raw))
        except TimeoutError:
            log.error("parser_too_slow", raw_id=raw.id, limit_s=PARSE_LIMIT_S)
            return read_message(_gave_up, raw)


def _gave_up(_raw: RawMessage) -> Normalised:
    raise MalformedMessage(f"reading took longer than {PARSE_LIMIT_S:.0f} s")


async def _in_a_thread(work: Callable[[], T]) -> T:
    """A daemon thread of its own: one that never ends keeps neither another mail nor the exit waiting."""
    loop = asyncio.get_running_loop()
    promise: asyncio.Future[T] = loop.create_future()

    def keep(result: T) -> None:
        if not promise.done():  # given up on in the meantime
            promise.set_result(result)

    def run() -> None:
        result = work()
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(keep, result)

    threading.Thread(target=run, name="parse", daemon=True).start()
    return await promise
