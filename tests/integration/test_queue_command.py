"""`intake queue` against a running console: what a person at a terminal types and reads."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from intake.__main__ import main
from intake.location import CallerLocation
from intake.store import triage
from intake.store.store import Store
from tests.callers import at, phone, write_in
from tests.desk import TOKENS, HandClock, console

LEEDS = CallerLocation(latitude=53.7965, longitude=-1.5478, uncertainty_m=60)


class Terminal:
    """Runs `intake queue …` in a thread, as its own event loop wants, and keeps what it printed."""

    def __init__(self, url: str, capsys: pytest.CaptureFixture[str]):
        self._url = url
        self._capsys = capsys

    async def type(self, *words: str) -> tuple[int, str, str]:
        self._capsys.readouterr()
        code = await asyncio.to_thread(main, ["queue", "--url", self._url, *words])
        printed = self._capsys.readouterr()
        return code, printed.out, printed.err

    async def says(self, *words: str) -> str:
        code, out, err = await self.type(*words)
        assert code == 0, err
        return out


async def test_a_shift_at_the_terminal(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_TOKEN", TOKENS["ada"])
    monkeypatch.setenv("COLUMNS", "160")
    clock = HandClock()
    fire = await write_in(store, phone(1), "fire at the flats \u202egnp\x1b[31m")
    await write_in(store, phone(2), "my mum fell", seconds=1)
    await store.run(lambda conn: triage.set_best(conn, at(1), fire, LEEDS))
    clock.seconds = 75
    async with console(store, clock) as server:
        terminal = Terminal(str(server.make_url("")), capsys)
        listed = await terminal.says("list")
        assert "2 waiting" in listed and "oldest 01:15" in listed and "26-000002" in listed
        assert "⟨RIGHT-TO-LEFT OVERRIDE⟩" in listed and "\x1b" not in listed  # shown, never obeyed
        monkeypatch.setenv("COLUMNS", "80")
        narrow = await terminal.says("list")
        assert re.search(r"^26-000001 +\d +01:15 +waiting +sms ", narrow, re.MULTILINE)
        monkeypatch.setenv("COLUMNS", "160")
        claimed = await terminal.says("claim")
        assert "open · ada until 12:16:15 GMT" in claimed and "fire at the flats" in claimed
        assert "West Yorkshire Police" in await terminal.says("route", "1", "--service", "police")
        assert "on its way" in await terminal.says("reply", "26-000001", "Which floor?")
        assert "handler" in await terminal.says("locate", "1", "53.7970", "-1.5480", "--json")
        sent = await terminal.says("send", "1", "--service", "fire", "--casualties", "2")
        # The room has it: it needs nobody here, whatever its priority, and waits for nobody.
        listed = await terminal.says("list")
        assert "26-000001" not in listed and "26-000002" in listed
        with_rooms = await terminal.says("list", "--all")
        assert re.search(r"^26-000001 +\d +sending", with_rooms, re.MULTILINE)
        assert "26-000001" in await terminal.says("list", "--state", "sending")
        assert "26-000001" in await terminal.says("list", "--mine")
        assert "sending" in sent and "West Yorkshire Fire and Rescue Service" in sent and "queued" in sent
        code, _, err = await terminal.type("close", "1", "--reason", "done")
        assert code == 1 and "not accepted yet by fire-west-yorkshire" in err
        assert "closed" in await terminal.says("close", "1", "--reason", "false alarm", "--anyway")
        await terminal.says("claim", "2")
        assert "priority 1" in await terminal.says("priority", "2", "1")
        assert "ambulance (set by ada)" in await terminal.says("service", "2", "ambulance")
        held = await terminal.says("hold", "2", "--minutes", "5", "--reason", "asked for the address")
        assert "held until 12:06:15 GMT" in held
        rows = json.loads(await terminal.says("list", "--state", "held", "--json"))["rows"]
        assert [(row["reference"], row["state"], row["priority"]) for row in rows] == [
            ("26-000002", "held", 1)
        ]


async def test_it_says_what_to_do_when_refused(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await write_in(store, phone(1), "help")
    async with console(store, HandClock()) as server:
        terminal = Terminal(str(server.make_url("")), capsys)
        monkeypatch.delenv("INTAKE_TOKEN", raising=False)
        code, _, err = await terminal.type("list")
        assert code == 2 and "set INTAKE_TOKEN or give --token-file" in err
        token_file = tmp_path / "token"
        token_file.write_text(TOKENS["bea"] + "\n")
        with_token = ("--token-file", str(token_file))
        await terminal.says("claim", *with_token)
        monkeypatch.setenv("INTAKE_TOKEN", TOKENS["ada"])
        code, _, err = await terminal.type("claim", "1")
        assert code == 1 and "26-000001 is with bea: take another" in err
        code, out, err = await terminal.type("release", "1", "--json")
        assert code == 1 and json.loads(out)["code"] == "stale_claim"
        monkeypatch.setenv("INTAKE_TOKEN", "wrong")
        code, _, err = await terminal.type("list")
        assert code == 1 and "does not know this token" in err
    monkeypatch.setenv("INTAKE_TOKEN", TOKENS["ada"])
    code, _, err = await terminal.type("list")
    assert code == 1 and "is `intake serve` running there?" in err
