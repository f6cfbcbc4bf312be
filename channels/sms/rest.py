"""What we ask of Twilio's REST API: send a reply, list what it received. Loaded on first use."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, encode_basic_auth
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from intake.errors import ReplyFailed

TIMEOUT_S = 15.0
PAGE_SIZE = 200

PROBLEMS = {
    20003: (False, "the account SID or auth token is wrong"),
    21211: (True, "the caller's number is not a valid one"),
    21408: (False, "sending to the caller's country is not enabled at Twilio"),
    21606: (False, "the number we send from is not ours at Twilio, or cannot send texts"),
    21610: (True, "the caller has opted out: Twilio blocks our replies until the caller texts START"),
    21612: (True, "this caller cannot be reached from the number we send from"),
    21614: (True, "the caller's number is not a mobile"),
    21617: (True, "the reply is longer than 1,600 characters"),
}
"""Twilio's "Error and Warning Dictionary": whether it is permanent, and why. What an operator can put
right at Twilio is not permanent. Of codes not listed here, HTTP 400 is permanent."""

OPTED_OUT = 21610

log = structlog.get_logger()


class HttpClient(AsyncHttpClient):  # type: ignore[misc]
    """Twilio's HTTP port on aiohttp. Its own implementation has no time limit, logs texts and numbers
    at INFO, and uses an aiohttp class that is going away."""

    def __init__(self) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self._session = ClientSession(timeout=ClientTimeout(total=TIMEOUT_S))

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the port's signature
        allow_redirects: bool = False,
    ) -> Response:
        sent = dict(headers or {})
        if auth:
            sent["Authorization"] = encode_basic_auth(*auth)
        async with self._session.request(
            method, url, params=params, data=data, headers=sent, allow_redirects=allow_redirects
        ) as answer:
            return Response(answer.status, await answer.text(), answer.headers)

    async def close(self) -> None:
        await self._session.close()


class TwilioRest:
    """Twilio's own client on aiohttp, pointed at ``api_base``."""

    def __init__(self, *, account_sid: str, auth_token: str, api_base: str, status_callback: str):
        self._http = HttpClient()
        self._client: Any = Client(account_sid, auth_token, http_client=self._http)
        self._client.api.base_url = api_base
        # Twilio repeats a callback by itself only when it cannot connect; the fragment asks for more
        # ("Webhooks connection overrides"). It is neither sent nor signed.
        self._status_callback = f"{status_callback}#rc=3&rp=ct,rt,5xx"

    async def send(self, to: str, ours: str, text: str) -> str:
        """The SID of the message; raises ReplyFailed."""
        try:
            sent = await self._client.messages.create_async(
                to=to, from_=ours, body=text, status_callback=self._status_callback
            )
        except TwilioException as error:
            raise _failure(error) from error
        except (ClientError, OSError, TimeoutError, ValueError) as error:
            raise ReplyFailed(f"Twilio cannot be reached: {type(error).__name__}") from error
        return str(sent.sid)

    async def received(self, number: str, since: datetime) -> AsyncIterator[bytes]:
        """Inbound messages to ``number`` since then, each as the body of its webhook."""
        found = await self._client.messages.stream_async(
            to=number, date_sent_after=since, page_size=PAGE_SIZE
        )
        async for message in found:
            if message.direction == "inbound":
                yield urlencode(await self._webhook_form(message)).encode()

    async def close(self) -> None:
        await self._http.close()

    async def _webhook_form(self, message: Any) -> dict[str, str]:
        form = {
            "MessageSid": message.sid,
            "AccountSid": message.account_sid,
            "From": message.from_,
            "To": message.to,
            "Body": message.body or "",
            "NumSegments": message.num_segments or "1",
            "NumMedia": message.num_media or "0",
        }
        if message.date_created is not None:
            form["DateCreated"] = message.date_created.isoformat()
        if form["NumMedia"] != "0":
            for n, media in enumerate(await message.media.list_async()):
                form[f"MediaUrl{n}"] = self._client.api.absolute_url(media.uri.removesuffix(".json"))
                form[f"MediaContentType{n}"] = media.content_type
        return form


def _failure(error: TwilioException) -> ReplyFailed:
    code, status = getattr(error, "code", 0) or 0, getattr(error, "status", 0)
    permanent, reason = PROBLEMS.get(code, (status == 400, f"Twilio refused with HTTP {status}, code {code}"))
    if code == OPTED_OUT:
        # Nobody can opt out of 999: the number's opt-out handling has to be switched off at Twilio.
        log.error("sms_caller_opted_out", provider_code=code)
    return ReplyFailed(reason, permanent=permanent, provider_code=str(code) if code else None)
