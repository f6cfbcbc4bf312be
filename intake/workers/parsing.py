"""Reads what a door left unread: mail, in a thread of its own, under a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import structlog

from intake import metrics
from intake.contact import RawMessage, Trust
from intake.defects import read_message
from intake.errors import MalformedMessage
from intake.ports import ChannelAdapter, Normalised, SmtpDoor
from intake.store import triage
from intake.store.store import Store

log = structlog.get_logger()

BATCH = 20
PARSE_LIMIT_S = 10.0


class Parsing:
    """``step`` reads the oldest pending messages; a poison one is kept as defective and delays no other."""

    def __init__(self, store: Store, adapters: Iterable[ChannelAdapter]):
        self._store = store
        self._doors = {
            door.name: door for adapter in adapters for door in adapter.doors() if isinstance(door, SmtpDoor)
        }
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="parse")

    async def step(self) -> int:
        pending = await self._store.read(lambda conn: triage.pending_raw(conn, tuple(self._doors), BATCH))
        for raw, trust in pending:
            await self._read(raw, trust)
        return len(pending)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _read(self, raw: RawMessage, trust: Trust) -> None:
        messages, defect = await self._parsed(raw)
        if defect:
            metrics.DEFECTS.labels(channel=raw.channel).inc()
        await self._store.finish(raw, messages, trust=trust, defect=defect)

    async def _parsed(self, raw: RawMessage) -> tuple[Normalised, str | None]:
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._threads, read_message, self._doors[raw.door].normalise, raw)
        try:
            return await asyncio.wait_for(asyncio.shield(work), PARSE_LIMIT_S)
        except TimeoutError:
            log.error("parser_too_slow", raw_id=raw.id, limit_s=PARSE_LIMIT_S)
            # The thread is lost to us until it ends; new ones carry on.
            self._threads = ThreadPoolExecutor(2, thread_name_prefix="parse")
            return read_message(_gave_up, raw)


def _gave_up(_raw: RawMessage) -> Normalised:
    raise MalformedMessage(f"reading took longer than {PARSE_LIMIT_S:.0f} s")
