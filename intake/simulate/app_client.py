"""A caller's app: it opens a contact, keeps an outbox, and sends each thing again until it is answered."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec

from intake.ports import CallerNews, CallerReply

RETRY_S = 0.2


class Unsent(msgspec.Struct, frozen=True):
    """One thing in the outbox: where it goes, and the very bytes that are sent on every attempt."""

    id: str
    kind: str
    body: bytes


class AppClient:
    """One caller. ``outbox`` holds what has not been answered; ``answers`` what has, by client UUID.

    Each POST carries a UUID made here, so that sending again is safe. ``contact`` and ``token`` come
    from the answer to the opening.
    """

    def __init__(self, base_url: str, session: aiohttp.ClientSession):
        self._base_url = base_url.rstrip("/")
        self._session = session
        self.contact = ""
        self.token = ""
        self.outbox: list[Unsent] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self._sending = asyncio.Lock()

    async def open(self, text: str = "", **fields: Any) -> dict[str, Any]:
        """The first message; ``fields`` as the interface names them (service, location, silent…)."""
        return await self._post("open", {"text": text, **fields})

    async def say(self, text: str, **fields: Any) -> dict[str, Any]:
        """A further message of the same contact."""
        return await self._post("messages", {"text": text, **fields})

    async def move_to(
        self, latitude: float, longitude: float, accuracy_m: float, **fields: Any
    ) -> dict[str, Any]:
        """A further fix of the device."""
        return await self._post(
            "locations", {"latitude": latitude, "longitude": longitude, "accuracy_m": accuracy_m, **fields}
        )

    def keep(self, kind: str, fields: dict[str, Any]) -> str:
        """Put something into the outbox without sending it, as when there is no signal; returns its UUID."""
        id = str(uuid.uuid4())
        self.outbox.append(Unsent(id, kind, json.dumps({"id": id, **fields}).encode()))
        return id

    async def send_outbox(self, *, patience_s: float = 30.0) -> None:
        """Send what waits, oldest first, again and again until answered.

        Raises TimeoutError after ``patience_s``, and ClientResponseError for what is refused (4xx),
        which leaves the outbox: the same bytes would be refused again.
        """
        async with asyncio.timeout(patience_s), self._sending:
            while self.outbox:
                unsent = self.outbox[0]
                try:
                    answer = await self._attempt(unsent)
                except aiohttp.ClientResponseError:
                    self.outbox.pop(0)
                    raise
                if answer is None:
                    await asyncio.sleep(RETRY_S)
                    continue
                self.answers[unsent.id] = answer
                self.outbox.pop(0)

    async def news(self, after: str = "") -> CallerNews:
        """Poll: where the contact stands, and the replies after the given one."""
        async with self._session.get(
            self._url("replies"), params={"after": after}, headers=self._bearer()
        ) as response:
            response.raise_for_status()
            return msgspec.json.decode(await response.read(), type=CallerNews)

    async def listen(self, after: str = "") -> AsyncIterator[CallerReply | str]:
        """Server-sent events: each reply, and the status as a word whenever it changes."""
        headers = {**self._bearer(), **({"Last-Event-ID": after} if after else {})}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
        async with self._session.get(self._url("events"), headers=headers, timeout=timeout) as response:
            response.raise_for_status()
            name, data = "", b""
            async for line in response.content:
                field, _, value = line.rstrip(b"\r\n").partition(b": ")
                if field == b"event":
                    name = value.decode()
                elif field == b"data":
                    data += value
                elif not field and data:
                    if name == "reply":
                        yield msgspec.json.decode(data, type=CallerReply)
                    elif name == "status":
                        yield str(json.loads(data)["status"])
                    name, data = "", b""

    async def _post(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        id = self.keep(kind, fields)
        await self.send_outbox()
        return self.answers[id]

    async def _attempt(self, unsent: Unsent) -> dict[str, Any] | None:
        url = f"{self._base_url}/app/v1/contacts" if unsent.kind == "open" else self._url(unsent.kind)
        headers = {"Content-Type": "application/json", **self._bearer()}
        try:
            async with self._session.post(url, data=unsent.body, headers=headers) as response:
                if response.status >= 500:
                    return None
                response.raise_for_status()
                answer: dict[str, Any] = await response.json()
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError):
            return None  # unknown whether it arrived: the same bytes again are safe
        if unsent.kind == "open":
            self.contact, self.token = answer["contact"], answer["token"]
        return answer

    def _url(self, what: str) -> str:
        return f"{self._base_url}/app/v1/contacts/{self.contact}/{what}"

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}
