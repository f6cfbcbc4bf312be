"""A stand-in for Telegram: people write to the bot, it brings updates to the webhook and shows the replies.

Written after the Bot API reference ("Making requests", "Getting updates", "setWebhook", "sendMessage").
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, web

WEBHOOK_TIMEOUT_S = 10.0


class Person(msgspec.Struct, frozen=True):
    """Somebody with Telegram on their phone."""

    id: int
    first_name: str
    language_code: str = "en"


class SentMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A reply as the caller's phone shows it."""

    chat: int
    message_id: int
    text: str
    at: datetime


class Delivery(msgspec.Struct, kw_only=True):
    """What became of one update: the HTTP status of each try, 0 without an answer."""

    update_id: int
    message_id: int = 0
    tries: list[int] = []
    taken: bool = False


class TelegramApi:
    """One bot. ``sent`` is what callers got, ``files`` what they sent by file id; ``blocked`` callers refuse,
    ``flood_s`` asks the bot to wait."""

    def __init__(
        self,
        bot_token: str,
        now: Callable[[], datetime],
        *,
        give_up_s: float = 60.0,
        first_update_id: int = 100_000,
    ):
        self.sent: list[SentMessage] = []
        self.files: dict[str, bytes] = {}
        self.blocked: set[int] = set()
        self.flood_s = 0
        self.webhook: dict[str, Any] = {"url": "", "pending_update_count": 0}
        self.base_url = ""
        self._bot_token, self._now, self._give_up_s = bot_token, now, give_up_s
        self._secret = ""
        self._update_id, self._message_id = first_update_id, 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen; returns the base URL that goes into ``[channels.telegram] api_base``."""
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/files/{name}", self._file)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self._http = ClientSession(timeout=ClientTimeout(total=WEBHOOK_TIMEOUT_S))
        self.base_url = f"http://{host}:{self._runner.addresses[0][1]}"
        return self.base_url

    async def close(self) -> None:
        await self._http.close()
        await self._runner.cleanup()

    # -- what people do ----------------------------------------------------------------------

    async def text(self, person: Person, text: str) -> Delivery:
        return await self._say(person, text=text)

    async def photo(self, person: Person, caption: str, body: bytes = b"") -> Delivery:
        """A picture; without ``body`` one whose file is gone."""
        size = {**self._kept(body), "width": 1280, "height": 853}
        return await self._say(person, photo=[size], caption=caption)

    async def voice(self, person: Person, body: bytes, seconds: int = 2) -> Delivery:
        """A voice message."""
        return await self._say(
            person, voice={**self._kept(body), "duration": seconds, "mime_type": "audio/ogg"}
        )

    def _kept(self, body: bytes) -> dict[str, Any]:
        file_id = f"file-{self._message_id + 1}"
        if body:
            self.files[file_id] = body
        return {"file_id": file_id, "file_unique_id": "f"}

    async def location(
        self,
        person: Person,
        latitude: float,
        longitude: float,
        *,
        accuracy_m: float | None = None,
        live_period_s: int | None = None,
    ) -> Delivery:
        """Share a place once, or start to share it live."""
        return await self._say(person, location=_place(latitude, longitude, accuracy_m, live_period_s))

    async def play_live_location(
        self,
        person: Person,
        track: Iterable[tuple[float, float]],
        *,
        accuracy_m: float,
        every_s: float,
        live_period_s: int = 3600,
    ) -> list[Delivery]:
        """Share a place live and move along (latitude, longitude) points: one message, then its edits."""
        points = list(track)
        first = await self.location(person, *points[0], accuracy_m=accuracy_m, live_period_s=live_period_s)
        deliveries, started = [first], int(self._now().timestamp())
        for point in points[1:]:
            await asyncio.sleep(every_s)
            edit = {
                **self._message(person, first.message_id),
                "date": started,
                "edit_date": int(self._now().timestamp()),
                "location": _place(*point, accuracy_m, live_period_s),
            }
            deliveries.append(await self.deliver(edited_message=edit))
        return deliveries

    async def press(self, person: Person, data: str) -> Delivery:
        """Press a button under one of the bot's messages."""
        query = {"id": "1", "from": _user(person), "chat_instance": "1", "data": data}
        return await self.deliver(callback_query=query)

    async def deliver(self, **update: Any) -> Delivery:
        """Bring an update of any kind, and again with growing pauses until the webhook takes it."""
        self._update_id += 1
        return await self.repeat(self._update_id, **update)

    async def repeat(self, update_id: int, **update: Any) -> Delivery:
        """Bring an update under an id that may have been brought before."""
        message = update.get("message") or update.get("edited_message") or {}
        delivery = Delivery(update_id=update_id, message_id=message.get("message_id", 0))
        body = json.dumps({"update_id": update_id, **update}).encode()
        pause_s = 0.25
        self.webhook["pending_update_count"] += 1
        try:
            async with asyncio.timeout(self._give_up_s):
                while not delivery.taken:
                    status = await self.post(body, self._secret)
                    delivery.tries.append(status)
                    delivery.taken = 200 <= status < 300
                    if not delivery.taken:
                        await asyncio.sleep(pause_s)
                        pause_s *= 2
        except TimeoutError:
            return delivery
        self.webhook["pending_update_count"] -= 1
        return delivery

    async def post(self, body: bytes, secret: str | None) -> int:
        """One try with a body and secret of your own; the HTTP status, or 0 without an answer."""
        headers = {"Content-Type": "application/json"}
        if secret is not None:
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        try:
            async with self._http.post(self.webhook["url"], data=body, headers=headers) as answer:
                await answer.read()
                return answer.status
        except (ClientError, OSError):
            return 0

    async def _say(self, person: Person, **content: Any) -> Delivery:
        self._message_id += 1
        return await self.deliver(message={**self._message(person, self._message_id), **content})

    def _message(self, person: Person, message_id: int) -> dict[str, Any]:
        return {
            "message_id": message_id,
            "from": _user(person),
            "chat": {"id": person.id, "first_name": person.first_name, "type": "private"},
            "date": int(self._now().timestamp()),
        }

    # -- the Bot API -------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != self._bot_token:
            return _refusal(401, "Unauthorized")
        asked = {**request.query, **(await _parameters(request))}
        method = request.match_info["method"].lower()
        answer = {
            "getme": self._get_me,
            "setwebhook": self._set_webhook,
            "getwebhookinfo": lambda _: _result(self.webhook),
            "getfile": self._get_file,
            "sendmessage": self._send_message,
        }.get(method)
        return answer(asked) if answer else _refusal(404, "Not Found")

    def _get_me(self, _asked: dict[str, Any]) -> web.Response:
        bot_id = int(self._bot_token.partition(":")[0])
        return _result({"id": bot_id, "is_bot": True, "first_name": "999 test", "username": "test_999_bot"})

    def _get_file(self, asked: dict[str, Any]) -> web.Response:
        file_id = str(asked["file_id"])
        body = self.files.get(file_id)
        if body is None:
            return _refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        found = {"file_id": file_id, "file_unique_id": "f", "file_path": f"files/{file_id}"}
        return _result({**found, "file_size": len(body)})

    async def _file(self, request: web.Request) -> web.Response:
        body = self.files.get(request.match_info["name"])
        if request.match_info["token"] != self._bot_token or body is None:
            return _refusal(404, "Not Found")
        return web.Response(body=body, content_type="application/octet-stream")

    def _set_webhook(self, asked: dict[str, Any]) -> web.Response:
        allowed = asked.get("allowed_updates", [])
        self.webhook |= {
            "url": asked.get("url", ""),
            "has_custom_certificate": False,
            "max_connections": int(asked.get("max_connections", 40)),
            "allowed_updates": json.loads(allowed) if isinstance(allowed, str) else allowed,
            "dropped_pending": str(asked.get("drop_pending_updates", "false")).lower() == "true",
        }
        self._secret = asked.get("secret_token", "")
        return _result(True)

    def _send_message(self, asked: dict[str, Any]) -> web.Response:
        chat, text = int(asked["chat_id"]), str(asked["text"])
        if self.flood_s:
            return _refusal(429, "Too Many Requests: retry later", retry_after=self.flood_s)
        if chat in self.blocked:
            return _refusal(403, "Forbidden: bot was blocked by the user")
        if not 1 <= len(text) <= 4096:
            return _refusal(
                400, "Bad Request: message is too long" if text else "Bad Request: message is empty"
            )
        self._message_id += 1
        now = self._now()
        self.sent.append(SentMessage(chat=chat, message_id=self._message_id, text=text, at=now))
        return _result(
            {
                "message_id": self._message_id,
                "chat": {"id": chat, "type": "private"},
                "date": int(now.timestamp()),
                "text": text,
            }
        )


async def _parameters(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        return dict(await request.json())
    return dict(await request.post())


def _place(
    latitude: float, longitude: float, accuracy_m: float | None, live_period_s: int | None
) -> dict[str, Any]:
    place: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
    if accuracy_m is not None:
        place["horizontal_accuracy"] = accuracy_m
    if live_period_s is not None:
        place["live_period"] = live_period_s
    return place


def _user(person: Person) -> dict[str, Any]:
    return {**msgspec.structs.asdict(person), "is_bot": False}


def _result(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _refusal(status: int, description: str, **parameters: int) -> web.Response:
    problem: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        problem["parameters"] = parameters
    return web.json_response(problem, status=status)
