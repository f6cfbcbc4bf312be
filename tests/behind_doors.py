"""What works behind the doors, put together over a real store, with time moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

import msgspec
import uuid_utils
from sqlalchemy import select

from intake.contact import (
    CallerUri,
    ChannelKind,
    ContactId,
    InboundMessage,
    MessageKind,
    RawMessage,
    RawMessageId,
    Receipt,
    Trust,
)
from intake.control_room import ControlRoom, Service
from intake.feeds import HttpsFeed
from intake.handover import HandOver
from intake.incident import Methane, Transfer, TransferId
from intake.locate.text import TextLocator
from intake.location import CallerLocation
from intake.phrases import Phrases, load_phrases
from intake.ports import Locator
from intake.register import load_auto_transfer, load_rerouting
from intake.rerouting import Rerouting
from intake.routing.decision import RoutingDecision
from intake.routing.grounds import Grounds
from intake.routing.policy import Rule
from intake.routing.router import RegionalRouter
from intake.settings import ContactsSettings, TransfersSettings
from intake.store import claims, contacts, replies, tables, transfers
from intake.store import log as log_events
from intake.store.claims import Claim
from intake.store.store import Store
from intake.telling import Telling
from intake.triage import Triage, load_triage
from intake.verdicts import Verdicts
from intake.workers.letting_go import LettingGo
from intake.workers.relaying import Relaying
from intake.workers.rerouting import ReroutingWorker
from intake.workers.triaging import Triaging
from tests.desk import CONFIG, HandClock, register, suggesting

AGENCY = "national-intake"
SECRET = b"s" * 32
APP = ChannelKind("app")
LEEDS = CallerLocation(latitude=53.7965, longitude=-1.5478, uncertainty_m=20, confidence_pct=95)
PATIENCE = TransfersSettings(
    connect_timeout_s=0.3, answer_timeout_s=2.0, first_retry_s=0.1, max_retry_s=1.0, verdict_wait_s=1.0
)


def new_id() -> str:
    return str(uuid_utils.uuid7())


async def eventually(is_true: Callable[[], Awaitable[bool]], within_s: float = 15.0) -> None:
    """Wait for what other tasks or processes bring about."""
    async with asyncio.timeout(within_s):
        while not await is_true():  # noqa: ASYNC110 - what it waits for may be in another process
            await asyncio.sleep(0.02)


@cache
def phrases() -> Phrases:
    return load_phrases(CONFIG)


@cache
def triage() -> Triage:
    return load_triage(CONFIG)


class Rooms:
    """The real register, with feeds and state of our own for some of its rooms; it routes as it does."""

    def __init__(self, feed_urls: Mapping[str, str], **changes: Any):
        self.urls, self._changes, self._router = feed_urls, changes, register()

    @property
    def map_version(self) -> str:
        return self._router.map_version

    @property
    def grounds(self) -> Grounds:
        return self._router.grounds

    def rule(self, rule_id: str) -> Rule | None:
        return self._router.rule(rule_id)

    def setting(self, location: CallerLocation | None) -> tuple[str, str]:
        return self._router.setting(location)

    def route(self, service: Service, location: CallerLocation | None) -> RoutingDecision:
        return self._router.route(service, location)

    def room(self, room_id: str) -> ControlRoom:
        found = self._router.room(room_id)
        return msgspec.structs.replace(found, feed_url=self.urls.get(room_id, ""), **self._changes)


class Behind:
    """Triage, hand-over, relay and verdicts over one store; ``clock.seconds`` moves their time."""

    def __init__(
        self,
        store: Store,
        feed_urls: Mapping[str, str] | None = None,
        *,
        patience: TransfersSettings = PATIENCE,
        settings: ContactsSettings | None = None,
        locator: Locator | None = None,
        feed: Any = None,
        router: RegionalRouter | Rooms | None = None,
    ):
        self.store, self.clock = store, HandClock()
        self.settings = settings or ContactsSettings()
        self.rooms = router or Rooms(feed_urls or {})
        self.handover = HandOver(store, self.rooms, self.clock, new_id, AGENCY, suggesting().beside)
        rules = load_rerouting(CONFIG)
        self.rerouting = Rerouting(store, self.handover, self.rooms, self.clock, new_id, rules)
        self.rerouting_worker = ReroutingWorker(store, self.rerouting, self.clock)
        self.telling = Telling(phrases())
        self.verdicts = Verdicts(store, self.telling, self.clock, new_id, patience.verdict_wait_s)
        self.triaging = self.triage_worker(locator)
        secrets = dict.fromkeys(feed_urls or {}, (SECRET,))
        self.feed = feed or HttpsFeed(
            secrets,
            agency=AGENCY,
            now=self.clock.now,
            connect_timeout_s=patience.connect_timeout_s,
            answer_timeout_s=patience.answer_timeout_s,
        )
        self._patience = patience
        self.relaying = self.relay_worker()

    def triage_worker(self, locator: Locator | None = None) -> Triaging:
        letting_go = LettingGo(self.handover, load_auto_transfer(CONFIG), self.settings.old_after_s)
        locator = locator or TextLocator(None)
        return Triaging(
            self.store, locator, triage(), self.telling, letting_go, self.clock, new_id, self.settings
        )

    def relay_worker(self, **how: Any) -> Relaying:
        return Relaying(
            self.store, self.feed, self.rooms, self.verdicts, self.clock, new_id, self._patience, **how
        )

    async def close(self) -> None:
        await self.relaying.close()
        await self.feed.close()

    # -- what comes in ---------------------------------------------------------------------------

    async def app_writes(
        self, handle: str, text: str = "he fell and cannot stand", **fields: Any
    ) -> ContactId:
        """A complete contact: service chosen, a good fix, a token. Policy lets it go by itself."""
        said = {"service": Service.AMBULANCE, "locations": (LEEDS,), **fields}
        trust = said.pop("trust", Trust.TOKEN)
        receipt = await self.arrives(APP, f"app:{handle}", text=text, trust=trust, **said)
        return receipt.contact_id

    async def aml_comes(
        self, caller: str, location: CallerLocation = LEEDS, trust: Trust = Trust.SIGNED
    ) -> Receipt:
        """A phone's own fix, known by its number only."""
        kind = ChannelKind("aml")
        return await self.arrives(kind, caller, trust=trust, kind=MessageKind.PLACE, locations=(location,))

    async def arrives(
        self, channel: ChannelKind, caller: str, *, trust: Trust = Trust.SIGNED, **fields: Any
    ) -> Receipt:
        message = InboundMessage(
            channel=channel, provider_id=new_id(), caller=CallerUri(caller), reply_to="x", **fields
        )
        raw = RawMessage(
            id=RawMessageId(new_id()),
            channel=channel,
            door="test",
            received_at=self.clock.now(),
            body=b"",
            headers={},
        )
        return await self.store.accept(raw, [message], trust=trust, defect=None)

    async def triage(self) -> None:
        while await self.triaging.step():
            pass

    async def reroute(self) -> None:
        """Until every changed place was held against what its rooms know."""
        while await self.rerouting_worker.step():
            pass

    async def relay(self, relaying: Relaying | None = None) -> None:
        """Until nothing is due any more at this moment of the clock."""
        relaying = relaying or self.relaying
        while await relaying.step() or relaying._tasks:
            await asyncio.gather(*relaying._tasks, return_exceptions=True)

    # -- what a person does ----------------------------------------------------------------------

    async def person_sends(
        self,
        contact_id: ContactId,
        services: list[Service],
        room_id: str | None = None,
        methane: Methane | None = None,
        handler: str = "ada",
    ) -> list[TransferId]:
        """Claim the contact, hand it over, keep nothing in hand."""

        def take(conn: Any) -> int:
            over = contacts.get(conn, contact_id).state in claims.HANDED_OVER
            taking = claims.reopen if over else claims.claim
            return taking(conn, self.clock.now(), contact_id, handler, 900).attempts

        attempts = await self.store.run(take)
        sent = await self.handover.send(contact_id, handler, attempts, services, room_id, methane)
        held = Claim(contact_id, handler, attempts)
        await self.store.run(lambda conn: claims.release(conn, self.clock.now(), held))
        return sent

    # -- what can be seen ------------------------------------------------------------------------

    async def contact(self, contact_id: ContactId) -> Any:
        return await self.store.read(lambda conn: contacts.get(conn, contact_id))

    async def transfers(self, contact_id: ContactId) -> list[Transfer]:
        query = select(tables.transfers).where(tables.transfers.c.contact_id == contact_id)
        rows = await self.store.read(lambda conn: conn.execute(query.order_by(tables.transfers.c.id)).all())
        return [transfers.transfer_from(row) for row in rows]

    async def said_to(self, contact_id: ContactId) -> list[str]:
        """The phrases and handlers that answered, in order."""
        _, answered = await self.store.read(lambda conn: contacts.conversation(conn, contact_id))
        return [one.author.removeprefix(replies.AUTOMATIC) for one in answered]

    async def events(self, contact_id: ContactId) -> list[Any]:
        return list(await self.store.read(lambda conn: log_events.of_contact(conn, contact_id)))

    async def rows(self, table: Any) -> list[Any]:
        return list(await self.store.read(lambda conn: conn.execute(select(table)).all()))
