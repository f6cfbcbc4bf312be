"""Telegram's manners: a secret token in, 200 out, replies through the Bot API."""

from __future__ import annotations

import asyncio
import hmac
import importlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from channels.telegram.normalise import KIND, read_update
from intake.contact import MediaReference, RawMessage, Receipt, Reply, Trust
from intake.errors import BadConfiguration, Forged, MediaFailed, MediaTrouble
from intake.ports import ChannelContext, HttpAnswer, HttpDoor
from intake.settings_table import read_table

if TYPE_CHECKING:
    from channels.telegram.bot_api import BotApi

SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
PATH = "/telegram/webhook"
BODY_LIMIT_BYTES = 1024 * 1024
TAKEN = HttpAnswer()

SecretToken = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,256}$")]


class TelegramSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``[channels.telegram]``. Two secret tokens hold while the webhook is being set to a new one."""

    bot_token: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}:[A-Za-z0-9_-]{20,}$")]
    secret_token: SecretToken
    secret_token_previous: SecretToken | None = None
    api_base: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/]+$")] = "https://api.telegram.org"


class TelegramAdapter:
    """Our own webhook, never the library's, which answers before anything is committed."""

    kind = KIND

    def __init__(self, settings: TelegramSettings, context: ChannelContext):
        self._settings = settings
        self._webhook_url = context.public_url.rstrip("/") + PATH
        tokens = settings.secret_token, settings.secret_token_previous
        self._secrets = [token.encode() for token in tokens if token]
        # update_id counts for each bot apart.
        self._bot_id = settings.bot_token.partition(":")[0]
        self._api: BotApi | None = None

    def doors(self) -> Sequence[HttpDoor]:
        return [
            HttpDoor(
                name="telegram.webhook",
                path=PATH,
                body_limit_bytes=BODY_LIMIT_BYTES,
                authenticate=self.authenticate,
                normalise=partial(read_update, bot_id=self._bot_id),
                accepted=self.accepted,
            )
        ]

    def authenticate(self, raw: RawMessage) -> Trust:
        """TOKEN, or Forged."""
        offered = raw.headers.get(SECRET, "").encode("utf-8", "surrogateescape")
        if not offered:
            raise Forged(f"no {SECRET} header")
        if sum(hmac.compare_digest(offered, secret) for secret in self._secrets) == 0:
            raise Forged(f"{SECRET} is not ours")
        return Trust.TOKEN

    def accepted(self, raw: RawMessage, receipt: Receipt) -> HttpAnswer:
        return TAKEN

    async def reply(self, reply: Reply) -> str:
        """ "m:chat:message". Telegram takes no idempotency key: after a time-out a reply may arrive twice."""
        api = await self._bot_api()
        return await api.send(reply.reply_to, reply.text)

    async def sweep(self, since: datetime) -> AsyncIterator[RawMessage]:
        """Nothing: Telegram repeats an update for a day until we take it, and lists none beside a webhook."""
        held_by_telegram: tuple[RawMessage, ...] = ()
        for raw in held_by_telegram:
            yield raw

    async def fetch(self, media: MediaReference, raw_body: bytes, limit_bytes: int) -> bytes:
        """Ports.MediaSource."""
        if media.kind != "telegram_file":
            raise MediaFailed(MediaTrouble.NOT_OURS, "the message names nothing that Telegram keeps")
        api = await self._bot_api()
        return await api.file(media.reference, limit_bytes)

    async def set_webhook(self) -> None:
        """Tell Telegram where we are. Updates that wait there are never dropped; raises ReplyFailed."""
        api = await self._bot_api()
        await api.set_webhook(self._webhook_url, self._settings.secret_token)

    async def close(self) -> None:
        if self._api is not None:
            await self._api.close()

    async def _bot_api(self) -> BotApi:
        if self._api is None:
            # The library takes 0.9 s to import: not at start-up, and not on the event loop.
            module = await asyncio.to_thread(importlib.import_module, "channels.telegram.bot_api")
            self._api = self._api or module.BotApi(self._settings.bot_token, self._settings.api_base)
        return self._api


def make_adapter(table: Mapping[str, Any], context: ChannelContext) -> TelegramAdapter:
    """Raises BadConfiguration with every problem of the table."""
    return TelegramAdapter(read_table(table, TelegramSettings, f"channels.{KIND}"), context)


def check(table: Mapping[str, Any]) -> list[str]:
    try:
        read_table(table, TelegramSettings, f"channels.{KIND}")
    except BadConfiguration as error:
        return error.problems
    return []
