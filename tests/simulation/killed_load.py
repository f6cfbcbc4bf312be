"""People and providers who write to the four doors of an intake that keeps dying, and never give up.

Each message has an id of its own. It is sent again, the same bytes, until it is acknowledged; some
are sent again after that, or twice at the same time, as providers do.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import uuid
from collections.abc import Awaitable, Callable, Iterator
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
import aiosmtplib
from twilio.request_validator import RequestValidator

from intake.clock import SteadyClock

MAILBOX = "999@intake.example.org"
ACCOUNT = "AC00000000000000000000000000000001"
AUTH_TOKEN = "only-for-tests-auth-token-01"
BOT = "70000001"
SECRET_TOKEN = "only-for-tests-secret-token"
OUR_NUMBER = "+447700900999"
PUBLIC_URL = "https://intake.example.org"
ANSWER_LIMIT_S = 4.0
PAUSE_S = 0.05
WORDS = ("Fire at LS1 4AP", "My father fell, CF10 2AF", "help", "there is smoke", "55", "hurry please")

Attempt = Callable[[], Awaitable[bool]]


class Load:
    """Lines of callers on every door; ``acknowledged`` holds (channel, provider id)."""

    def __init__(self, http_port: int, smtp_port: int, seed: int, lines: int):
        self._base = f"http://127.0.0.1:{http_port}"
        self._smtp_port = smtp_port
        self._chance = random.Random(seed)
        self._numbers = itertools.count(1)
        self._clock = SteadyClock()
        self._signer = RequestValidator(AUTH_TOKEN)
        self._lines = lines
        self.acknowledged: set[tuple[str, str]] = set()
        self.callers: set[tuple[str, str]] = set()
        self.attempts = 0
        self.refused: list[str] = []
        self.stopping = False

    async def run(self) -> None:
        """Until ``stopping``; what is under way then is still seen through."""
        doors = (self._sms, self._telegram, self._app, self._email)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=False),
            timeout=aiohttp.ClientTimeout(total=ANSWER_LIMIT_S),
        ) as self._http:
            await asyncio.gather(*(door(line) for door in doors for line in range(self._lines)))

    def _conversation(self) -> Iterator[str]:
        """What one caller says, one to eight messages."""
        for number in range(self._chance.randint(1, 8)):
            if not self.stopping or number == 0:
                yield f"{self._chance.choice(WORDS)} ({number})"

    async def _see_through(self, channel: str, provider_id: str, caller: str, attempt: Attempt) -> None:
        """Send until acknowledged; then perhaps once more, or twice at once from the start."""
        self.callers.add((channel, caller))
        fate = self._chance.random()
        while True:
            self.attempts += 1
            answers = await asyncio.gather(*(attempt() for _ in range(2 if fate < 0.05 else 1)))
            if any(answers):
                break
            await asyncio.sleep(PAUSE_S * self._chance.uniform(0.5, 2))
        self.acknowledged.add((channel, provider_id))
        if fate > 0.9:
            await attempt()
        await asyncio.sleep(self._chance.uniform(0, PAUSE_S))

    async def _post(
        self, path: str, body: bytes, headers: dict[str, str], answer: list[Any] | None = None
    ) -> bool:
        try:
            async with self._http.post(self._base + path, data=body, headers=headers) as response:
                said = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False  # nobody knows whether it arrived: the same bytes again
        if response.status in (408, 500, 502, 503):
            return False
        if response.status >= 300:
            self.refused.append(f"{path}: {response.status} {said[:80]!r}")
        if answer is not None:
            answer.append(json.loads(said))
        return True

    async def _sms(self, line: int) -> None:
        while not self.stopping:
            number = next(self._numbers)
            caller = f"+447700900{number % 999:03d}"
            for text in self._conversation():
                sid = f"SM{uuid.UUID(int=self._chance.getrandbits(128)).hex}"
                form = {
                    "MessageSid": sid,
                    "AccountSid": ACCOUNT,
                    "From": caller,
                    "To": OUR_NUMBER,
                    "Body": text,
                }
                headers = {
                    "Content-Type": "application/x-www-form-urlencoded",
                    "X-Twilio-Signature": self._signer.compute_signature(f"{PUBLIC_URL}/sms/messages", form),
                }
                body = urlencode(form).encode()
                await self._see_through(
                    "sms", sid, f"tel:{caller}", lambda b=body, h=headers: self._post("/sms/messages", b, h)
                )

    async def _telegram(self, line: int) -> None:
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": SECRET_TOKEN}
        while not self.stopping:
            user = 5_000_000 + next(self._numbers)
            for text in self._conversation():
                update = next(self._numbers)
                who = {"id": user, "first_name": "Test"}
                message = {"message_id": update, "date": 1_767_225_600, "from": who, "text": text}
                message["chat"] = {"id": user, "type": "private"}
                body = json.dumps({"update_id": update, "message": message}).encode()
                await self._see_through(
                    "telegram",
                    f"{BOT}:{update}",
                    f"tg:{user}",
                    lambda b=body: self._post("/telegram/webhook", b, headers),
                )

    async def _app(self, line: int) -> None:
        headers, path = {"Content-Type": "application/json"}, "/app/v1/contacts"
        while not self.stopping:
            opened: list[Any] = []
            for text in self._conversation():
                id = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
                body = json.dumps({"id": id, "text": text}).encode()
                if not opened:
                    await self._see_through(
                        "app", id, "", lambda b=body, o=opened: self._post(path, b, headers, o)
                    )
                    handle, token = opened[0]["contact"], opened[0]["token"]
                    self.callers.discard(("app", ""))
                    self.callers.add(("app", f"app:{handle}"))
                    continue
                bearer = {**headers, "Authorization": f"Bearer {token}"}
                there = f"{path}/{handle}/messages"
                await self._see_through(
                    "app",
                    f"{handle}:{id}",
                    f"app:{handle}",
                    lambda b=body, h=bearer, t=there: self._post(t, b, h),
                )

    async def _email(self, line: int) -> None:
        while not self.stopping:
            sender = f"caller{next(self._numbers)}@example.com"
            for text in self._conversation():
                id = f"<{uuid.UUID(int=self._chance.getrandbits(128)).hex}@example.com>"
                mail = (
                    f"From: {sender}\r\nTo: {MAILBOX}\r\nSubject: help\r\nMessage-ID: {id}\r\n"
                    f"Date: {format_datetime(self._clock.now())}\r\n\r\n{text}\r\n"
                ).encode()
                await self._see_through(
                    "email", id, f"mailto:{sender}", lambda s=sender, m=mail: self._mail(s, m)
                )

    async def _mail(self, sender: str, mail: bytes) -> bool:
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1", port=self._smtp_port, start_tls=False, timeout=ANSWER_LIMIT_S
        )
        try:
            await client.connect()
            await client.sendmail(sender, [MAILBOX], mail)
        except aiosmtplib.SMTPResponseException as error:
            if error.code >= 500:
                self.refused.append(f"smtp: {error.code} {error.message[:80]}")
                return True
            return False
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            return False
        finally:
            client.close()
        return True
