"""Relays transfers to control rooms: at least once, in order, no room waiting for another (laws 11, 12)."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from intake import metrics
from intake.control_room import ControlRoom
from intake.errors import NotFound, StaleClaim
from intake.feeds import Hold, HttpsFeed, NoConfirmation, Outcome, RetryAt, TryBuddy, next_ask_at, next_step
from intake.incident import Confirmation, Transfer, TransferState
from intake.mait import redirect
from intake.ports import Clock, Router
from intake.settings import TransfersSettings
from intake.store import Connection, transfers
from intake.store.store import Store
from intake.verdicts import Verdicts

log = structlog.get_logger()

AT_ONE_ROOM = 4
AT_ALL_ROOMS = 64


class Relaying:
    """``step`` starts what is due, room by room; a room that hangs holds only its own places."""

    def __init__(
        self,
        store: Store,
        feed: HttpsFeed,
        router: Router,
        verdicts: Verdicts,
        clock: Clock,
        new_id: Callable[[], str],
        patience: TransfersSettings,
    ):
        self._store = store
        self._feed = feed
        self._router = router
        self._verdicts = verdicts
        self._clock = clock
        self._new_id = new_id
        self._patience = patience
        self._under_way: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def step(self) -> int:
        """Start every attempt that is due and has a place; returns how many were started."""
        now = self._clock.now()
        started = 0
        for room_id in await self._store.read(lambda conn: transfers.due_rooms(conn, now)):
            places = min(AT_ONE_ROOM - self._under_way[room_id], AT_ALL_ROOMS - len(self._tasks))
            if places > 0:
                started += await self._start(room_id, now, places)
        return started

    async def close(self) -> None:
        """Let go of what is under way: every attempt is already written, and will be repeated."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _start(self, room_id: str, now: datetime, places: int) -> int:
        begun = await self._store.run(lambda conn: self._begin(conn, now, room_id, places))
        for transfer, attempt_id, attempts_here in begun:
            self._under_way[room_id] += 1
            task = asyncio.create_task(self._attempt(transfer, attempt_id, attempts_here))
            self._tasks.add(task)
            task.add_done_callback(partial(self._ended, room_id))
        return len(begun)

    def _begin(
        self, conn: Connection, now: datetime, room_id: str, places: int
    ) -> list[tuple[Transfer, str, int]]:
        """Write each attempt, and when the next one is due, before anything is dialled."""
        begun = []
        limit_s = self._patience.connect_timeout_s + self._patience.answer_timeout_s
        for transfer in transfers.due(conn, now, room_id, places):
            again_at = now + timedelta(seconds=limit_s + self._patience.first_retry_s)
            try:
                attempt_id = transfers.start_attempt(conn, now, transfer, again_at, self._new_id)
            except StaleClaim:
                continue  # another worker process has it
            begun.append((transfer, attempt_id, transfers.attempts_at_room(conn, transfer)))
        return begun

    async def _attempt(self, transfer: Transfer, attempt_id: str, attempts_here: int) -> None:
        asking = transfer.state is TransferState.DELIVERED
        try:
            room = self._router.room(transfer.room_id)
            confirmation = await (self._feed.ask if asking else self._feed.send)(transfer, room)
        except NotFound as error:
            await self._write(transfer, attempt_id, str(error), Hold(f"{transfer.room_id}: {error}"))
        except NoConfirmation as error:
            metrics.TRANSFERS.labels(outcome=error.outcome.value).inc()
            log.warning("no_confirmation", transfer_id=transfer.id, room=room.id, outcome=error.outcome.value)
            step = self._next(transfer, room, error.outcome, attempts_here, asking)
            await self._write(transfer, attempt_id, f"{error.outcome.value}: {error}", step)
        else:
            metrics.TRANSFERS.labels(outcome=confirmation.verdict.value).inc()
            asked = attempts_here if asking else 0
            await self._confirmed(confirmation, attempt_id, asked)

    def _next(
        self, transfer: Transfer, room: ControlRoom, outcome: Outcome, attempts_here: int, asking: bool
    ) -> RetryAt | TryBuddy | Hold | None:
        now, jitter = self._clock.now(), random.random()  # noqa: S311 - spreads retries, guards nothing
        if asking:
            if outcome is Outcome.FORGOTTEN:
                return None
            return RetryAt(next_ask_at(self._patience, asked=attempts_here, now=now, jitter=jitter))
        return next_step(
            self._patience,
            outcome=outcome,
            room=room,
            at_buddy=transfer.room_id != transfer.first_room_id,
            attempts=attempts_here,
            waited_s=(now - transfer.created_at).total_seconds(),
            now=now,
            jitter=jitter,
        )

    async def _write(
        self, transfer: Transfer, attempt_id: str, outcome: str, step: RetryAt | TryBuddy | Hold | None
    ) -> None:
        now = self._clock.now()

        def work(conn: Connection) -> None:
            transfers.end_attempt(conn, now, attempt_id, outcome)
            match step:
                case RetryAt(at=at):
                    transfers.reschedule(conn, transfer, at, outcome)
                case TryBuddy(room_id=buddy, reason=reason):
                    document = redirect(transfer.document, to_room=buddy, on_behalf_of=transfer.first_room_id)
                    transfers.try_buddy(conn, now, transfer, buddy, document, reason)
                case Hold(reason=reason):
                    transfers.hold(conn, now, transfer, reason)
                case None:
                    transfers.offer_again(conn, now, transfer, outcome)

        await self._store.run(work)
        self._store.bell.ring()

    async def _confirmed(self, confirmation: Confirmation, attempt_id: str, asked: int) -> None:
        now = self._clock.now()
        ask_at = next_ask_at(self._patience, asked=asked, now=now, jitter=random.random())  # noqa: S311

        def work(conn: Connection) -> None:
            transfers.end_attempt(conn, now, attempt_id, confirmation.verdict.value)
            self._verdicts.apply(conn, now, confirmation, ask_at)

        await self._store.run(work)
        self._store.bell.ring()

    def _ended(self, room_id: str, task: asyncio.Task[None]) -> None:
        self._under_way[room_id] -= 1
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The attempt's next time is already written: the repeat is safe, the reason must be seen.
            log.error("relay_attempt_failed", room=room_id, error=repr(error))
