"""A client of the console's JSON interface, for the command line and for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from intake.console.api.answers import Problem
from intake.console.views import between
from intake.console.views import contact as views
from intake.console.views.fixes import FixesAnswer
from intake.errors import IntakeError
from intake.explaining import Explanation

T = TypeVar("T")

TIMEOUT_S = 15.0
ATTACHMENT_S = 120.0
"""The console asks a provider first, and draws pictures anew."""


class ConsoleRefused(IntakeError):
    """The console said no, or did not answer; the text says why and what to do."""

    code = "console_refused"

    def __init__(self, status: int, problem: Problem):
        super().__init__(problem.message)
        self.status = status
        self.problem = problem


class ConsoleClient:
    """One handler's line to the console; use it as an async context manager.

    Raises ConsoleRefused for every refusal; ``status`` is 0 where there was no answer at all.
    """

    def __init__(self, url: str, token: str):
        self._url = url.rstrip("/")
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"})

    async def __aenter__(self) -> ConsoleClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def queue(self, **query: str | int) -> views.QueueAnswer:
        """A page of the queue; the names are those of ``bodies.QueueQuery``."""
        return await self._ask("GET", "/queue", views.QueueAnswer, query=query)

    async def fixes(self, **query: float) -> FixesAnswer:
        """Phones' own places that no contact has; the names are those of ``FixesQuery``."""
        return await self._ask("GET", "/fixes", FixesAnswer, query=query)

    async def claim_next(self, lease_s: float | None = None) -> views.QueueRow | None:
        """Take the top of the queue; None when nothing waits."""
        answer = await self._ask("POST", "/queue/claim", views.ContactChange, {"lease_s": lease_s})
        return answer.contact

    async def show(self, contact: str) -> views.ContactAnswer:
        return await self._ask("GET", _path(contact), views.ContactAnswer)

    async def change(self, contact: str, verb: str, **body: Any) -> views.QueueRow:
        """One of claim, reopen, renew, release, hold, close, priority, service, locations."""
        answer = await self._ask("POST", f"{_path(contact)}/{verb}", views.ContactChange, body)
        if answer.contact is None:
            raise ConsoleRefused(
                200, Problem("no_answer", f"the console did not say what became of {contact}")
            )
        return answer.contact

    async def reply(self, contact: str, attempts: int, text: str) -> views.ReplyAnswer:
        body = {"attempts": attempts, "text": text}
        return await self._ask("POST", f"{_path(contact)}/replies", views.ReplyAnswer, body)

    async def invite(self, contact: str, attempts: int, mode: str) -> views.InviteAnswer:
        """Send a location link, ``once`` or ``live``."""
        body = {"attempts": attempts, "mode": mode}
        return await self._ask("POST", f"{_path(contact)}/links", views.InviteAnswer, body)

    async def route(self, contact: str, services: str = "") -> views.RouteAnswer:
        """What the router would decide now; ``services`` with commas, or the contact's own."""
        return await self._ask(
            "GET", f"{_path(contact)}/route", views.RouteAnswer, query={"service": services}
        )

    async def places(self, contact: str, document: str, **query: str | int) -> bytes:
        """``places.geojson`` or ``places.pidf.xml``, as it comes."""
        return await self._fetch("GET", f"{_path(contact)}/{document}", _whole, query=query)

    async def attachment(self, contact: str, message: str, number: int) -> bytes:
        """Attachment ``number`` of a message, from 1; a picture as the JPEG that a desk is shown."""
        path = f"{_path(contact)}/messages/{quote(message, safe='')}/attachments/{number}"
        return await self._fetch("GET", path, _whole, timeout_s=ATTACHMENT_S)

    async def send(self, contact: str, **body: Any) -> views.SentAnswer:
        return await self._ask("POST", f"{_path(contact)}/send", views.SentAnswer, body)

    async def update(self, contact: str, **body: Any) -> views.SentAnswer:
        """Tell every room that has it what is new."""
        return await self._ask("POST", f"{_path(contact)}/update", views.SentAnswer, body)

    async def note(self, contact: str, text: str) -> between.NoteView:
        """Leave a note for colleagues."""
        return await self._ask("POST", f"{_path(contact)}/notes", between.NoteView, {"text": text})

    async def hand(self, contact: str, **body: Any) -> between.OfferView:
        """Offer it to a colleague, or to anybody."""
        return await self._ask("POST", f"{_path(contact)}/hand", between.OfferView, body)

    async def offers(self) -> between.OffersAnswer:
        """What is offered to me, and what I offer."""
        return await self._ask("GET", "/offers", between.OffersAnswer)

    async def reroute(self, contact: str, **body: Any) -> views.SentAnswer:
        """Send to the room that is proposed."""
        return await self._ask("POST", f"{_path(contact)}/reroute", views.SentAnswer, body)

    async def decisions(self, contact: str) -> Explanation:
        """Every decision explained and replayed."""
        return await self._ask("GET", f"{_path(contact)}/decisions", Explanation)

    async def _ask(
        self,
        method: str,
        path: str,
        kind: type[T],
        body: dict[str, Any] | None = None,
        query: Mapping[str, str | int | float] | None = None,
    ) -> T:
        return await self._fetch(method, path, lambda status, raw: _read(status, raw, kind), body, query)

    async def _fetch(
        self,
        method: str,
        path: str,
        read: Callable[[int, bytes], T],
        body: dict[str, Any] | None = None,
        query: Mapping[str, str | int | float] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> T:
        sent = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        patience = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with self._session.request(
                method,
                f"{self._url}/api/v1{path}",
                data=sent,
                params=query,
                headers=headers,
                timeout=patience,
            ) as response:
                return read(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = f"no answer from {self._url} ({type(error).__name__}): is `intake serve` running there?"
            raise ConsoleRefused(0, Problem("no_answer", reason)) from error


def _read(status: int, body: bytes, kind: type[T]) -> T:
    try:
        if status < 400:
            return msgspec.json.decode(body, type=kind)
        raise ConsoleRefused(status, msgspec.json.decode(body, type=Problem))
    except msgspec.MsgspecError as error:
        reason = f"this is not the console's interface (status {status}): check the address"
        raise ConsoleRefused(status, Problem("not_the_console", reason)) from error


def _whole(status: int, body: bytes) -> bytes:
    return body if status < 400 else _read(status, body, bytes)


def _path(contact: str) -> str:
    return f"/contacts/{quote(contact, safe='')}"
