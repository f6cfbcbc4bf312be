"""House-keeping: contacts gone silent are closed, open minutes are noted, waits become figures and alarms."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import structlog

from intake import metrics
from intake.ports import ChannelAdapter, Clock
from intake.settings import ContactsSettings
from intake.store import Connection, offers, unreachable, upkeep
from intake.store.store import Store

log = structlog.get_logger()

ALARM_AFTER_S = (10, 60, 180)
"""Law 8: bold, alarm, supervisor."""


class Keeping:
    """Each method is one tick of its own loop."""

    def __init__(
        self, store: Store, clock: Clock, settings: ContactsSettings, doors: Iterable[ChannelAdapter]
    ):
        self._store = store
        self._clock = clock
        self._settings = settings
        self._channels = tuple(adapter.kind for adapter in doors)

    async def close_silent(self) -> int:
        """Close what the room has accepted and the caller left silent, and what is routine and whose caller
        could not be reached for as long; anything else waits for a person."""
        now = self._clock.now()
        before = now - timedelta(seconds=self._settings.silence_s)

        def work(conn: Connection) -> int:
            closed = upkeep.close_silent(conn, now, before)
            return closed + unreachable.close_silent(conn, now, before)

        return await self._store.run(work)

    async def hear_again(self) -> int:
        """Bring back who could not be reached and of whom there is a sign: a place, a used link, a reply
        that arrived. From whatever process it came; new words need no help of ours."""
        now = self._clock.now()
        heard = await self._store.read(unreachable.heard_of)
        if not heard:
            return 0
        back = await self._store.run(lambda conn: unreachable.bring_back(conn, now, heard))
        self._store.bell.ring()
        return back

    async def note_open_minute(self) -> int:
        """Availability beside counts: a quiet hour and an outage must not look alike."""
        minute = self._clock.now().replace(second=0, microsecond=0)
        await self._store.run(lambda conn: upkeep.note_open_minute(conn, self._channels, minute))
        return len(self._channels)

    async def end_offers(self) -> int:
        """Say in the record that an offer is over whose giver is gone; its contact waits in the queue."""
        now = self._clock.now()
        if not await self._store.read(lambda conn: offers.any_lapsed(conn, now)):
            return 0
        return await self._store.run(lambda conn: offers.withdraw_lapsed(conn, now))

    async def watch(self) -> int:
        """Publish the queue's figures, and say aloud when somebody waits too long."""
        now = self._clock.now()
        figures = await self._store.read(lambda conn: upkeep.figures(conn, now, ALARM_AFTER_S))
        for state, count in figures.by_state.items():
            metrics.QUEUE.labels(state=state).set(count)
        metrics.OLDEST_S.set(figures.oldest_wait_s)
        for after_s, count in figures.waiting_longer.items():
            metrics.UNANSWERED.labels(longer_than_s=after_s).set(count)
        self._say_aloud(figures)
        metrics.HELD_TRANSFERS.set(figures.held_transfers)
        return 0

    def _say_aloud(self, figures: upkeep.Figures) -> None:
        oldest_s = round(figures.oldest_wait_s)
        _, alarm_s, supervisor_s = ALARM_AFTER_S
        if waiting := figures.waiting_longer[supervisor_s]:
            log.error("unanswered", longer_than_s=supervisor_s, contacts=waiting, oldest_s=oldest_s)
        elif waiting := figures.waiting_longer[alarm_s]:
            log.warning("unanswered", longer_than_s=alarm_s, contacts=waiting, oldest_s=oldest_s)
        if figures.held_transfers:
            log.warning("transfers_held", transfers=figures.held_transfers)
