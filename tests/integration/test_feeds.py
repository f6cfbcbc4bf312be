"""The hand-over over real HTTP: what a room does well, and everything it can do badly."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from intake.contact import ChannelKind, RawMessage, RawMessageId, Trust
from intake.control_room import ControlRoom, RoomId, Service
from intake.errors import Forged, InvalidMait
from intake.feeds import FeedDoor, HttpsFeed, NoConfirmation, Outcome
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
    Verdict,
)
from intake.mait import DOCUMENT_LIMIT_BYTES, write, write_confirmation
from intake.mait.signature import signed_headers
from intake.simulate.control_room import ControlRoomServer, Mode, Rule

ROOM, SECRET = "west-yorkshire-fire", b"s" * 32
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def now() -> datetime:
    return datetime.now(UTC)


def transfer(
    message_id: str = "m-1", sequence: int = 1, incident_id: str = "i-1", to: str = ROOM, text: str = "fire"
) -> Transfer:
    kind = TransferKind.CREATION if sequence == 1 else TransferKind.UPDATE
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
        contact_id="c-1",  # type: ignore[arg-type]
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


@pytest.fixture
async def feed() -> AsyncIterator[HttpsFeed]:
    made = HttpsFeed({ROOM: (SECRET,)}, agency="national-intake", now=now, answer_timeout_s=1.0)
    yield made
    await made.close()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[ControlRoomServer]:
    made = ControlRoomServer(ROOM, (SECRET,), database=tmp_path / "room.db", rule=Rule.HAND)
    await made.start()
    yield made
    await made.stop()


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


async def failing(work: Awaitable[Confirmation]) -> NoConfirmation:
    with pytest.raises(NoConfirmation) as caught:
        await work
    return caught.value


async def test_delivered_is_not_accepted(feed: HttpsFeed, room: ControlRoomServer) -> None:
    said = await feed.send(transfer(), at(room.feed_url))
    assert (said.verdict, said.transfer_id, said.room_id) == (Verdict.CONSIDERING, "m-1", ROOM)
    assert said.reference == "WYF-000001"
    assert [message.incident.messages[0].text for message in room.received] == ["fire"]


async def test_a_verdict_can_be_asked_for(feed: HttpsFeed, room: ControlRoomServer) -> None:
    await feed.send(transfer(), at(room.feed_url))
    assert (await feed.ask(transfer(), at(room.feed_url))).verdict is Verdict.CONSIDERING
    await room.decide("i-1", Verdict.REJECTED, "not our area")
    said = await feed.ask(transfer(), at(room.feed_url))
    assert (said.verdict, said.reason) == (Verdict.REJECTED, "not our area")


async def test_a_repeat_gets_the_verdict_and_is_stored_once(feed: HttpsFeed, room: ControlRoomServer) -> None:
    same = transfer()
    await feed.send(same, at(room.feed_url))
    await room.decide("i-1", Verdict.ACCEPTED)
    again = await feed.send(same, at(room.feed_url))
    assert (again.verdict, again.reference) == (Verdict.ACCEPTED, "WYF-000001")
    assert len(room.received) == 1


async def test_the_same_id_with_other_bytes_is_refused_for_good(
    feed: HttpsFeed, room: ControlRoomServer
) -> None:
    await feed.send(transfer(), at(room.feed_url))
    failed = await failing(feed.send(transfer(text="flood"), at(room.feed_url)))
    assert failed.outcome is Outcome.NEVER
    assert "409" in str(failed)


async def test_a_slow_room_is_unknown_and_gets_it_once(feed: HttpsFeed, room: ControlRoomServer) -> None:
    offered = transfer()
    room.tell(Mode.SLOW, 1.3)
    failed = await failing(feed.send(offered, at(room.feed_url)))
    assert failed.outcome is Outcome.UNKNOWN
    room.tell(Mode.NORMAL)
    assert (await feed.send(offered, at(room.feed_url))).verdict is Verdict.CONSIDERING
    assert len(room.received) == 1


async def test_a_room_that_dies_mid_answer_has_it_and_says_so_when_asked_again(
    feed: HttpsFeed, room: ControlRoomServer
) -> None:
    offered = transfer()
    room.tell(Mode.DIE)
    assert (await failing(feed.send(offered, at(room.feed_url)))).outcome is Outcome.UNKNOWN
    room.tell(Mode.NORMAL)
    assert (await feed.ask(offered, at(room.feed_url))).verdict is Verdict.CONSIDERING
    assert (await feed.send(offered, at(room.feed_url))).verdict is Verdict.CONSIDERING
    assert len(room.received) == 1


async def test_a_room_that_forgets_is_found_out(feed: HttpsFeed, room: ControlRoomServer) -> None:
    room.tell(Mode.FORGET)
    assert (await feed.send(transfer(), at(room.feed_url))).verdict is Verdict.CONSIDERING
    room.tell(Mode.NORMAL)
    assert (await failing(feed.ask(transfer(), at(room.feed_url)))).outcome is Outcome.FORGOTTEN
    assert room.received == []


@pytest.mark.parametrize(
    ("mode", "outcome"), [(Mode.REFUSE, Outcome.REFUSED), (Mode.GARBAGE, Outcome.GARBAGE)]
)
async def test_a_room_told_to_fail_confirms_nothing(
    feed: HttpsFeed, room: ControlRoomServer, mode: Mode, outcome: Outcome
) -> None:
    room.tell(mode)
    assert (await failing(feed.send(transfer(), at(room.feed_url)))).outcome is outcome
    assert room.received == []


async def test_no_one_there(feed: HttpsFeed, unused_port: int) -> None:
    failed = await failing(feed.send(transfer(), at(f"http://127.0.0.1:{unused_port}/feed")))
    assert failed.outcome is Outcome.UNREACHABLE


@pytest.fixture
async def unused_port() -> int:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    return port


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "no feed address"),
        ("http://room.example.org/feed", "not https"),
        ("ftp://127.0.0.1/", "not https"),
    ],
)
async def test_a_room_without_a_safe_address_is_for_a_person(feed: HttpsFeed, url: str, words: str) -> None:
    failed = await failing(feed.send(transfer(), at(url)))
    assert failed.outcome is Outcome.NO_FEED
    assert words in str(failed)


async def test_a_room_without_a_secret_is_for_a_person(feed: HttpsFeed, room: ControlRoomServer) -> None:
    failed = await failing(feed.send(transfer(to="other"), at(room.feed_url, "other")))
    assert failed.outcome is Outcome.NO_FEED
    assert "feeds.secrets.other" in str(failed)


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
    ids=str,
)
async def test_only_a_signed_confirmation_of_this_message_counts(
    feed: HttpsFeed, serve: Any, changes: dict[str, Any], outcome: Outcome
) -> None:
    good = await serve(confirming())
    assert (await feed.send(transfer(), at(good))).verdict is Verdict.CONSIDERING, "the control answers well"
    bad = await serve(confirming(**changes))
    assert (await failing(feed.send(transfer(), at(bad)))).outcome is outcome


async def test_a_signed_doctype_is_refused_all_the_same(feed: HttpsFeed, serve: Any) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        body = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>'
        key = request.headers["Idempotency-Key"]
        return web.Response(
            body=body, headers=signed_headers(SECRET, agency=ROOM, message_id=key, body=body, now=now())
        )

    failed = await failing(feed.send(transfer(), at(await serve(handler))))
    assert failed.outcome is Outcome.GARBAGE
    assert "DOCTYPE" in str(failed)


async def test_an_answer_without_end_is_cut_off(feed: HttpsFeed, serve: Any) -> None:
    sent = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 65_536)
            sent += 65_536

    failed = await failing(feed.send(transfer(), at(await serve(handler))))
    assert failed.outcome is Outcome.GARBAGE
    assert sent < 20 * 1024 * 1024


async def test_one_dead_room_delays_no_other(feed: HttpsFeed, room: ControlRoomServer, serve: Any) -> None:
    async def hangs(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    hanging = at(await serve(hangs))
    stuck = [asyncio.create_task(failing(feed.send(transfer(f"s-{n}"), hanging))) for n in range(150)]
    await asyncio.sleep(0.1)
    started = time.monotonic()
    await feed.send(transfer("quick"), at(room.feed_url))
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


async def test_a_document_too_large_is_refused_aloud(feed: HttpsFeed, room: ControlRoomServer) -> None:
    body = b" " * (2 * DOCUMENT_LIMIT_BYTES)
    async with aiohttp.ClientSession() as client:
        proof = signed_headers(SECRET, agency="national-intake", message_id="big", body=body, now=now())
        async with client.post(room.feed_url, data=io.BytesIO(body), headers=proof) as answer:
            assert answer.status == 413
    assert (await feed.send(transfer(), at(room.feed_url))).verdict is Verdict.CONSIDERING
