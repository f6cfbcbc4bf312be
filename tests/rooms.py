"""A transfer to hand over and a room to hand it to, for the tests of the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web

from intake.contact import ChannelKind, ContactId, RawMessage, RawMessageId
from intake.control_room import ControlRoom, RoomId, Service
from intake.feeds import FeedDoor, NoConfirmation
from intake.incident import (
    Confirmation,
    Incident,
    IncidentId,
    IncidentMessage,
    Methane,
    Transfer,
    TransferId,
    TransferKind,
    TransferState,
)
from intake.mait import write
from intake.mait.signature import signed_headers
from intake.simulate.control_room import ControlRoomServer

AGENCY, ROOM, SECRET = "national-intake", "west-yorkshire-fire", b"s" * 32


def now() -> datetime:
    return datetime.now(UTC)


def transfer(
    message_id: str = "m-1",
    sequence: int = 1,
    incident_id: str = "i-1",
    to: str = ROOM,
    text: str = "fire",
    kind: TransferKind | None = None,
) -> Transfer:
    kind = kind or (TransferKind.CREATION if sequence == 1 else TransferKind.UPDATE)
    incident = Incident(
        id=IncidentId(incident_id),
        reference="N-1",
        opened_at=now(),
        services=(Service.FIRE,),
        channel="sms",
        caller="tel:+447700900123",
        language="en",
        silent=False,
        methane=Methane(),
        location=None,
        messages=(IncidentMessage(at=now(), author="caller", text=text),),
    )
    document = write(
        incident,
        message_id=message_id,
        kind=kind,
        sequence=sequence,
        sent_at=now(),
        from_agency="national-intake",
        to_room=to,
        services=(Service.FIRE,),
    )
    return Transfer(
        id=TransferId(message_id),
        incident_id=IncidentId(incident_id),
        contact_id=ContactId("c-1"),
        room_id=RoomId(to),
        service=Service.FIRE,
        kind=kind,
        sequence=sequence,
        state=TransferState.QUEUED,
        document=document,
        attempts=1,
        next_attempt_at=now(),
        created_at=now(),
        first_room_id=RoomId(to),
    )


def at(url: str, room_id: str = ROOM) -> ControlRoom:
    return ControlRoom(id=RoomId(room_id), name=room_id, services=(Service.FIRE,), areas=(), feed_url=url)


class VerdictTaker:
    """The originator's side of the verdicts: the real feed door behind a bare socket that can be down."""

    def __init__(self) -> None:
        self.door, self.verdicts, self.port = FeedDoor({ROOM: (SECRET,)}), list[Confirmation](), 0
        self.refusing = False
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.door.path}"

    async def up(self) -> None:
        app = web.Application()
        app.router.add_post(self.door.path, self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def down(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        if self.refusing:
            return web.Response(status=503)
        raw = RawMessage(
            id=RawMessageId("r"),
            channel=ChannelKind("mait"),
            door="mait",
            received_at=datetime.now(UTC),
            body=await request.read(),
            headers=request.headers,
        )
        self.door.authenticate(raw)
        self.verdicts.append(self.door.read(raw))
        return web.Response(status=204)


async def until(true: Callable[[], bool], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what it waits for is in another server
            await asyncio.sleep(0.02)


def proof(
    body: bytes, message_id: str = "m-1", agency: str = AGENCY, secret: bytes = SECRET
) -> dict[str, str]:
    return signed_headers(secret, agency=agency, message_id=message_id, body=body, now=now())


async def failing(work: Awaitable[Confirmation]) -> NoConfirmation:
    with pytest.raises(NoConfirmation) as caught:
        await work
    return caught.value


async def sign_in(client: aiohttp.ClientSession, room: ControlRoomServer) -> None:
    async with client.post(f"{room.url}/sign-in", data={"token": room.admin_token}) as answer:
        assert answer.status == 200


async def text_of(client: aiohttp.ClientSession, url: str) -> str:
    async with client.get(url) as answer:
        assert answer.status == 200
        return await answer.text()
