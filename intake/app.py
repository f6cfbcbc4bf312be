"""Composition root: the one place that knows every concrete class, and the order of start and stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import structlog
import uuid_utils
from aiohttp import web

import channels
from intake.clock import SteadyClock
from intake.console.app import make_console_app
from intake.console.desk import Desk
from intake.contact import CallerUri
from intake.doors.confirmations import add_confirmation_door
from intake.doors.http import add_http_doors
from intake.doors.listening import close_server, serve_http, server_tls
from intake.doors.replies import add_reply_doors
from intake.doors.smtp import SmtpDoors, open_smtp
from intake.doors.way_in import WayIn
from intake.errors import BadConfiguration
from intake.feeds import FeedDoor, HttpsFeed, shared_secrets
from intake.handover import HandOver
from intake.locate import best
from intake.locate.text import TextLocator
from intake.phrases import load_phrases
from intake.ports import CallerNews, ChannelAdapter, ChannelContext
from intake.register import load_auto_transfer, load_register
from intake.service_health import Health, add_health
from intake.settings import Settings
from intake.store import caller_view
from intake.store.store import Store
from intake.telling import Telling
from intake.triage import load_triage
from intake.verdicts import Verdicts
from intake.workers.keeping import Keeping
from intake.workers.loop import Step, go_round, tick
from intake.workers.parsing import Parsing
from intake.workers.relaying import Relaying
from intake.workers.replying import Replying
from intake.workers.sweeping import Sweeping
from intake.workers.triaging import Triaging

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
        health = Health(store, clock, roles)
        started = Running(settings=settings, store=store, clock=clock, adapters=adapters, health=health)
        parts = Parts(started)
        if "workers" in roles:
            start_workers(stack, started, parts)
        if "console" in roles:
            await open_console(stack, started, parts)
        if "doors" in roles:
            await open_doors(stack, started, parts)
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


class Parts:
    """What the roles of one process share: the register, the hand-over and the rooms' verdicts."""

    def __init__(self, started: Running):
        settings, store, clock = started.settings, started.store, started.clock
        self.secrets = shared_secrets(settings.feeds.secrets)
        self.router = load_register(settings.config_dir, feed_urls=settings.feeds.urls)
        self.locator = TextLocator.load(settings.data_dir)
        self.telling = Telling(load_phrases(settings.config_dir))
        self.handover = HandOver(store, self.router, clock, new_id, settings.feeds.agency)
        self.verdicts = Verdicts(store, self.telling, clock, new_id, settings.transfers.verdict_wait_s)


async def open_doors(stack: AsyncExitStack, started: Running, parts: Parts) -> None:
    """Listen: HTTP with every channel's paths, SMTP where a channel has a mailbox."""
    settings, way_in = started.settings, WayIn(started.store, started.clock, new_id)
    app = web.Application()

    async def read_news(caller: CallerUri, after: str) -> CallerNews:
        return await started.store.read(lambda conn: caller_view.news(conn, caller, after))

    add_http_doors(app.router, started.adapters, way_in, settings.doors.read_timeout_s)
    add_reply_doors(app.router, started.adapters, read_news)
    feed_door = FeedDoor(parts.secrets)
    add_confirmation_door(app.router, feed_door, parts.verdicts, way_in, settings.doors.read_timeout_s)
    add_health(app.router, started.health)
    started.http_port = await serve_http(stack, app, settings.doors.host, settings.doors.http_port)
    keeping = Keeping(started.store, started.clock, settings.contacts, started.adapters)
    _spawn(stack, started, tick, "open-minutes", keeping.note_open_minute, every_s=20.0)
    smtp_doors = SmtpDoors(started.adapters, way_in)
    if smtp_doors:
        server = await open_smtp(
            smtp_doors,
            settings.doors.smtp_host,
            settings.doors.smtp_port,
            tls=server_tls(settings.doors),
            hostname="intake.example.org",
            idle_timeout_s=SMTP_IDLE_S,
            session_limit_s=SMTP_SESSION_S,
        )
        started.smtp_port = server.sockets[0].getsockname()[1]
        stack.push_async_callback(close_server, server)


async def open_console(stack: AsyncExitStack, started: Running, parts: Parts) -> None:
    """Listen for call handlers."""
    settings = started.settings
    desk = Desk(
        store=started.store,
        router=parts.router,
        handover=parts.handover,
        places=best,
        locator=parts.locator,
        clock=started.clock,
        new_id=new_id,
        tokens=settings.console.tokens,
        lease_s=settings.contacts.lease_s,
        lease_limit_s=settings.contacts.lease_limit_s,
        old_after_s=settings.contacts.old_after_s,
        read_timeout_s=settings.doors.read_timeout_s,
    )
    app = make_console_app(desk)
    add_health(app.router, started.health)
    started.console_port = await serve_http(stack, app, settings.console.host, settings.console.port)


def start_workers(stack: AsyncExitStack, started: Running, parts: Parts) -> None:
    """Start the loops between the doors and the rooms."""
    settings, store, clock = started.settings, started.store, started.clock
    parsing = Parsing(store, started.adapters)
    stack.callback(parsing.close)
    triaging = Triaging(
        store,
        parts.locator,
        load_triage(settings.config_dir),
        parts.telling,
        parts.handover,
        load_auto_transfer(settings.config_dir),
        clock,
        new_id,
        settings.contacts,
    )
    feed = HttpsFeed(
        parts.secrets,
        agency=settings.feeds.agency,
        now=clock.now,
        connect_timeout_s=settings.transfers.connect_timeout_s,
        answer_timeout_s=settings.transfers.answer_timeout_s,
    )
    stack.push_async_callback(feed.close)
    relaying = Relaying(store, feed, parts.router, parts.verdicts, clock, new_id, settings.transfers)
    stack.push_async_callback(relaying.close)
    replying = Replying(store, started.adapters, clock)
    stack.push_async_callback(replying.close)
    sweeping = Sweeping(store, started.adapters, WayIn(store, clock, new_id), clock, settings.workers)
    keeping = Keeping(store, clock, settings.contacts, started.adapters)
    for name, step in {
        "parsing": parsing.step,
        "triaging": triaging.step,
        "relaying": relaying.step,
        "replying": replying.step,
    }.items():
        _spawn(stack, started, _on_bell, name, step)
    for name, step, every_s in (
        ("rejoining", triaging.rejoin, 5.0),
        ("settling", replying.settle, 5.0),
        ("sweeping", sweeping.step, settings.workers.sweep_every_s),
        ("watching", keeping.watch, 5.0),
        ("closing", keeping.close_silent, 60.0),
    ):
        _spawn(stack, started, tick, name, step, every_s=every_s)


async def _on_bell(name: str, step: Step, *, started: Running) -> None:
    idle_s = started.settings.workers.poll_s
    await go_round(name, step, bell=started.store.bell, idle_s=idle_s, health=started.health)


def _spawn(
    stack: AsyncExitStack,
    started: Running,
    loop: Callable[..., Awaitable[None]],
    name: str,
    step: Step,
    **how: float,
) -> None:
    context = {"health": started.health, **how} if how else {"started": started}
    task = asyncio.ensure_future(loop(name, step, **context))
    started.loops.append(task)
    stack.push_async_callback(_end, task)


async def _end(task: asyncio.Future[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
