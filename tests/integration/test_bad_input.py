"""Whatever comes to an HTTP door: the answer the laws name, never a 500, never a loop held up (laws 5, 6)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import channels
from tests.conftest import ENGINES, new_postgresql_database
from tests.contract.door_channel import Channel
from tests.contract.door_world import Databases, World, open_doors
from tests.integration.bad_requests import BODIES, COMPRESSED, HEADERS, MANNERS, Manner, Target, post, targets
from tests.integration.bare_wire import HELD_UP_LIMIT_S, TRIES, Piece, exchange, loop_lag, status_of
from tests.payload_cases import body_of

READ_TIMEOUT_S = 0.6

TARGETS = {target.name: target for target in targets({kind: Channel(kind) for kind in channels.CHANNELS})}


@pytest.fixture(scope="module")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    return Databases(tmp_path_factory.mktemp("bad"))


@pytest.fixture(params=ENGINES, scope="module")
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    folder: Path = tmp_path_factory.mktemp("bad")
    if request.param == "sqlite":
        yield Databases(folder)
        return
    for url in new_postgresql_database(request.getfixturevalue("postgresql_server")):
        yield Databases(folder, url)


async def answered(
    world: World, pieces: Callable[[], Iterator[Piece]], hang_up: bool = False
) -> tuple[int, bytes]:
    """The answer, once the loop was not held up; fails if it was every time."""
    held_up = []
    for _ in range(TRIES):
        sent = list(pieces())
        async with loop_lag() as lag:
            heard = await asyncio.to_thread(exchange, world.http_port, sent, hang_up=hang_up)
        held_up.append(lag.worst_s)
        if lag.worst_s <= HELD_UP_LIMIT_S:
            return status_of(heard), heard
    raise AssertionError(f"the event loop was held up for {min(held_up):.3f} s at best")


def work_hard(seconds: float) -> None:
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


@pytest.mark.parametrize("hold_up", [time.sleep, work_hard])
async def test_a_loop_that_is_held_up_is_seen(hold_up: Callable[[float], None]) -> None:
    """Negative control of the measure: what sleeps and what reckons in the loop."""
    async with loop_lag() as lag:
        await asyncio.sleep(0.01)
        hold_up(2 * HELD_UP_LIMIT_S)
    assert lag.worst_s > HELD_UP_LIMIT_S


async def assert_still_serving(world: World, target: Target) -> None:
    assert (await world.send(target.case)).received


@pytest.mark.parametrize(
    ("manner", "hang_up", "allowed"), MANNERS, ids=[one.__name__ for one, _, _ in MANNERS]
)
@pytest.mark.parametrize("door", TARGETS)
async def test_bad_manners_are_refused_and_nothing_is_kept(
    door: str, manner: Manner, hang_up: bool, allowed: set[int], sqlite_databases: Databases
) -> None:
    target = TARGETS[door]
    async with open_doors(
        target.channel.adapter, sqlite_databases.empty(), read_timeout_s=READ_TIMEOUT_S
    ) as world:
        status, heard = await answered(world, lambda: manner(target), hang_up)
        assert status in allowed, heard[:300]
        assert world.count("raw_messages") == 0
        await assert_still_serving(world, target)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("door", TARGETS)
async def test_a_bad_body_is_acknowledged_kept_and_shown(door: str, name: str, databases: Databases) -> None:
    target = TARGETS[door]
    sent = target.proven(BODIES[name](target))
    head = post(target, sent, headers=COMPRESSED.get(name))
    async with open_doors(target.channel.adapter, databases.empty()) as world:
        status, heard = await answered(world, lambda: iter([head + sent]))
        if status == 403:
            # More fields than a signature is checked over.
            assert target.channel.kind == "sms" and sent.count(b"&") >= 200
            assert world.count("raw_messages") == 0
            return
        assert 200 <= status < 300, heard[:300]
        assert_kept(world, sent)
        await assert_still_serving(world, target)


def assert_kept(world: World, sent: bytes) -> None:
    """The bytes as they came, and where they could not be read, a contact that says so."""
    kept = world.rows("SELECT id, body, state, defect FROM raw_messages")
    assert len(kept) == 1
    for row in kept:
        assert bytes(row.body) == sent and row.state in ("done", "defective")
        shown: list[Any] = world.rows(
            "SELECT m.flag, c.state FROM messages m LEFT JOIN contacts c ON c.id = m.contact_id"
            " WHERE m.raw_id = :raw",
            raw=row.id,
        )
        if row.state == "defective" and shown:
            assert [(one.flag, one.state) for one in shown] == [("defective", "waiting")]
        # Without a message of its own it is a repeat, or a report on one of our replies.
        told = world.rows("SELECT count(*) FROM log_events") + world.rows(
            "SELECT count(*) FROM delivery_reports"
        )
        assert shown or sum(count for (count,) in told) > 0


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("door", TARGETS)
async def test_odd_headers_cost_no_message(door: str, headers: dict[str, str], databases: Databases) -> None:
    """The body is genuine: it is read like any other, whatever stands around it."""
    target = TARGETS[door]
    body = body_of(target.case)
    async with open_doors(target.channel.adapter, databases.empty()) as world:
        status, heard = await answered(world, lambda: iter([post(target, body, headers=headers) + body]))
        assert 200 <= status < 300, heard[:300]
        states = {row.state for row in world.rows("SELECT state FROM raw_messages")}
        assert states == {"done"}
        assert world.rows("SELECT 1 FROM messages WHERE flag <> ''") == []


@pytest.mark.parametrize("query", ["?x=%00", "?x=%ff%fe", "?" + "y" * 4_000], ids=["NUL", "8-bit", "long"])
async def test_an_odd_query_costs_no_message(query: str, databases: Databases) -> None:
    target = TARGETS["app.open"]
    body = body_of(target.case)
    async with open_doors(target.channel.adapter, databases.empty()) as world:
        path = target.case["path"] + query
        status, heard = await answered(world, lambda: iter([post(target, body, path=path) + body]))
        assert 200 <= status < 300, heard[:300]
        assert world.rows("SELECT state FROM raw_messages")[0].state == "done"


@pytest.mark.parametrize("contact", ["%00", "%ff", "..%2f..", "a" * 4_000, "%ed%a0%80"])
async def test_an_odd_contact_in_the_path_is_refused(contact: str, sqlite_databases: Databases) -> None:
    target = TARGETS["app.messages"]
    body = body_of(target.case)
    async with open_doors(target.channel.adapter, sqlite_databases.empty()) as world:
        path = f"/app/v1/contacts/{contact}/messages"
        status, heard = await answered(world, lambda: iter([post(target, body, path=path) + body]))
        assert status in (400, 403, 404), heard[:300]
        assert world.count("raw_messages") == 0


@pytest.mark.parametrize("after", ["%00", "%ff", "%ed%a0%80", "x" * 4_000, "'; DROP TABLE replies; --"])
@pytest.mark.parametrize("what", ["replies", "events"])
async def test_an_odd_question_for_replies_is_answered(what: str, after: str, databases: Databases) -> None:
    target = TARGETS["app.messages"]
    async with open_doors(target.channel.adapter, databases.empty()) as world:
        path = target.case["path"].replace("/messages", f"/{what}") + "?after=" + after.replace(" ", "%20")
        asked = [
            f"GET {path} HTTP/1.1",
            "Host: x",
            f"Authorization: {target.case['headers']['Authorization']}",
            *(["Last-Event-ID: \xff\xfe"] if what == "events" else []),
            "",
            "",
        ]
        request = "\r\n".join(asked).encode("latin-1")
        status, heard = await answered(world, lambda: iter([request, 0.3]), hang_up=True)
        assert status == 200, heard[:300]


@pytest.mark.parametrize("door", ["app.open", "app.messages", "telegram.webhook"])
async def test_who_waits_to_be_told_to_go_on_is_told(door: str, sqlite_databases: Databases) -> None:
    """RFC 9110 §10.1.1: curl, among others, holds a larger body back until "100 Continue"."""
    target = TARGETS[door]
    body = body_of(target.case)
    head = post(target, body, headers={"Expect": "100-continue"})
    async with open_doors(target.channel.adapter, sqlite_databases.empty()) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.http_port)
        writer.write(head)
        go_on = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2)
        writer.write(body)
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2)
        writer.close()
        assert go_on.startswith(b"HTTP/1.1 100 ") and answer.startswith(b"HTTP/1.1 20")
