"""Composition root: what a process is made of, and the order of start and stop."""

from __future__ import annotations

import asyncio
import gc
import importlib
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

import channels
from intake.clock import SteadyClock
from intake.contact import CallerUri
from intake.doors.confirmations import TakesVerdicts, VerdictDoor, add_confirmation_door
from intake.doors.http import add_http_doors
from intake.doors.listening import close_server, serve_http, server_tls
from intake.doors.replies import add_reply_doors
from intake.doors.smtp import SmtpDoors, open_smtp
from intake.doors.way_in import WayIn
from intake.errors import BadConfiguration
from intake.ports import CallerNews, ChannelAdapter, ChannelContext
from intake.running import Running, new_id, spawn
from intake.service_health import Health, add_health
from intake.settings import Settings
from intake.store import caller_view
from intake.store.store import Store
from intake.workers.keeping import Keeping
from intake.workers.loop import tick

if TYPE_CHECKING:
    from intake.inside import Inside

log = structlog.get_logger()

ROLES = ("doors", "workers", "console")
SMTP_IDLE_S = 60.0
SMTP_SESSION_S = 600.0


@asynccontextmanager
async def running(
    settings: Settings, roles: Iterable[str] = ROLES, only_channels: Iterable[str] | None = None
) -> AsyncIterator[Running]:
    """Start the given roles in order, yield, stop them in reverse. Raises BadConfiguration."""
    roles, only = tuple(roles), None if only_channels is None else tuple(only_channels)
    async with AsyncExitStack() as stack:
        started = await _foundation(stack, settings, roles, only)
        # The doors first: whoever writes while maps and schemas load must not wait for them.
        ready: asyncio.Future[Inside] = asyncio.get_running_loop().create_future()
        if "doors" in roles:
            await open_doors(stack, started, ready, only)
            log.info("doors_open", http_port=started.http_port, smtp_port=started.smtp_port)
        code = await asyncio.to_thread(importlib.import_module, "intake.inside")
        inside = await asyncio.to_thread(code.Inside, started)
        ready.set_result(inside)
        if "workers" in roles:
            code.start_workers(stack, started, inside)
            await open_health(stack, started)
        if "console" in roles:
            await code.open_console(stack, started, inside)
        started.health.is_whole = True
        settle_memory()
        kinds = [adapter.kind for adapter in started.adapters]
        log.info("ready", roles=roles, channels=kinds, console_port=started.console_port)
        yield started


def settle_memory() -> None:
    """Take what is loaded for good out of the collector's rounds, and make the rounds rarer.

    A full collection would walk the whole map again and again: milliseconds in which no door answers.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def _foundation(
    stack: AsyncExitStack, settings: Settings, roles: tuple[str, ...], only: tuple[str, ...] | None
) -> Running:
    clock = SteadyClock()
    store = Store(
        settings.store.url,
        clock,
        pool_size=settings.store.pool_size,
        thread_silence_s=settings.contacts.silence_s,
    )
    stack.push_async_callback(store.close)
    starting = asyncio.ensure_future(store.start())
    await asyncio.sleep(0)  # the writer's process comes up while the channels' libraries are read
    # Workers answer on every channel, doors receive on those they were given, a console fetches attachments.
    wanted = only if "doors" in roles and "workers" not in roles else None
    only_shows = not {"workers", "doors"} & set(roles)
    try:
        adapters = open_channels(settings, clock, wanted, leave_out=only_shows)
        for adapter in adapters:
            stack.push_async_callback(adapter.close)
    finally:
        await starting
    if last := await store.last_event_at():
        clock.not_before(last)
    health = Health(store, clock, roles)
    return Running(settings=settings, store=store, clock=clock, adapters=adapters, health=health)


def open_channels(
    settings: Settings,
    clock: SteadyClock,
    only: Collection[str] | None = None,
    *,
    leave_out: bool = False,
) -> tuple[ChannelAdapter, ...]:
    """The adapters of every enabled channel; raises BadConfiguration with the problems of all of them.

    ``leave_out`` does without a channel whose secrets this process was not given: a desk works without them,
    and says of such a channel's attachments that it cannot fetch them.
    """
    context = ChannelContext(public_url=settings.doors.public_url, new_id=new_id, now=clock.now)
    made, problems = [], []
    for kind, table in settings.channels.items():
        if not settings.is_enabled(kind) or (only is not None and kind not in only):
            continue
        rest = {key: value for key, value in table.items() if key != "enabled"}
        try:
            made.append(channels.make_adapter(kind, rest, context))
        except BadConfiguration as error:
            problems += error.problems
    if problems and not leave_out:
        raise BadConfiguration(problems)
    for problem in problems:
        log.warning("channel_left_out", problem=problem)
    return tuple(made)


def _given(adapters: tuple[ChannelAdapter, ...], only: tuple[str, ...] | None) -> tuple[ChannelAdapter, ...]:
    """Those whose doors this process opens; raises BadConfiguration for one that is not enabled."""
    if only is None:
        return adapters
    missing = sorted(set(only) - {str(adapter.kind) for adapter in adapters})
    if missing:
        raise BadConfiguration([f"channels.{kind}: asked for, but not enabled" for kind in missing])
    return tuple(adapter for adapter in adapters if adapter.kind in only)


async def open_doors(
    stack: AsyncExitStack,
    started: Running,
    ready: asyncio.Future[Inside],
    only: tuple[str, ...] | None = None,
) -> None:
    """Listen: HTTP with every channel's paths, SMTP where a channel has a mailbox."""
    settings, way_in = started.settings, WayIn(started.store, started.clock, new_id)
    adapters = _given(started.adapters, only)
    app = web.Application()

    async def read_news(caller: CallerUri, after: str) -> CallerNews:
        return await started.store.read(lambda conn: caller_view.news(conn, caller, after))

    exact = add_http_doors(app.router, adapters, way_in, settings.doors.read_timeout_s)
    add_reply_doors(app.router, adapters, read_news)
    add_confirmation_door(app.router, lambda: _verdicts(ready), way_in, settings.doors.read_timeout_s)
    if settings.links.secret:  # what makes pages is loaded by those who serve some
        pages = importlib.import_module("intake.public.routes")
        pages.open_links(app.router, settings, started.store, way_in)
    add_health(app.router, started.health)
    started.http_port = await serve_http(stack, app, settings.doors.host, settings.doors.http_port, exact)
    keeping = Keeping(started.store, started.clock, settings.contacts, adapters)
    note = keeping.note_open_minute
    spawn(stack, started, tick, "open-minutes", note, every_s=20.0, health=started.health)
    smtp_doors = SmtpDoors(adapters, way_in)
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


async def open_health(stack: AsyncExitStack, started: Running) -> None:
    """/health and /metrics of workers that are a process of their own."""
    workers = started.settings.workers
    if workers.health_port:
        app = web.Application()
        add_health(app.router, started.health)
        await serve_http(stack, app, workers.health_host, workers.health_port)


def _verdicts(ready: asyncio.Future[Inside]) -> tuple[VerdictDoor, TakesVerdicts] | None:
    """None until the register is loaded: a room is asked to come again."""
    return (ready.result().feed_door, ready.result().verdicts) if ready.done() else None
