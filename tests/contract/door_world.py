"""One channel's doors for real: sockets, a database of their own, and clients to write to them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import aiosmtplib
import msgspec
import uuid_utils
from aiohttp import web
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from intake import metrics
from intake.clock import SteadyClock
from intake.doors.http import add_http_doors
from intake.doors.listening import close_server, serve_http
from intake.doors.replies import add_reply_doors
from intake.doors.smtp import SmtpDoors, open_smtp
from intake.doors.way_in import WayIn
from intake.ports import CallerNews, ChannelAdapter, HttpDoor, SmtpDoor
from intake.service_health import Health, add_health
from intake.store import caller_view
from intake.store.engine import reading_engine, sqlite
from intake.store.schema import migrate
from intake.store.store import Store
from intake.store.tables import metadata
from intake.workers.parsing import Parsing
from tests.payload_cases import body_of, door_named
from tests.writers import accepting_of

RECORDED_RAW_ID = "0194bd38-0000-7000-8000-000000000001"
"""The raw id the recorded payloads were made with: the first message of a world gets it."""

READ_LIMIT_S = 20.0

Case = dict[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """What the sender was told."""

    status: int
    body: bytes

    @property
    def received(self) -> bool:
        return 200 <= self.status < 300


class World:
    """The doors of one channel, open. ``rows`` looks at the database as somebody else would."""

    http: aiohttp.ClientSession

    def __init__(self, adapter: ChannelAdapter, store: Store):
        self.adapter = adapter
        self.store = store
        self.http_port = 0
        self.smtp_port = 0
        self._parsing = Parsing(store, [adapter])
        self._reading = reading_engine(store.url, pool_size=1)

    def door(self, name: str) -> HttpDoor | SmtpDoor:
        return door_named(self.adapter, name)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    async def send(self, case: Case, body: bytes | None = None) -> Answer:
        """Send a recorded payload, or other bytes in its place, as the provider does."""
        sent = body_of(case) if body is None else body
        if isinstance(self.door(case["door"]), SmtpDoor):
            return await self._mail(case, sent)
        async with self.http.post(
            self.base + case["path"],
            data=BytesIO(sent),
            headers=case.get("headers", {}),
            skip_auto_headers=("Content-Type", "User-Agent"),
        ) as response:
            return Answer(response.status, await response.read())

    async def _mail(self, case: Case, body: bytes) -> Answer:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=self.smtp_port, timeout=20, start_tls=False)
        async with client:
            try:
                _, words = await client.sendmail(case.get("envelope_from", ""), [case["path"]], body)
            except aiosmtplib.SMTPRecipientsRefused as error:
                return Answer(error.recipients[0].code, error.recipients[0].message.encode())
            except aiosmtplib.SMTPResponseException as error:
                return Answer(error.code, error.message.encode())
        return Answer(250, words.encode())

    async def read_the_rest(self) -> None:
        """Let the worker read what a door left unread, until nothing is pending."""
        async with asyncio.timeout(READ_LIMIT_S):
            while self.rows("SELECT 1 FROM raw_messages WHERE state = 'pending' LIMIT 1"):
                if not await self._parsing.step():
                    await asyncio.sleep(0.01)  # what takes long is read aside

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """The answer of a second connection, at this very moment."""
        with self._reading.connect() as conn:
            return list(conn.execute(text(sql), values))

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608

    def counted(self, door: str, outcome: str) -> float:
        """How often the metrics say that this door had this outcome."""
        labels = {"channel": str(self.adapter.kind), "door": door, "outcome": outcome}
        return metrics.REGISTRY.get_sample_value("intake_door_messages_total", labels) or 0.0

    def close(self) -> None:
        self._parsing.close()
        self._reading.dispose()


@asynccontextmanager
async def open_doors(
    adapter: ChannelAdapter,
    url: str,
    *,
    read_timeout_s: float = 5.0,
    clock: Any = None,
    smtp_idle_s: float = 20.0,
    smtp_session_s: float = 60.0,
) -> AsyncIterator[World]:
    """Open an adapter's doors as the composition root does, on a database that is there already."""
    clock = clock or SteadyClock()
    ids = iter([RECORDED_RAW_ID])
    async with AsyncExitStack() as stack:
        store = Store(url, clock)
        await store.start()
        stack.push_async_callback(store.close)
        world = World(adapter, store)
        stack.callback(world.close)
        way_in = WayIn(store, clock, lambda: next(ids, None) or str(uuid_utils.uuid7()))

        async def read_news(caller: str, after: str) -> CallerNews:
            return await store.read(lambda conn: caller_view.news(conn, caller, after))

        app = web.Application()
        exact = add_http_doors(app.router, [adapter], way_in, read_timeout_s)
        add_reply_doors(app.router, [adapter], read_news)
        add_health(app.router, Health(store, clock, ("doors",)))
        world.http_port = await serve_http(stack, app, "127.0.0.1", 0, exact)
        if doors := SmtpDoors([adapter], way_in):
            server = await open_smtp(
                doors,
                "127.0.0.1",
                0,
                tls=None,
                hostname="intake.example.org",
                idle_timeout_s=smtp_idle_s,
                session_limit_s=smtp_session_s,
            )
            stack.push_async_callback(close_server, server)
            world.smtp_port = server.sockets[0].getsockname()[1]
        world.http = await stack.enter_async_context(aiohttp.ClientSession())
        yield world


