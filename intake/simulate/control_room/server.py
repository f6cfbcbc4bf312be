"""A reference control room as one server: start it, stop it, look at what it has received."""

from __future__ import annotations

import asyncio
import secrets as randomness
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from intake.incident import Verdict
from intake.mait import DOCUMENT_LIMIT_BYTES, ReceivedMessage
from intake.simulate.control_room.behaviour import Behaviour, Mode, Rule
from intake.simulate.control_room.feed import Identity, RoomFeed
from intake.simulate.control_room.ledger import Ledger
from intake.simulate.control_room.pages import RoomPages
from intake.simulate.control_room.verdicts import VerdictSender


class ControlRoomServer:
    """For tests and the demo in-process, for ``intake control-room`` as a process of its own.

    ``secrets`` are the shared ones, the first signs; ``callback_url`` is where verdicts go, none when
    empty; port 0 takes a free one. ``admin_token`` opens the page and the mode switch.
    """

    def __init__(
        self,
        room_id: str,
        secrets: tuple[bytes, ...],
        *,
        database: Path,
        callback_url: str = "",
        name: str = "",
        originator: str = "national-intake",
        rule: Rule = Rule.ACCEPT,
        delay_s: float = 1.0,
        admin_token: str = "",
        may_exit: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        tls: ssl.SSLContext | None = None,
        callback_tls: ssl.SSLContext | None = None,
    ):
        self.room_id = room_id
        self.admin_token = admin_token or randomness.token_urlsafe(18)
        self.received: list[ReceivedMessage] = []
        self.behaviour = Behaviour(rule=rule, delay_s=delay_s)
        self.url = ""
        self._tls, self._now = tls, now
        identity = Identity(room_id, name or room_id.replace("-", " ").title(), secrets, originator)
        self._ledger = Ledger(database)
        self._sender = VerdictSender(identity, self._ledger, self.behaviour, now, callback_url, callback_tls)
        self._feed = RoomFeed(identity, self._ledger, self.behaviour, now, self._heard)
        self._pages = RoomPages(
            identity, self._ledger, self.behaviour, self.admin_token, self.decide, may_exit=may_exit
        )
        self._runner: web.AppRunner | None = None
        self._sending: asyncio.Task[None] | None = None

    @property
    def feed_url(self) -> str:
        return f"{self.url}/feed"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        await self._ledger.open()
        app = web.Application(client_max_size=DOCUMENT_LIMIT_BYTES, middlewares=[self._pages.careful])
        app.add_routes([*self._feed.routes(), *self._pages.routes()])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=self._tls)
        await site.start()
        taken = self._runner.addresses[0][1]
        self.url = f"{'https' if self._tls else 'http'}://{host}:{taken}"
        self._sending = asyncio.create_task(self._sender.run(), name=f"verdicts of {self.room_id}")

    async def stop(self) -> None:
        """Once or more often."""
        if self._runner is None:
            return
        await self._runner.cleanup()
        self._runner = None
        if self._sending is not None:
            self._sending.cancel()
            with suppress(asyncio.CancelledError):
                await self._sending
            self._sending = None
        await self._ledger.close()

    async def serve(self) -> None:
        """Until cancelled; raises if the loop that sends verdicts dies."""
        if self._sending is not None:
            await asyncio.shield(self._sending)

    def tell(self, mode: Mode, slow_s: float | None = None) -> None:
        """How to behave from now on."""
        self.behaviour.mode = mode
        if slow_s is not None:
            self.behaviour.slow_s = slow_s

    async def decide(self, incident_id: str, verdict: Verdict, reason: str = "") -> int:
        """Accept or reject an incident by hand; returns how many messages that decided."""
        decided = await self._ledger.decide(incident_id, verdict, reason, self._now())
        self._sender.wake()
        return decided

    async def document(self, message_id: str) -> bytes:
        """A message's bytes as they came; raises KeyError for one that has not come here."""
        entry = await self._ledger.entry(message_id)
        if entry is None:
            raise KeyError(message_id)
        return entry.document

    def _heard(self, message: ReceivedMessage) -> None:
        self.received.append(message)
        self._sender.wake()
