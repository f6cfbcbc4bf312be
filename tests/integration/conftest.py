"""Fixtures of the hand-over: a feed, reference rooms, one that takes verdicts; and figures said aloud."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from intake.feeds import HttpsFeed
from intake.simulate.control_room import ControlRoomServer, Rule
from tests.rooms import ROOM, SECRET, VerdictTaker, now


@pytest.fixture
async def room_feed() -> AsyncIterator[HttpsFeed]:
    made = HttpsFeed({ROOM: (SECRET,)}, agency="national-intake", now=now, answer_timeout_s=1.0)
    yield made
    await made.close()


@pytest.fixture
async def start_room(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    rooms: list[ControlRoomServer] = []

    async def begin(**options: Any) -> ControlRoomServer:
        room = ControlRoomServer(ROOM, (SECRET,), database=tmp_path / "room.db", **options)
        await room.start()
        rooms.append(room)
        return room

    yield begin
    for room in rooms:
        await room.stop()


@pytest.fixture
async def taker() -> AsyncIterator[VerdictTaker]:
    made = VerdictTaker()
    await made.up()
    yield made
    await made.down()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as made:
        yield made


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[ControlRoomServer]:
    made = ControlRoomServer(ROOM, (SECRET,), database=tmp_path / "room.db", rule=Rule.HAND)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints a measured figure past pytest's capture, so that every run shows it."""

    def to_terminal(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{line}\n")

    return to_terminal
