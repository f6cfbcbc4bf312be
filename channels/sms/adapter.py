"""Twilio's manners: signed webhooks in, TwiML out, replies and sweeps through its REST API."""

from __future__ import annotations

import asyncio
import hmac
import importlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from twilio.request_validator import RequestValidator

from channels.sms.normalise import KIND, read_form, read_message, read_status
from intake.contact import MediaReference, RawMessage, RawMessageId, Receipt, Reply, Trust
from intake.errors import (
    BadConfiguration,
    Forged,
    MalformedMessage,
    MediaFailed,
    MediaTrouble,
    ReplyFailed,
)
from intake.ports import ChannelContext, HttpAnswer, HttpDoor, Normalised
from intake.settings_table import read_table

if TYPE_CHECKING:
    from channels.sms.media import TwilioMedia
    from channels.sms.rest import TwilioRest

SIGNATURE = "X-Twilio-Signature"
BODY_LIMIT_BYTES = 64 * 1024
TWIML = HttpAnswer(body=b'<?xml version="1.0" encoding="UTF-8"?><Response/>', content_type="text/xml")
NOTED = HttpAnswer(status=204)

Address = Annotated[str, msgspec.Meta(pattern=r"^([a-z]+:)?\+?[0-9]{3,15}$")]


class SmsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``[channels.sms]``. ``numbers`` are ours; two auth tokens hold during a rotation. ``media_hosts`` are
    where Twilio's redirects to files may lead, without our key."""

    account_sid: Annotated[str, msgspec.Meta(pattern=r"^AC[0-9a-f]{32}$")]
    auth_token: Annotated[str, msgspec.Meta(min_length=16)]
    auth_token_previous: str = ""
    numbers: Annotated[tuple[Address, ...], msgspec.Meta(min_length=1)]
    api_base: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/]+$")] = "https://api.twilio.com"
    media_hosts: tuple[Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$")], ...] = (
        "mms.twiliocdn.com",
    )


class SmsAdapter:
    """Never opens a socket to listen; ``intake.doors`` owns the order of things."""

    kind = KIND

    def __init__(self, settings: SmsSettings, context: ChannelContext):
        self._settings = settings
        self._context = context
        # Never from Host: the address Twilio signed is the one configured there and here.
        self._public_url = context.public_url.rstrip("/")
        tokens = [settings.auth_token, settings.auth_token_previous]
        self._validators = [RequestValidator(token) for token in tokens if token]
        self._rest: TwilioRest | None = None
        self._media: TwilioMedia | None = None

    def doors(self) -> Sequence[HttpDoor]:
        return [
            self._door("sms.messages", "/sms/messages", read_message, TWIML),
            # Twilio asks this one, in another process, when the first did not answer.
            self._door("sms.fallback", "/sms/fallback", read_message, TWIML),
            self._door("sms.status", "/sms/status", read_status, NOTED),
        ]

    def authenticate(self, raw: RawMessage) -> Trust:
        """SIGNED, or Forged. Signatures never expire: the provider id is the defence against replays."""
        signature = raw.headers.get(SIGNATURE)
        if not signature:
            raise Forged(f"no {SIGNATURE} header")
        try:
            signed = self._is_signed(raw, signature)
        except (MalformedMessage, ValueError) as error:
            raise Forged(f"cannot be checked: {error}") from None
        if not signed:
            raise Forged("the signature does not match the configured public URL and auth token")
        return Trust.SIGNED

    def _is_signed(self, raw: RawMessage, signature: str) -> bool:
        form, url = read_form(raw), self._public_url + raw.target
        offered = signature.encode("utf-8", "surrogateescape")
        for validator in self._validators:
            if hmac.compare_digest(validator.compute_signature(url, form).encode(), offered):
                return True
        # Twilio signs some URLs with their port and some without: validate() knows both ways.
        return any(validator.validate(url, form, signature) for validator in self._validators)

    async def reply(self, reply: Reply) -> str:
        """The Message SID. Twilio takes no idempotency key: after a time-out a reply may arrive twice."""
        to, _, ours = reply.reply_to.rpartition(" ")
        if not to:
            raise ReplyFailed("the sender has a name and no number: nothing can be sent back", permanent=True)
        rest = await self._api()
        return await rest.send(to, ours or self._settings.numbers[0], reply.text)

    async def sweep(self, since: datetime) -> AsyncIterator[RawMessage]:
        """Inbound messages Twilio created since then, in the form its webhook has."""
        rest = await self._api()
        for number in self._settings.numbers:
            async for body in rest.received(number, since):
                yield RawMessage(
                    id=RawMessageId(self._context.new_id()),
                    channel=KIND,
                    door="sms.messages",
                    received_at=self._context.now(),
                    body=body,
                    headers={"Content-Type": "application/x-www-form-urlencoded"},
                    target="/sms/messages",
                    peer="sweep",
                )

    async def fetch(self, media: MediaReference, raw_body: bytes, limit_bytes: int) -> bytes:
        """Ports.MediaSource."""
        if media.kind != "url":
            raise MediaFailed(MediaTrouble.NOT_OURS, "the message names nothing that Twilio keeps")
        return await (await self._files()).fetch(media.reference, limit_bytes)

    async def close(self) -> None:
        for opened in (self._media, self._rest):
            if opened is not None:
                await opened.close()

    def _door(
        self, name: str, path: str, normalise: Callable[[RawMessage], Normalised], answer: HttpAnswer
    ) -> HttpDoor:
        def accepted(raw: RawMessage, receipt: Receipt) -> HttpAnswer:
            return answer

        return HttpDoor(
            name=name,
            path=path,
            body_limit_bytes=BODY_LIMIT_BYTES,
            authenticate=self.authenticate,
            normalise=normalise,
            accepted=accepted,
        )

    async def _api(self) -> TwilioRest:
        if self._rest is None:
            # Twilio's REST client takes 0.4 s to import: not at start-up, and not on the event loop.
            rest = await asyncio.to_thread(importlib.import_module, "channels.sms.rest")
            self._rest = self._rest or rest.TwilioRest(
                account_sid=self._settings.account_sid,
                auth_token=self._settings.auth_token,
                api_base=self._settings.api_base,
                status_callback=f"{self._public_url}/sms/status",
            )
        return self._rest

    async def _files(self) -> TwilioMedia:
        if self._media is None:
            module = await asyncio.to_thread(importlib.import_module, "channels.sms.media")
            self._media = self._media or module.TwilioMedia(
                account_sid=self._settings.account_sid,
                auth_token=self._settings.auth_token,
                api_base=self._settings.api_base,
                hosts=self._settings.media_hosts,
            )
        return self._media


def make_adapter(table: Mapping[str, Any], context: ChannelContext) -> SmsAdapter:
    """Raises BadConfiguration with every problem of the table."""
    return SmsAdapter(read_table(table, SmsSettings, f"channels.{KIND}"), context)


def check(table: Mapping[str, Any]) -> list[str]:
    try:
        read_table(table, SmsSettings, f"channels.{KIND}")
    except BadConfiguration as error:
        return error.problems
    return []
