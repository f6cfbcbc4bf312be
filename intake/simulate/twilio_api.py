"""A stand-in for Twilio: callers text it, it signs webhooks, keeps Messages, sends replies and reports.

Written after Twilio's documentation (Messages and Media resources, "Twilio's request to your incoming
message Webhook URL", "Webhooks security", "Webhook connection overrides"). The signature is computed here
from that description and not by Twilio's library, so that each checks the other.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urldefrag, urlencode

import msgspec
import uuid_utils
from aiohttp import ClientError, ClientSession, ClientTimeout, ConnectionTimeoutError, web

from intake.simulate.twilio_files import FileStore
from intake.simulate.twilio_messages import MessageBook

TOTAL_S = 15.0
"""All tries of one webhook together ("tt", "Webhook connection overrides")."""

UNREACHABLE = "11200"
"""Error code of "HTTP retrieval failure", sent to the fallback URL with the URL that failed."""


class Delivery(msgspec.Struct, kw_only=True):
    """What became of one webhook: each try as (URL, HTTP status, or 0 without an answer)."""

    sid: str
    tries: list[tuple[str, int]] = []
    taken: bool = False


class SentText(msgspec.Struct, frozen=True, kw_only=True):
    """A reply as the caller's phone shows it."""

    sid: str
    sender: str
    to: str
    text: str
    at: datetime


def signature(url: str, form: Sequence[tuple[str, str]], auth_token: str) -> str:
    """Base64 of HMAC-SHA1 over the URL and the sorted names and values ("Webhooks security")."""
    signed = url + "".join(name + value for name, value in sorted(set(form)))
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), hashlib.sha1)).decode()