class Databases:
    """Empty databases of this schema: copies of a file, or one of a server that is emptied again."""

    def __init__(self, folder: Path, server_url: str = ""):
        self._url = server_url or f"sqlite:///{folder}/template.db"
        self._copies = () if server_url else (folder / f"intake{number}.db" for number in count())
        self._template = folder / "template.db"
        migrate(self._url)

    def empty(self) -> str:
        """The URL of a database nobody else has at this time."""
        for copy in self._copies:
            shutil.copy(self._template, copy)
            return f"sqlite:///{copy}"
        engine = create_engine(self._url, poolclass=NullPool, **driver(self._url))
        with engine.begin() as conn:
            # Replicas run no triggers: the only way past the one that guards the log.
            conn.execute(text("SET LOCAL session_replication_role = replica"))
            for table in metadata.tables.values():
                conn.execute(table.delete())
        return self._url


def driver(url: str) -> dict[str, Any]:
    """Two SQLite libraries in one process do not see each other's locks (sqlite.org/howtocorrupt §2.2.1)."""
    return {"module": sqlite} if url.startswith("sqlite") else {}


@contextmanager
def locked_out(url: str) -> Iterator[None]:
    """While this is open, nobody else's COMMIT of a raw message can happen."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", **driver(url))
    with engine.connect() as conn:
        if engine.dialect.name == "sqlite":
            conn.execute(text("BEGIN IMMEDIATE"))
        else:
            conn.execute(text("BEGIN"))
            conn.execute(text("LOCK TABLE raw_messages IN ACCESS EXCLUSIVE MODE"))
        try:
            yield
        finally:
            conn.execute(text("ROLLBACK"))
    engine.dispose()


@asynccontextmanager
async def out_of_order(store: Store) -> AsyncIterator[None]:
    """A real outage: SQLite's disk turns read-only, PostgreSQL's server turns everybody away."""
    if store.is_sqlite:
        await store.run(lambda conn: conn.execute(text("SELECT 1")))
        engines = (store._engine, accepting_of(store)._engine)  # each with its one connection
        for engine in engines:
            engine.raw_connection().cursor().execute("PRAGMA query_only=ON")
        try:
            yield
        finally:
            for engine in engines:
                engine.raw_connection().cursor().execute("PRAGMA query_only=OFF")
        return
    url = make_url(store.url)
    admin = create_engine(url.set(database="postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def say(*statements: str) -> None:
        with admin.connect() as conn:
            for statement in statements:
                conn.execute(text(statement))

    name = url.database
    await asyncio.to_thread(
        say,
        f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false',
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608
    )
    try:
        yield
    finally:
        await asyncio.to_thread(say, f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
        admin.dispose()


def stored(world: World) -> Sequence[Any]:
    """Every message with the raw row it came in, oldest first."""
    return world.rows(
        "SELECT m.id, m.contact_id, m.provider_id, m.caller, m.kind, m.content, m.flag, r.body"
        " FROM messages m JOIN raw_messages r ON r.id = m.raw_id ORDER BY m.id"
    )
