"""What we ask of Telegram's Bot API, by python-telegram-bot. Loaded on first use."""

from __future__ import annotations

import logging
import os

from telegram import Bot, Update
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from intake.errors import ReplyFailed

TIMEOUT_S = 10.0

# The library warns of its own use of seconds unless its coming form, timedelta, is asked for.
os.environ.setdefault("PTB_TIMEDELTA", "true")

# It writes the address of every request at INFO, and the address holds the bot's token.
logging.getLogger("httpx").setLevel(logging.WARNING)


class BotApi:
    """The library's Bot, without its updater and its webhook server."""

    def __init__(self, token: str, api_base: str):
        # trust_env off: where traffic goes is said in our configuration alone.
        self._http = HTTPXRequest(
            connect_timeout=TIMEOUT_S,
            read_timeout=TIMEOUT_S,
            write_timeout=TIMEOUT_S,
            httpx_kwargs={"trust_env": False},
        )
        self._bot = Bot(token, base_url=f"{api_base}/bot", request=self._http, get_updates_request=self._http)

    async def send(self, chat: str, text: str) -> str:
        """ "m:chat:message", as Telegram numbers it; raises ReplyFailed."""
        try:
            try:
                sent = await self._bot.send_message(chat_id=chat, text=text)
            except ChatMigrated as moved:
                sent = await self._bot.send_message(chat_id=moved.new_chat_id, text=text)
        except TelegramError as error:
            raise _failure(error) from error
        return f"m:{sent.chat_id}:{sent.message_id}"

    async def set_webhook(self, url: str, secret_token: str) -> None:
        """Asks for every kind of update: without a list Telegram leaves some out. Raises ReplyFailed."""
        try:
            await self._bot.set_webhook(
                url=url,
                secret_token=secret_token,
                allowed_updates=Update.ALL_TYPES,
                max_connections=100,
                drop_pending_updates=False,
            )
        except TelegramError as error:
            raise _failure(error) from error

    async def close(self) -> None:
        await self._http.shutdown()


def _failure(error: TelegramError) -> ReplyFailed:
    """Permanent: the caller blocked the bot, the chat is gone, or the text cannot be sent.

    A wrong bot token is the operator's to mend, and flood control and networks pass: both are retried.
    """
    if isinstance(error, RetryAfter):
        return ReplyFailed(f"Telegram asks us to wait: {error.message}", provider_code="429")
    if isinstance(error, Forbidden):
        return ReplyFailed(
            f"the caller cannot be written to: {error.message}", permanent=True, provider_code="403"
        )
    if isinstance(error, BadRequest):
        return ReplyFailed(f"Telegram refused: {error.message}", permanent=True, provider_code="400")
    return ReplyFailed(f"Telegram cannot be reached: {type(error).__name__}")
