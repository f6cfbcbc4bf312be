"""Texts through real HTTP doors, with a stand-in that speaks Twilio's protocol on the other side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import uuid_utils
from aiohttp import web

import channels
from intake.clock import SteadyClock
from intake.contact import (
    CallerUri,
    ChannelKind,
    ContactId,
    DeliveryReport,
    DeliveryState,
    InboundMessage,
    MessageId,
    RawMessage,
    Receipt,
    Reply,
)
from intake.doors.http import add_http_doors
from intake.doors.way_in import WayIn
from intake.errors import ReplyFailed, StoreUnavailable
from intake.ports import ChannelAdapter, ChannelContext, HttpDoor, Normalised
from intake.simulate.twilio_api import TwilioApi

SID, TOKEN, OURS = "AC" + "0" * 32, "auth-token-of-no-account-at-all!", "+447700900999"
CALLER = "+447700900123"


class Kept:
    """A sink that remembers, or refuses as a store does that is down."""

    def __init__(self) -> None:
        self.raw: list[RawMessage] = []
        self.found: list[InboundMessage | DeliveryReport] = []
        self.defects: list[str | None] = []
        self.down = False

    async def accept(
        self, raw: RawMessage, normalised: Normalised | None, *, defect: str | None, **_: Any
    ) -> Receipt:
        if self.down:
            raise StoreUnavailable("down")
        self.raw.append(raw)
        self.found += normalised or ()
        self.defects.append(defect)
        return Receipt(
            raw_id=raw.id, contact_id=ContactId("c"), message_id=MessageId("m"), received_at=raw.received_at
        )

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.found if isinstance(one, InboundMessage)]

    @property
    def reports(self) -> list[DeliveryReport]:
        return [one for one in self.found if isinstance(one, DeliveryReport)]


class World:
    """The intake's sms doors, a second process's fallback door, and Twilio."""

    def __init__(self) -> None:
        self.clock = SteadyClock()
        self.kept, self.fallback_kept = Kept(), Kept()
        self.twilio = TwilioApi(SID, TOKEN, self.clock.now)
        self.runners: list[web.AppRunner] = []

    async def start(self) -> World:
        api = await self.twilio.start()
        self.sms, main = await self._intake(self.kept, api)
        self.fallback, other = await self._intake(self.fallback_kept, api)
        self.twilio.webhook_url = f"{main}/sms/messages"
        self.twilio.fallback_url = f"{other}/sms/fallback"
        return self

    async def _intake(self, kept: Kept, api: str) -> tuple[ChannelAdapter, str]:
        app = web.Application()
        runner = web.AppRunner(app, access_log=None)
        self.runners.append(runner)
        # The public URL holds the port, which the socket only has once it listens.
        probe = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = probe.sockets[0].getsockname()[1]
        probe.close()
        await probe.wait_closed()
        url = f"http://127.0.0.1:{port}"
        table = {"account_sid": SID, "auth_token": TOKEN, "numbers": [OURS], "api_base": api}
        context = ChannelContext(public_url=url, new_id=lambda: str(uuid_utils.uuid7()), now=self.clock.now)
        adapter = channels.make_adapter("sms", table, context)
        add_http_doors(app.router, [adapter], WayIn(kept, self.clock, context.new_id), 5)  # type: ignore[arg-type]
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return adapter, url

    async def close(self) -> None:
        await self.sms.close()
        await self.fallback.close()
        await self.twilio.close()
        for runner in self.runners:
            await runner.cleanup()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = await World().start()
    yield made
    await made.close()


def reply_to(reply_to: str, text: str = "We have your message.") -> Reply:
    return Reply(
        id="r1",
        contact_id=ContactId("c"),
        channel=ChannelKind("sms"),
        caller=CallerUri(f"tel:{CALLER}"),
        reply_to=reply_to,
        text=text,
    )


async def swept(world: World, since: datetime) -> list[InboundMessage]:
    door = next(one for one in world.sms.doors() if isinstance(one, HttpDoor) and one.name == "sms.messages")
    return [
        message
        async for raw in world.sms.sweep(since)
        for message in door.normalise(raw)
        if isinstance(message, InboundMessage)
    ]


async def test_a_text_comes_in_and_the_answer_goes_back_with_its_reports(world: World) -> None:
    delivery = await world.twilio.text(CALLER, "Fire at LS1 4AP", to=OURS)
    assert delivery.taken and [status for _, status in delivery.tries] == [200]
    assert world.kept.texts == ["Fire at LS1 4AP"]
    (message,) = world.kept.found
    assert isinstance(message, InboundMessage)
    reference = await world.sms.reply(reply_to(message.reply_to))
    (sent,) = world.twilio.sent
    assert (sent.sid, sent.to, sent.sender, sent.text) == (reference, CALLER, OURS, "We have your message.")
    await world.twilio.reports_sent()
    assert [(one.provider_ref, one.state) for one in world.kept.reports] == [
        (reference, DeliveryState.SENT),
        (reference, DeliveryState.DELIVERED),
    ]


async def test_the_same_webhook_twice_has_the_same_id(world: World) -> None:
    delivery = await world.twilio.text(CALLER, "once", to=OURS)
    await world.twilio.deliver(delivery.sid)
    assert {one.provider_id for one in world.kept.found if isinstance(one, InboundMessage)} == {delivery.sid}
    assert len(world.kept.raw) == 2


async def test_while_the_store_is_down_the_fallback_door_takes_it(world: World) -> None:
    world.kept.down = True
    delivery = await world.twilio.text(CALLER, "help", to=OURS)
    assert delivery.taken
    # Without connection overrides Twilio does not try again after a 503.
    assert [status for _, status in delivery.tries] == [503, 200]
    (message,) = world.fallback_kept.found
    assert isinstance(message, InboundMessage) and message.provider_id == delivery.sid
    assert message.extra["ErrorUrl"] == world.twilio.webhook_url


async def test_the_advised_overrides_make_twilio_try_again(world: World) -> None:
    world.twilio.webhook_url += "#rc=3&rp=ct,rt,5xx"
    world.kept.down, world.twilio.fallback_url = True, ""
    delivery = await world.twilio.text(CALLER, "help", to=OURS)
    assert [status for _, status in delivery.tries] == [503] * 4 and not delivery.taken


async def test_forged_is_refused_and_nothing_is_kept(world: World) -> None:
    assert await world.twilio.forge(CALLER, "let me in", to=OURS) == 403
    assert await world.twilio.forge(CALLER, "let me in", to=OURS, header="") == 403
    assert world.kept.raw == []


async def test_malformed_but_signed_is_kept_as_a_defect(world: World) -> None:
    sid = "SM" + "1" * 32
    body = f"MessageSid={sid}&From=%2B447700900123&Body=caf%E9".encode()
    assert await world.twilio.malformed(body) == 200
    assert world.kept.defects == ["not UTF-8"]
    (message,) = world.kept.found
    assert isinstance(message, InboundMessage)
    assert (message.provider_id, message.caller) == (sid, f"tel:{CALLER}")


async def test_a_sweep_finds_what_no_webhook_brought(world: World) -> None:
    start = world.clock.now() - timedelta(seconds=2)
    brought = await world.twilio.text(CALLER, "brought", to=OURS)
    lost = await world.twilio.text(CALLER, "lost & found", to=OURS, media=["image/jpeg"], lost=True)
    await world.twilio.text(CALLER, "to somebody else", to="+447700900998", lost=True)
    await world.sms.reply(reply_to(f"{CALLER} {OURS}"))
    found = {message.provider_id: message for message in await swept(world, start)}
    assert set(found) == {brought.sid, lost.sid}
    late = found[lost.sid]
    assert (late.text, late.caller, late.reply_to) == ("lost & found", f"tel:{CALLER}", f"{CALLER} {OURS}")
    assert late.sent_at and start <= late.sent_at <= world.clock.now()
    assert late.attachments[0].content_type == "image/jpeg"
    assert late.attachments[0].reference.startswith(world.twilio.base_url)
    # The webhook and the sweep agree on what was said.
    webhook = world.kept.found[0]
    assert isinstance(webhook, InboundMessage)
    assert (webhook.text, webhook.caller, webhook.locations) == (
        found[brought.sid].text,
        found[brought.sid].caller,
        found[brought.sid].locations,
    )


async def test_a_sweep_turns_every_page(world: World) -> None:
    for n in range(450):
        world.twilio.book.add(f"SM{n:032x}", "inbound", CALLER, OURS, f"text {n}", world.clock.now())
    found = await swept(world, datetime(2020, 1, 1, tzinfo=UTC))
    assert len({message.provider_id for message in found}) == 450


@pytest.mark.parametrize(("code", "permanent"), [(21610, True), (21211, True), (21999, True), (21606, False)])
async def test_a_refused_reply_says_whether_repeating_can_help(
    world: World, code: int, permanent: bool
) -> None:
    world.twilio.refuse[CALLER] = code
    with pytest.raises(ReplyFailed) as caught:
        await world.sms.reply(reply_to(f"{CALLER} {OURS}"))
    assert (caught.value.permanent, caught.value.provider_code) == (permanent, str(code))


async def test_a_reply_waits_while_twilio_cannot_be_reached(world: World) -> None:
    await world.twilio.close()
    with pytest.raises(ReplyFailed) as caught:
        await world.sms.reply(reply_to(f"{CALLER} {OURS}"))
    assert not caught.value.permanent
    await world.twilio.start()


async def test_a_sender_with_a_name_is_not_answered(world: World) -> None:
    with pytest.raises(ReplyFailed) as caught:
        await world.sms.reply(reply_to(""))
    assert caught.value.permanent
