"""All desks of this process on one picture: what changed goes out at most ten times a second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import structlog
from aiohttp import web

from intake.console.desk import Desk
from intake.console.live.board import Board
from intake.console.live.filters import ViewFilter
from intake.console.live.following import Follower, RegionOf
from intake.console.live.frames import frame
from intake.console.live.seat import Seat
from intake.console.live.views import Tallies, View
from intake.errors import StoreUnavailable

log = structlog.get_logger()

FRAME_EVERY_S = 0.1
LOOK_EVERY_S = 0.25
BEAT_EVERY_S = 1.0
TRUE_FOR_S = 2.0
"""A picture that could not be brought up to date for so long beats no more: desks grey it (3 s)."""

LINGER_S = 30.0
SLOW_S = 10.0
ViewKey = tuple[ViewFilter, str, int, int]


class Hub:
    """Belongs to one event loop; follows the database only while a desk is there, and a while after."""

    def __init__(self, desk: Desk, region_of: RegionOf):
        self.desk = desk
        self._region_of = region_of
        self.seats: set[Seat] = set()
        self.views: dict[ViewKey, View] = {}
        self._following: asyncio.Task[None] | None = None
        self._loaded = asyncio.Event()
        self._true_at = 0.0
        self._new_board()

    def _new_board(self) -> None:
        self.board = Board()
        self.tallies = Tallies(self.board)
        self._follower = Follower(self.desk.store, self.desk.clock, self.board, self._region_of)

    # -- desks come and go ----------------------------------------------------------------------

    def enter(self, seat: Seat) -> None:
        """A desk is there: begin to follow, if nobody was."""
        self.seats.add(seat)
        if self._following is None or self._following.done():
            self._loaded.clear()
            self._new_board()
            self._following = asyncio.create_task(self._follow())

    def leave(self, seat: Seat) -> None:
        self.seats.discard(seat)
        self._look_away(seat)

    async def close(self) -> None:
        """Let every desk go: the intake stops."""
        for seat in list(self.seats):
            with contextlib.suppress(Exception):
                await seat.ws.close(code=1001)
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

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
        view.users += 1
        self._look_away(seat)
        seat.look(view)

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

    def publish(self, touched: Mapping[str, int]) -> None:
        """What changed, to every desk that sees it: one frame a view, whoever looks."""
        self.tallies.refresh()
        for view in list(self.views.values()):
            view.refresh()
        for seat in self.seats:
            if touched:
                seat.touch(touched)
            seat.look_again()

    # -- the loop -------------------------------------------------------------------------------

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        empty_since: float | None = None
        beat_at = 0.0
        while True:
            started = loop.time()
            rung = self.desk.store.bell.rung
            try:
                await self._look_once()
                self._true_at = loop.time()
            except StoreUnavailable as error:
                log.warning("live_picture_stands_still", error=str(error))
            if loop.time() >= beat_at:
                beat_at = loop.time() + BEAT_EVERY_S
                self._beat()
            if self.seats:
                empty_since = None
            elif empty_since is None:
                empty_since = loop.time()
            elif loop.time() - empty_since > LINGER_S:
                return
            await asyncio.sleep(max(0.0, FRAME_EVERY_S - (loop.time() - started)))
            await self.desk.store.bell.wait(rung, max(0.0, LOOK_EVERY_S - (loop.time() - started)))

    async def _look_once(self) -> None:
        if not self._loaded.is_set():
            await self._follower.load()
            self._loaded.set()
        self.publish(await self._follower.look())

    def _beat(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._true_at > TRUE_FOR_S:
            return  # a picture that stands still must not look alive
        text = frame("beat", now=self.desk.clock.now())
        for seat in self.seats:
            seat.say_latest("beat", text)
            if seat.sending_since is not None and now_s - seat.sending_since > SLOW_S:
                log.warning("live_desk_reads_nothing", handler=seat.person.name)
                seat.abort()


HUB = web.AppKey("live_hub", Hub)
