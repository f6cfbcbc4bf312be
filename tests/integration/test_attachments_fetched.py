"""What callers attach is fetched from providers that answer well, badly, for ever, or lead elsewhere."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from aiohttp import web

import channels
from channels.email import parts
from intake.contact import ChannelKind, MediaReference, RawMessage, RawMessageId
from intake.errors import MediaFailed, MediaTrouble
from intake.ports import ChannelAdapter, ChannelContext, MediaSource
from intake.simulate.telegram_api import Person, TelegramApi
from intake.simulate.twilio_api import TwilioApi
from tests.drawn import picture

SID, TOKEN, OURS = "AC" + "0" * 32, "auth-token-of-no-account-at-all!", "+447700900999"
BOT = "70000001:AAtoken-of-no-bot-at-all-00000000"
LIMIT_BYTES = 50_000
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CONTEXT = ChannelContext(public_url="http://127.0.0.1:0", new_id=lambda: "1", now=lambda: NOW)
RESOURCE = f"/2010-04-01/Accounts/{SID}/Messages/MM{'1' * 32}/Media/ME{'2' * 32}"
FILE = "photos/file_1.jpg"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Answers everything with ``answer``; keeps what it was asked and with which key."""

    def __init__(self) -> None:
        self.answer: Answer = self.fine
        self.asked: list[str] = []
        self.keys: list[str] = []
        self.body = picture()

    async def start(self) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.host = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return f"http://{self.host}"

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/getFile"):
            return web.json_response({"ok": True, "result": await self.found(request)})
        self.asked.append(request.path)
        self.keys.append(request.headers.get("Authorization", ""))
        return await self.answer(request)

    async def found(self, _request: web.Request) -> dict[str, Any]:
        """Telegram's answer to getFile."""
        return {"file_id": "f", "file_unique_id": "u", "file_path": FILE}

    async def fine(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.body, content_type="text/html")


class World:
    """A provider, a place elsewhere, and the two adapters that ask over the network."""

    async def start(self) -> World:
        self.provider, self.elsewhere, self.store = Server(), Server(), Server()
        api = await self.provider.start()
        await self.elsewhere.start()
        await self.store.start()
        tables: dict[str, dict[str, Any]] = {
            "sms": {
                "account_sid": SID,
                "auth_token": TOKEN,
                "numbers": [OURS],
                "api_base": api,
                "media_hosts": [self.store.host],
            },
            "telegram": {"bot_token": BOT, "secret_token": "s" * 20, "api_base": api},
        }
        self.api = api
        self.adapters = {kind: channels.make_adapter(kind, table, CONTEXT) for kind, table in tables.items()}
        return self

    async def close(self) -> None:
        for adapter in self.adapters.values():
            await adapter.close()
        for server in (self.provider, self.elsewhere, self.store):
            await server.close()

    def named(self, kind: str) -> MediaReference:
        if kind == "sms":
            return MediaReference(kind="url", reference=self.api + RESOURCE)
        return MediaReference(kind="telegram_file", reference="file-id-1")

    async def fetch(self, kind: str, media: MediaReference | None = None) -> bytes:
        source = self.adapters[kind]
        assert isinstance(source, MediaSource)
        async with asyncio.timeout(40):
            return await source.fetch(media or self.named(kind), b"", LIMIT_BYTES)

    async def trouble(self, kind: str, media: MediaReference | None = None) -> MediaTrouble:
        with pytest.raises(MediaFailed) as failed:
            await self.fetch(kind, media)
        said = str(failed.value)
        assert TOKEN not in said and BOT not in said and "127.0.0.1" not in said
        return failed.value.trouble


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = await World().start()
    yield made
    await made.close()


def status(code: int, **headers: str) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=code, headers=headers, body=b"<html>secret of the inside</html>")

    return answer


