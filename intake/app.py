"""Composition root: the one file that knows every concrete class, and the order of start and stop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import structlog
import uuid_utils
from aiohttp import web

import channels
from intake.clock import SteadyClock
from intake.contact import CallerUri
from intake.doors.http import add_http_doors
from intake.doors.replies import add_reply_doors
from intake.doors.smtp import SmtpDoors, open_smtp
from intake.doors.way_in import WayIn
from intake.errors import BadConfiguration
from intake.ports import CallerNews, ChannelAdapter, ChannelContext
from intake.service_health import Health, add_health
from intake.settings import Settings
from intake.store import caller_view
from intake.store.store import Store

log = structlog.get_logger()

ROLES = ("doors", "workers", "console")
SMTP_IDLE_S = 60.0
SMTP_SESSION_S = 600.0


class Running(msgspec.Struct, kw_only=True):
    """What a started process serves; the ports are the real ones even where 0 was asked for."""

    settings: Settings
    store: Store
    clock: SteadyClock
    adapters: tuple[ChannelAdapter, ...]
    health: Health
    http_port: int | None = None
    smtp_port: int | None = None
    console_port: int | None = None
    loops: list[asyncio.Task[None]] = []

    async def failed(self) -> None:
        """Wait until a loop ends, which none should; raises its error."""
        if not self.loops:
            await asyncio.Event().wait()
        done, _ = await asyncio.wait(self.loops, return_when=asyncio.FIRST_COMPLETED)
        for loop in done:
            loop.result()


def new_id() -> str:
    """A time-ordered id (UUIDv7, RFC 9562 §5.7) as text."""
    return str(uuid_utils.uuid7())


@asynccontextmanager
async def running(
    settings: Settings, roles: Iterable[str] = ROLES, only_channels: Iterable[str] | None = None
) -> AsyncIterator[Running]:
    """Start the given roles in order, yield, stop them in reverse. Raises BadConfiguration."""
    roles = tuple(roles)
    async with AsyncExitStack() as stack:
        clock = SteadyClock()
        store = Store(
            settings.store.url,
            clock,
            pool_size=settings.store.pool_size,
            thread_silence_s=settings.contacts.silence_s,
        )
        await store.start()
        stack.push_async_callback(store.close)
        if last := await store.last_event_at():
            clock.not_before(last)
        adapters = open_channels(settings, clock, only_channels)
        for adapter in adapters:
            stack.push_async_callback(adapter.close)
        started = Running(
            settings=settings,
            store=store,
            clock=clock,
            adapters=adapters,
            health=Health(store, clock, roles),
        )
        if "doors" in roles:
            await _open_doors(stack, started)
        log.info(
            "ready",
            roles=roles,
            channels=[adapter.kind for adapter in adapters],
            http_port=started.http_port,
            smtp_port=started.smtp_port,
            console_port=started.console_port,
        )
        yield started


def open_channels(
    settings: Settings, clock: SteadyClock, only: Iterable[str] | None = None
) -> tuple[ChannelAdapter, ...]:
    """The adapters of every enabled channel; raises BadConfiguration with the problems of all of them."""
    wanted = None if only is None else set(only)
    context = ChannelContext(public_url=settings.doors.public_url, new_id=new_id, now=clock.now)
    made, problems = [], []
    for kind, table in settings.channels.items():
        if not settings.is_enabled(kind) or (wanted is not None and kind not in wanted):
            continue
        rest = {key: value for key, value in table.items() if key != "enabled"}
        try:
            made.append(channels.make_adapter(kind, rest, context))
        except BadConfiguration as error:
            problems += error.problems
    if wanted is not None and (missing := wanted - {str(adapter.kind) for adapter in made}):
        problems += [f"channels.{kind}: asked for, but not enabled" for kind in sorted(missing)]
    if problems:
        raise BadConfiguration(problems)
    return tuple(made)


async def _open_doors(stack: AsyncExitStack, started: Running) -> None:
    settings, way_in = started.settings, WayIn(started.store, started.clock, new_id)
    app = web.Application()

    async def read_news(caller: CallerUri, after: str) -> CallerNews:
        return await started.store.read(lambda conn: caller_view.news(conn, caller, after))

    add_http_doors(app.router, started.adapters, way_in, settings.doors.read_timeout_s)
    add_reply_doors(app.router, started.adapters, read_news)
    add_health(app.router, started.health)
    started.http_port = await serve_http(stack, app, settings.doors.host, settings.doors.http_port)
    smtp_doors = SmtpDoors(started.adapters, way_in)
    if smtp_doors:
        server = await open_smtp(
            smtp_doors,
            settings.doors.smtp_host,
            settings.doors.smtp_port,
            tls=_server_tls(settings),
            hostname="intake.example.org",
            idle_timeout_s=SMTP_IDLE_S,
            session_limit_s=SMTP_SESSION_S,
        )
        started.smtp_port = server.sockets[0].getsockname()[1]
        stack.push_async_callback(_close_server, server)


async def serve_http(stack: AsyncExitStack, app: web.Application, host: str, port: int) -> int:
    """Listen with one application; returns the port. No access log: it would hold callers' handles."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=5.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, host, port, backlog=1024)
    await site.start()
    return int(runner.addresses[0][1])


async def _close_server(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()


def _server_tls(settings: Settings) -> ssl.SSLContext | None:
    doors = settings.doors
    if not doors.tls_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(Path(doors.tls_certificate), Path(doors.tls_key) if doors.tls_key else None)
    except (OSError, ssl.SSLError) as error:
        raise BadConfiguration(
            [f"doors.tls_certificate: cannot load {doors.tls_certificate}: {error}"]
        ) from error
    return context
