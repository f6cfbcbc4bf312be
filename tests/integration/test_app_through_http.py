"""An app against real HTTP doors and a real store: open, lose signal, repeat, listen, be refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import uuid_utils
from aiohttp import web
from sqlalchemy import select

from intake.clock import SteadyClock
from intake.contact import ContactId
from intake.doors.http import add_http_doors
from intake.doors.replies import add_reply_doors
from intake.doors.way_in import WayIn
from intake.ports import CallerReply
from intake.simulate.app_client import AppClient
from intake.store import caller_view
from intake.store.replies import queue_reply
from intake.store.store import Store
from intake.store.tables import contacts, messages, raw_messages
from tests.payload_cases import adapter_for

FALL = {"service": "ambulance", "location": {"latitude": 51.4857, "longitude": -3.1928, "accuracy_m": 14}}


def new_id() -> str:
    return str(uuid_utils.uuid7())


class Intake:
    """The app channel's doors on one port, which can be closed and opened again."""

    def __init__(self, store: Store):
        self.store = store
        self.clock = SteadyClock()
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application(client_max_size=2**30)
        adapters = [adapter_for("app")]
        add_http_doors(app.router, adapters, WayIn(self.store, self.clock, new_id), 5.0)
        add_reply_doors(
            app.router,
            adapters,
            lambda caller, after: self.store.read(lambda conn: caller_view.news(conn, caller, after)),
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def rows(self, table: Any) -> list[Any]:
        return list(await self.store.read(lambda conn: conn.execute(select(table)).all()))

    async def answer(self, contact_id: str, author: str, text: str) -> str:
        now = self.clock.now()
        return await self.store.run(
            lambda conn: queue_reply(conn, now, ContactId(contact_id), author, text, new_id)
        )


@pytest.fixture
async def intake(store: Store) -> AsyncIterator[Intake]:
    made = Intake(store)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


async def test_a_contact_from_opening_to_answer(intake: Intake, session: aiohttp.ClientSession) -> None:
    app = AppClient(intake.url, session)
    answer = await app.open("My grandmother has fallen", **FALL)
    assert answer["status"] == "received"
    await app.say("She is awake now")
    await app.move_to(51.48571, -3.19279, 6.5, method="gps")

    (contact,) = await intake.rows(contacts)
    assert contact.caller == f"app:{app.contact}"
    assert [row.kind for row in await intake.rows(messages)] == ["text", "text", "place"]
    assert (await app.news()).status == "received"

    first = await intake.answer(contact.id, "automatic:received", "We have your message")
    second = await intake.answer(contact.id, "ann", "Is she breathing?")
    assert [(reply.id, reply.automatic) for reply in (await app.news()).replies] == [
        (first, True),
        (second, False),
    ]
    assert [reply.text for reply in (await app.news(first)).replies] == ["Is she breathing?"]


async def test_answers_come_as_events_from_where_the_app_left_off(
    intake: Intake, session: aiohttp.ClientSession
) -> None:
    app = AppClient(intake.url, session)
    await app.open("help")
    (contact,) = await intake.rows(contacts)
    first = await intake.answer(contact.id, "ann", "one")
    await intake.answer(contact.id, "ann", "two")
    heard: list[CallerReply | str] = []
    async with asyncio.timeout(10):
        async for event in app.listen(first):
            heard.append(event)
            if len(heard) == 2:
                break
    texts = [event.text if isinstance(event, CallerReply) else event for event in heard]
    assert texts == ["two", "received"]


async def test_without_signal_everything_waits_and_arrives_once(
    intake: Intake, session: aiohttp.ClientSession
) -> None:
    app = AppClient(intake.url, session)
    await intake.stop()
    app.keep("open", {"text": "fire"})
    opening = app.outbox[0]
    app.keep("messages", {"text": "still here"})
    sending = asyncio.create_task(app.send_outbox())
    await asyncio.sleep(0.3)
    assert len(app.outbox) == 2
    await intake.start()
    await sending
    assert app.outbox == []
    # The answer was lost on the way: the app sends the very same bytes again.
    again = AppClient(intake.url, session)
    again.outbox = [opening]
    await again.send_outbox()
    assert (again.contact, again.token) == (app.contact, app.token)
    assert len(await intake.rows(contacts)) == 1
    assert len(await intake.rows(messages)) == 2
    assert len(await intake.rows(raw_messages)) == 3


async def test_another_contacts_token_is_refused_and_stores_nothing(
    intake: Intake, session: aiohttp.ClientSession
) -> None:
    ann, bob = AppClient(intake.url, session), AppClient(intake.url, session)
    await ann.open("one")
    await bob.open("two")
    bob.contact = ann.contact
    before = len(await intake.rows(raw_messages))
    for attempt in (bob.say("forged"), bob.news(), anext(bob.listen())):
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            await attempt
        assert caught.value.status == 403
    assert len(await intake.rows(raw_messages)) == before
    assert bob.outbox == []


@pytest.mark.parametrize("body", [b"", b"\x00\xff", b'{"text":"\\ud800 fire \\u0000"}', b"[" * 60_000])
async def test_unreadable_openings_are_kept_for_a_person(
    intake: Intake, session: aiohttp.ClientSession, body: bytes
) -> None:
    async with session.post(f"{intake.url}/app/v1/contacts", data=body) as response:
        answer = await response.json()
        assert (response.status, answer["status"]) == (202, "received")
    (raw,) = await intake.rows(raw_messages)
    assert (bytes(raw.body), raw.state) == (body, "defective")
    (contact,) = await intake.rows(contacts)
    assert contact.caller == f"app:{answer['contact']}"
    # The caller can still read what a handler writes.
    app = AppClient(intake.url, session)
    app.contact, app.token = answer["contact"], answer["token"]
    await intake.answer(contact.id, "ann", "Where are you?")
    assert [reply.text for reply in (await app.news()).replies] == ["Where are you?"]


async def test_the_description_is_served(intake: Intake, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{intake.url}/app/v1/openapi.json") as response:
        assert (response.status, response.content_type) == (200, "application/json")
        assert (await response.json())["openapi"] == "3.1.0"