class TwilioApi:
    """One account. ``webhook_url`` may end in ``#rc=3&rp=ct,rt,5xx`` as at Twilio.

    ``sent`` is what callers got from us. ``refuse`` maps a caller to an error code (21610: opted out).
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        now: Callable[[], datetime],
        *,
        webhook_url: str = "",
        fallback_url: str = "",
        reported: Sequence[str] = ("sent", "delivered"),
    ):
        self.webhook_url, self.fallback_url = webhook_url, fallback_url
        self.sent: list[SentText] = []
        self.refuse: dict[str, int] = {}
        self.book = MessageBook(account_sid)
        self.files = FileStore()
        self.base_url = ""
        self._account_sid, self._auth_token, self._now = account_sid, auth_token, now
        self._reported = reported
        self._reports: set[asyncio.Task[None]] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen; returns the base URL that goes into ``[channels.sms] api_base``."""
        app = web.Application()
        messages = f"/2010-04-01/Accounts/{self._account_sid}/Messages"
        app.router.add_post(f"{messages}.json", self._create)
        app.router.add_get(f"{messages}.json", self._list)
        app.router.add_get(f"{messages}/{{sid}}/Media.json", self._media)
        app.router.add_get(f"{messages}/{{sid}}/Media/{{name}}", self._file)
        await self.files.start(host)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self._http = ClientSession(timeout=ClientTimeout(total=TOTAL_S, connect=5))
        self.base_url = f"http://{host}:{self._runner.addresses[0][1]}"
        return self.base_url

    async def close(self) -> None:
        for report in self._reports:
            report.cancel()
        await asyncio.gather(*self._reports, return_exceptions=True)
        await self._http.close()
        await self._runner.cleanup()
        await self.files.close()

    # -- what callers do ---------------------------------------------------------------------

    async def text(
        self,
        sender: str,
        text: str,
        *,
        to: str,
        media: Sequence[str] = (),
        bodies: Sequence[bytes] = (),
        lost: bool = False,
        **fields: str,
    ) -> Delivery:
        """A caller sends a text; ``media`` are content types, ``bodies`` their files, ``fields`` more fields.

        ``lost`` keeps the message without bringing any webhook: only a sweep can find it.
        """
        sid = ("MM" if media else "SM") + uuid_utils.uuid7().hex
        self.book.add(sid, "inbound", sender, to, text, self._now(), media, bodies)
        return Delivery(sid=sid) if lost else await self.deliver(sid, **fields)

    async def deliver(self, sid: str, **fields: str) -> Delivery:
        """Bring a kept message (again) as Twilio does: tries, then the fallback URL, then nothing."""
        delivery = Delivery(sid=sid)
        form = self.book.webhook_form(sid, self.base_url) | fields
        delivery.taken = await self._post(self.webhook_url, form, delivery)
        if not delivery.taken and self.fallback_url:
            why = {"ErrorCode": UNREACHABLE, "ErrorUrl": urldefrag(self.webhook_url).url}
            delivery.taken = await self._post(self.fallback_url, form | why, delivery)
        return delivery

    async def forge(self, sender: str, text: str, *, to: str, header: str | None = None) -> int:
        """Somebody who is not Twilio posts a text; returns the HTTP status."""
        form = self.book.form("SM" + uuid_utils.uuid7().hex, sender, to, text)
        wrong = signature(self.webhook_url, list(form.items()), "a token of the forger's own")
        headers = {"X-Twilio-Signature": wrong if header is None else header}
        return await self._send(urldefrag(self.webhook_url).url, urlencode(form).encode(), headers)

    async def malformed(self, body: bytes) -> int:
        """A body of your own, signed as the text it reads as; returns the HTTP status."""
        url = urldefrag(self.webhook_url).url
        form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, errors="replace")
        return await self._send(url, body, {"X-Twilio-Signature": signature(url, form, self._auth_token)})

    async def reports_sent(self) -> None:
        """Wait until every status callback so far has been brought."""
        await asyncio.gather(*self._reports)

    # -- webhooks ----------------------------------------------------------------------------

    async def _post(self, address: str, form: Mapping[str, str], delivery: Delivery) -> bool:
        url, fragment = urldefrag(address)
        overrides = dict(parse_qsl(fragment))
        retried = overrides.get("rp", "ct").split(",")
        body, headers = urlencode(form).encode(), self._signed(url, form)
        try:
            async with asyncio.timeout(TOTAL_S):
                for _ in range(1 + int(overrides.get("rc", "1"))):
                    status, failure = await self._try(url, body, headers)
                    delivery.tries.append((url, status))
                    if not failure:
                        return True
                    if failure not in retried and "all" not in retried:
                        return False
        except TimeoutError:
            delivery.tries.append((url, 0))
        return False

    async def _try(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """(status, "") or (status, class of failure: ct, rt, 4xx or 5xx)."""
        try:
            status = await self._send(url, body, headers)
        except ConnectionTimeoutError:
            return 0, "ct"
        except TimeoutError:
            return 0, "rt"
        except (ClientError, OSError):
            return 0, "ct"
        return status, "" if status < 400 else f"{status // 100}xx"

    async def _send(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        async with self._http.post(url, data=body, headers={**form, **headers}) as answer:
            await answer.read()
            return answer.status

    def _signed(self, url: str, form: Mapping[str, str]) -> dict[str, str]:
        return {"X-Twilio-Signature": signature(url, list(form.items()), self._auth_token)}

    # -- the REST API ------------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.Response:
        if refusal := self._unauthorised(request):
            return refusal
        asked = await request.post()
        to, sender, text = (str(asked.get(name, "")) for name in ("To", "From", "Body"))
        if code := self.refuse.get(to) or (21617 if len(text) > 1600 else 0):
            return _error(400, code, "The message cannot be sent")
        sid, now = "SM" + uuid_utils.uuid7().hex, self._now()
        found = self.book.add(sid, "outbound-api", sender, to, text, now)
        self.sent.append(SentText(sid=sid, sender=sender, to=to, text=text, at=now))
        if callback := str(asked.get("StatusCallback", "")):
            report = asyncio.create_task(self._report(sid, callback))
            self._reports.add(report)
            report.add_done_callback(self._reports.discard)
        return web.json_response(found, status=201)

    async def _report(self, sid: str, callback: str) -> None:
        for status in self._reported:
            self.book.messages[sid]["status"] = status
            form = {
                "MessageSid": sid,
                "MessageStatus": status,
                "SmsSid": sid,
                "SmsStatus": status,
                "AccountSid": self._account_sid,
                "From": self.book.messages[sid]["from"],
                "To": self.book.messages[sid]["to"],
                "ApiVersion": "2010-04-01",
            }
            if status in ("undelivered", "failed"):
                form["ErrorCode"] = "30003"
            await self._post(callback, form, Delivery(sid=sid))

    async def _list(self, request: web.Request) -> web.Response:
        return self._unauthorised(request) or web.json_response(self.book.page(request.path, request.query))

    async def _media(self, request: web.Request) -> web.Response:
        return self._unauthorised(request) or web.json_response(self.book.media(request.match_info["sid"]))

    async def _file(self, request: web.Request) -> web.Response:
        if refusal := self._unauthorised(request):
            return refusal
        found = self.book.file(request.match_info["sid"], request.match_info["name"])
        if found is None:
            return _error(404, 20404, "The requested resource was not found")
        return web.Response(status=307, headers={"Location": self.files.address_of(*found)})

    def _unauthorised(self, request: web.Request) -> web.Response | None:
        expected = base64.b64encode(f"{self._account_sid}:{self._auth_token}".encode()).decode()
        if hmac.compare_digest(request.headers.get("Authorization", ""), f"Basic {expected}"):
            return None
        return _error(401, 20003, "Authenticate")


def _error(status: int, code: int, message: str) -> web.Response:
    problem: dict[str, Any] = {"code": code, "message": message, "status": status}
    return web.json_response(problem, status=status)
