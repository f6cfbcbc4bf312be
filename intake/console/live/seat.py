"""One desk's end of the live line: what it looks at, and what is still to be said to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping

import structlog
from aiohttp import WSMsgType, web

from intake.console.live.frames import frame
from intake.console.live.views import View
from intake.console.roles import Person, Right

log = structlog.get_logger()

SAID_LIMIT = 100
"""More than so many single frames unsent: the desk does not read, and will be told anew from the start."""


class Seat:
    """A connected desk. Frames wait here for its own task, so that a desk that reads nothing delays nobody.

    What has a newer state replaces what waits: only ``say`` keeps every frame.
    """

    def __init__(self, ws: web.WebSocketResponse, request: web.Request, person: Person):
        self.ws, self.request, self.person = ws, request, person
        self.view: View | None = None
        self.seq = -1
        self.watched: frozenset[str] = frozenset()
        self.kept: frozenset[str] = frozenset()
        self.wants_desks = False
        self.sending_since: float | None = None
        self.asked_at = asyncio.get_running_loop().time()
        self.close_code = 0
        self._said: deque[bytes] = deque()
        self._latest: dict[str, bytes] = {}
        self._told: dict[str, bytes] = {}
        self._touched: dict[str, int] = {}
        self._wake = asyncio.Event()

    @property
    def works(self) -> bool:
        """Whether this desk may take contacts: only such count as live (law 8)."""
        return self.person.may(Right.WORK)

    def say(self, text: bytes) -> None:
        """A frame that must arrive; too many unsent end the line."""
        self._said.append(text)
        if len(self._said) > SAID_LIMIT:
            self.end(4408)
        self._wake.set()

    def say_latest(self, kind: str, text: bytes, *, unless: bytes = b"") -> None:
        """A frame of which the newest counts: said once, and never first as ``unless``."""
        if self._told.get(kind, unless) != text:
            self._told[kind] = text
            self._latest[kind] = text
            self._wake.set()

    def want_desks(self, on: bool) -> None:
        """Whether this supervisor's page shows the desks; once it does again it is told all anew."""
        self.wants_desks = on
        self._told.pop("desks", None)

    def beat(self, text: bytes) -> None:
        """The newest beat, behind nothing but itself."""
        self._latest["beat"] = text
        self._wake.set()

    def touch(self, touched: Mapping[str, int], held: Iterable[str] = ()) -> None:
        """Contacts that have changed, with their fence now; those it watches or holds are told."""
        for contact_id in (self.watched | self.kept).union(held):
            if contact_id in touched:
                self._touched[contact_id] = touched[contact_id]
                self._wake.set()

    def look(self, view: View) -> None:
        """Another window: its whole comes first."""
        self.view, self.seq = view, -1
        self._wake.set()

    def look_again(self) -> None:
        if self.view is not None and self.seq != self.view.seq:
            self._wake.set()

    def end(self, code: int) -> None:
        """Close the line with a code as soon as its task comes round."""
        self.close_code = self.close_code or code
        self._wake.set()

    def next_frame(self) -> bytes | None:
        """The next frame to send, None when the desk knows everything."""
        if self._said:
            return self._said.popleft()
        if self._touched:
            contact_id, attempts = self._touched.popitem()
            return frame("contact", id=contact_id, attempts=attempts)
        if self._latest:
            return self._latest.pop(next(iter(self._latest)))
        view = self.view
        if view is not None and self.seq != view.seq:
            in_step, self.seq = self.seq == view.seq - 1 and self.seq >= 0, view.seq
            return view.delta if in_step else view.window()
        return None

    async def pump(self) -> None:
        """Send what there is, for ever; ends when the line does."""
        loop = asyncio.get_running_loop()
        while not self.close_code:
            await self._wake.wait()
            self._wake.clear()
            while not self.close_code and (text := self.next_frame()) is not None:
                self.sending_since = loop.time()
                await self.ws.send_frame(text, WSMsgType.TEXT)
                self.sending_since = None
        await self.ws.close(code=self.close_code)

    def abort(self) -> None:
        """End a line whose other side reads nothing: a close frame would wait behind the rest."""
        if self.request.transport is not None:
            self.request.transport.abort()
