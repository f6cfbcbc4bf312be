"""The hand-over over real HTTP: what a room does well, and everything it can do badly."""

from __future__ import annotations

import asyncio
import io

import aiohttp
import pytest

from intake.feeds import HttpsFeed, Outcome
from intake.incident import Verdict
from intake.mait import DOCUMENT_LIMIT_BYTES
from intake.simulate.control_room import ControlRoomServer, Mode
from tests.rooms import ROOM, at, failing, proof, transfer


async def test_delivered_is_not_accepted(room_feed: HttpsFeed, room: ControlRoomServer) -> None:
    said = await room_feed.send(transfer(), at(room.feed_url))
    assert (said.verdict, said.transfer_id, said.room_id) == (Verdict.CONSIDERING, "m-1", ROOM)
    assert said.reference == "WYF-000001"
    assert [message.incident.messages[0].text for message in room.received] == ["fire"]


async def test_a_verdict_can_be_asked_for(room_feed: HttpsFeed, room: ControlRoomServer) -> None:
    await room_feed.send(transfer(), at(room.feed_url))
    assert (await room_feed.ask(transfer(), at(room.feed_url))).verdict is Verdict.CONSIDERING
    await room.decide("i-1", Verdict.REJECTED, "not our area")
    said = await room_feed.ask(transfer(), at(room.feed_url))
    assert (said.verdict, said.reason) == (Verdict.REJECTED, "not our area")


async def test_a_repeat_gets_the_verdict_and_is_stored_once(
    room_feed: HttpsFeed, room: ControlRoomServer
) -> None:
    same = transfer()
    await room_feed.send(same, at(room.feed_url))
    await room.decide("i-1", Verdict.ACCEPTED)
    again = await room_feed.send(same, at(room.feed_url))
    assert (again.verdict, again.reference) == (Verdict.ACCEPTED, "WYF-000001")
    assert len(room.received) == 1


async def test_the_same_id_with_other_bytes_is_refused_for_good(
    room_feed: HttpsFeed, room: ControlRoomServer
) -> None:
    await room_feed.send(transfer(), at(room.feed_url))
    failed = await failing(room_feed.send(transfer(text="flood"), at(room.feed_url)))
    assert failed.outcome is Outcome.NEVER
    assert "409" in str(failed)


async def test_a_slow_room_is_unknown_and_gets_it_once(room_feed: HttpsFeed, room: ControlRoomServer) -> None:
    offered = transfer()
    room.tell(Mode.SLOW, 1.3)
    failed = await failing(room_feed.send(offered, at(room.feed_url)))
    assert failed.outcome is Outcome.UNKNOWN
    room.tell(Mode.NORMAL)
    assert (await room_feed.send(offered, at(room.feed_url))).verdict is Verdict.CONSIDERING
    assert len(room.received) == 1


async def test_a_room_that_dies_mid_answer_has_it_and_says_so_when_asked_again(
    room_feed: HttpsFeed, room: ControlRoomServer
) -> None:
    offered = transfer()
    room.tell(Mode.DIE)
    assert (await failing(room_feed.send(offered, at(room.feed_url)))).outcome is Outcome.UNKNOWN
    room.tell(Mode.NORMAL)
    assert (await room_feed.ask(offered, at(room.feed_url))).verdict is Verdict.CONSIDERING
    assert (await room_feed.send(offered, at(room.feed_url))).verdict is Verdict.CONSIDERING
    assert len(room.received) == 1


async def test_a_room_that_forgets_is_found_out(room_feed: HttpsFeed, room: ControlRoomServer) -> None:
    room.tell(Mode.FORGET)
    assert (await room_feed.send(transfer(), at(room.feed_url))).verdict is Verdict.CONSIDERING
    room.tell(Mode.NORMAL)
    assert (await failing(room_feed.ask(transfer(), at(room.feed_url)))).outcome is Outcome.FORGOTTEN
    assert room.received == []


@pytest.mark.parametrize(
    ("mode", "outcome"), [(Mode.REFUSE, Outcome.REFUSED), (Mode.GARBAGE, Outcome.GARBAGE)]
)
async def test_a_room_told_to_fail_confirms_nothing(
    room_feed: HttpsFeed, room: ControlRoomServer, mode: Mode, outcome: Outcome
) -> None:
    room.tell(mode)
    assert (await failing(room_feed.send(transfer(), at(room.feed_url)))).outcome is outcome
    assert room.received == []


async def test_no_one_there(room_feed: HttpsFeed, unused_port: int) -> None:
    failed = await failing(room_feed.send(transfer(), at(f"http://127.0.0.1:{unused_port}/feed")))
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
async def test_a_room_without_a_safe_address_is_for_a_person(
    room_feed: HttpsFeed, url: str, words: str
) -> None:
    failed = await failing(room_feed.send(transfer(), at(url)))
    assert failed.outcome is Outcome.NO_FEED
    assert words in str(failed)


async def test_a_room_without_a_secret_is_for_a_person(room_feed: HttpsFeed, room: ControlRoomServer) -> None:
    failed = await failing(room_feed.send(transfer(to="other"), at(room.feed_url, "other")))
    assert failed.outcome is Outcome.NO_FEED
    assert "feeds.secrets.other" in str(failed)


async def test_a_document_too_large_is_refused_aloud(
    room_feed: HttpsFeed, room: ControlRoomServer, http: aiohttp.ClientSession
) -> None:
    body = b" " * (2 * DOCUMENT_LIMIT_BYTES)
    async with http.post(room.feed_url, data=io.BytesIO(body), headers=proof(body, "big")) as answer:
        assert answer.status == 413
    assert (await room_feed.send(transfer(), at(room.feed_url))).verdict is Verdict.CONSIDERING
