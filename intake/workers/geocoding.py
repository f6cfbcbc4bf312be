"""Looks up what only a service outside can place, beside the queue: no contact waits for it.

A message is triaged, answered and routed with what its own words tell. What a geocoder adds comes later,
as one more hypothesis; when none comes, nothing is missing but that.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

import structlog
from msgspec.structs import replace

from intake import metrics
from intake.contact import ContactId
from intake.errors import LookupFailed, StaleClaim, StoreUnavailable
from intake.locate.best import choose_best
from intake.locate.geocoding import question_of
from intake.location import CallerLocation, ClueKind
from intake.log_events import LogEventName
from intake.ports import Clock, Geocoder
from intake.store import Connection, contacts, lookups
from intake.store import log as log_events
from intake.store import triage as table
from intake.store.lookups import DueLookup, LookupState, Surroundings
from intake.store.store import Store

log = structlog.get_logger()

LEASE_S = 60.0
"""Longer than the longest time limit of an attempt; a killed worker's look-ups are made again after it."""
FIRST_RETRY_S = 2.0
MAX_RETRY_S = 120.0
CLOSING_S = 1.0


class Geocoding:
    """``step`` starts what is due and does not wait for it. ``geocoders`` has those that are set;
    ``worth_s`` says for how many seconds a clue of each kind is worth asking for."""

    def __init__(
        self,
        store: Store,
        geocoders: Mapping[ClueKind, Geocoder],
        worth_s: Mapping[ClueKind, float],
        clock: Clock,
        new_id: Callable[[], str],
    ):
        self._store, self._geocoders, self._worth_s = store, geocoders, worth_s
        self._clock, self._new_id = clock, new_id
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting: Counter[ClueKind] = Counter()

    async def step(self) -> int:
        """One round over the kinds of clue: one service's trouble delays no other's."""
        return sum([await self._start(kind) for kind in self._geocoders])

    async def count(self) -> int:
        """Publish how many look-ups wait, and give up those that nobody was asked for in time."""
        now, given_up = self._clock.now(), 0
        for kind, worth_s in self._worth_s.items():
            before = now - timedelta(seconds=worth_s)
            if await self._store.read(partial(lookups.any_lapsed, now=now, kind=kind, before=before)):
                given_up += await self._store.run(partial(lookups.lapse, now=now, kind=kind, before=before))
        for name, waiting in (await self._store.read(lookups.waiting)).items():
            metrics.LOOKUPS_WAITING.labels(kind=name).set(waiting)
        return given_up

    async def close(self) -> None:
        """Let go of what is being asked: each has its repeat written."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSING_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for geocoder in self._geocoders.values():
            await geocoder.close()

    async def _start(self, kind: ClueKind) -> int:
        now = self._clock.now()
        free = self._geocoders[kind].may_ask - self._starting[kind]
        if free <= 0 or not await self._store.read(lambda conn: lookups.any_due(conn, now, kind)):
            return 0
        due = await self._store.run(lambda conn: lookups.claim_due(conn, now, kind, free, LEASE_S))
        for one in due:
            self._starting[kind] += 1
            task = asyncio.create_task(self._one(one))
            self._tasks.add(task)
            task.add_done_callback(partial(self._ended, one))
        return len(due)

    async def _one(self, due: DueLookup) -> None:
        geocoder = self._geocoders[due.kind]
        try:
            try:
                around = await self._store.read(lambda conn: lookups.surroundings(conn, due))
            finally:
                self._starting[due.kind] -= 1
            if around.is_closed:
                # Nobody needs it any more, and it is somebody's address.
                await self._end(due, LookupState.UNNEEDED, "the contact is closed")
                return
            # No transaction is open here, however long it takes.
            places = await geocoder.find(question_of(around.clue, around.others, around.best))
            if places:
                await self._store.run(lambda conn: self._write(conn, due, around, places))
            else:
                await self._end(due, LookupState.NOTHING, "the service knows no such place")
        except StaleClaim:
            log.info("lookup_in_other_hands", clue_id=due.clue_id)
        except LookupFailed as failure:
            await self._failed(due, failure)
        except StoreUnavailable:
            raise  # its lease runs out
        except Exception as error:
            # The kind alone: the words of an error may be a caller's.
            log.error("lookup_broke", clue_id=due.clue_id, error=type(error).__name__)
            await self._failed(due, LookupFailed(f"our own fault ({type(error).__name__})"))
        self._store.bell.ring()

    def _write(
        self, conn: Connection, due: DueLookup, around: Surroundings, places: tuple[CallerLocation, ...]
    ) -> None:
        """Append what was found and choose anew, as triage does. Raises StaleClaim."""
        now, name = self._clock.now(), self._geocoders[due.kind].name
        # The contact before the look-up: the order in which triage locks them.
        contact = contacts.get(conn, ContactId(due.contact_id), lock=True)
        lookups.end(conn, now, due, LookupState.FOUND, provider=name)
        table.add_locations(
            conn,
            now,
            [replace(place, positioned_at=around.said_at) for place in places],
            contact_id=contact.id,
            message_id=due.message_id,
            caller=around.caller,
            actor=f"geocoder:{name}",
            new_id=self._new_id,
        )
        stored = contacts.hypotheses(conn, contact.id)
        best = choose_best([one.location for one in stored], now)
        if best is not None:
            table.set_best(conn, now, contact.id, best)

    async def _failed(self, due: DueLookup, failure: LookupFailed) -> None:
        now, name = self._clock.now(), self._geocoders[due.kind].name
        if failure.permanent:
            await self._end(due, LookupState.REFUSED, failure.reason)
            return
        at = now + timedelta(seconds=_pause_s(due.attempts, failure.retry_after_s))
        if (at - due.created_at).total_seconds() > self._worth_s[due.kind]:
            await self._end(due, LookupState.GIVEN_UP, failure.reason)
            return
        await self._fenced(lambda conn: lookups.again(conn, due, at, provider=name, reason=failure.reason))

    async def _end(self, due: DueLookup, state: LookupState, reason: str) -> None:
        now, name = self._clock.now(), self._geocoders[due.kind].name

        def work(conn: Connection) -> None:
            lookups.end(conn, now, due, state, provider=name, reason=reason)
            data = {"clue_id": due.clue_id, "lookup": state.value, "reason": reason}
            log_events.write(conn, now, LogEventName.LOCATION, due.contact_id, f"geocoder:{name}", data)

        await self._fenced(work)

    async def _fenced(self, work: Callable[[Connection], None]) -> None:
        try:
            await self._store.run(work)
        except StaleClaim as error:
            log.info("lookup_in_other_hands", reason=str(error))

    def _ended(self, due: DueLookup, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("lookup_attempt_failed", clue_id=due.clue_id, error=type(error).__name__)


def _pause_s(attempts: int, least_s: float) -> float:
    """Seconds until the next attempt: doubled each time, spread, and no less than the service asks for."""
    spread = 0.5 + random.random() / 2  # noqa: S311 - spreads retries, guards nothing
    return max(least_s, min(MAX_RETRY_S, FIRST_RETRY_S * 2.0 ** min(attempts - 1, 20)) * spread)
