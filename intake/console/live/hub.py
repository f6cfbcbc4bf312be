"""All desks of this process on one picture: what changed goes out at most ten times a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog
from aiohttp import web

from intake import metrics
from intake.console.desk import Desk
from intake.console.live.board import Board
from intake.console.live.filters import ViewFilter
from intake.console.live.following import Follower, RegionOf
from intake.console.live.frames import frame
from intake.console.live.seat import Seat
from intake.console.live.tending import WRITE_EVERY_S, Tending
from intake.console.live.views import Tallies, View
from intake.contact import ContactState
from intake.errors import StoreUnavailable
from intake.store.presence import DeskRow

log = structlog.get_logger()

FRAME_EVERY_S = 0.1
LOOK_EVERY_S = 0.25
BEAT_EVERY_S = 1.0
TRUE_FOR_S = 2.0
"""A picture that could not be brought up to date for so long beats no more: desks grey it (3 s)."""
WRITTEN_WITHIN_S = 5.0
"""Nor does a desk whose leases cannot be written for so long: reading goes on, and they lapse (law 9)."""

LINGER_S = 30.0
SLOW_S = 10.0
CLOSING_S = 2.0
VIEWS_AT_ONCE = 50
"""Windows brought up to date in one turn of the event loop: 2 ms."""

ViewKey = tuple[ViewFilter, str, int, int]


class Hub:
    """Belongs to one event loop; follows the database only while a desk is there, and a while after."""

    def __init__(self, desk: Desk, region_of: RegionOf):
        self.desk = desk
        self._region_of = region_of
        self.seats: set[Seat] = set()
        self.views: dict[ViewKey, View] = {}
        self.tending = Tending(desk, self.seats, lambda: self.board)
        self._tasks: list[asyncio.Task[None]] = []
        self._loaded = asyncio.Event()
        self._true_at = 0.0
        self._new_board()

    def _new_board(self) -> None:
        self.board = Board()
        self.tallies = Tallies(self.board)
        self._follower = Follower(self.desk.store, self.desk.clock, self.board, self._region_of)

    # -- desks come and go ----------------------------------------------------------------------

    async def enter(self, seat: Seat) -> DeskRow | None:
        """A desk is there: begin to follow, if nobody was."""
        self.seats.add(seat)
        if not self._tasks or self._tasks[0].done():
            for task in self._tasks:
                task.cancel()
            for one in self.seats - {seat}:
                one.end(1012)  # they looked at the old picture: they come again
            self._loaded.clear()
            self._new_board()
            self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._tend())]
        return await self.tending.arrive(seat)

    def greet(self, seat: Seat) -> None:
        """The first beat comes at once, where there is one to be said: a desk is live by nothing else."""
        if self._is_true():
            seat.beat(frame("beat", now=self.desk.clock.now()))

    def leave(self, seat: Seat) -> None:
        """A desk has gone. What it had open lapses by itself (law 9)."""
        self.seats.discard(seat)
        self._look_away(seat)
        self.tending.leave(seat)

    async def close(self) -> None:
        """Let every desk go: the intake stops."""
        leaving = [asyncio.ensure_future(seat.ws.close(code=1001)) for seat in self.seats]
        if leaving:
            await asyncio.wait(leaving, timeout=CLOSING_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- windows --------------------------------------------------------------------------------

    async def look(self, seat: Seat, where: ViewFilter, first: int, size: int) -> None:
        """Show a desk a window; waits only until the picture is there."""
        await self._loaded.wait()
        key = (where, seat.person.name if where.mine else "", first, size)
        view = self.views.get(key)
        if view is None:
            self.tallies.refresh()
            view = View(self.board, self.tallies, self.board.listing(where, seat.person.name), first, size)
            self.views[key] = view
            self._shown(view.refresh())
        view.users += 1
        self._look_away(seat)
        seat.look(view)

    def _shown(self, contact_ids: list[str]) -> None:
        for contact_id in contact_ids:
            self.board.entries[contact_id].unshown = False
        self.tending.shown(contact_ids)

    def _look_away(self, seat: Seat) -> None:
        view = seat.view
        if view is None:
            return
        seat.view = None
        view.users -= 1
        if not view.users:
            for key in [key for key, one in self.views.items() if one is view]:
                del self.views[key]
            self.board.release(view.listing)

    async def publish(self, touched: Mapping[str, int]) -> None:
        """What changed, to every desk that sees it: one frame a view, whoever looks."""
        self.tallies.refresh()
        for at, view in enumerate(list(self.views.values())):
            if at % VIEWS_AT_ONCE == VIEWS_AT_ONCE - 1:
                await asyncio.sleep(0)
            self._shown(view.refresh())
        held = self._held_by(touched)
        for seat in self.seats:
            if touched:
                seat.touch(touched, held.get(seat.person.name, ()))
            seat.look_again()

    def _held_by(self, touched: Iterable[str]) -> dict[str, set[str]]:
        """By handler: a desk is told of what is its own, for a supervisor may have moved it there."""
        held: dict[str, set[str]] = {}
        for contact_id in touched:
            entry = self.board.entries.get(contact_id)
            if entry is not None and entry.contact.state == ContactState.OPEN:
                held.setdefault(entry.contact.claimed_by, set()).add(contact_id)
        return held

    # -- the loops ------------------------------------------------------------------------------

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        last_desk_s = beat_s = loop.time()
        while self.seats or loop.time() - last_desk_s < LINGER_S:
            started = loop.time()
            rung = self.desk.store.bell.rung
            await self._round("live_picture_stands_still", self._look_once)
            if self.seats:
                last_desk_s = loop.time()
            if loop.time() >= beat_s:
                beat_s = max(beat_s, loop.time() - BEAT_EVERY_S) + BEAT_EVERY_S
                self._beat()
            await asyncio.sleep(max(0.0, FRAME_EVERY_S - (loop.time() - started)))
            look_in_s = started + LOOK_EVERY_S - loop.time()
            await self.desk.store.bell.wait(rung, max(0.0, min(look_in_s, beat_s - loop.time())))

    async def _look_once(self) -> None:
        if not self._loaded.is_set():
            await self._follower.load()
            self._loaded.set()
        await self.publish(await self._follower.look())
        self._true_at = asyncio.get_running_loop().time()

    async def _tend(self) -> None:
        await self._loaded.wait()
        while True:
            await self._round("live_line_not_tended", self.tending.work)
            await asyncio.sleep(WRITE_EVERY_S)

    async def _round(self, what: str, step: Callable[[], Awaitable[None]]) -> None:
        """A step that may fail and is tried again; while it fails, no beat says that all is well."""
        try:
            await step()
        except StoreUnavailable as error:
            log.warning(what, error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)
        except Exception:
            metrics.LIVE_FAILED.inc()
            log.exception(what)
            await asyncio.sleep(BEAT_EVERY_S)

    def _is_true(self) -> bool:
        """A picture that stands still must not look alive, nor a desk that keeps nothing."""
        now_s = asyncio.get_running_loop().time()
        return now_s - self._true_at <= TRUE_FOR_S and self.tending.unwritten_s(now_s) <= WRITTEN_WITHIN_S

    def _beat(self) -> None:
        now_s = asyncio.get_running_loop().time()
        text = frame("beat", now=self.desk.clock.now())
        for seat in list(self.seats):
            if self._is_true():
                seat.beat(text)
            if seat.sending_since is not None and now_s - seat.sending_since > SLOW_S:
                log.warning("live_desk_reads_nothing", handler=seat.person.name)
                seat.abort()


HUB = web.AppKey("live_hub", Hub)
