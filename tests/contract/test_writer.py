"""The process that commits: it dies alone, is started again, and never outlives or doubles its intake."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from intake import metrics
from intake.clock import SteadyClock
from intake.errors import StoreUnavailable
from intake.store import driver_sql, writer
from intake.store.store import Store
from tests.callers import phone, write_in

LAUNCH = writer.launch  # the real one, taken before conftest puts threads in its place


class Launched:
    """Remembers every process it started."""

    def __init__(self) -> None:
        self.processes: list[Any] = []

    def __call__(self, theirs: socket.socket) -> Any:
        self.processes.append(LAUNCH(theirs))
        return self.processes[-1]

    @property
    def last(self) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] = self.processes[-1]
        return process


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Launched:
    launched = Launched()
    monkeypatch.setattr(writer, "launch", launched)
    return launched


@pytest.fixture
async def real(launched: Launched, migrated_url: str) -> AsyncIterator[Store]:
    made = Store(migrated_url, SteadyClock())
    await made.start()
    yield made
    await made.close()
    for process in launched.processes:
        process.wait(10)


async def count(store: Store, table: str) -> int:
    found: int = await store.read(lambda conn: conn.execute(text(f"SELECT count(*) FROM {table}")).scalar())  # noqa: S608
    return found


async def test_a_dead_writer_is_told_of_and_replaced(real: Store, launched: Launched) -> None:
    await write_in(real, phone(1))
    deaths = metrics.WRITER_DEATHS._value.get()
    launched.last.send_signal(signal.SIGSTOP)  # so that it surely dies with work in hand
    waiting = [asyncio.ensure_future(write_in(real, phone(n))) for n in range(2, 30)]
    await asyncio.sleep(0.1)
    launched.last.kill()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(one) for one in results} == {StoreUnavailable}
    began_s = time.monotonic()
    while True:
        try:
            await real.check()
            break
        except StoreUnavailable:
            assert time.monotonic() - began_s < 10
            await asyncio.sleep(0.05)
    await asyncio.gather(*(write_in(real, phone(n)) for n in range(2, 30)))
    assert len(launched.processes) == 2
    assert metrics.WRITER_DEATHS._value.get() == deaths + 1
    assert await count(real, "contacts") == 29


async def test_what_stops_the_intake_does_not_stop_its_writer_first(real: Store, launched: Launched) -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        launched.last.send_signal(name)
    await asyncio.gather(*(write_in(real, phone(n)) for n in range(50)))
    assert await count(real, "contacts") == 50
    assert len(launched.processes) == 1


async def test_closing_commits_what_waits(launched: Launched, migrated_url: str) -> None:
    store = Store(migrated_url, SteadyClock())
    await store.start()
    waiting = [asyncio.ensure_future(write_in(store, phone(n))) for n in range(300)]
    await asyncio.sleep(0)
    await store.close()
    assert len(await asyncio.gather(*waiting)) == 300
    assert launched.last.poll() == 0


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
async def test_the_writer_rests_while_a_transaction_runs(real: Store) -> None:
    """Its own commit waits for ours, and ours sees what was accepted before it."""
    order: list[str] = []

    def slow(conn: Any) -> int:
        before: int = conn.execute(text("SELECT count(*) FROM messages")).scalar()
        time.sleep(0.3)
        order.append("transaction")
        return before

    async def write(number: int) -> None:
        await write_in(real, phone(number))
        order.append("message")

    first = asyncio.ensure_future(write(1))
    await asyncio.sleep(0)
    running = asyncio.ensure_future(real.run(slow))
    await asyncio.sleep(0.15)
    await write(2)
    assert await running == 1
    await first
    assert order == ["message", "transaction", "message"]


async def test_who_stops_waiting_for_a_transaction_does_not_break_the_turns(real: Store) -> None:
    def slow(conn: Any) -> None:
        time.sleep(0.1)

    impatient = asyncio.ensure_future(real.run(slow))
    await asyncio.sleep(0.05)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    await asyncio.gather(write_in(real, phone(1)), real.run(slow), write_in(real, phone(2)))
    assert await count(real, "contacts") == 2


async def test_a_second_intake_on_one_file_is_refused(launched: Launched, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/intake.db"
    first, second = Store(url, SteadyClock()), Store(url, SteadyClock())
    await first.start()
    with pytest.raises(StoreUnavailable, match="another intake already writes to"):
        await second.start()
    await first.close()
    third = Store(url, SteadyClock())  # the place is free now
    await third.start()
    await third.close()


FORK = """
import asyncio, os, signal, sys, time
from sqlalchemy import text
from intake.clock import SteadyClock
from intake.errors import StoreUnavailable
from intake.store import writer
from intake.store.store import Store
def launch(theirs):
    raise SystemExit("a second process was started")
real, writer.launch = writer.launch, launch
writer.fork()
forked = writer._forked[0][1]._pid
async def main():
    store = Store(sys.argv[1], SteadyClock())
    await store.start()
    await store.check()
    writer.launch = real
    os.kill(forked, signal.SIGKILL)
    until_s = time.monotonic() + 10
    deaths = 0
    while True:
        try:
            await store.check()
            if deaths:
                break
        except StoreUnavailable:
            deaths += 1
        assert time.monotonic() < until_s
        await asyncio.sleep(0.01)
    await store.close()
    print("replaced", len(writer._forked))
asyncio.run(main())
"""


def test_the_first_writer_is_a_copy_and_a_dead_one_is_replaced_by_a_process(migrated_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK, migrated_url], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0 and done.stdout.endswith("replaced 0\n"), done.stderr


ORPHAN = """
import asyncio, sys
from intake.clock import SteadyClock
from intake.store import writer
from intake.store.store import Store
if sys.argv[2] == "copy":
    writer.fork()
    print(writer._forked[0][1]._pid, flush=True)
launch = writer.launch
def telling(theirs):
    process = launch(theirs)
    print(process.pid, flush=True)
    return process
writer.launch = telling
async def main():
    await Store(sys.argv[1], SteadyClock()).start()
    print("started", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.parametrize("made", ["copy", "process"])
def test_a_killed_intake_leaves_no_writer_behind(migrated_url: str, made: str) -> None:
    command = [sys.executable, "-c", ORPHAN, migrated_url, made]
    intake = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert intake.stdout
    with intake.stdout as said:
        pid = int(said.readline())
        assert said.readline() == "started\n"
        os.kill(pid, 0)
        intake.kill()
        intake.wait()
    deadline_s = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline_s, "the writer lives on"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_postgresql_looks_keys_up_even_in_a_plan_made_for_an_empty_table(store: Store) -> None:
    """A generic plan made before the first message read the whole table for every later one."""

    def plans(conn: Any) -> str:
        cursor = conn.connection.cursor()
        driver_sql.PostgresqlSql(conn.dialect).prepare(cursor)
        lines = []
        for sql in (driver_sql.KNOWN_BY_KEY, driver_sql.THREADS_BY_KEY):
            lines += cursor.execute("EXPLAIN " + sql, ('[["a", "b"]]',)).fetchall()
        return "\n".join(line for (line,) in lines)

    plan = await store.run(plans)
    assert "Index Scan using uq_messages_provider_id_channel" in plan, plan
    assert "Index Scan using uq_contacts_threading" in plan, plan
    assert "Seq Scan" not in plan and "Hash" not in plan, plan
