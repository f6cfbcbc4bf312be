"""The smaller outbox: what we say to callers, at least once, each channel on its own."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog

from intake import metrics
from intake.contact import ChannelKind
from intake.errors import ReplyFailed, StaleClaim
from intake.ports import ChannelAdapter, Clock
from intake.store import Connection, replies
from intake.store.store import Store

log = structlog.get_logger()

AT_ONE_CHANNEL = 16
"""Replies under way on one channel. There is no limit over all: a provider that hangs delays its own only."""

LEASE_S = 60.0
SEND_LIMIT_S = 30.0
FIRST_RETRY_S = 2.0
MAX_RETRY_S = 300.0
CLOSING_S = 3.0
"""How long a stop waits for what is being sent: let go of, it would be sent again after the restart."""


class Replying:
    """``step`` takes what is due and sends it concurrently; one channel's trouble delays no other."""

    def __init__(self, store: Store, adapters: Iterable[ChannelAdapter], clock: Clock):
        self._store = store
        self._adapters: Mapping[ChannelKind, ChannelAdapter] = {one.kind: one for one in adapters}
        self._clock = clock
        self._sending: defaultdict[str, set[asyncio.Task[None]]] = defaultdict(set)

    async def step(self) -> int:
        now = self._clock.now()
        due = await self._store.read(lambda conn: replies.due_channels(conn, now))
        return sum([await self._start(channel, now) for channel in due])

    async def _start(self, channel: str, now: datetime) -> int:
        sending = self._sending[channel]
        places = AT_ONE_CHANNEL - len(sending)
        if places <= 0:
            return 0
        due = await self._store.run(
            lambda conn: replies.claim_due_replies(conn, now, places, LEASE_S, channel=channel)
        )
        for one in due:
            task = asyncio.create_task(self._send(one))
            sending.add(task)
            task.add_done_callback(partial(self._ended, channel))
        return len(due)

    async def settle(self) -> int:
        """Bring contacts back whose reply the provider took and failed later."""
        now = self._clock.now()
        return await self._store.run(lambda conn: replies.settle_failures(conn, now))

    async def close(self) -> None:
        """Let what is nearly out go out, and let go of the rest: every attempt has its repeat written."""
        sending = [task for tasks in self._sending.values() for task in tasks]
        if sending:
            await asyncio.wait(sending, timeout=CLOSING_S)
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)

    async def _send(self, due: replies.DueReply) -> None:
        channel = due.reply.channel
        try:
            adapter = self._adapters.get(channel)
            if adapter is None:
                raise ReplyFailed(f"the channel {channel} is not open in this installation", permanent=True)
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

    def _ended(self, channel: str, task: asyncio.Task[None]) -> None:
        self._sending[channel].discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its lease runs out and it is sent again; the reason must be seen.
            log.error("reply_attempt_failed", error=repr(error))
