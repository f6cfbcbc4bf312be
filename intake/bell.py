"""Wakes loops when there is work, without losing a ring between looking and waiting."""

from __future__ import annotations

import asyncio


class Bell:
    """``seen = bell.rung`` before looking for work; ``await bell.wait(seen, …)`` when there was none."""

    def __init__(self) -> None:
        self.rung = 0
        self._waiting: set[asyncio.Event] = set()

    def ring(self) -> None:
        self.rung += 1
        for event in self._waiting:
            event.set()

    async def wait(self, seen: int, timeout_s: float) -> None:
        """Return when the bell has rung since ``seen``, or after ``timeout_s`` seconds."""
        if self.rung != seen:
            return
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return
        finally:
            self._waiting.discard(event)
