"""The smaller outbox: what we say to callers, at least once, each channel on its own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping
from datetime import timedelta

import structlog

from intake import metrics
from intake.contact import ChannelKind
from intake.errors import ReplyFailed, StaleClaim
from intake.ports import ChannelAdapter, Clock
from intake.store import Connection, replies
from intake.store.store import Store

log = structlog.get_logger()

AT_ONCE = 16
LEASE_S = 60.0
SEND_LIMIT_S = 30.0
FIRST_RETRY_S = 2.0
MAX_RETRY_S = 300.0


class Replying:
    """``step`` takes what is due and sends it concurrently; one channel's trouble delays no other."""

    def __init__(self, store: Store, adapters: Iterable[ChannelAdapter], clock: Clock):
        self._store = store
        self._adapters: Mapping[ChannelKind, ChannelAdapter] = {one.kind: one for one in adapters}
        self._clock = clock
        self._sending: set[asyncio.Task[None]] = set()

    async def step(self) -> int:
        room = AT_ONCE - len(self._sending)
        if room <= 0:
            await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
            return 1
        now = self._clock.now()
        due = await self._store.run(lambda conn: replies.claim_due_replies(conn, now, room, LEASE_S))
        for one in due:
            task = asyncio.create_task(self._send(one))
            self._sending.add(task)
            task.add_done_callback(self._ended)
        return len(due)

    async def settle(self) -> int:
        """Bring contacts back whose reply the provider took and failed later."""
        now = self._clock.now()
        return await self._store.run(lambda conn: replies.settle_failures(conn, now))

    async def close(self) -> None:
        """Let go: every attempt has its repeat written."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _send(self, due: replies.DueReply) -> None:
        channel = due.reply.channel
        try:
            adapter = self._adapters.get(channel)
            if adapter is None:
                raise ReplyFailed(f"the channel {channel} is not open in this installation")
            async with asyncio.timeout(SEND_LIMIT_S):
                reference = await adapter.reply(due.reply)
        except (ReplyFailed, TimeoutError) as error:
            failure = error if isinstance(error, ReplyFailed) else ReplyFailed("no answer in time")
            await self._failed(due, failure)
        except Exception as error:
            log.exception("reply_failed", channel=channel, reply_id=due.reply.id)
            await self._failed(due, ReplyFailed(f"our adapter failed ({type(error).__name__})"))
        else:
            metrics.REPLIES.labels(channel=channel, outcome="sent").inc()
            now = self._clock.now()
            await self._store.run(lambda conn: replies.reply_sent(conn, now, due.reply.id, reference))
            self._store.bell.ring()

    async def _failed(self, due: replies.DueReply, failure: ReplyFailed) -> None:
        outcome = "refused" if failure.permanent else "failed"
        metrics.REPLIES.labels(channel=due.reply.channel, outcome=outcome).inc()
        log.warning("reply_not_taken", channel=due.reply.channel, reply_id=due.reply.id, reason=str(failure))
        now = self._clock.now()
        jitter = 0.5 + random.random() / 2  # noqa: S311 - spreads retries, guards nothing
        wait_s = min(MAX_RETRY_S, FIRST_RETRY_S * 2 ** min(due.attempts - 1, 20)) * jitter

        def work(conn: Connection) -> None:
            replies.reply_failed(
                conn,
                now,
                due,
                permanent=failure.permanent,
                retry_at=now + timedelta(seconds=wait_s),
                code=failure.provider_code or "",
                reason=str(failure),
            )

        try:
            await self._store.run(work)
        except StaleClaim:
            log.info("reply_in_other_hands", reply_id=due.reply.id)
        self._store.bell.ring()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its lease runs out and it is sent again; the reason must be seen.
            log.error("reply_attempt_failed", error=repr(error))
