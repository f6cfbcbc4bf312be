"""What a room may answer and say later, and what of it is believed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from intake.contact import ChannelKind, RawMessage, RawMessageId, Trust
from intake.control_room import RoomId
from intake.errors import Forged, InvalidMait
from intake.feeds import FeedDoor, HttpsFeed, Outcome
from intake.incident import Confirmation, TransferId, Verdict
from intake.mait import write_confirmation
from intake.mait.signature import signed_headers
from intake.simulate.control_room import ControlRoomServer
from tests.rooms import ROOM, SECRET, at, failing, now, transfer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[str]]]:
    """A room of any manners: give the handler, get its address."""
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/feed"

    yield start
    for runner in runners:
        await runner.cleanup()


def confirming(**changes: Any) -> Handler:
    """A room that signs well and says what ``changes`` make it say."""

    async def handler(request: web.Request) -> web.StreamResponse:
        fields: dict[str, Any] = {
            "transfer_id": request.headers["Idempotency-Key"],
            "room_id": ROOM,
            "verdict": Verdict.CONSIDERING,
        }
        extra = {name: changes[name] for name in changes if name in fields}
        body = write_confirmation(
            Confirmation(**(fields | extra)), confirmed_at=now(), to_agency="national-intake"
        )
        headers = signed_headers(
            changes.get("secret", SECRET),
            agency=changes.get("agency", ROOM),
            message_id=fields["transfer_id"],
            body=body,
            now=now() - timedelta(seconds=changes.get("age_s", 0)),
        )
        body = changes.get("bend", lambda same: same)(body)
        return web.Response(
            status=changes.get("status", 200),
            body=body,
            headers=headers if changes.get("signed", True) else {},
        )

    return handler


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"signed": False}, Outcome.GARBAGE),
        ({"secret": b"t" * 32}, Outcome.GARBAGE),
        ({"age_s": 400}, Outcome.GARBAGE),
        ({"agency": "national-intake"}, Outcome.GARBAGE),
        ({"transfer_id": "m-2"}, Outcome.GARBAGE),
        ({"room_id": "another-room"}, Outcome.GARBAGE),
        ({"bend": lambda body: body.replace(b"ReceivedAndBeingConsidered", b"Accepted")}, Outcome.GARBAGE),
        ({"bend": lambda body: b""}, Outcome.GARBAGE),
        ({"bend": lambda body: b"x" * 70_000}, Outcome.GARBAGE),
        ({"status": 302}, Outcome.REFUSED),
        ({"status": 401}, Outcome.REFUSED),
        ({"status": 404}, Outcome.REFUSED),
        ({"status": 429}, Outcome.REFUSED),
        ({"status": 500}, Outcome.REFUSED),
        ({"status": 413}, Outcome.NEVER),
        ({"status": 422}, Outcome.NEVER),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else str(value),
)
async def test_only_a_signed_confirmation_of_this_message_counts(
    room_feed: HttpsFeed, serve: Any, changes: dict[str, Any], outcome: Outcome
) -> None:
    good = await serve(confirming())
    assert (await room_feed.send(transfer(), at(good))).verdict is Verdict.CONSIDERING, (
        "the control answers well"
    )
    bad = await serve(confirming(**changes))
    assert (await failing(room_feed.send(transfer(), at(bad)))).outcome is outcome


async def test_a_signed_doctype_is_refused_all_the_same(room_feed: HttpsFeed, serve: Any) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        body = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>'
        key = request.headers["Idempotency-Key"]
        return web.Response(
            body=body, headers=signed_headers(SECRET, agency=ROOM, message_id=key, body=body, now=now())
        )

    failed = await failing(room_feed.send(transfer(), at(await serve(handler))))
    assert failed.outcome is Outcome.GARBAGE
    assert "DOCTYPE" in str(failed)


async def test_an_answer_without_end_is_cut_off(room_feed: HttpsFeed, serve: Any) -> None:
    sent = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 65_536)
            sent += 65_536

    failed = await failing(room_feed.send(transfer(), at(await serve(handler))))
    assert failed.outcome is Outcome.GARBAGE
    assert sent < 20 * 1024 * 1024


async def test_one_dead_room_delays_no_other(
    room_feed: HttpsFeed, room: ControlRoomServer, serve: Any
) -> None:
    async def hangs(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    hanging = at(await serve(hangs))
    stuck = [asyncio.create_task(failing(room_feed.send(transfer(f"s-{n}"), hanging))) for n in range(150)]
    await asyncio.sleep(0.1)
    started = time.monotonic()
    await room_feed.send(transfer("quick"), at(room.feed_url))
    took_s = time.monotonic() - started
    assert {failed.outcome for failed in await asyncio.gather(*stuck)} == {Outcome.UNKNOWN}
    assert took_s < 0.8, "the hung room's time-out is 1 s"


def raw(body: bytes, headers: dict[str, str], received_at: datetime | None = None) -> RawMessage:
    return RawMessage(
        id=RawMessageId("r-1"),
        channel=ChannelKind("mait"),
        door="mait",
        received_at=received_at or now(),
        body=body,
        headers=headers,
    )


def verdict_of(room_id: str) -> bytes:
    said = Confirmation(
        transfer_id=TransferId("m-1"), room_id=RoomId(room_id), verdict=Verdict.ACCEPTED, reference="WYF-1"
    )
    return write_confirmation(said, confirmed_at=now(), to_agency="national-intake")


def test_the_feed_door_takes_a_rooms_own_verdict_and_nothing_else() -> None:
    door = FeedDoor({ROOM: (SECRET,), "other": (SECRET,)})
    body = verdict_of(ROOM)
    proof = signed_headers(SECRET, agency=ROOM, message_id="m-1", body=body, now=now())
    assert door.authenticate(raw(body, proof)) is Trust.SIGNED
    assert door.read(raw(body, proof)).reference == "WYF-1"

    as_other = signed_headers(SECRET, agency="other", message_id="m-1", body=body, now=now())
    assert door.authenticate(raw(body, as_other)) is Trust.SIGNED
    with pytest.raises(Forged, match="the document says"):
        door.read(raw(body, as_other))
    other_id = signed_headers(SECRET, agency=ROOM, message_id="m-2", body=body, now=now())
    with pytest.raises(Forged, match="the document says"):
        door.read(raw(body, other_id))
    for forged in (raw(body + b" ", proof), raw(body, {}), raw(body, proof, now() + timedelta(minutes=6))):
        with pytest.raises(Forged):
            door.authenticate(forged)
    nonsense = b"<nonsense/>"
    proof = signed_headers(SECRET, agency=ROOM, message_id="m-1", body=nonsense, now=now())
    with pytest.raises(InvalidMait):
        door.read(raw(nonsense, proof))
