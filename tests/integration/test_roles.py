"""Roles and channels as processes of their own on one PostgreSQL: they share no fate, and do nothing twice
(law 19)."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from intake.app import running
from intake.clock import SteadyClock
from intake.console.terminal.client import ConsoleClient
from intake.errors import BadConfiguration
from intake.settings import ConsoleSettings, DoorsSettings, Settings, StoreSettings
from intake.simulate.app_client import AppClient
from intake.simulate.control_room import ControlRoomServer, Rule
from intake.simulate.twilio_api import TwilioApi
from intake.store import tables
from intake.store.schema import migrate
from intake.store.store import Store
from tests.behind_doors import eventually
from tests.conftest import ROOT, new_postgresql_database

HOST, OURS, SID = "127.0.0.1", "+447700900999", "AC" + "1" * 32
TOKEN = "auth-token-of-no-account-at-all!"
DESK = "desk-token-0123456789"
ROOM_SECRET = "r" * 40
AMBULANCE, FIRE = "ambulance-yorkshire", "fire-west-yorkshire"
READY_S = 90.0


def free_ports(count: int) -> list[int]:
    held = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


class Process:
    """One `intake serve`, as an operator starts it; each has only the environment it is given."""

    def __init__(self, name: str, health_port: int, environ: dict[str, str], log: Path, *arguments: str):
        self.name, self.health = name, f"http://{HOST}:{health_port}/health"
        self._environ, self._log, self._arguments = environ, log, arguments
        self._child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "intake", "serve", *self._arguments),
                cwd=ROOT,
                env=self._environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def ready(self, http: aiohttp.ClientSession) -> None:
        async with asyncio.timeout(READY_S):
            while not await self._is_whole(http):
                assert self._child is not None and self._child.returncode is None, self.log()
                await asyncio.sleep(0.05)

    async def _is_whole(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(self.health) as answer:
                return answer.status == 200 and (await answer.json())["loading"] is False
        except (aiohttp.ClientError, OSError):
            return False

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        child, self._child = self._child, None
        if child is None:
            return 0
        if child.returncode is None:
            child.send_signal(how)
        try:
            return await asyncio.wait_for(child.wait(), 20)
        except TimeoutError:
            child.kill()  # nothing of this test is left running
            raise

    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")[-3_000:]


class Town:
    """The processes, the world outside them, and a look into their database."""

    http: aiohttp.ClientSession
    store: Store

    def __init__(self, url: str, folder: Path):
        self.url, self.folder = url, folder
        self.sms_port, self.app_port, self.console_port, *self._health_ports = free_ports(5)
        self.twilio = TwilioApi(SID, TOKEN, SteadyClock().now)
        self.rooms: dict[str, ControlRoomServer] = {}
        self.processes: dict[str, Process] = {}

    async def start(self, stack: AsyncExitStack) -> None:
        self.http = await stack.enter_async_context(aiohttp.ClientSession())
        await self.twilio.start()
        stack.push_async_callback(self.twilio.close)
        self.twilio.webhook_url = f"http://{HOST}:{self.sms_port}/sms/messages"
        for name in (AMBULANCE, FIRE):
            # Verdicts come to the app's doors: the room knows one address of the intake, whoever serves it.
            self.rooms[name] = room = ControlRoomServer(
                name,
                (ROOM_SECRET.encode(),),
                database=self.folder / f"{name}.db",
                callback_url=f"http://{HOST}:{self.app_port}/mait/confirmations",
                rule=Rule.ACCEPT,
                delay_s=0.2,
            )
            await room.start()
            stack.push_async_callback(room.stop)
        self.store = Store(self.url, SteadyClock())
        await self.store.start()
        stack.push_async_callback(self.store.close)
        first, second = self._health_ports
        self._make("sms", self.sms_port, "--roles", "doors", "--channels", "sms")
        self._make("app", self.app_port, "--roles", "doors", "--channels", "app")
        self._make("workers-1", first, "--roles", "workers")
        self._make("workers-2", second, "--roles", "workers")
        self._make("console", self.console_port, "--roles", "console")
        for one in self.processes.values():
            await one.start()
            stack.push_async_callback(one.end, signal.SIGKILL)
        await asyncio.gather(*(one.ready(self.http) for one in self.processes.values()))

    def _make(self, name: str, port: int, *arguments: str) -> None:
        log = self.folder / f"{name}.log"
        self.processes[name] = Process(name, port, self._environ(name, port), log, *arguments)

    def _environ(self, name: str, port: int) -> dict[str, str]:
        """What this process needs and no more: a console has no channel's secrets."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("INTAKE_")}
        common = {"STORE__URL": self.url, "STORE__POOL_SIZE": "3", "LOG__LEVEL": "warning"}
        common |= {"DOORS__PUBLIC_URL": f"http://{HOST}:{port}", "DOORS__HTTP_PORT": str(port)}
        common |= {"CHANNELS__SMS__ENABLED": "true", "CHANNELS__APP__ENABLED": "true"}
        sms = {
            "CHANNELS__SMS__ACCOUNT_SID": SID,
            "CHANNELS__SMS__AUTH_TOKEN": TOKEN,
            "CHANNELS__SMS__NUMBERS": f'["{OURS}"]',
            "CHANNELS__SMS__API_BASE": self.twilio.base_url,
        }
        app = {"CHANNELS__APP__TOKEN_SECRET": "t" * 40}
        feeds: dict[str, str] = {}
        for room_id, room in self.rooms.items():
            word = room_id.upper().replace("-", "_")
            feeds |= {f"FEEDS__SECRETS__{word}": ROOM_SECRET, f"FEEDS__URLS__{word}": room.feed_url}
        workers = {"WORKERS__HEALTH_PORT": str(port), "TRANSFERS__VERDICT_WAIT_S": "5"}
        console = {
            "CONSOLE__PORT": str(port),
            "CONSOLE__TOKENS__ADA": hashlib.sha256(DESK.encode()).hexdigest(),
        }
        own = {"sms": sms | feeds, "app": app | feeds, "console": console}
        needed = own.get(name, sms | app | feeds | workers)
        return kept | {f"INTAKE_{key}": value for key, value in (common | needed).items()}

    async def rows(self, table: Any) -> list[Any]:
        return list(await self.store.read(lambda conn: conn.execute(select(table)).all()))

    async def by_caller(self) -> dict[str, Any]:
        return {row.caller: row for row in await self.rows(tables.contacts)}

    def app(self) -> AppClient:
        return AppClient(f"http://{HOST}:{self.app_port}", self.http)


