"""The audit chain verified behind the auditor's page: in slices, for a bounded time, with its progress."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial

import msgspec
import structlog
from aiohttp import web

from intake.errors import StoreUnavailable
from intake.ports import Clock
from intake.store import audit
from intake.store.audit import Head
from intake.store.store import Store

log = structlog.get_logger()

SLICE = 500
"""Few enough that a desk does not feel it."""
PAUSE_S = 0.005
LIMIT_S = 120.0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far a verification is. ``state``: none | running | stopped | whole | broken | away.

    ``stopped`` had no more time, and goes on from where it is; ``away`` could not read the database.
    """

    state: str = "none"
    upto: int = 0
    total: int = 0
    at: datetime | None = None
    problem: str = ""


class Verifying:
    """One verification at a time, for all auditors of this console.

    The end of the last one that held is kept: the next finds out whether it was cut off since.
    """

    def __init__(self, store: Store, clock: Clock, limit_s: float = LIMIT_S):
        self._store, self._clock, self._limit_s = store, clock, limit_s
        self._task: asyncio.Task[None] | None = None
        self._after: Head | None = None
        self._kept: dict[int, str] = {}
        self.standing = Standing()

    def start(self) -> None:
        """Begin, or go on with what had to stop; nothing while one is under way."""
        if self._task is not None and not self._task.done():
            return
        if self.standing.state != "stopped":
            self._after = None
        self.standing = msgspec.structs.replace(self.standing, state="running", problem="")
        self._task = asyncio.ensure_future(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def wait(self) -> None:
        """Until what is under way has ended."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            self._say("running", total=(await self._store.read(audit.head)).number)
            await self._walk(time.monotonic() + self._limit_s)
        except StoreUnavailable:
            self._say("away")
        except Exception:
            log.exception("audit_verification_failed")
            self._say("away")

    async def _walk(self, until_s: float) -> None:
        while time.monotonic() < until_s:
            work = partial(audit.verify_slice, after=self._after, kept=self._kept, limit=SLICE)
            found = await self._store.read(work)
            is_end = found.head == (self._after or Head())
            problem = found.problem or (audit.cut_off(found.head, self._kept) if is_end else "")
            self._after = found.head
            if problem:
                log.error("audit_broken", number=found.head.number, problem=problem)
                return self._say("broken", problem=problem)
            if is_end:
                self._kept = {found.head.number: found.head.digest} if found.head.number else {}
                return self._say("whole")
            self._say("running")
            await asyncio.sleep(PAUSE_S)
        self._say("stopped")

    def _say(self, state: str, *, problem: str = "", total: int | None = None) -> None:
        upto = self._after.number if self._after else 0
        total = max(upto, self.standing.total if total is None else total)
        self.standing = Standing(state=state, upto=upto, total=total, at=self._clock.now(), problem=problem)


VERIFYING = web.AppKey("verifying", Verifying)


async def verifying(app: web.Application) -> AsyncIterator[None]:
    """For ``app.cleanup_ctx``: what is under way ends with the console."""
    yield
    await app[VERIFYING].stop()
