"""The world outside one intake: the providers it knows and the people who write to it, on loopback."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType

import aiohttp
import msgspec

from intake.simulate.aml_phone import AmlPhone, PhoneFix, pack, port_header
from intake.simulate.app_client import AppClient
from intake.simulate.mail import MailSink, letter, send_mail
from intake.simulate.telegram_api import TelegramApi
from intake.simulate.twilio_api import TwilioApi


class Doors(msgspec.Struct, frozen=True, kw_only=True):
    """Where an intake listens, and what it shares with the providers outside: names and secrets."""

    http_url: str
    smtp_host: str
    smtp_port: int
    smtp_authority: str
    number: str
    mailbox: str
    account_sid: str
    auth_token: str
    bot_token: str
    webhook_secret: str
    aml_key: str
    aml_token: str = ""


class Outside:
    """Stand-ins for Twilio, Telegram, a mail relay, people's apps and phones, all facing one intake.

    Use it as an async context manager. ``relay_tls`` is the relay's certificate. Two worlds before
    one intake need a ``first_update_id`` each: Telegram never counts an update twice.
    """

    def __init__(
        self,
        doors: Doors,
        now: Callable[[], datetime],
        *,
        relay_tls: ssl.SSLContext | None = None,
        first_update_id: int = 100_000,
    ):
        self.doors = doors
        self.twilio = TwilioApi(
            doors.account_sid,
            doors.auth_token,
            now,
            webhook_url=f"{doors.http_url}/sms/messages#rc=3&rp=ct,rt,5xx",
            fallback_url=f"{doors.http_url}/sms/fallback",
        )
        self.telegram = TelegramApi(doors.bot_token, now, first_update_id=first_update_id)
        self.relay = MailSink(tls=relay_tls)
        self._now = now
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Outside:
        async with AsyncExitStack() as stack:
            self.http = await stack.enter_async_context(
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
            )
            await self.twilio.start()
            stack.push_async_callback(self.twilio.close)
            await self.telegram.start()
            stack.push_async_callback(self.telegram.close)
            await stack.enter_async_context(self.relay)
            await self._set_webhook()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def now(self) -> datetime:
        """The time in this world."""
        return self._now()

    def app(self) -> AppClient:
        """Somebody's app, without a contact yet."""
        return AppClient(self.doors.http_url, self.http)

    async def mail(self, sender: str, subject: str, text: str) -> str:
        """A person's mail over STARTTLS; returns the server's last word, raises SMTPException."""
        tls = ssl.create_default_context(cafile=self.doors.smtp_authority)
        address = sender.rpartition("<")[2].rstrip(">")
        return await send_mail(
            self.doors.smtp_host,
            self.doors.smtp_port,
            letter(sender, self.doors.mailbox, subject, text),
            sender=address,
            recipient=self.doors.mailbox,
            tls=tls,
        )

    async def phone_fix(
        self, number: str, latitude: float, longitude: float, accuracy_m: float, source: str = "gps"
    ) -> int:
        """What Android's Emergency Location Service posts of a phone, signed; returns the HTTP status."""
        fix = PhoneFix(
            latitude=latitude, longitude=longitude, radius_m=accuracy_m, at=self._now(), source=source
        )
        return await self.phone_says_where(AmlPhone(number=number), fix)

    async def phone_says_where(self, phone: AmlPhone, fix: PhoneFix, via: str = "https") -> int:
        """The same by ``https``, or by ``sms`` or ``data`` SMS through a gateway; returns the HTTP status."""
        called_at = fix.at
        if via == "https":
            url = f"{self.doors.http_url}/aml/https"
            return await phone.post_https(self.http, url, phone.form(called_at, fix), self.doors.aml_key)
        text = phone.text_1(fix, called_at)
        form = {"text": text} if via == "sms" else {"data": (port_header() + pack(text)).hex()}
        return await phone.post_sms(self.http, f"{self.doors.http_url}/aml/sms", self.doors.aml_token, **form)

    async def _set_webhook(self) -> None:
        # What an operator does once by hand: tell the bot's provider where the intake is.
        async with self.http.post(
            f"{self.telegram.base_url}/bot{self.doors.bot_token}/setWebhook",
            json={
                "url": f"{self.doors.http_url}/telegram/webhook",
                "secret_token": self.doors.webhook_secret,
            },
        ) as answer:
            answer.raise_for_status()
