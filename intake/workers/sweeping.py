"""Asks providers for what their webhooks did not bring: on some channels nobody else would (STANDARDS 5)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from intake import metrics
from intake.contact import InboundMessage, RawMessage, Trust
from intake.defects import read_message
from intake.doors.way_in import WayIn
from intake.errors import StoreUnavailable
from intake.ports import ChannelAdapter, Clock, HttpDoor
from intake.settings import WorkersSettings
from intake.store import contacts
from intake.store.store import Store

log = structlog.get_logger()

SWEEP_LIMIT_S = 20.0


class Sweeping:
    """``step`` feeds what is new through the channel's own door; what we have already is left alone."""

    def __init__(
        self,
        store: Store,
        adapters: Iterable[ChannelAdapter],
        way_in: WayIn,
        clock: Clock,
        settings: WorkersSettings,
    ):
        self._store = store
        self._adapters = tuple(adapters)
        self._way_in = way_in
        self._clock = clock
        self._settings = settings
        self._defective: dict[bytes, datetime] = {}
        self._doors = {
            door.name: door
            for adapter in self._adapters
            for door in adapter.doors()
            if isinstance(door, HttpDoor)
        }

    async def step(self) -> int:
        """One round over all providers at once; one that fails or hangs is asked again next round."""
        since = self._clock.now() - timedelta(seconds=self._settings.sweep_back_s)
        self._defective = {body: at for body, at in self._defective.items() if at >= since}
        rounds = (self._sweep(adapter, since) for adapter in self._adapters)
        found = 0
        for ended in await asyncio.gather(*rounds, return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended
            found += ended
        if found:
            log.warning("sweep_found", messages=found)
        return found

    async def _sweep(self, adapter: ChannelAdapter, since: datetime) -> int:
        found = 0
        try:
            async with asyncio.timeout(SWEEP_LIMIT_S):
                async for raw in adapter.sweep(since):
                    found += await self._feed(raw)
        except StoreUnavailable:
            raise
        except Exception as error:
            # Any failure of a provider's client: the next round asks again from the same time.
            log.warning("sweep_failed", channel=adapter.kind, error=f"{type(error).__name__}: {error}")
        return found

    async def _feed(self, raw: RawMessage) -> int:
        door = self._doors[raw.door]
        read, defect = read_message(door.normalise, raw)
        ids = [(one.provider_id, one.channel) for one in read if isinstance(one, InboundMessage)]
        if await self._store.read(lambda conn: contacts.have_messages(conn, ids)):
            return 0
        body = hashlib.sha256(raw.body).digest()
        if defect and body in self._defective:
            return 0  # where no id could be read, each round would make a contact of it
        await self._way_in.admit(raw, door, metrics.door(raw.channel, door.name), trust=Trust.POLLED)
        if defect:
            self._defective[body] = self._clock.now()
        return 1