@pytest.fixture
def database(postgresql_server: str) -> Iterator[str]:
    for url in new_postgresql_database(postgresql_server):
        migrate(url)
        yield url


@pytest.fixture
async def town(database: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        made = Town(database, tmp_path)
        await made.start(stack)
        yield made


async def an_app_contact_goes_by_itself(town: Town) -> None:
    """Doors of one process, workers of another, verdicts back through the first, answers read there."""
    app = town.app()
    await app.open("he fell and cannot stand", service="ambulance")
    await app.move_to(53.7965, -1.5478, 10, method="gps")
    caller = f"app:{app.contact}"

    async def is_accepted() -> bool:
        return bool((await town.by_caller())[caller].state == "accepted")

    await eventually(is_accepted)
    news = await app.news()
    assert news.status == "accepted_by_service"
    # The receipt is written before the fix came; each word of the room is told once.
    assert ["A machine has" in one.text for one in news.replies] == [True, False, False]
    (message,) = town.rooms[AMBULANCE].received
    assert message.incident.caller == caller


async def a_text_goes_by_a_person(town: Town) -> None:
    """Its doors, the console that sends it and the workers that relay it are three processes."""
    delivery = await town.twilio.text("+447700900123", "Fire at 53.7965, -1.5478", to=OURS)
    assert delivery.taken
    url = f"http://{HOST}:{town.console_port}"

    async with ConsoleClient(url, DESK) as ada:

        async def is_located() -> bool:
            return any(row.place for row in (await ada.queue(claimable="true")).rows)

        await eventually(is_located)
        row = await ada.claim_next()
        assert row is not None and row.caller == "tel:+447700900123"
        await ada.reply(row.id, row.attempts, "Is everybody out?")
        await ada.send(row.id, attempts=row.attempts, services=["fire"])

        async def is_accepted() -> bool:
            return (await ada.show(row.id)).contact.state == "accepted"

        await eventually(is_accepted)

    async def all_told() -> bool:
        return len(town.twilio.sent) == 4

    await eventually(all_told)
    said = [one.text for one in town.twilio.sent]
    assert "A machine has your message" in said[0] and said[1] == "Is everybody out?"
    assert len(set(said)) == 4
    assert len(town.rooms[FIRE].received) == 1


async def two_workers_do_nothing_twice(town: Town) -> None:
    """Thirty contacts at once, two processes of workers, each polling: one of everything."""
    texts = [town.twilio.text(f"+447700900{200 + n}", f"help {n}", to=OURS) for n in range(15)]
    apps = [town.app() for _ in range(15)]

    async def opens(app: AppClient) -> None:
        await app.open("he fell", service="ambulance")
        await app.move_to(53.7965, -1.5478, 10, method="gps")

    await asyncio.gather(*texts, *(opens(app) for app in apps))

    async def all_done() -> bool:
        found = [(await town.by_caller())[f"app:{app.contact}"].state for app in apps]
        sent = [row.state for row in await town.rows(tables.replies)]
        return set(found) == {"accepted"} and not {"queued"} & set(sent)

    await eventually(all_done, 30)
    transfers = Counter(row.contact_id for row in await town.rows(tables.transfers))
    assert set(transfers.values()) == {1}
    assert len(await town.rows(tables.decisions)) == len(transfers) == 17
    receipts = [row for row in await town.rows(tables.replies) if row.author.startswith("automatic:received")]
    assert len(receipts) == len(await town.rows(tables.contacts)) == 32
    told = Counter((row.contact_id, row.author) for row in await town.rows(tables.replies))
    assert set(told.values()) == {1}
    assert {row.attempts for row in await town.rows(tables.replies)} == {1}
    heard = Counter((one.to, one.text) for one in town.twilio.sent)
    assert set(heard.values()) == {1}
    received = Counter(one.message_id for room in town.rooms.values() for one in room.received)
    assert set(received.values()) == {1} and len(received) == 17
    repeats = [row for row in await town.rows(tables.messages) if row.flag]
    assert repeats == []


async def killing_the_texts_doors_leaves_the_app_accepting(town: Town) -> None:
    await town.processes["sms"].end(signal.SIGKILL)
    lost = await town.twilio.text("+447700900301", "is anybody there?", to=OURS)
    assert not lost.taken
    app = town.app()
    assert (await app.open("I can still write"))["status"] == "received"

    async def is_answered() -> bool:
        return bool((await app.news()).replies)

    await eventually(is_answered)
    # And what the dead doors were not told, the workers' sweep would ask the provider for; the doors
    # themselves are back at once.
    await town.processes["sms"].start()
    await town.processes["sms"].ready(town.http)
    assert (await town.twilio.deliver(lost.sid)).taken
    assert "tel:+447700900301" in await town.by_caller()


async def killing_one_worker_leaves_the_other_working(town: Town) -> None:
    await town.processes["workers-1"].end(signal.SIGKILL)
    app = town.app()
    await app.open("he fell", service="ambulance")
    await app.move_to(53.7965, -1.5478, 10, method="gps")

    async def is_accepted() -> bool:
        return (await app.news()).status == "accepted_by_service"

    await eventually(is_accepted, 30)


def settings_of(folder: Path, **channels: dict[str, Any]) -> Settings:
    """As a small installation has them: SQLite, any free port."""
    return Settings(
        config_dir=ROOT / "config",
        data_dir=folder,
        store=StoreSettings(url=f"sqlite:///{folder}/intake.db"),
        doors=DoorsSettings(http_port=0, smtp_port=0),
        console=ConsoleSettings(port=0),
        channels={
            "app": {"enabled": True, "token_secret": "t" * 40},
            "sms": {"enabled": True, "account_sid": SID, "auth_token": TOKEN, "numbers": [OURS]},
            **channels,
        },
    )


async def test_workers_answer_on_every_channel_whichever_doors_stand_beside_them(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with running(settings, ("doors", "workers"), ["app"]) as started, aiohttp.ClientSession() as http:
        assert {adapter.kind for adapter in started.adapters} == {"app", "sms"}
        base = f"http://{HOST}:{started.http_port}"
        async with http.post(f"{base}/sms/messages") as answer:
            assert answer.status == 404
        async with http.post(f"{base}/app/v1/contacts", data=b"{") as answer:
            assert answer.status == 202


async def test_a_process_needs_no_more_of_the_configuration_than_its_roles(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, telegram={"enabled": True})  # without its secrets
    async with running(settings, ("console",)) as started:
        # It fetches attachments where it was given the key, and is a console all the same.
        assert {adapter.kind for adapter in started.adapters} == {"app", "sms"}
    async with running(settings, ("doors",), ["app"]) as started:
        assert [adapter.kind for adapter in started.adapters] == ["app"]
    with pytest.raises(BadConfiguration, match=r"channels\.telegram"):
        async with running(settings, ("workers",)):
            pass
    with pytest.raises(BadConfiguration, match=r"channels\.email: asked for, but not enabled"):
        async with running(settings, ("doors",), ["app", "email"]):
            pass


@pytest.mark.timeout(240)
async def test_roles_and_channels_are_processes_that_share_no_fate(town: Town) -> None:
    """One town for all of it: five processes take long to start."""
    await an_app_contact_goes_by_itself(town)
    await a_text_goes_by_a_person(town)
    await two_workers_do_nothing_twice(town)
    await killing_the_texts_doors_leaves_the_app_accepting(town)
    await killing_one_worker_leaves_the_other_working(town)
    for name in ("sms", "app", "workers-2", "console"):
        assert await town.processes[name].end() == 0, town.processes[name].log()