async def hangs(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(b"x" * 65_536)


async def stated_too_large(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": str(LIMIT_BYTES + 1)})
    await answer.prepare(request)
    await asyncio.Event().wait()
    return answer


async def cut_off(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b"x" * 10)
    assert request.transport is not None
    request.transport.abort()
    return answer


async def packed(_request: web.Request) -> web.StreamResponse:
    """Ten megabytes of nothing in ten kilobytes."""
    body = gzip.compress(b"\0" * 10_000_000)
    return web.Response(body=body, headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("kind", ["sms", "telegram"])
@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (status(404), MediaTrouble.GONE),
        (status(410), MediaTrouble.GONE),
        (status(401), MediaTrouble.NO_ACCESS),
        (status(403), MediaTrouble.NO_ACCESS),
        (status(429), MediaTrouble.UNREACHABLE),
        (status(500), MediaTrouble.UNREACHABLE),
        (status(503), MediaTrouble.UNREACHABLE),
        (status(204), MediaTrouble.UNREACHABLE),
        (endless, MediaTrouble.TOO_LARGE),
        (stated_too_large, MediaTrouble.TOO_LARGE),
        (cut_off, MediaTrouble.UNREACHABLE),
        (packed, MediaTrouble.UNREACHABLE),
    ],
    ids=["404", "410", "401", "403", "429", "500", "503", "204", "endless", "stated", "cut off", "packed"],
)
async def test_what_a_provider_does_is_told_apart(
    world: World, kind: str, answer: Answer, trouble: MediaTrouble
) -> None:
    world.provider.answer = answer
    assert await world.trouble(kind) is trouble


@pytest.mark.parametrize("kind", ["sms", "telegram"])
async def test_it_comes_whatever_type_the_provider_states(world: World, kind: str) -> None:
    assert await world.fetch(kind) == picture()


@pytest.mark.parametrize("kind", ["sms", "telegram"])
async def test_who_gives_up_on_a_provider_that_hangs_is_let_go(world: World, kind: str) -> None:
    world.provider.answer = hangs
    source = world.adapters[kind]
    assert isinstance(source, MediaSource)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await source.fetch(world.named(kind), b"", LIMIT_BYTES)
    world.provider.answer = world.provider.fine
    assert await world.fetch(kind) == picture(), "and the next one is asked"


@pytest.mark.parametrize("kind", ["sms", "telegram"])
async def test_nobody_there(world: World, kind: str) -> None:
    await world.provider.close()
    assert await world.trouble(kind) is MediaTrouble.UNREACHABLE


# -- the key and the way of a request ---------------------------------------------------------------


async def test_twilio_redirects_to_its_store_and_the_key_stays_behind(world: World) -> None:
    world.provider.answer = status(307, Location=f"http://{world.store.host}/signed?x=1")
    assert await world.fetch("sms") == picture()
    assert world.provider.keys == ["Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()]
    assert (world.store.asked, world.store.keys) == (["/signed"], [""])


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("kind", ["sms", "telegram"])
async def test_a_redirect_elsewhere_is_not_followed(world: World, kind: str, code: int) -> None:
    world.provider.answer = status(code, Location=f"http://{world.elsewhere.host}/inside")
    assert await world.trouble(kind) in (MediaTrouble.NOT_OURS, MediaTrouble.UNREACHABLE)
    assert world.elsewhere.asked == []


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "https://evil.example/x",
        "http://mms.twiliocdn.com/x",
        "https://mms.twiliocdn.com.evil.example/x",
        "https://mms.twiliocdn.com@evil.example/x",
        "file:///etc/passwd",
        "ftp://mms.twiliocdn.com/x",
        "//evil.example/x",
        "http://[::1]:1/",
        "http://",
        "",
        "http://\u2100.example/",
        "javascript:alert(1)",
    ],
)
async def test_a_redirect_is_followed_to_the_stores_of_the_settings_alone(
    world: World, location: str
) -> None:
    async def leads(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": location})

    world.provider.answer = leads
    assert await world.trouble("sms") is MediaTrouble.NOT_OURS


async def test_a_store_that_redirects_is_held_to_the_same_rule_and_ends(world: World) -> None:
    world.provider.answer = status(302, Location=f"http://{world.store.host}/1")
    world.store.answer = status(302, Location=f"http://{world.elsewhere.host}/2")
    assert await world.trouble("sms") is MediaTrouble.NOT_OURS
    assert world.elsewhere.asked == []
    world.store.answer = status(302, Location=f"http://{world.store.host}/1")
    assert await world.trouble("sms") is MediaTrouble.UNREACHABLE, "a ring of redirects ends"
    assert len(world.store.asked) <= 5


@pytest.mark.parametrize(
    "reference",
    [
        "http://{elsewhere}" + RESOURCE,
        "http://{provider}@{elsewhere}" + RESOURCE,
        "http://user:word@{provider}" + RESOURCE,
        "https://{provider}" + RESOURCE,
        "http://{provider}" + RESOURCE.replace(SID, "AC" + "9" * 32),
        "http://{provider}" + RESOURCE + ".json",
        "http://{provider}" + RESOURCE + "?x=1",
        "http://{provider}" + RESOURCE + "/../../../Messages.json",
        "http://{provider}/2010-04-01/Accounts/" + SID + "/Messages.json",
        "http://{provider}" + RESOURCE.replace("/Media", "%2fMedia"),
        "http://169.254.169.254/",
        "file:///etc/passwd",
        "part:1",
        "",
        "http://[",
    ],
)
async def test_an_address_that_is_not_twilios_media_is_asked_by_nobody(world: World, reference: str) -> None:
    address = reference.replace("{provider}", world.provider.host).replace(
        "{elsewhere}", world.elsewhere.host
    )
    media = MediaReference(kind="url", reference=address)
    assert await world.trouble("sms", media) is MediaTrouble.NOT_OURS
    assert world.provider.asked == world.elsewhere.asked == []


async def test_a_reference_of_another_channel_is_nobodys(world: World) -> None:
    assert await world.trouble("sms", world.named("telegram")) is MediaTrouble.NOT_OURS
    assert await world.trouble("telegram", world.named("sms")) is MediaTrouble.NOT_OURS


@pytest.mark.parametrize(
    "path", ["http://{elsewhere}/x", "//{elsewhere}/x", "../../bot1:x/getMe", "/etc/hostname"]
)
async def test_telegram_names_a_file_that_is_not_its_own(world: World, path: str) -> None:
    async def found(_request: web.Request) -> dict[str, Any]:
        return {
            "file_id": "f",
            "file_unique_id": "u",
            "file_path": path.format(elsewhere=world.elsewhere.host),
        }

    world.provider.found = found  # type: ignore[method-assign]
    with contextlib.suppress(MediaFailed):
        await world.fetch("telegram")
    assert world.elsewhere.asked == []
    assert all(asked.startswith(f"/file/bot{BOT}/") for asked in world.provider.asked)


async def test_telegram_says_how_large_it_is_before(world: World) -> None:
    async def found(_request: web.Request) -> dict[str, Any]:
        return {"file_id": "f", "file_unique_id": "u", "file_path": FILE, "file_size": LIMIT_BYTES + 1}

    world.provider.found = found  # type: ignore[method-assign]
    assert await world.trouble("telegram") is MediaTrouble.TOO_LARGE
    assert world.provider.asked == []


# -- the stand-ins speak the providers' protocols ---------------------------------------------------


async def test_through_twilios_own_protocol() -> None:
    twilio = TwilioApi(SID, TOKEN, lambda: NOW)
    api = await twilio.start()
    table = {"account_sid": SID, "auth_token": TOKEN, "numbers": [OURS], "api_base": api}
    adapter: Any = channels.make_adapter("sms", {**table, "media_hosts": [twilio.files.host]}, CONTEXT)
    default: Any = channels.make_adapter("sms", table, CONTEXT)
    wrong: Any = channels.make_adapter("sms", {**table, "auth_token": "x" * 32}, CONTEXT)
    try:
        told = await twilio.text(
            "+447700900123", "look", to=OURS, media=["image/jpeg"], bodies=[picture()], lost=True
        )
        form = twilio.book.webhook_form(told.sid, api)
        media = MediaReference(kind="url", reference=form["MediaUrl0"])
        assert await adapter.fetch(media, b"", LIMIT_BYTES) == picture()
        gone = MediaReference(kind="url", reference=form["MediaUrl0"][:-1] + "9")
        for asked, one, trouble in (
            (adapter, gone, MediaTrouble.GONE),
            (wrong, media, MediaTrouble.NO_ACCESS),
            (default, media, MediaTrouble.NOT_OURS),
        ):
            with pytest.raises(MediaFailed) as failed:
                await asked.fetch(one, b"", LIMIT_BYTES)
            assert failed.value.trouble is trouble
    finally:
        for one in (adapter, default, wrong):
            await one.close()
        await twilio.close()


async def test_through_telegrams_own_protocol() -> None:
    telegram = TelegramApi(BOT, lambda: NOW, give_up_s=0.1)
    api = await telegram.start()
    adapter: Any = channels.make_adapter(
        "telegram", {"bot_token": BOT, "secret_token": "s" * 20, "api_base": api}, CONTEXT
    )
    try:
        telegram.webhook["url"] = "http://127.0.0.1:9"
        await telegram.voice(Person(5, "Test"), b"OggS-a-voice")
        (file_id,) = telegram.files
        media = MediaReference(kind="telegram_file", reference=file_id)
        assert await adapter.fetch(media, b"", LIMIT_BYTES) == b"OggS-a-voice"
        with pytest.raises(MediaFailed) as failed:
            await adapter.fetch(MediaReference(kind="telegram_file", reference="no-such"), b"", LIMIT_BYTES)
        assert failed.value.trouble is MediaTrouble.GONE
    finally:
        await adapter.close()
        await telegram.close()


# -- mail: nobody is asked --------------------------------------------------------------------------


def mail(*bodies: bytes) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "jo@example.com", "999@example.org", "look"
    message.set_content("see what I see")
    for n, body in enumerate(bodies):
        message.add_attachment(body, maintype="image", subtype="jpeg", filename=f"p{n}.jpg")
    return message.as_bytes()


@pytest.fixture
def email() -> ChannelAdapter:
    return channels.make_adapter("email", {"mailboxes": ["999@example.org"]}, CONTEXT)


async def test_a_mails_part_is_in_what_we_keep(email: Any) -> None:
    body = mail(picture(), b"second")
    raw = RawMessage(
        id=RawMessageId("r"),
        channel=ChannelKind("email"),
        door="email.1",
        received_at=NOW,
        body=body,
        headers={},
    )
    (message,) = email.doors()[0].normalise(raw)
    first, second = message.attachments
    assert await email.fetch(first, body, LIMIT_BYTES) == picture()
    assert await email.fetch(second, body, LIMIT_BYTES) == b"second"


@pytest.mark.parametrize("reference", ["part:99", "part:", "", "http://127.0.0.1/", "../x"])
async def test_a_part_that_is_not_there(email: Any, reference: str) -> None:
    with pytest.raises(MediaFailed) as failed:
        await email.fetch(MediaReference(kind="image", reference=reference), mail(b"x"), LIMIT_BYTES)
    assert failed.value.trouble is MediaTrouble.GONE


async def test_a_part_that_is_too_large(email: Any) -> None:
    body = mail(b"x" * (LIMIT_BYTES + 1))
    (part,) = [one for one in parts.split(body).parts if one.content_type == "image/jpeg"]
    with pytest.raises(MediaFailed) as failed:
        media = MediaReference(kind="image", reference=f"part:{part.number}")
        await email.fetch(media, body, LIMIT_BYTES)
    assert failed.value.trouble is MediaTrouble.TOO_LARGE


def test_which_channels_can_fetch() -> None:
    app = channels.make_adapter("app", {"token_secret": "t" * 40}, CONTEXT)
    assert not isinstance(app, MediaSource), "an app's messages name no files"
