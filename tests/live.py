"""A desk on the live line, for tests: it keeps what it is told as the page does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from aiohttp.test_utils import TestServer

from tests.desk import TOKENS


class LiveDesk:
    """``queue`` is the window as the frames so far make it; ``frames`` are all of them."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse):
        self.ws = ws
        self.frames: list[dict[str, Any]] = []
        self.texts: list[str] = []
        self.queue: dict[str, Any] = {}
        self.rows: dict[str, dict[str, Any]] = {}

    async def say(self, kind: str, **content: Any) -> None:
        await self.ws.send_str(msgspec.json.encode({"t": kind, **content}).decode())

    async def view(self, first: int = 0, size: int = 60, **where: Any) -> dict[str, Any]:
        await self.say("view", filter=where, first=first, size=size)
        return await self.hear("window")

    async def next(self, wait_s: float = 5.0) -> dict[str, Any]:
        """The next frame; AssertionError where none comes, or the line ends."""
        message = await self.ws.receive(timeout=wait_s)
        assert message.type is aiohttp.WSMsgType.TEXT, (message.type, self.ws.close_code)
        frame: dict[str, Any] = msgspec.json.decode(message.data)
        self.frames.append(frame)
        self.texts.append(message.data)
        if frame["t"] in ("window", "delta"):
            if frame["t"] == "window":
                self.rows = {}
            self.rows.update({row["id"]: row for row in frame["rows"]})
            self.queue.update(frame)
        return frame

    async def hear(self, kind: str, wait_s: float = 5.0) -> dict[str, Any]:
        """The next frame of a kind."""
        return await self.until(lambda frame: frame["t"] == kind, wait_s)

    async def until(self, holds: Callable[[dict[str, Any]], bool], wait_s: float = 5.0) -> dict[str, Any]:
        async with asyncio.timeout(wait_s):
            while not holds(frame := await self.next(wait_s)):
                pass
        return frame

    async def see(self, holds: Callable[[LiveDesk], bool], wait_s: float = 5.0) -> None:
        """Until the window stands so."""
        async with asyncio.timeout(wait_s):
            while not (self.queue and holds(self)):
                await self.next(wait_s)

    def shown(self) -> list[dict[str, Any]]:
        return [self.rows[one] for one in self.queue["order"]]

    async def closed(self, wait_s: float = 5.0) -> int | None:
        """The code the line was closed with."""
        async with asyncio.timeout(wait_s):
            while (await self.ws.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return self.ws.close_code


@asynccontextmanager
async def live_desk(server: TestServer, who: str = "ada", **options: Any) -> AsyncIterator[LiveDesk]:
    headers = {"Authorization": f"Bearer {TOKENS[who]}", **options.pop("headers", {})}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(server.make_url("/api/v1/live"), headers=headers, max_msg_size=0, **options) as ws,
    ):
        yield LiveDesk(ws)
