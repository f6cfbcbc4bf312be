"""Chats through a real HTTP door, with a stand-in that speaks the Bot API on the other side."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uuid_utils
from aiohttp import web

import channels
from channels.telegram.adapter import TelegramAdapter
from intake.clock import SteadyClock
from intake.contact import (
    CallerUri,
    ChannelKind,
    ContactId,
    InboundMessage,
    MessageId,
    MessageKind,
    RawMessage,
    Receipt,
    Reply,
)
from intake.doors.http import add_http_doors
from intake.doors.way_in import WayIn
from intake.errors import ReplyFailed, StoreUnavailable
from intake.location import LocationSource
from intake.ports import ChannelContext, Normalised
from intake.simulate.telegram_api import Person, TelegramApi

BOT_TOKEN, SECRET = "70000001:AAtoken-of-no-bot-at-all-00000000", "secret-token-of-no-bot"
PADDLER = Person(5001, "Test")


class Kept:
    """A sink that remembers; ``down`` counts how many times it still refuses."""

    def __init__(self) -> None:
        self.found: list[InboundMessage] = []
        self.down = 0

    async def accept(self, raw: RawMessage, normalised: Normalised | None, **_: Any) -> Receipt:
        if self.down:
            self.down -= 1
            raise StoreUnavailable("down")
        self.found += [one for one in normalised or () if isinstance(one, InboundMessage)]
        return Receipt(
            raw_id=raw.id, contact_id=ContactId("c"), message_id=MessageId("m"), received_at=raw.received_at
        )


class World:
    """The intake's telegram door and Telegram, introduced by ``set_webhook``."""

    async def start(self) -> World:
        clock = SteadyClock()
        self.kept = Kept()
        self.telegram = TelegramApi(BOT_TOKEN, clock.now, give_up_s=5)
        api = await self.telegram.start()
        app = web.Application()
        self.runner = web.AppRunner(app, access_log=None)
        context = ChannelContext(
            public_url="http://127.0.0.1:0", new_id=lambda: str(uuid_utils.uuid7()), now=clock.now
        )
        table = {"bot_token": BOT_TOKEN, "secret_token": SECRET, "api_base": api}
        adapter = channels.make_adapter("telegram", table, context)
        assert isinstance(adapter, TelegramAdapter)
        self.adapter = adapter
        add_http_doors(app.router, [adapter], WayIn(self.kept, clock, context.new_id), 5)  # type: ignore[arg-type]
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        await adapter.set_webhook()
        assert self.telegram.webhook["url"] == "http://127.0.0.1:0/telegram/webhook"
        port = self.runner.addresses[0][1]
        self.telegram.webhook["url"] = f"http://127.0.0.1:{port}/telegram/webhook"
        return self

    async def close(self) -> None:
        await self.adapter.close()
        await self.telegram.close()
        await self.runner.cleanup()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = await World().start()
    yield made
    await made.close()


def reply(chat: str = "5001", text: str = "We have your message.") -> Reply:
    return Reply(
        id="r1",
        contact_id=ContactId("c"),
        channel=ChannelKind("telegram"),
        caller=CallerUri("tg:5001"),
        reply_to=chat,
        text=text,
    )


async def test_set_webhook_asks_for_everything_and_drops_nothing(world: World) -> None:
    webhook = world.telegram.webhook
    assert {"message", "edited_message", "callback_query", "message_reaction"} <= set(
        webhook["allowed_updates"]
    )
    assert webhook["dropped_pending"] is False


async def test_a_chat_comes_in_and_the_answer_goes_back(world: World) -> None:
    delivery = await world.telegram.text(PADDLER, "Blown out off Padstow")
    assert delivery.taken and delivery.tries == [200]
    (message,) = world.kept.found
    assert (message.text, message.caller) == ("Blown out off Padstow", "tg:5001")
    reference = await world.adapter.reply(reply(message.reply_to))
    (sent,) = world.telegram.sent
    assert (sent.chat, sent.text) == (5001, "We have your message.")
    assert reference == f"m:5001:{sent.message_id}"


async def test_a_live_location_opens_once_and_moves(world: World) -> None:
    track = [(50.5637, -4.9867), (50.5650, -4.9950), (50.5668, -5.0041)]
    deliveries = await world.telegram.play_live_location(PADDLER, track, accuracy_m=18, every_s=0)
    assert all(delivery.taken for delivery in deliveries)
    found = world.kept.found
    assert [message.kind for message in found] == [MessageKind.TEXT, MessageKind.PLACE, MessageKind.PLACE]
    assert [(p.latitude, p.longitude) for m in found for p in m.locations] == track
    assert {p.source for m in found for p in m.locations} == {LocationSource.CHAT_LIVE}
    assert len({message.provider_id for message in found}) == 3


async def test_an_update_comes_again_until_the_store_is_back(world: World) -> None:
    world.kept.down = 2
    delivery = await world.telegram.press(PADDLER, "coastguard")
    assert delivery.tries == [503, 503, 200]
    assert [message.text for message in world.kept.found] == ["coastguard"]


async def test_forged_is_refused_and_nothing_is_kept(world: World) -> None:
    for secret in (None, "", "another-secret-of-no-bot"):
        assert await world.telegram.post(b'{"update_id": 1}', secret) == 403
    assert world.kept.found == []


async def test_whatever_is_authentic_is_kept(world: World) -> None:
    for body in (b"", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"update_id": 1}'):
        assert await world.telegram.post(body, SECRET) == 200
    assert len(world.kept.found) == 5


async def test_a_caller_who_blocked_the_bot_is_beyond_repeating(world: World) -> None:
    world.telegram.blocked.add(5001)
    with pytest.raises(ReplyFailed) as caught:
        await world.adapter.reply(reply())
    assert caught.value.permanent and caught.value.provider_code == "403"


async def test_flood_control_and_a_dead_network_pass(world: World) -> None:
    world.telegram.flood_s = 7
    with pytest.raises(ReplyFailed) as caught:
        await world.adapter.reply(reply())
    assert not caught.value.permanent and "7" in str(caught.value)
    await world.telegram.close()
    with pytest.raises(ReplyFailed) as caught:
        await world.adapter.reply(reply())
    assert not caught.value.permanent
    await world.telegram.start()


async def test_the_token_is_in_no_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await world.adapter.reply(reply())
    assert "token-of-no-bot" not in caplog.text


async def test_nothing_is_swept(world: World) -> None:
    async with asyncio.timeout(1):
        assert [raw async for raw in world.adapter.sweep(SteadyClock().now())] == []
