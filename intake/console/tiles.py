"""Map tiles of somebody else's server, brought by ours: a desk's browser asks nobody but us."""

from __future__ import annotations

import asyncio

import aiohttp
import structlog
from cachetools import LRUCache, TTLCache

log = structlog.get_logger()

ZOOM_LIMIT = 19
TILE_LIMIT_BYTES = 512 * 1024
CACHE_LIMIT_BYTES = 64 * 1024 * 1024
TIMEOUT_S = 4.0
AT_ONCE = 8
REST_S = 20.0
KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
"""What a tile begins with, whatever its server calls it; WebP is told apart by two marks."""

Tile = tuple[int, int, int]


class Tiles:
    """Fetches tiles from one template, bounded in size, time and number; keeps them in memory.

    A tile's server learns which squares are looked at, and so roughly where callers are, from our
    address alone: no cookie, no referrer and no desk is named. What fails rests for ``REST_S``.
    """

    def __init__(self, template: str, attribution: str = "", *, timeout_s: float = TIMEOUT_S) -> None:
        self.attribution = attribution
        self._template, self._timeout_s = template, timeout_s
        self._kept: LRUCache[Tile, bytes] = LRUCache(CACHE_LIMIT_BYTES, getsizeof=len)
        self._failed: TTLCache[Tile, bool] = TTLCache(4_096, REST_S)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._session: aiohttp.ClientSession | None = None

    async def get(self, tile: Tile) -> bytes | None:
        """The image, None where there is none to be had. Never raises for what a server does."""
        if (kept := self._kept.get(tile)) is not None:
            return kept
        if tile in self._failed:
            return None
        async with self._slots:
            image = self._kept.get(tile) or await self._fetch(tile)
        if image is None:
            self._failed[tile] = True
        else:
            self._kept[tile] = image
        return image

    async def _fetch(self, tile: Tile) -> bytes | None:
        z, x, y = (str(number) for number in tile)
        url = self._template.replace("{z}", z).replace("{x}", x).replace("{y}", y)
        try:
            # A redirect would let the tile's server choose whom we ask next.
            async with self._client().get(url, allow_redirects=False) as response:
                if response.status != 200:
                    return _refused("status")
                image = await _bounded(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return _refused("no_answer")  # its errors quote the URL, which may hold a key
        if image is None:
            return _refused("too_large")
        return image if kind_of(image) else _refused("no_image")

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                headers={"User-Agent": "national-intake", "Accept": "image/png, image/jpeg, image/webp"},
                connector=aiohttp.TCPConnector(limit=AT_ONCE),
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _refused(why: str) -> bytes | None:
    log.warning("tile_refused", why=why)
    return None


async def _bounded(response: aiohttp.ClientResponse) -> bytes | None:
    """The body, None beyond the limit; what was sent is never unpacked beyond it either."""
    image = bytearray()
    async for piece in response.content.iter_chunked(16 * 1024):
        image += piece
        if len(image) > TILE_LIMIT_BYTES:
            response.close()
            return None
    return bytes(image)


def kind_of(image: bytes) -> str:
    """The content type by the image's own first bytes; empty for anything else."""
    if image[:4] == b"RIFF" and image[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for mark, kind in KINDS.items() if image.startswith(mark)), "")
