"""Sends each verdict to the originator, signed, until it is taken; decides by rule where the room has one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta

import aiohttp
import structlog

from intake.incident import Verdict
from intake.simulate.control_room.behaviour import Behaviour, Rule
from intake.simulate.control_room.feed import Identity
from intake.simulate.control_room.ledger import Entry, Ledger

log = structlog.get_logger()
LOOK_EVERY_S = 0.2
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.2, 30.0


class VerdictSender:
    """One loop. Verdicts it has not delivered are on disk: a restart goes on where it stopped."""

    def __init__(
        self,
        identity: Identity,
        ledger: Ledger,
        behaviour: Behaviour,
        now: Callable[[], datetime],
        callback_url: str,
        tls: ssl.SSLContext | None = None,
    ):
        self._identity, self._ledger, self._behaviour, self._now = identity, ledger, behaviour, now
        self._callback_url, self._tls = callback_url, tls
        self._failures: dict[str, tuple[int, datetime]] = {}
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There may be something new to decide or tell."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=5, sock_connect=2),
            connector=aiohttp.TCPConnector(ssl=self._tls or True),
        ) as session:
            while True:
                await self._decide_by_rule()
                for entry in await self._ledger.untold():
                    await self._tell(session, entry)
                self._wake.clear()
                try:
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._wake.wait()
                except TimeoutError:
                    continue

    async def _decide_by_rule(self) -> None:
        rule = self._behaviour.rule
        if rule is Rule.HAND:
            return
        verdict = Verdict.ACCEPTED if rule is Rule.ACCEPT else Verdict.REJECTED
        reason = self._behaviour.rejection if verdict is Verdict.REJECTED else ""
        before = self._now() - timedelta(seconds=self._behaviour.delay_s)
        for incident_id in await self._ledger.undecided_since(before):
            await self._ledger.decide(incident_id, verdict, reason, self._now())

    async def _tell(self, session: aiohttp.ClientSession, entry: Entry) -> None:
        failures, not_before = self._failures.get(entry.message_id, (0, self._now()))
        if not self._callback_url or not_before > self._now():
            return
        document, headers = self._identity.signed(self._identity.confirmation(entry), self._now())
        try:
            async with session.post(
                self._callback_url, data=document, headers=headers, allow_redirects=False
            ) as answer:
                taken, why = 200 <= answer.status < 300, str(answer.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            taken, why = False, type(error).__name__
        if taken:
            self._failures.pop(entry.message_id, None)
            await self._ledger.told(entry.message_id, self._now())
            return
        wait_s = min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2.0 ** min(failures, 10))
        self._failures[entry.message_id] = (failures + 1, self._now() + timedelta(seconds=wait_s))
        log.warning("verdict_not_taken", message_id=entry.message_id, why=why, failures=failures + 1)
