"""The store of files that Twilio's Media resource redirects to: another host, with signed addresses.

After "Protect Media Access with HTTP Basic Authentication": a request with the account's key is answered with
a redirect; the address behind it is good by itself, and such stores refuse one that brings a key as well.
"""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from aiohttp import web


class FileStore:
    """``host`` is what goes into ``[channels.sms] media_hosts``; ``asked`` are the paths asked for."""

    def __init__(self) -> None:
        self.base_url = ""
        self.asked: list[str] = []
        self._files: dict[str, tuple[bytes, str]] = {}

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc

    async def start(self, host: str) -> None:
        app = web.Application()
        app.router.add_get("/{name}", self._give)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, 0).start()
        self.base_url = f"http://{host}:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        await self._runner.cleanup()

    def address_of(self, body: bytes, content_type: str) -> str:
        """A new address for these bytes."""
        name = secrets.token_urlsafe(24)
        self._files[name] = body, content_type
        return f"{self.base_url}/{name}"

    async def _give(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if "Authorization" in request.headers:
            return web.Response(status=400, text="Only one auth mechanism allowed")
        found = self._files.get(request.match_info["name"])
        if found is None:
            return web.Response(status=403, text="Access denied")
        return web.Response(body=found[0], headers={"Content-Type": found[1]})
