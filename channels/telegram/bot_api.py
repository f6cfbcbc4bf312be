"""What we ask of Telegram's Bot API, by python-telegram-bot. Loaded on first use."""

from __future__ import annotations

import logging
import os

from telegram import Bot, Update
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest
from yarl import URL

from intake.bounded_get import BoundedGet, refused, too_large
from intake.errors import MediaFailed, MediaTrouble, ReplyFailed

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
        self._files = f"{api_base}/file/bot{token}/"
        self._bot = Bot(
            token,
            base_url=f"{api_base}/bot",
            base_file_url=f"{api_base}/file/bot",
            request=self._http,
            get_updates_request=self._http,
        )
        self._get = BoundedGet()

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

    async def file(self, file_id: str, limit_bytes: int) -> bytes:
        """What a message names by its file id; raises MediaFailed.

        The library asks where the file is. It would read one of any size into memory, so the file itself is
        read here, at that address alone: a redirect is not followed, for the address holds the bot's token.
        """
        try:
            found = await self._bot.get_file(file_id)
        except TelegramError as error:
            raise _media_failure(error, limit_bytes) from None
        if (found.file_size or 0) > limit_bytes:
            raise too_large(limit_bytes)
        url = URL(found.file_path or "")
        if not str(url).startswith(self._files):
            raise MediaFailed(MediaTrouble.NOT_OURS, "Telegram names an address that is not its own")
        answer = await self._get.get(url, limit_bytes)
        if answer.status != 200:
            raise refused(answer.status)
        return answer.body

    async def close(self) -> None:
        await self._get.close()
        await self._http.shutdown()


def _media_failure(error: TelegramError, limit_bytes: int) -> MediaFailed:
    if isinstance(error, InvalidToken | Forbidden):
        return refused(401)
    if isinstance(error, BadRequest):
        # "Bad Request: file is too big": a bot is given 20 MB at the most ("getFile").
        return too_large(min(limit_bytes, 20_000_000)) if "too big" in error.message.lower() else refused(404)
    return MediaFailed(MediaTrouble.UNREACHABLE, f"Telegram cannot be reached ({type(error).__name__})")


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
