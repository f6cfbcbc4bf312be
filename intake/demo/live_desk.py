"""The simulated handler's line to the console: a live desk to its supervisor, and claims that are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
import msgspec

KEEP_EVERY_S = 5.0
AGAIN_AFTER_S = 1.0


class LiveDesk:
    """``claims`` are renewed every five seconds for as long as they are in it: contact id to fence."""

    def __init__(self, console_url: str, token: str, claims: Mapping[str, int]):
        self._url, self._claims = console_url.replace("http", "ws", 1) + "/api/v1/live", claims
        self._headers = {"Authorization": f"Bearer {token}"}
        self.said_hello = asyncio.Event()

    async def stay(self) -> None:
        """Until cancelled: a line that breaks is opened again, as a browser does."""
        async with aiohttp.ClientSession(headers=self._headers) as http:
            while True:
                try:
                    async with http.ws_connect(self._url) as line:
                        await self._talk(line)
                except (aiohttp.ClientError, OSError):
                    pass
                await asyncio.sleep(AGAIN_AFTER_S)

    async def _talk(self, line: aiohttp.ClientWebSocketResponse) -> None:
        keeping = asyncio.create_task(self._keep(line))
        try:
            async for frame in line:
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    continue
                if msgspec.json.decode(frame.data)["t"] == "hello":
                    self.said_hello.set()
        finally:
            keeping.cancel()

    async def _keep(self, line: aiohttp.ClientWebSocketResponse) -> None:
        await line.send_json({"t": "state", "state": "available"})
        while True:
            await line.send_json({"t": "keep", "claims": dict(self._claims)})
            await asyncio.sleep(KEEP_EVERY_S)
