"""One GET to a provider, bounded in bytes, following nothing by itself: for what callers attached."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar
from yarl import URL

from intake.errors import MediaFailed, MediaTrouble

LONGEST_S = 60.0
"""Whoever asks is less patient; this ends what was forgotten."""
_PIECE_BYTES = 64 * 1024
_MB = 1_000_000


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """``location`` is where a redirect would lead; its body is not read."""

    status: int
    location: str = ""
    body: bytes = b""


class BoundedGet:
    """No cookies, no proxy, no redirect, and nothing unpacked: what is small on the wire stays small."""

    def __init__(self) -> None:
        self._session: ClientSession | None = None

    async def get(self, url: URL, limit_bytes: int, headers: Mapping[str, str] | None = None) -> Fetched:
        """The body of a 200, or the status. Raises MediaFailed: too large, or no answer.

        The errors name no address: one may hold a secret.
        """
        sent = {"Accept-Encoding": "identity", **(headers or {})}
        try:
            async with self._client().get(url, headers=sent, allow_redirects=False) as answer:
                if answer.status != 200:
                    return Fetched(status=answer.status, location=answer.headers.get("Location", ""))
                if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
                    raise MediaFailed(MediaTrouble.UNREACHABLE, "the provider sent it packed, unasked")
                return Fetched(status=200, body=await _bounded(answer, limit_bytes))
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            reason = f"the provider cannot be reached ({type(error).__name__})"
            raise MediaFailed(MediaTrouble.UNREACHABLE, reason) from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _client(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(
                cookie_jar=DummyCookieJar(),
                timeout=ClientTimeout(total=LONGEST_S, sock_connect=5.0),
                auto_decompress=False,
                headers={"User-Agent": "national-intake"},
            )
        return self._session


def too_large(limit_bytes: int) -> MediaFailed:
    return MediaFailed(MediaTrouble.TOO_LARGE, f"it is larger than {limit_bytes / _MB:.0f} MB")


def refused(status: int) -> MediaFailed:
    """What a provider's status means, where it is neither 200 nor a redirect that may be followed."""
    if status in (404, 410):
        return MediaFailed(MediaTrouble.GONE, "the provider does not have it, or not any more")
    if status in (401, 403):
        reason = "the provider does not let us have it: its key has to be put right in the settings"
        return MediaFailed(MediaTrouble.NO_ACCESS, reason)
    return MediaFailed(MediaTrouble.UNREACHABLE, f"the provider answered with status {status}")


async def _bounded(answer: ClientResponse, limit_bytes: int) -> bytes:
    if (answer.content_length or 0) > limit_bytes:
        answer.close()
        raise too_large(limit_bytes)
    body = bytearray()
    async for piece in answer.content.iter_chunked(_PIECE_BYTES):
        body += piece
        if len(body) > limit_bytes:
            answer.close()
            raise too_large(limit_bytes)
    return bytes(body)
