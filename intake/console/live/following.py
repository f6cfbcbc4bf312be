"""Keeps the picture true: follows what the database says was touched, and looks through all of it besides."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

import msgspec
import structlog

from intake.console.live.board import Board
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

RegionOf = Callable[[CallerLocation | None], str]


def uuid7_floor(ms: float) -> str:
    """Sorts before every UUIDv7 made at or after ``ms`` (milliseconds since 1970)."""
    text = f"{max(0, int(ms)):012x}"
    return f"{text[:8]}-{text[8:]}"


def uuid7_ms(id: str) -> int:
    return int(id[:8] + id[9:13], 16)


class Seen(msgspec.Struct, kw_only=True):
    """What one look found. ``checked`` were read before the signals were: what differs and has no
    signal was missed."""

    signals: list[Signal]
    rows: list[tuple[LiveContact, str]]
    checked: list[tuple[LiveContact, str]]
    gone: Collection[str] = ()


class Follower:
    """Feeds one board. ``look`` is called again and again; between two looks the picture stands still."""

    def __init__(self, store: Store, clock: Clock, board: Board, region_of: RegionOf):
        self._store, self._clock, self.board, self._region_of = store, clock, board, region_of
        self._seen: set[str] = set()
        self._newest_ms = 0
        self._far_at = 0.0
        self._behind: dict[str, None] = {}
        self._to_check: list[str] = []
        self._after: Place | None = None
        self._check_at = 0.0

    async def load(self) -> None:
        """The whole live queue, a page at a time."""
        self._newest_ms = int(time.time() * 1000)
        after: Place | None = None
        while True:
            start = after

            def read(conn: Connection, start: Place | None = start) -> tuple[list[LiveContact], Place | None]:
                return live.page(conn, start, PAGE)

            rows, after = await self._store.read(read)
            now = self._clock.now()
            for row in rows:
                self.board.take(row, self._region_of(row.contact.location), now)
            if after is None:
                return

    async def look(self) -> dict[str, int]:
        """Bring the picture up to date; returns the touched contacts with their fence now."""
        lapsed = self.board.lapsed(self._clock.now())
        seen = await self._store.read(lambda conn: self._read(conn, lapsed))
        now = self._clock.now()
        for row, region in seen.rows:
            self.board.take(row, region, now)
        return {row.contact.id: row.contact.attempts for row, _ in seen.rows}

    def _read(self, conn: Connection, lapsed: Collection[str]) -> Seen:
        signals = self._signals(conn)
        for one in signals:
            if one.contact_id:
                self._behind[one.contact_id] = None
        self._behind.update(dict.fromkeys(lapsed))
        ids = list(self._behind)[:LIMIT]
        rows = [(row, self._region_of(row.contact.location)) for row in live.of_ids(conn, ids)]
        for one_id in ids:
            del self._behind[one_id]
        return Seen(signals=signals, rows=rows, checked=[])

    def _signals(self, conn: Connection) -> list[Signal]:
        """The signals not seen before. Not `id > newest`: see `intake.store.live`."""
        is_far = time.monotonic() >= self._far_at
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
