"""Relays transfers to control rooms: at least once, in order, no room waiting for another (laws 11, 12)."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from intake import metrics
from intake.contact import ContactState
from intake.control_room import ControlRoom
from intake.errors import NotFound, StaleClaim, StoreUnavailable
from intake.feeds import Hold, HttpsFeed, NoConfirmation, Outcome, RetryAt, TryBuddy, next_ask_at, next_step
from intake.incident import Confirmation, Transfer, TransferId, TransferKind, TransferState, Verdict
from intake.mait import redirect
from intake.outcomes import SAYING, telephone
from intake.ports import Clock, Router
from intake.sentences import JOINT
from intake.settings import TransfersSettings
from intake.store import Connection, following, transfers
from intake.store.store import Store
from intake.verdicts import Verdicts

log = structlog.get_logger()


class Relaying:
    """``step`` starts what is due, room by room; a room that hangs holds only its own places.

    There is no limit over all rooms: any would let some of them delay the others.
    """

    def __init__(
        self,
        store: Store,
        feed: HttpsFeed,
        router: Router,
        verdicts: Verdicts,
        clock: Clock,
        new_id: Callable[[], str],
        patience: TransfersSettings,
        *,
        at_one_room: int = 4,
    ):
        self._store = store
        self._feed = feed
        self._router = router
        self._verdicts = verdicts
        self._clock = clock
        self._new_id = new_id
        self._patience = patience
        self._at_one_room = at_one_room
        self._under_way: defaultdict[str, set[TransferId]] = defaultdict(set)
        self._tasks: set[asyncio.Task[None]] = set()

    async def step(self) -> int:
        """Start every attempt that is due and has a place; returns how many were started."""
        now = self._clock.now()
        started = 0
        for room_id in await self._store.read(lambda conn: transfers.due_rooms(conn, now)):
            try:
                started += await self._start(room_id, now)
            except StoreUnavailable:
                raise
            except Exception:
                # What one room's rows do to us must not stop the others (law 12).
                log.exception("relay_room_failed", room=room_id)
        return started

    async def close(self) -> None:
        """Let go of what is under way: every attempt is already written, and will be repeated."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _start(self, room_id: str, now: datetime) -> int:
        under_way = self._under_way[room_id]
        places = self._at_one_room - len(under_way)
        if places <= 0:
            return 0
        begun = await self._store.run(lambda conn: self._begin(conn, now, room_id, places, set(under_way)))
        for transfer, attempt_id, attempts_here in begun:
            under_way.add(transfer.id)
            task = asyncio.create_task(self._attempt(transfer, attempt_id, attempts_here))
            self._tasks.add(task)
            task.add_done_callback(partial(self._ended, room_id, transfer.id))
        return len(begun)

    def _begin(
        self, conn: Connection, now: datetime, room_id: str, places: int, without: set[TransferId]
    ) -> list[tuple[Transfer, str, int]]:
        """Write each attempt, and when the next one is due, before anything is dialled."""
        begun = []
        limit_s = self._patience.connect_timeout_s + self._patience.answer_timeout_s
        for transfer in transfers.due(conn, now, room_id, places, without=without):
            again_at = now + timedelta(seconds=limit_s + self._patience.first_retry_s)
            try:
                attempt_id = transfers.start_attempt(conn, now, transfer, again_at, self._new_id)
            except StaleClaim:
                continue  # another worker process has it
            begun.append((transfer, attempt_id, transfers.attempts_at_room(conn, transfer)))
        return begun

    async def _attempt(self, transfer: Transfer, attempt_id: str, attempts_here: int) -> None:
        """One exchange, and what follows from it; a failure of our own is held for a person to see."""
        try:
            await self._exchange(transfer, attempt_id, attempts_here)
        except StoreUnavailable as error:
            # The next attempt's time is already written: it goes again, under the same id.
            log.error("store_unavailable", loop="relaying", transfer_id=transfer.id, reason=str(error))
        except Exception as error:
            log.exception("relay_attempt_failed", transfer_id=transfer.id, room=transfer.room_id)
            failed = SAYING.en("relay_failed", error=type(error).__name__)
            reason = failed + JOINT + self._telephone(transfer)
            await self._write(transfer, attempt_id, reason, Hold(reason))

    async def _exchange(self, transfer: Transfer, attempt_id: str, attempts_here: int) -> None:
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
            await self._confirmed(transfer, confirmation, attempt_id, asked)

    def _next(
        self, transfer: Transfer, room: ControlRoom, outcome: Outcome, attempts_here: int, asking: bool
    ) -> RetryAt | TryBuddy | Hold | None:
        now, jitter = self._clock.now(), random.random()  # noqa: S311 - spreads retries, guards nothing
        if asking:
            if outcome is Outcome.FORGOTTEN:
                return None
            return RetryAt(next_ask_at(self._patience, asked=attempts_here, now=now, jitter=jitter))
        at_buddy = transfer.room_id != transfer.first_room_id
        step = next_step(
            self._patience,
            outcome=outcome,
            room=room,
            at_buddy=at_buddy,
            attempts=attempts_here,
            waited_s=(now - transfer.created_at).total_seconds(),
            now=now,
            jitter=jitter,
        )
        if isinstance(step, Hold) and at_buddy:
            first = self._router.room(transfer.first_room_id)
            before = SAYING.en("before_it", room=first.name, number=first.telephone or "–")
            return Hold(step.reason + JOINT + before)
        return step

    async def _write(
        self, transfer: Transfer, attempt_id: str, outcome: str, step: RetryAt | TryBuddy | Hold | None
    ) -> None:
        now = self._clock.now()

        def work(conn: Connection) -> None:
            transfers.end_attempt(conn, now, attempt_id, outcome)
            match step:
                case RetryAt(at=at):
                    self._mind_silence(conn, now, transfer)  # the contact before its transfer, as everywhere
                    transfers.reschedule(conn, transfer, at, outcome)
                case TryBuddy(room_id=buddy, reason=reason):
                    readdress = partial(redirect, to_room=buddy, on_behalf_of=transfer.first_room_id)
                    transfers.try_buddy(conn, now, transfer, buddy, readdress, reason)
                case Hold(reason=reason):
                    transfers.hold(conn, now, transfer, reason)
                case None:
                    transfers.offer_again(conn, now, transfer, outcome)

        await self._store.run(work)
        self._store.bell.ring()

    def _mind_silence(self, conn: Connection, now: datetime, transfer: Transfer) -> None:
        """Behind a room that confirmed and then fell silent nobody waits unseen (law 8)."""
        if transfer.state is not TransferState.DELIVERED:
            return
        _, last = transfers.heard_at(conn, transfer)
        silent_s = (now - last).total_seconds()
        if silent_s >= self._patience.hold_after_s:
            self._tell_a_person(conn, now, transfer, SAYING.en("silent_now", room=transfer.room_id))

    def _mind_indecision(self, conn: Connection, now: datetime, transfer: Transfer) -> None:
        """Nor behind one that goes on considering an incident: told once, when our patience ends."""
        if transfer.state is not TransferState.DELIVERED or transfer.kind is not TransferKind.CREATION:
            return
        first, last = transfers.heard_at(conn, transfer)
        patience_s = self._patience.hold_after_s
        if last < first + timedelta(seconds=patience_s) <= now:
            waits = SAYING.en("undecided", room=transfer.room_id, seconds=f"{patience_s:.0f}")
            self._tell_a_person(conn, now, transfer, waits)

    def _tell_a_person(self, conn: Connection, now: datetime, transfer: Transfer, why: str) -> None:
        reason = why + JOINT + self._telephone(transfer)
        leaving = (ContactState.SENDING, ContactState.DELIVERED)
        following.to_a_person(conn, now, transfer.contact_id, reason, leaving=leaving)

    def _telephone(self, transfer: Transfer) -> str:
        try:
            return telephone(self._router.room(transfer.room_id).telephone)
        except NotFound:
            return telephone("")

    async def _confirmed(
        self, transfer: Transfer, confirmation: Confirmation, attempt_id: str, asked: int
    ) -> None:
        now = self._clock.now()
        ask_at = next_ask_at(self._patience, asked=asked, now=now, jitter=random.random())  # noqa: S311

        def work(conn: Connection) -> None:
            if confirmation.verdict is Verdict.CONSIDERING:
                self._mind_indecision(conn, now, transfer)
            transfers.end_attempt(conn, now, attempt_id, confirmation.verdict.value)
            self._verdicts.apply(conn, now, confirmation, ask_at)

        await self._store.run(work)
        self._store.bell.ring()

    def _ended(self, room_id: str, transfer_id: TransferId, task: asyncio.Task[None]) -> None:
        self._under_way[room_id].discard(transfer_id)
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("relay_attempt_failed", room=room_id, error=repr(error))
