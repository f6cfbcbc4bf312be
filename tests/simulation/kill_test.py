"""kill -9 of the intake at random moments, under load on all four doors (law 1, law 3).

    python tests/simulation/kill_test.py --kills 60 --engine both
    python tests/simulation/kill_test.py --kills 60 --engine both --broken     # must lose some

`intake serve` runs as a process of its own with sms, app, telegram and email open; this process is
the outside world. It kills only processes it started: the whole intake, or the writer alone. In the
end every acknowledged provider id must be in the database, every caller must have one contact, and
every restart must be ready (`/health` says 200 and the SMTP door greets) within 3 s. `--broken`
starts `answer_first.py` instead, which answers before the commit: the same harness must then report
losses.

Exit code 0 says that the law held, or that the negative control lost what it must.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from killed_load import Load
from sqlalchemy import text
from victim import EMAIL, ROOT, Victim

from intake.app import open_channels
from intake.clock import SteadyClock
from intake.settings import load_settings
from intake.store.schema import migrate
from intake.store.store import Store
from intake.workers.parsing import Parsing

sys.path.insert(0, str(ROOT / "tests"))
from database import running_postgresql

LOAD_S = (0.15, 1.4)
FLAGGED = """SELECT m.channel, m.provider_id, m.flag, r.defect FROM messages m
             JOIN raw_messages r ON r.id = m.raw_id WHERE m.flag <> ''"""
EARLY_KILLS = 0.1
"""So many of the kills come while the intake is still starting."""
WRITER_KILLS = 0.25
"""So many of the others meet only the process that commits; the intake must start it again."""


class Result(msgspec.Struct, kw_only=True):
    """What one run saw."""

    engine: str
    broken: bool
    ready_limit_s: float
    kills: int = 0
    writer_kills: int = 0
    acknowledged: int = 0
    attempts: int = 0
    contacts: int = 0
    lost: list[Any] = []
    duplicated: list[Any] = []
    unexpected: list[Any] = []
    refused: list[str] = []
    restarts_s: list[float] = []

    @property
    def holds(self) -> bool:
        if self.broken:
            return bool(self.lost)
        wrong = self.lost or self.duplicated or self.unexpected or self.refused
        return bool(self.acknowledged) and not wrong and max(self.restarts_s) <= self.ready_limit_s


async def run(url: str, engine: str, args: argparse.Namespace, folder: Path) -> Result:
    """Kill and restart so many times under load; then look at what is there."""
    result = Result(engine=engine, broken=args.broken, ready_limit_s=args.ready_limit)
    chance = random.Random(args.seed)
    migrate(url)
    victim = Victim(url, args.broken, folder)
    load = Load(victim.http_port, victim.smtp_port, args.seed, args.lines)
    loading = asyncio.ensure_future(load.run())
    try:
        victim.start()
        await victim.ready()
        while result.kills < args.kills:
            await asyncio.sleep(chance.uniform(*LOAD_S))
            result.kills += 1
            if chance.random() < WRITER_KILLS:
                victim.kill_writer()
                result.writer_kills += 1
                result.restarts_s.append(await victim.ready())
                continue
            victim.kill()
            victim.start()
            if chance.random() < EARLY_KILLS and result.kills < args.kills:
                await asyncio.sleep(chance.uniform(0, 1.0))
                victim.kill()
                result.kills += 1
                victim.start()
            result.restarts_s.append(await victim.ready())
        if args.broken:
            victim.kill()  # what it promised last and did not keep is part of the loss
        load.stopping = True
        if not args.broken:
            await asyncio.wait_for(loading, 30)
    finally:
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        victim.kill()
    result.acknowledged, result.attempts, result.refused = len(load.acknowledged), load.attempts, load.refused
    await compare(url, load, result)
    return result


async def compare(url: str, load: Load, result: Result) -> None:
    """What was promised against what is there, once the mail is read too."""
    clock = SteadyClock()
    store = Store(url, clock)
    await store.start()
    settings = load_settings(ROOT / "config", EMAIL)
    parsing = Parsing(store, open_channels(settings, clock, ["email"]))
    pending = text("SELECT count(*) FROM raw_messages WHERE state = 'pending'")
    while await store.read(lambda conn: conn.execute(pending).scalar()):
        if not await parsing.step():
            await asyncio.sleep(0.01)  # what takes long is read aside
    parsing.close()

    def look(conn: Any) -> tuple[set[tuple[str, str]], list[Any], list[tuple[str, str]]]:
        messages = {tuple(row) for row in conn.execute(text("SELECT channel, provider_id FROM messages"))}
        flagged = list(conn.execute(text(FLAGGED)))
        contacts = [tuple(row) for row in conn.execute(text("SELECT channel, caller FROM contacts"))]
        return messages, flagged, contacts

    messages, flagged, contacts = await store.read(look)
    await store.close()
    result.lost = sorted(load.acknowledged - messages)
    result.contacts = len(contacts)
    twice = [one for one, times in Counter(contacts).items() if times > 1]
    result.duplicated = twice
    result.unexpected = [tuple(row) for row in flagged] + sorted(set(contacts) - load.callers)


@contextmanager
def database(engine: str, folder: Path) -> Iterator[str]:
    """An empty database: a file, or a PostgreSQL server of our own."""
    if engine == "sqlite":
        yield f"sqlite:///{folder}/intake.db"
        return
    with running_postgresql() as url:
        yield url


def report(results: list[Result]) -> None:
    """A table for people."""
    print(
        f"{'engine':<12}{'kills':>6}{'of writers':>12}{'attempts':>10}{'acknowledged':>14}"
        f"{'contacts':>10}{'lost':>6}{'duplicated':>12}{'ready max':>11}{'median':>8}  verdict"
    )
    for one in results:
        verdict = (
            ("lost some, as it must" if one.holds else "LOST NONE")
            if one.broken
            else ("held" if one.holds else "BROKEN")
        )
        print(
            f"{one.engine:<12}{one.kills:>6}{one.writer_kills:>12}{one.attempts:>10}{one.acknowledged:>14}{one.contacts:>10}"
            f"{len(one.lost):>6}{len(one.duplicated):>12}{max(one.restarts_s):>10.2f}s"
            f"{statistics.median(one.restarts_s):>7.2f}s  {verdict}"
        )
        for name in ("lost", "duplicated", "unexpected", "refused"):
            if not one.broken and (found := getattr(one, name)):
                print(f"  {name}: {found[:5]}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--engine", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--lines", type=int, default=6, help="callers at a time on each door")
    parser.add_argument("--ready-limit", type=float, default=3.0, help="seconds a restart may take")
    parser.add_argument("--seed", type=int, default=999)
    parser.add_argument("--broken", action="store_true", help="negative control: answer before the commit")
    args = parser.parse_args()
    engines = ("sqlite", "postgresql") if args.engine == "both" else (args.engine,)
    results = []
    for engine in engines:
        folder = Path(tempfile.mkdtemp(prefix="intake-kill-"))
        try:
            with database(engine, folder) as url:
                results.append(uvloop.run(run(url, engine, args, folder)))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    report(results)
    return 0 if all(one.holds for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
