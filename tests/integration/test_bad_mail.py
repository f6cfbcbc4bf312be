"""Whatever comes to the SMTP door: kept, or refused aloud, and read later without harm (laws 5, 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ENGINES, new_postgresql_database
from tests.contract.door_world import Databases, World, open_doors
from tests.integration.bad_mails import BEGUN, CHANNEL, END, ENVELOPE, HELLO, TALK, WHOLE, mail
from tests.integration.bare_wire import HELD_UP_LIMIT_S, TRIES, Piece, exchange, loop_lag, mail_session

PARSED_WITHIN_S = 8.0
AGAIN = "UPDATE raw_messages SET state = 'pending'"


@pytest.fixture(params=ENGINES, scope="module")
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    folder: Path = tmp_path_factory.mktemp("mail")
    if request.param == "sqlite":
        yield Databases(folder)
        return
    for url in new_postgresql_database(request.getfixturevalue("postgresql_server")):
        yield Databases(folder, url)


@pytest.fixture(scope="module")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    return Databases(tmp_path_factory.mktemp("mail"))


async def said(world: World, lines: tuple[Piece, ...]) -> list[int]:
    """The codes of one session, once the loop was not held up; fails if it was every time."""
    held_up = []
    for _ in range(TRIES):
        async with loop_lag() as lag:
            codes = await asyncio.to_thread(mail_session, world.smtp_port, lines)
        held_up.append(lag.worst_s)
        if lag.worst_s <= HELD_UP_LIMIT_S:
            return codes
    raise AssertionError(f"the event loop was held up for {min(held_up):.3f} s at best")


async def read_in_time(world: World) -> None:
    """The worker reads what is pending, in a thread; the doors must not feel it."""
    held_up = []
    for _ in range(TRIES):
        async with asyncio.timeout(PARSED_WITHIN_S), loop_lag() as lag:
            await world.read_the_rest()
        held_up.append(lag.worst_s)
        if lag.worst_s <= HELD_UP_LIMIT_S:
            return
        await world.store.run(lambda conn: conn.exec_driver_sql(AGAIN))
    raise AssertionError(f"reading held up the event loop for {min(held_up):.3f} s at best")


async def assert_still_serving(world: World) -> None:
    assert (await world.send(CHANNEL.plain)).received


@pytest.mark.parametrize("name", WHOLE)
async def test_a_bad_mail_is_taken_kept_and_shown(name: str, databases: Databases) -> None:
    make, state, shown = WHOLE[name]
    body = make()
    stuffed = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:]
    ending = END if not body.endswith(b"\r\n") else END[2:]
    async with open_doors(CHANNEL.adapter, databases.empty()) as world:
        codes = await said(world, (*BEGUN, stuffed + ending))
        assert codes == [220, 250, 250, 250, 354, 250]
        await read_in_time(world)
        rows = world.rows(
            "SELECT r.body, r.state, m.flag, m.content, c.state AS queue FROM raw_messages r"
            " JOIN messages m ON m.raw_id = r.id JOIN contacts c ON c.id = m.contact_id"
        )
        whole = body if body.endswith(b"\r\n") else body + b"\r\n"
        assert bytes(rows[0].body) == whole
        assert (rows[0].state, rows[0].queue) == (state, "waiting")
        assert (rows[0].flag == "defective") == (state == "defective")
        assert shown in rows[0].content
        await assert_still_serving(world)


@pytest.mark.parametrize("name", TALK)
async def test_every_line_has_its_answer(name: str, sqlite_databases: Databases) -> None:
    lines, codes, kept = TALK[name]
    async with open_doors(CHANNEL.adapter, sqlite_databases.empty()) as world:
        before = world.counted("email.1", "oversize")
        assert await said(world, lines) == [220, *codes]
        assert world.count("raw_messages") == kept
        refused_after_data = [a for a, b in zip(codes[1:], codes, strict=False) if b == 354].count(552)
        assert world.counted("email.1", "oversize") - before == refused_after_data
        await assert_still_serving(world)


async def test_commands_sent_along_with_the_mail_are_not_lost(sqlite_databases: Databases) -> None:
    """Some senders do not wait for the answer to the mail before the next command."""
    everything = b"".join((*BEGUN, mail(b"x"), END, *ENVELOPE, b"DATA\r\n", mail(b"y"), END, b"QUIT\r\n"))
    async with open_doors(CHANNEL.adapter, sqlite_databases.empty()) as world:
        heard = await asyncio.to_thread(exchange, world.smtp_port, [everything])
        assert heard.count(b"250 2.0.0 Kept.\r\n") == 2 and heard.rstrip().endswith(b"221 Bye")
        assert world.count("raw_messages") == 2


async def test_a_mail_that_breaks_off_is_not_kept(sqlite_databases: Databases) -> None:
    async with open_doors(CHANNEL.adapter, sqlite_databases.empty()) as world:
        for so_far in (b"", b"From: sam@exam", mail(b"help\r\n"), mail(b"help\r\n") + b"."):
            pieces = [*BEGUN, so_far]
            heard = await asyncio.to_thread(exchange, world.smtp_port, pieces, hang_up=True)
            assert b"Kept." not in heard
        assert world.count("raw_messages") == 0
        await assert_still_serving(world)


@pytest.mark.parametrize("drip", [b"x", b"\r\n", b"N"])
async def test_a_dripping_session_ends(drip: bytes, sqlite_databases: Databases) -> None:
    """A byte now and then must not hold a connection for ever."""
    async with open_doors(CHANNEL.adapter, sqlite_databases.empty(), smtp_session_s=0.8) as world:
        begun = BEGUN if drip != b"N" else ()
        reader, writer = await asyncio.open_connection("127.0.0.1", world.smtp_port)
        for line in begun:
            writer.write(line)
        dripping = asyncio.ensure_future(_drip(writer, drip))
        async with asyncio.timeout(4):
            while await _still_open(reader):
                pass
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        writer.close()
        assert world.count("raw_messages") == 0
        await assert_still_serving(world)


async def _drip(writer: asyncio.StreamWriter, drip: bytes) -> None:
    while True:
        writer.write(drip)
        await asyncio.sleep(0.2)


async def _still_open(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(1_000)
    except ConnectionError:
        return b""


async def test_silence_ends_a_session(sqlite_databases: Databases) -> None:
    async with open_doors(CHANNEL.adapter, sqlite_databases.empty(), smtp_idle_s=0.3) as world:
        codes: list[Any] = await asyncio.to_thread(mail_session, world.smtp_port, (*HELLO, 0.8, b"NOOP\r\n"))
        assert codes == [220, 250, 0]


async def test_a_slow_mail_is_not_taken_for_silence(sqlite_databases: Databases) -> None:
    """The idle time counts from the last byte, not from the last command."""
    async with open_doors(CHANNEL.adapter, sqlite_databases.empty(), smtp_idle_s=0.5) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.smtp_port)
        for line in BEGUN:
            writer.write(line)
            await reader.readline()
        for word in (mail(b""), b"fire ", b"at ", b"LS1 ", b"4AP", END):
            await asyncio.sleep(0.25)
            writer.write(word)
        async with asyncio.timeout(2):
            heard = b""
            while b"250 2.0.0 Kept." not in heard:
                block = await reader.read(1_000)
                assert block, heard
                heard += block
        writer.close()
        assert world.count("raw_messages") == 1
