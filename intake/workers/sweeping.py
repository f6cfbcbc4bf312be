"""Asks providers for what their webhooks did not bring: on some channels nobody else would (STANDARDS 5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

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
        self._doors = {
            door.name: door
            for adapter in self._adapters
            for door in adapter.doors()
            if isinstance(door, HttpDoor)
        }

    async def step(self) -> int:
        """One round over all channels; a provider that fails is tried again next round."""
        since = self._clock.now() - timedelta(seconds=self._settings.sweep_back_s)
        found = 0
        for adapter in self._adapters:
            try:
                async for raw in adapter.sweep(since):
                    found += await self._feed(raw)
            except StoreUnavailable:
                raise
            except Exception as error:
                # Any failure of a provider's client: the next round asks again from the same time.
                log.warning("sweep_failed", channel=adapter.kind, error=f"{type(error).__name__}: {error}")
        if found:
            log.warning("sweep_found", messages=found)
        return found

    async def _feed(self, raw: RawMessage) -> int:
        door = self._doors[raw.door]
        read, defect = read_message(door.normalise, raw)
        ids = [(one.provider_id, one.channel) for one in read if isinstance(one, InboundMessage)]
        if not defect and await self._store.read(lambda conn: contacts.have_messages(conn, ids)):
            return 0
        await self._way_in.admit(raw, door, metrics.door(raw.channel, door.name), trust=Trust.POLLED)
        return 1
