"""Holds places that changed after the hand-over against what the rooms were told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog

from intake import metrics
from intake.contact import ContactId
from intake.errors import StoreUnavailable
from intake.ports import Clock
from intake.rerouting import Rerouting
from intake.store import Connection, reroutes
from intake.store.reroutes import Reroute
from intake.store.store import Store

log = structlog.get_logger()

BATCH = 50
POISON_AGAIN_S = 60.0


class ReroutingWorker:
    """``step`` looks at contacts whose place changed, and at incidents on their way to another room.

    A poison one delays no other (law 12).
    """

    def __init__(self, store: Store, rerouting: Rerouting, clock: Clock):
        self._store = store
        self._rerouting = rerouting
        self._clock = clock

    async def step(self) -> int:
        now = self._clock.now()
        due = await self._store.read(lambda conn: reroutes.due(conn, now, BATCH))
        for contact_id in due:
            await self._one(contact_id, partial(self._check, contact_id), partial(self._later, contact_id))
        # Rooms whose incident another has accepted are let go. Those not so far are no work to come back for.
        for one in await self._store.read(reroutes.handing):
            await self._one(one.contact_id, partial(self._finish, one))
        if due:
            self._store.bell.ring()
        return len(due)

    async def watch(self) -> int:
        """Say aloud that somebody must choose a room."""
        waiting = await self._store.read(reroutes.count_open)
        metrics.REROUTES_OPEN.set(waiting)
        if waiting:
            log.warning("another_room_proposed", contacts=waiting)
        return 0

    async def _one(
        self,
        contact_id: ContactId,
        work: Callable[[Connection], None],
        otherwise: Callable[[Connection], None] | None = None,
    ) -> None:
        try:
            await self._store.run(work)
        except StoreUnavailable:
            raise
        except Exception:
            # Law 12: it is looked at again later, and everybody else now.
            log.exception("rerouting_failed", contact_id=contact_id)
            metrics.REROUTING_FAILED.inc()
            if otherwise is not None:
                await self._store.run(otherwise)

    def _check(self, contact_id: ContactId, conn: Connection) -> None:
        self._rerouting.check(conn, self._clock.now(), contact_id)

    def _later(self, contact_id: ContactId, conn: Connection) -> None:
        reroutes.checked(conn, contact_id, self._clock.now() + timedelta(seconds=POISON_AGAIN_S))

    def _finish(self, one: Reroute, conn: Connection) -> None:
        self._rerouting.finish(conn, self._clock.now(), one)
