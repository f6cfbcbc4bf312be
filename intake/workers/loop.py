"""How every loop goes round: work while there is some, wait for the bell or the poll when there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from intake.bell import Bell
from intake.errors import StoreUnavailable
from intake.service_health import Health

log = structlog.get_logger()

STORE_RETRY_S = 1.0

Step = Callable[[], Awaitable[int]]
"""One round; returns how much was done, 0 for nothing."""


async def go_round(name: str, step: Step, *, bell: Bell, idle_s: float, health: Health) -> None:
    """For ever. A database that is away is waited for; any other error ends the loop, and the process.

    The poll behind the bell is what makes the outbox safe: a ring may be lost with its process, a
    row that says *not sent* cannot be (law 10).
    """
    while True:
        health.beat(name)
        seen = bell.rung
        try:
            done = await step()
        except StoreUnavailable as error:
            log.error("store_unavailable", loop=name, reason=str(error))
            await asyncio.sleep(STORE_RETRY_S)
            continue
        if not done:
            await bell.wait(seen, idle_s)


async def tick(name: str, step: Step, *, every_s: float, health: Health) -> None:
    """The same on a fixed beat, for what no bell announces."""
    while True:
        health.beat(name)
        try:
            await step()
        except StoreUnavailable as error:
            log.error("store_unavailable", loop=name, reason=str(error))
        # Beat while waiting: a slow tick is not a stuck loop.
        waited_s = 0.0
        while waited_s < every_s:
            pause_s = min(10.0, every_s - waited_s)
            await asyncio.sleep(pause_s)
            waited_s += pause_s
            health.beat(name)
