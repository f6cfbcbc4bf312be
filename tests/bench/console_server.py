"""The console of `bench_console.py`, with its database, full of contacts that change without end."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import sys
import time
import types
from pathlib import Path
from typing import Any

import structlog
import uvloop
from aiohttp.test_utils import TestServer

from intake.clock import SteadyClock
from intake.console.app import make_console_app
from intake.store import triage
from intake.store.schema import migrate
from intake.store.store import Store

# Some installed package may be called `tests` too: ours is the folder this file stands in.
_OURS = types.ModuleType("tests")
_OURS.__path__ = [str(Path(__file__).parent.parent)]
sys.modules["tests"] = _OURS

from tests.callers import write_in  # noqa: E402
from tests.desk import make_desk  # noqa: E402

HEAD_ROWS = 60
IN_SIGHT = 0.2
"""The share of changes that is made where desks look; the others are anywhere in the queue."""

BATCH_S = 0.02
SEATS = 200


def token_of(desk: int) -> str:
    return f"desk-{desk:03d}-0123456789"


class Changes:
    """So many a second, a transaction each 20 ms, as group commit makes them; each with its number."""

    def __init__(self, store: Store, clock: SteadyClock, ids: list[str], rate: int):
        self.store, self.clock, self.ids, self.rate = store, clock, ids, rate
        self.committed: list[int] = []
        self._chance = random.Random(7)

    async def go_on(self) -> None:
        due = time.monotonic()
        size = max(1, round(self.rate * BATCH_S))
        while True:
            chosen = [self._one() for _ in range(size)]
            await self.store.run(lambda conn, chosen=chosen: self._work(conn, chosen))  # type: ignore[misc]
            self.committed.extend([time.monotonic_ns()] * size)
            self.store.bell.ring()
            due += BATCH_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _one(self) -> str:
        among = HEAD_ROWS if self._chance.random() < IN_SIGHT else len(self.ids)
        return self.ids[self._chance.randrange(among)]

    def _work(self, conn: Any, chosen: list[str]) -> None:
        first, now = len(self.committed), self.clock.now()
        for at, contact_id in enumerate(chosen):
            triage.suggest(conn, now, contact_id, {"summary": f"c{first + at}"})


async def serve(url: str, contacts: int, rate: int) -> None:
    """Seed, listen, print the port, change; each line of standard input is answered with what it took."""
    migrate(url)
    clock = SteadyClock()
    store = Store(url, clock)
    await store.start()
    ids: list[str] = []
    for start in range(0, contacts, 500):
        numbers = range(start, start + 500)
        ids += await asyncio.gather(*(write_in(store, f"app:{n}", f"smoke {n}", seconds=n) for n in numbers))  # type: ignore[arg-type]
    tokens = {f"d{n:03d}": hashlib.sha256(token_of(n).encode()).hexdigest() for n in range(SEATS)}
    server = TestServer(make_console_app(make_desk(store, clock, tokens=tokens)))
    await server.start_server()
    changes = Changes(store, clock, ids, rate)
    changing = asyncio.create_task(changes.go_on())
    print(json.dumps({"port": server.port}), flush=True)
    loop = asyncio.get_running_loop()
    while asked := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        answer: dict[str, Any] = {"cpu_s": time.process_time(), "at_s": time.monotonic()}
        answer["changes"] = len(changes.committed)
        if asked == "commits":
            answer["commits"] = changes.committed
        print(json.dumps(answer), flush=True)
    changing.cancel()
    os._exit(0)


if __name__ == "__main__":
    # Standard output holds the answers alone.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    uvloop.run(serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
