"""Location links over a real store and real HTTP, with time moved by hand."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec
from aiohttp import web
from sqlalchemy import select

from intake.contact import ContactId
from intake.doors.listening import serve_http
from intake.doors.way_in import WayIn
from intake.public.codes import LinkKeys
from intake.public.document import Document
from intake.public.guesses import Guesses
from intake.public.inviting import Inviting
from intake.public.pages import Pages
from intake.public.routes import LinkRoutes
from intake.public.words import load_words
from intake.store import location_links, tables
from intake.store.location_links import LinkMode, StoredLink
from intake.store.store import Store
from tests.behind_doors import phrases
from tests.callers import phone, write_in
from tests.desk import CONFIG, HandClock, new_id

SECRET = "only-for-tests-0123456789-0123456789"
PUBLIC_URL = "https://intake.example.org"
LIFETIME_S = 86_400.0


class Sent(msgspec.Struct, frozen=True):
    """A link as its caller has it: the path of its address, and the ticket that its page holds."""

    path: str
    id: str
    contact_id: ContactId
    ticket: str

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Link-Ticket": self.ticket, "Content-Type": "application/json"}


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: bytes
    headers: Any

    @property
    def text(self) -> str:
        return self.body.decode()


class Links:
    """Sends links to texting callers and speaks to their paths as a browser does."""

    def __init__(self, store: Store, http: aiohttp.ClientSession):
        self.store, self.clock, self.http = store, HandClock(), http
        self.keys = LinkKeys(SECRET)
        self.inviting = Inviting(self.keys, phrases(), PUBLIC_URL, LIFETIME_S, new_id)
        self.monotonic_s = 0.0
        self.port = 0

    def routes(self, read_timeout_s: float = 2.0) -> LinkRoutes:
        pages = Pages(Document(load_words(CONFIG)), self.keys, new_id)
        guesses = Guesses(lambda: self.monotonic_s)
        way_in = WayIn(self.store, self.clock, new_id)
        return LinkRoutes(self.store, way_in, self.keys, pages, guesses, read_timeout_s)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def contact(self, number: int = 1, text: str = "help", **fields: Any) -> ContactId:
        return await write_in(self.store, phone(number), text, **fields)

    async def send(
        self, contact_id: ContactId | None = None, mode: LinkMode = LinkMode.ONCE, author: str = "ada"
    ) -> Sent:
        contact_id = contact_id or await self.contact()
        now = self.clock.now()
        invited = await self.store.run(lambda conn: self.inviting.invite(conn, now, contact_id, author, mode))
        (text,) = [row.text for row in await self.rows(tables.replies) if row.id == invited.reply_id]
        found = re.search(rf"{re.escape(PUBLIC_URL)}(/l/[0-9A-Z]{{10}})\b", text)
        assert found, text
        return Sent(found[1], invited.link_id, contact_id, self.keys.ticket(invited.link_id))

    async def get(self, path: str, **headers: str) -> Answer:
        async with self.http.get(self.url + path, headers=headers) as answer:
            return Answer(answer.status, await answer.read(), answer.headers)

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
        async with self.http.post(self.url + path, data=sent, headers=headers) as answer:
            return Answer(answer.status, await answer.read(), answer.headers)

    async def place(self, link: Sent, **fields: Any) -> Answer:
        return await self.post(f"{link.path}/places", fix(**fields), link.headers)

    async def words(self, link: Sent, words: str, id: str = "") -> Answer:
        body = {"id": id or str(uuid4()), "words": words}
        return await self.post(f"{link.path}/words", body, link.headers)

    async def life(self, link: Sent, what: str, why: str = "") -> Answer:
        body = {"what": what, "why": why} if why else {"what": what}
        return await self.post(f"{link.path}/life", body, link.headers)

    async def form(self, link: Sent, **fields: str) -> Answer:
        data = {"ticket": link.ticket, "id": str(uuid4()), **fields}
        async with self.http.post(self.url + link.path, data=data) as answer:
            return Answer(answer.status, await answer.read(), answer.headers)

    async def of(self, link: Sent) -> StoredLink:
        found = await self.store.read(lambda conn: location_links.of_contact(conn, link.contact_id))
        return next(one for one in found if one.id == link.id)

    async def rows(self, table: Any) -> list[Any]:
        return list(await self.store.read(lambda conn: conn.execute(select(table)).all()))


def fix(**fields: Any) -> dict[str, Any]:
    """Leeds, from a browser, a second after noon."""
    return {
        "id": str(uuid4()),
        "latitude": 53.7965,
        "longitude": -1.5478,
        "accuracy_m": 12.0,
        "positioned_at": "2026-03-01T12:00:01.000Z",
        "altitude_m": None,
        "heading_deg": None,
        "speed_m_s": None,
        **fields,
    }


@asynccontextmanager
async def open_links(store: Store, read_timeout_s: float = 2.0) -> AsyncIterator[Links]:
    """The links' paths on loopback, on a started store."""
    async with AsyncExitStack() as stack:
        links = Links(store, await stack.enter_async_context(aiohttp.ClientSession()))
        app = web.Application()
        links.routes(read_timeout_s).add_to(app.router)
        links.port = await serve_http(stack, app, "127.0.0.1", 0)
        yield links
