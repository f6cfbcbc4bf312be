"""A desk that reads nothing delays nobody, and is told the newest when it reads again, or is let go."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from aiohttp import WSMsgType

from intake.clock import SteadyClock
from intake.console.live import hub as live_hub
from intake.console.live.filters import ViewFilter
from intake.console.live.hub import HUB, Hub
from intake.console.live.seat import Seat
from intake.console.roles import Person, Role
from intake.store.store import Store
from tests.callers import phone, write_in
from tests.desk import TOKENS, console, make_desk
from tests.live import live_desk

CLOCK = SteadyClock()


class FakeSocket:
    """Takes frames, or none of them while it is stuck."""

    def __init__(self, stuck: bool = False):
        self.reads = asyncio.Event()
        if not stuck:
            self.reads.set()
        self.texts: list[bytes] = []

    async def send_frame(self, text: bytes, _kind: WSMsgType) -> None:
        await self.reads.wait()
        self.texts.append(text)

    async def close(self, code: int = 1000) -> None:
        self.reads.set()

    def knows(self, contact_id: str) -> bool:
        return any(contact_id.encode() in text for text in self.texts)


def seat(name: str, ws: FakeSocket) -> Seat:
    person = Person(name=name, role=Role.HANDLER)
    return Seat(cast(Any, ws), cast(Any, SimpleNamespace(transport=None)), person)


class AwaitingHub(Hub):
    """The mistake: each desk is sent its frames before the next one is looked at."""

    async def _look_once(self) -> None:
        await super()._look_once()
        for one in list(self.seats):
            while (text := one.next_frame()) is not None:
                await one.ws.send_frame(text, WSMsgType.TEXT)


async def told_beside_a_stuck_desk(
    store: Store, kind: type[Hub], *, pumped: bool, within_s: float
) -> tuple[bool, FakeSocket]:
    """Whether a desk hears of a new contact while another reads nothing."""
    line = kind(make_desk(store, CLOCK), lambda _: "unknown")
    stuck, reading = FakeSocket(stuck=True), FakeSocket()
    seats = [seat("ada", stuck), seat("bea", reading)]
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(line.close)
        for one in seats:
            await line.enter(one)
            if pumped:
                pump = asyncio.create_task(one.pump())
                stack.callback(pump.cancel)
        for one in seats:
            await line.look(one, ViewFilter(), 0, 60)
        await asyncio.sleep(0.3)
        contact_id = await write_in(store, phone(1))
        heard = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not (heard := reading.knows(contact_id)):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        for number in range(2, 30):
            await write_in(store, phone(number), seconds=number)
            await asyncio.sleep(0.03)
        stuck.reads.set()
        await asyncio.sleep(0.5)
    return heard, stuck


async def test_a_desk_that_reads_nothing_delays_nobody_and_is_told_the_newest(store: Store) -> None:
    heard, stuck = await told_beside_a_stuck_desk(store, Hub, pumped=True, within_s=20.0)
    assert heard
    frames = [frame for frame in map(msgspec.json.decode, stuck.texts) if frame["t"] in ("window", "delta")]
    assert [frame["total"] for frame in frames if "total" in frame][-1] == 29
    assert len(frames) <= 4, "what it missed comes as one window, not as every delta"


async def test_a_hub_that_awaits_each_desk_fails_this(store: Store) -> None:
    heard, _ = await told_beside_a_stuck_desk(store, AwaitingHub, pumped=False, within_s=2.0)
    assert not heard


async def test_a_desk_that_never_reads_again_is_let_go(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_hub, "SLOW_S", 1.0)
    for number in range(100):
        await write_in(store, phone(number), "fire " * 400, seconds=number)
    async with console(store, CLOCK) as server, live_desk(server, "bea") as bea:
        await bea.view()
        small = socket.socket()
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        small.connect((server.host, server.port))
        small.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=small, limit=1024)
        writer.write(_handshake(server.host, server.port))
        await reader.readuntil(b"\r\n\r\n")
        line = server.app[HUB]
        for number in range(400):
            writer.write(_masked(b'{"t":"view","filter":{},"first":%d,"size":100}' % (number % 7)))
            await asyncio.sleep(0.06)
            if len(line.seats) == 1:
                break
        assert len(line.seats) == 1, "still waited for"
        await bea.hear("beat", 2.0)
        writer.close()


def _handshake(host: str | None, port: int | None) -> bytes:
    return (
        f"GET /api/v1/live HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {TOKENS['ada']}\r\n\r\n"
    ).encode()


def _masked(text: bytes) -> bytes:
    return bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text
