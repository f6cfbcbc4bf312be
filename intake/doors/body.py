"""Reading a request's body: bounded in bytes and seconds, and counted where it does not come."""

from __future__ import annotations

import asyncio

from aiohttp import ClientPayloadError, web

from intake.metrics import DoorCounts


class BodyUnread(Exception):
    """``status`` and the words to refuse it with: 413 too large, 408 too slow, 400 broken off."""

    def __init__(self, status: int, reason: str):
        super().__init__(reason)
        self.status = status


async def read_body(
    request: web.Request, limit_bytes: int, timeout_s: float, counts: DoorCounts | None = None
) -> bytes:
    """The whole body; raises BodyUnread, counted at its door."""
    try:
        return await _read(request, limit_bytes, timeout_s)
    except _TooLarge:
        if counts:
            counts.oversize.inc()
        raise BodyUnread(413, f"more than {limit_bytes} bytes: send less") from None
    except TimeoutError:
        if counts:
            counts.slow.inc()
        raise BodyUnread(408, "the body took too long: send it again") from None
    except (ClientPayloadError, ConnectionError, web.RequestPayloadError):
        if counts:
            counts.broken.inc()
        raise BodyUnread(400, "the body broke off: send it again") from None


class _TooLarge(Exception):
    """The body passed the door's limit."""


async def _read(request: web.Request, limit_bytes: int, timeout_s: float) -> bytes:
    # aiohttp bounds no body in time by itself.
    if request.content_length is not None and request.content_length > limit_bytes:
        raise _TooLarge
    content = request.content
    if content.is_eof():
        body = content.read_nowait(-1)
        if len(body) > limit_bytes:
            raise _TooLarge
        return body
    parts, size = [], 0
    async with asyncio.timeout(timeout_s):
        while chunk := await content.readany():
            parts.append(chunk)
            size += len(chunk)
            if size > limit_bytes:
                raise _TooLarge
    return b"".join(parts)
