"""The HTTP that geopy's geocoders speak through: bounded, without redirects, quoting nobody."""

from __future__ import annotations

import logging
from typing import Any

import aiohttp
import msgspec
from geopy.adapters import AdapterHTTPError, BaseAsyncAdapter
from geopy.exc import GeocoderParseError, GeocoderTimedOut, GeocoderUnavailable
from yarl import URL

ANSWER_LIMIT_BYTES = 512 * 1024
"""A few answers with their outlines are 10 KB; more than this is no answer to us."""

# geopy writes whole URLs, which hold addresses and keys, at DEBUG, and answers at INFO: never.
logging.getLogger("geopy").setLevel(logging.CRITICAL)


class BoundedAdapter(BaseAsyncAdapter):  # type: ignore[misc]
    """geopy's own aiohttp adapter reads without limit and follows redirects, with the key in the query.

    Proxies and certificates of geopy are not used: the system's certificates are, proxies are not.
    """

    def __init__(self, *, proxies: Any = None, ssl_context: Any = None):
        super().__init__(proxies=proxies, ssl_context=ssl_context)
        self._session: aiohttp.ClientSession | None = None

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get_json(self, url: str, *, timeout: float, headers: dict[str, str]) -> Any:  # noqa: ASYNC109 - geopy's name
        """What the service answered. Raises only what geopy expects, never with words of the answer."""
        text = await self.get_text(url, timeout=timeout, headers=headers)
        try:
            # Stricter than the standard library: no NaN, no half of a surrogate pair.
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            raise GeocoderParseError("not JSON") from None

    async def get_text(self, url: str, *, timeout: float, headers: dict[str, str]) -> str:  # noqa: ASYNC109
        """As ``get_json``, undecoded. ``timeout`` is in seconds, for all of it."""
        try:
            limit = aiohttp.ClientTimeout(total=timeout)
            async with self._client().get(
                # geopy has encoded the query already.
                URL(url, encoded=True),
                headers=headers,
                timeout=limit,
                allow_redirects=False,
            ) as response:
                body = await _read_at_most(response, ANSWER_LIMIT_BYTES)
                text = body.decode("utf-8", "replace")
                if response.status >= 300:
                    raise AdapterHTTPError(
                        f"status {response.status}",
                        status_code=response.status,
                        headers=response.headers,
                        text=text,
                    )
                return text
        except AdapterHTTPError:
            raise
        except TimeoutError:
            raise GeocoderTimedOut("no answer in time") from None
        except aiohttp.ClientPayloadError:
            raise GeocoderParseError("cut off") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The errors of aiohttp quote the URL.
            raise GeocoderUnavailable(type(error).__name__) from None

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=8)
            )
        return self._session


async def _read_at_most(response: aiohttp.ClientResponse, limit_bytes: int) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_chunked(64 * 1024):
        body += piece
        if len(body) > limit_bytes:
            response.close()
            raise GeocoderParseError("too long")
    return bytes(body)
