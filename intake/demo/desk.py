"""A simulated call handler at the console's JSON interface: takes, reads, answers, sends, follows up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from intake.console.terminal.client import ConsoleClient
from intake.console.views.contact import QueueRow
from intake.contact import ContactState
from intake.simulate.evening import Handling

OPEN_LIMIT = 3
LEASE_S = 60.0
READING_S = 0.9
DECIDING_S = 0.4
LOOK_S = 0.25
PLACE_PATIENCE_S = 10.0


class SimulatedHandler:
    """``plan`` says what a person would do with a caller's contact; None leaves it alone.

    ``drifted`` is awaited before a follow-up goes out. One task a conversation, three at the most.
    """

    def __init__(
        self,
        console: ConsoleClient,
        plan: Callable[[str], Handling | None],
        drifted: Callable[[], Awaitable[object]],
    ):
        self._console, self._plan, self._drifted = console, plan, drifted
        self._open: set[str] = set()
        self.claims: dict[str, int] = {}
        """Contacts in these hands, with their fences: what the live line keeps."""
        self._seen: set[str] = set()

    async def work(self) -> None:
        """Until cancelled; raises ConsoleRefused for what a handler may not do."""
        async with asyncio.TaskGroup() as conversations:
            while True:
                queue = await self._console.queue(claimable="true", limit=100)
                for row in queue.rows:
                    handling = self._plan(row.caller)
                    if handling and row.id not in self._seen and len(self._open) < OPEN_LIMIT:
                        self._seen.add(row.id)
                        self._open.add(row.id)
                        conversations.create_task(self._handle(row, handling))
                await asyncio.sleep(LOOK_S)

    async def _handle(self, row: QueueRow, handling: Handling) -> None:
        taken = await self._console.change(row.id, "claim", lease_s=LEASE_S)
        self.claims[row.id] = taken.attempts
        await asyncio.sleep(READING_S)
        if handling.reply:
            await self._console.reply(row.id, taken.attempts, handling.reply)
        if not handling.services:
            await self._console.change(row.id, "renew", attempts=taken.attempts, lease_s=900.0)
            return  # stays open: the caller has been asked
        # A silent caller cannot be asked, but a fix may yet come: sent without one after ten seconds.
        with suppress(TimeoutError):
            await self._until(row.id, lambda now: now.place is not None, PLACE_PATIENCE_S)
        await self._console.route(row.id, ",".join(handling.services))
        await asyncio.sleep(DECIDING_S)
        await self._send(taken, handling)
        self._open.discard(row.id)
        if handling.follow_up:
            await self._follow_up(taken, handling)
        self.claims.pop(row.id, None)

    async def _send(self, taken: QueueRow, handling: Handling) -> None:
        await self._console.send(
            taken.id,
            attempts=taken.attempts,
            services=list(handling.services),
            methane=handling.report or None,
        )

    async def _follow_up(self, taken: QueueRow, handling: Handling) -> None:
        """The newest place goes to the room as an update, once it has accepted."""
        await self._drifted()
        await self._until(taken.id, lambda now: now.state is ContactState.ACCEPTED)
        await self._send(taken, handling)

    async def _until(
        self, contact_id: str, is_so: Callable[[QueueRow], bool], patience_s: float | None = None
    ) -> None:
        """Look again and again; raises TimeoutError after ``patience_s``."""
        async with asyncio.timeout(patience_s):
            # Another process's state can only be polled.
            while not is_so((await self._console.show(contact_id)).contact):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_S)
