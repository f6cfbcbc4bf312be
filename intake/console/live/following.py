"""Keeps the picture true: follows what the database says was touched, and looks through all of it besides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec
import structlog

from intake import metrics
from intake.console.live.board import Board
from intake.contact import Contact
from intake.location import CallerLocation
from intake.ports import Clock
from intake.store import Connection, live
from intake.store.live import LiveContact, Signal
from intake.store.queue import Place
from intake.store.store import Store

log = structlog.get_logger()

NEAR_S, FAR_S = 1.0, 10.0
"""How far each look goes back, and how far one look a second does: a slow transaction's event has an
older id than those that are known already."""

FAR_EVERY_S = 1.0
PAGE = 500
ROUND_S = 15.0
"""All that is in the picture is held against the database once in so many seconds."""

LIMIT = 2_000
"""Contacts read again in one look; the others are next."""

SLICE, ID_SLICE = 250, 1_000
AT_ONCE = 100
"""Contacts put in the picture in one turn of the event loop: 2 ms."""


RegionOf = Callable[[CallerLocation | None], str]
Rows = list[tuple[LiveContact, str]]


def uuid7_floor(ms: float) -> str:
    """Sorts before every UUIDv7 made at or after ``ms`` (milliseconds since 1970)."""
    text = f"{max(0, int(ms)):012x}"
    return f"{text[:8]}-{text[8:]}"


def uuid7_ms(id: str) -> int:
    return int(id[:8] + id[9:13], 16)


class Seen(msgspec.Struct, kw_only=True):
    """What one look found. ``checked`` were read before the signals were, for no other reason than to be
    sure: of those, what differs from the picture and has no signal had been missed."""

    rows: list[tuple[LiveContact, str]]
    checked: list[tuple[LiveContact, str]]
    signalled: set[str]


class Follower:
    """Feeds one board. ``look`` is called again and again; between two looks the picture stands still."""

    def __init__(self, store: Store, clock: Clock, board: Board, region_of: RegionOf):
        self._store, self._clock, self.board, self._region_of = store, clock, board, region_of
        self._seen: set[str] = set()
        self._newest_ms = 0
        self._far_at = 0.0
        self._behind: dict[str, None] = {}
        self._rounds = Rounds()
        self.repaired = 0

    async def load(self) -> None:
        """The whole live queue, a page at a time."""
        self._newest_ms = int(time.time() * 1000)
        after: Place | None = None
        while True:

            def read(conn: Connection, after: Place | None = after) -> tuple[Rows, Place | None]:
                rows, then = live.page(conn, after, PAGE)
                return self._located(rows), then

            rows, after = await self._store.read(read)
            await self._take(rows)
            if after is None:
                return

    async def _take(self, rows: Rows) -> None:
        now = self._clock.now()
        for at, (row, region) in enumerate(rows):
            if at % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)  # the desks are not kept waiting for a long list
            self.board.take(row, region, now)

    async def look(self) -> dict[str, int]:
        """Bring the picture up to date; returns the touched contacts with their fence now."""
        lapsed = self.board.lapsed(self._clock.now())
        self._behind.update(dict.fromkeys(lapsed))
        to_check = self._rounds.next(self.board)
        seen = await self._store.read(lambda conn: self._read(conn, to_check))
        now = self._clock.now()
        for row, region in seen.checked:
            if row.contact.id not in seen.signalled:
                self._check(row, region, now)
        await self._take(seen.rows)
        return {row.contact.merged_into or row.contact.id: row.contact.attempts for row, _ in seen.rows}

    def _read(self, conn: Connection, to_check: ToCheck) -> Seen:
        checked = self._rounds.read(conn, to_check)
        # Who checks looks far back first, so that a slow transaction is not taken for a missed one.
        fresh = {one.contact_id for one in self._signals(conn, far=bool(checked)) if one.contact_id}
        self._behind.update(dict.fromkeys(fresh))
        ids = list(self._behind)[:LIMIT]
        rows = self._located(live.of_ids(conn, ids))
        signalled = fresh | set(self._behind)
        for one_id in ids:
            del self._behind[one_id]
        return Seen(rows=rows, checked=self._located(checked), signalled=signalled)

    def _located(self, rows: Iterable[LiveContact]) -> Rows:
        return [(row, self._region_of(row.contact.location)) for row in rows]

    def _check(self, row: LiveContact, region: str, now: datetime) -> None:
        """A renewal and a contact's first time on a desk leave no signal; anything else was missed."""
        before = self.board.entries.get(row.contact.id)
        if not self.board.take(row, region, now):
            return
        if before is not None and _but_for_its_lease(before.contact) == _but_for_its_lease(row.contact):
            return
        self.repaired += 1
        metrics.LIVE_REPAIRED.inc()
        log.error("live_picture_repaired", contact_id=row.contact.id)

    def _signals(self, conn: Connection, *, far: bool) -> list[Signal]:
        """The signals not seen before. Not `id > newest`: see `intake.store.live`."""
        is_far = far or time.monotonic() >= self._far_at
        # Of the wall clock and the newest id the older: a clock put back makes smaller ids (law 15).
        newest_ms = min(self._newest_ms, time.time() * 1000)
        floor = uuid7_floor(newest_ms - (FAR_S if is_far else NEAR_S) * 1000)
        found = live.signals(conn, floor) + live.reports(conn, floor)
        fresh = [one for one in found if one.id not in self._seen]
        if is_far:
            self._far_at = time.monotonic() + FAR_EVERY_S
            self._seen = {one.id for one in found}
        else:
            self._seen.update(one.id for one in fresh)
        self._newest_ms = max([self._newest_ms, *(uuid7_ms(one.id) for one in fresh)])
        return fresh


def _but_for_its_lease(contact: Contact) -> Contact:
    return msgspec.structs.replace(contact, next_attempt_at=contact.queued_at)


class ToCheck(msgspec.Struct, frozen=True):
    """A slice to hold against the database: contacts of the picture, or those behind a place."""

    ids: tuple[str, ...] = ()
    known: frozenset[str] | None = None


class Rounds:
    """All of the queue in slices, once in `ROUND_S`: first what is in the picture, then what is not."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._after: Place | None = None
        self._is_over = True
        self._next_at = self._step_s = 0.0

    def next(self, board: Board) -> ToCheck:
        """What this look is to check; mostly nothing."""
        now_s = time.monotonic()
        if now_s < self._next_at:
            return ToCheck()
        if self._is_over:
            self._ids, self._after, self._is_over = list(board.entries), None, False
            slices = 2 + len(self._ids) // SLICE + len(self._ids) // ID_SLICE
            self._step_s = ROUND_S / slices
        self._next_at = now_s + self._step_s
        if self._ids:
            some, self._ids = self._ids[:SLICE], self._ids[SLICE:]
            return ToCheck(ids=tuple(some))
        return ToCheck(known=frozenset(board.entries))

    def read(self, conn: Connection, what: ToCheck) -> list[LiveContact]:
        if what.known is not None:
            ids, self._after = live.ids_page(conn, self._after, ID_SLICE)
            self._is_over = self._after is None
            return live.of_ids(conn, [one for one in ids if one not in what.known])
        return live.of_ids(conn, what.ids) if what.ids else []
