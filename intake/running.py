"""A started process: what it serves, and the loops whose end is its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import uuid_utils

from intake.clock import SteadyClock
from intake.ports import ChannelAdapter
from intake.service_health import Health
from intake.settings import Settings
from intake.store.store import Store


def new_id() -> str:
    """A time-ordered id (UUIDv7, RFC 9562 §5.7) as text."""
    return str(uuid_utils.uuid7())


class Running(msgspec.Struct, kw_only=True):
    """What a started process serves; the ports are the real ones even where 0 was asked for."""

    settings: Settings
    store: Store
    clock: SteadyClock
    adapters: tuple[ChannelAdapter, ...]
    health: Health
    http_port: int | None = None
    smtp_port: int | None = None
    console_port: int | None = None
    loops: list[asyncio.Future[None]] = []

    async def failed(self) -> None:
        """Wait until a loop ends, which none should; raises its error."""
        if not self.loops:
            await asyncio.Event().wait()
        done, _ = await asyncio.wait(self.loops, return_when=asyncio.FIRST_COMPLETED)
        for loop in done:
            loop.result()


def spawn(
    stack: AsyncExitStack, started: Running, loop: Callable[..., Awaitable[None]], *args: Any, **how: Any
) -> None:
    """Run a loop until the stack closes; if it ends before, the process does."""
    task = asyncio.ensure_future(loop(*args, **how))
    started.loops.append(task)
    stack.push_async_callback(_end, task)


async def _end(task: asyncio.Future[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
