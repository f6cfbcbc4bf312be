"""The room's side of the wire: POST /feed takes a document, GET /feed/{message_id} tells its verdict."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import datetime

import structlog
from aiohttp import web

from intake.control_room import RoomId
from intake.errors import Forged, InvalidMait
from intake.incident import Confirmation, TransferId, Verdict
from intake.mait import MEDIA_TYPE, ReceivedMessage, read, write_confirmation
from intake.mait.signature import Secrets, signed_headers, verify
from intake.simulate.control_room.behaviour import Behaviour, Mode
from intake.simulate.control_room.ledger import Entry, Ledger

log = structlog.get_logger()
READ_TIMEOUT_S = 10.0


class Identity:
    """Who this room is and whom it hears: what it signs with, and the reference it gives."""

    def __init__(self, room_id: str, name: str, secrets: tuple[bytes, ...], originator: str):
        self.room_id, self.name, self.originator = RoomId(room_id), name, originator
        self.prefix = "".join(word[0] for word in room_id.split("-") if word).upper()
        self.secrets: Secrets = {originator: secrets}
        self._signing = secrets[0]

    def reference(self, number: int) -> str:
        return f"{self.prefix}-{number:06d}"

    def confirmation(self, entry: Entry, verdict: Verdict | None = None) -> Confirmation:
        said = verdict or entry.verdict
        return Confirmation(
            transfer_id=TransferId(entry.message_id),
            room_id=self.room_id,
            verdict=said,
            reference=self.reference(entry.number),
            reason=entry.reason if said is Verdict.REJECTED else "",
        )

    def signed(self, confirmation: Confirmation, now: datetime) -> tuple[bytes, dict[str, str]]:
        """The confirmation as a document, and the headers that prove it is this room's."""
        document = write_confirmation(confirmation, confirmed_at=now, to_agency=self.originator)
        headers = signed_headers(
            self._signing, agency=self.room_id, message_id=confirmation.transfer_id, body=document, now=now
        )
        return document, headers | {"Content-Type": MEDIA_TYPE}


class RoomFeed:
    """The two handlers. A document is on disk before it is confirmed; ``on_new`` hears of each new one."""

    def __init__(
        self,
        identity: Identity,
        ledger: Ledger,
        behaviour: Behaviour,
        now: Callable[[], datetime],
        on_new: Callable[[ReceivedMessage], None],
    ):
        self._identity, self._ledger, self._behaviour = identity, ledger, behaviour
        self._now, self._on_new = now, on_new

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/feed", self.receive), web.get("/feed/{message_id}", self.tell)]

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """200 and a confirmation once stored; 403 forged, 409 same id other bytes, 413, 422 invalid."""
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                body = await request.read()  # bounded by client_max_size: 413
        except TimeoutError:
            return _refusal(408, "the document did not arrive in time")
        misbehaviour = await self._misbehave()
        if misbehaviour is not None:
            return misbehaviour
        try:
            message = self._prove_and_read(request, body)
        except Forged as error:
            log.warning("feed_forged", reason=str(error))
            return _refusal(403, str(error))
        except InvalidMait as error:
            log.warning("feed_invalid", problems=len(error.problems))
            return _refusal(422, "\n".join(error.problems))
        return await self._keep_and_confirm(request, message, body)

    async def tell(self, request: web.Request) -> web.StreamResponse:
        """The confirmation again, as things stand now; 404 for a message this room does not have."""
        misbehaviour = await self._misbehave()
        if misbehaviour is not None:
            return misbehaviour
        try:
            _, message_id = verify(request.headers, b"", self._identity.secrets, now=self._now())
        except Forged as error:
            return _refusal(403, str(error))
        if message_id != request.match_info["message_id"]:
            return _refusal(403, "signed for another message")
        entry = await self._ledger.entry(message_id)
        if entry is None:
            return _refusal(404, f"{message_id} has not been received here")
        return self._answer(self._identity.confirmation(entry))

    def _prove_and_read(self, request: web.Request, body: bytes) -> ReceivedMessage:
        agency, message_id = verify(request.headers, body, self._identity.secrets, now=self._now())
        message = read(body)
        if message.from_agency != agency:
            raise Forged(f"{agency} signed a message from {message.from_agency}")
        if message.to_room != self._identity.room_id:
            raise InvalidMait([f"addressed to {message.to_room}; this is {self._identity.room_id}"])
        if message.message_id != message_id:
            raise InvalidMait([f"MessageId is {message.message_id}, the header says {message_id}"])
        return message

    async def _keep_and_confirm(
        self, request: web.Request, message: ReceivedMessage, body: bytes
    ) -> web.StreamResponse:
        if self._behaviour.mode is Mode.FORGET:
            return self._answer(
                Confirmation(
                    transfer_id=TransferId(message.message_id),
                    room_id=self._identity.room_id,
                    verdict=Verdict.CONSIDERING,
                )
            )
        received = await self._ledger.receive(message, body, self._now())
        if received.conflict:
            log.error("feed_conflict", message_id=message.message_id)
            return _refusal(
                409, f"{message.message_id} was received before with other content; both are kept"
            )
        if not received.repeat:
            self._on_new(message)
        self._die_if_told(request)
        # The first answer only ever says that it is here: accepting is a second, later word.
        verdict = None if received.repeat else Verdict.CONSIDERING
        return self._answer(self._identity.confirmation(received.entry, verdict))

    async def _misbehave(self) -> web.StreamResponse | None:
        mode = self._behaviour.mode
        if mode is Mode.SLOW:
            await asyncio.sleep(self._behaviour.slow_s)
        elif mode is Mode.REFUSE:
            return _refusal(503, "told to refuse")
        elif mode is Mode.GARBAGE:
            return web.Response(body=b"\x00\xff<<not a confirmation>>", content_type=MEDIA_TYPE)
        return None

    def _die_if_told(self, request: web.Request) -> None:
        if self._behaviour.mode is Mode.EXIT:
            os._exit(1)
        if self._behaviour.mode is Mode.DIE and request.transport is not None:
            request.transport.abort()

    def _answer(self, confirmation: Confirmation) -> web.Response:
        document, headers = self._identity.signed(confirmation, self._now())
        return web.Response(body=document, headers=headers)


def _refusal(status: int, reason: str) -> web.Response:
    return web.Response(status=status, text=reason + "\n")
