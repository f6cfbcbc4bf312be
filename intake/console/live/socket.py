"""`GET /api/v1/live`: the WebSocket of one desk, from the handshake to its end."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
import structlog
from aiohttp import WSMsgType, web

from intake.console.api.answers import problem
from intake.console.auditing import record_view
from intake.console.desk import DESK, PERSON
from intake.console.live.frames import (
    FRAME_LIMIT_BYTES,
    AnyFrame,
    SayDesks,
    SayKeep,
    SayState,
    SayView,
    SayWatch,
    frame,
    read_frame,
)
from intake.console.live.hub import HUB, Hub
from intake.console.live.regions import region_finder
from intake.console.live.seat import Seat
from intake.console.live.standing import end_with_session
from intake.errors import StoreUnavailable

log = structlog.get_logger()

PING_EVERY_S = 10.0
A_SECOND, AT_ONCE = 20.0, 60.0
"""Frames a desk may send: so many a second, and so many in a burst."""

BAD_LIMIT = 5
COME_AGAIN = 1012


async def serve(request: web.Request) -> web.StreamResponse:
    """One desk, until it goes. The origin was checked on the way here, as for every path."""
    person, desk = request[PERSON], request.app[DESK]
    if person.session and "Origin" not in request.headers:
        return problem(403, "foreign_origin", "a browser names its page's origin; programs send a token")
    await record_view(request)
    ws = web.WebSocketResponse(
        heartbeat=PING_EVERY_S, max_msg_size=FRAME_LIMIT_BYTES, compress=False, writer_limit=1, timeout=2.0
    )
    await ws.prepare(request)
    hub = request.app[HUB]
    seat = Seat(ws, request, person)
    tasks: list[asyncio.Task[None]] = []
    try:
        row = await hub.enter(seat)
        number, state = (row.number, row.state) if row else (None, "")
        seat.say(
            frame(
                "hello",
                handler=person.name,
                now=desk.clock.now(),
                lease_s=desk.lease_s,
                desk=number,
                state=state,
            )
        )
        hub.greet(seat)
        tasks += [asyncio.create_task(seat.pump()), asyncio.create_task(end_with_session(seat))]
        await _listen(hub, seat)
    finally:
        hub.leave(seat)
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await asyncio.gather(*tasks)
    return ws


async def _listen(hub: Hub, seat: Seat) -> None:
    loop = asyncio.get_running_loop()
    left, at, bad = AT_ONCE, loop.time(), 0
    async for message in seat.ws:
        now = loop.time()
        left, at = min(AT_ONCE, left + (now - at) * A_SECOND) - 1, now
        if left < 0:
            code, text = "too_many_frames", f"more than {A_SECOND:.0f} frames a second"
        elif message.type is not WSMsgType.TEXT:
            code, text = "bad_frame", "send JSON as text"
        else:
            try:
                await _take(hub, seat, read_frame(message.data))
                continue
            except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
                code, text = "bad_frame", f"the frame cannot be read: {error}"
            except StoreUnavailable as error:
                # The window that was asked for will not come, and beats would call the old one true.
                log.warning("live_window_refused", handler=seat.person.name, code=error.code)
                await seat.ws.close(code=COME_AGAIN)
                return
        bad += 1
        seat.say(frame("error", code=code, message=text))
        if bad > BAD_LIMIT:
            log.warning("live_line_refused", handler=seat.person.name, code=code)
            await seat.ws.close(code=4400)
            return


async def _take(hub: Hub, seat: Seat, said: AnyFrame) -> None:
    if isinstance(said, SayView):
        await record_view(seat.request, "queue.list")
        await hub.look(seat, said.filter, said.first, said.size)
    elif isinstance(said, SayWatch):
        seat.watched = frozenset(said.contacts)
    elif isinstance(said, SayKeep):
        if seat.works:
            hub.tending.keep(seat, said.claims)
    elif isinstance(said, SayState):
        hub.tending.set_state(seat, said.state)
    elif isinstance(said, SayDesks):
        seat.want_desks(said.on)


def open_live_line(app: web.Application) -> None:
    """Give an application its hub; it begins to work when the first desk comes."""
    desk = app[DESK]
    app[HUB] = Hub(desk, region_finder(desk.router))
    app.on_shutdown.append(_close)


async def _close(app: web.Application) -> None:
    await app[HUB].close()
