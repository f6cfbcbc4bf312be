"""Where callers read our replies: by polling, or as server-sent events (WHATWG HTML §9.2)."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable

import msgspec
from aiohttp import web

from intake.contact import CallerUri
from intake.doors.direct import Handler
from intake.errors import Forged, StoreUnavailable
from intake.ports import CallerNews, ChannelAdapter, ReplyDoor

POLL_S = 1.0
HEARTBEAT_S = 15.0
STREAM_LIMIT_S = 3600.0
"""A stream ends after an hour; the browser's EventSource comes back by itself with Last-Event-ID."""

_REPLY_ID = re.compile(r"[0-9a-f-]{36}")

ReadNews = Callable[[CallerUri, str], Awaitable[CallerNews]]


def add_reply_doors(
    router: web.UrlDispatcher, adapters: Iterable[ChannelAdapter], read_news: ReadNews
) -> None:
    """Mount the polling and streaming doors of every adapter that has them."""
    for adapter in adapters:
        for door in adapter.doors():
            if isinstance(door, ReplyDoor):
                router.add_get(door.path, _poll_handler(door, read_news))
                router.add_get(door.events_path, _events_handler(door, read_news))


def _seen(request: web.Request) -> str:
    """The id of the last reply the caller has; anything that is no id of ours means none."""
    stated = request.headers.get("Last-Event-ID") or request.query.get("after", "")
    return stated if _REPLY_ID.fullmatch(stated) else ""


def _poll_handler(door: ReplyDoor, read_news: ReadNews) -> Handler:
    async def poll(request: web.Request) -> web.Response:
        try:
            caller = door.caller(request.headers, request.match_info)
            news = await read_news(caller, _seen(request))
        except Forged:
            return web.json_response({"error": "not authentic"}, status=403)
        except StoreUnavailable:
            return web.json_response({"error": "try again"}, status=503)
        return web.Response(body=msgspec.json.encode(news), content_type="application/json")

    return poll


def _events_handler(door: ReplyDoor, read_news: ReadNews) -> Handler:
    async def events(request: web.Request) -> web.StreamResponse:
        try:
            caller = door.caller(request.headers, request.match_info)
        except Forged:
            return web.json_response({"error": "not authentic"}, status=403)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        after = _seen(request)
        status, spoke_s, end_s = "", time.monotonic(), time.monotonic() + STREAM_LIMIT_S
        while time.monotonic() < end_s:
            try:
                news = await read_news(caller, after)
            except StoreUnavailable:
                await asyncio.sleep(POLL_S)
                continue
            chunk = b"".join(
                b"id: %s\nevent: reply\ndata: %s\n\n" % (reply.id.encode(), msgspec.json.encode(reply))
                for reply in news.replies
            )
            if news.replies:
                after = news.replies[-1].id
            if news.status != status:
                status = news.status
                chunk += b"event: status\ndata: %s\n\n" % msgspec.json.encode({"status": status})
            if not chunk and time.monotonic() - spoke_s > HEARTBEAT_S:
                chunk = b": still here\n\n"
            if chunk:
                await response.write(chunk)
                spoke_s = time.monotonic()
            await asyncio.sleep(POLL_S)
        return response

    return events
