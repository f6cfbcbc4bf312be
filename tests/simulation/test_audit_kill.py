"""Law 17 under SIGKILL: whoever got an answer is on record. With its negative control."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from intake.clock import SteadyClock
from intake.store import audit
from intake.store.audit import Search
from intake.store.store import Store
from tests.callers import queue_of
from tests.desk import TOKENS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ANSWERS = 100
READERS = 16


def settings(url: str, port: int) -> dict[str, str]:
    return {
        "PYTHONPATH": str(ROOT),
        "INTAKE_STORE__URL": url,
        "INTAKE_CONSOLE__PORT": str(port),
        "INTAKE_CONSOLE__TOKENS__ADA": hashlib.sha256(TOKENS["ada"].encode()).hexdigest(),
    }


async def ready(http: aiohttp.ClientSession, port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                async with http.get(f"http://127.0.0.1:{port}/api/v1/me") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


async def views_lost(url: str, *, broken: bool = False) -> int:
    """Open contacts at once, kill the console in the middle; how many answered views have no record."""
    store = Store(url, SteadyClock())
    await store.start()
    waiting = list(await queue_of(store, 300))
    await store.close()
    answered: set[str] = set()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = [str(HERE / "record_later.py")] if broken else ["-m", "intake"]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(*program, "serve", "--roles", "console", "--config", str(ROOT / "config")),
        cwd=ROOT,
        env={**os.environ, **settings(url, port)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKENS['ada']}"}) as http:

        async def read() -> None:
            while waiting:
                one = waiting.pop()
                try:
                    async with http.get(f"http://127.0.0.1:{port}/api/v1/contacts/{one}") as answer:
                        await answer.read()
                        assert answer.status == 200
                except (aiohttp.ClientError, OSError):
                    return
                answered.add(one)
                if len(answered) == ANSWERS:
                    process.kill()

        await ready(http, port)
        await asyncio.gather(*(read() for _ in range(READERS)))
    await process.wait()
    assert len(answered) >= ANSWERS
    await asyncio.sleep(0.3)  # its writer ends with its socket
    store = Store(url, SteadyClock())
    await store.start()
    found = await store.read(lambda conn: audit.search(conn, Search(action="contact.view"), 1000))
    whole = await store.read(lambda conn: audit.verify_slice(conn, None))
    await store.close()
    assert not whole.problem and whole.head.number >= len(found)
    return len(answered - {one.contact_id for one in found})


async def test_no_answered_view_is_missing_after_a_kill(migrated_url: str) -> None:
    assert await views_lost(migrated_url) == 0


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
async def test_a_console_that_answers_first_loses_records_and_the_harness_can_tell(migrated_url: str) -> None:
    assert await views_lost(migrated_url, broken=True) > 0
