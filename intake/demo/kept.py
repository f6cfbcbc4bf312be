"""A demo that is left running: what to try by hand, and the replies that callers get meanwhile."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uuid_utils
from rich.console import Console
from rich.text import Text

from intake.console.terminal.queue import visible
from intake.demo.connection import (
    DEFAULT_PATH,
    Connection,
    RoomPage,
    remove_connection,
    token_path,
    write_connection,
)
from intake.demo.intake_process import DemoFailed
from intake.demo.people import CHECKER, Account
from intake.demo.report import facts, section
from intake.demo.setting import VISITOR
from intake.demo.world import World
from intake.simulate import night

LOOK_S = 0.25


@contextmanager
def connected(started: World, path: Path) -> Iterator[None]:
    """For as long as the demo runs, `intake send` and `intake demo code` find it."""
    write_connection(path, _connection(started))
    try:
        yield
    finally:
        remove_connection(path)


async def keep(console: Console, started: World, path: Path) -> None:
    """Until Ctrl+C, or until the intake ends by itself: then raises DemoFailed. Callers go on writing."""
    _print_kept(console, _connection(started), path)
    calling = asyncio.create_task(night.play(started.outside))
    try:
        shown = set(_replies(started))
        while True:
            started.intake.require_alive()
            if calling.done() and (error := calling.exception()):
                raise DemoFailed(f"a caller of the night could not get through: {error}")
            replies = _replies(started)
            for name in replies.keys() - shown:
                console.print(Text(visible(replies[name])), soft_wrap=True)
            shown |= replies.keys()
            await asyncio.sleep(LOOK_S)
    finally:
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)


def signing_in(people: Iterable[Account]) -> list[str]:
    """How to sign in now, two lines a person; not who checks the console."""
    lines = []
    for one in people:
        if one.name != CHECKER:
            code, left_s = one.code()
            lines += [
                f"{one.name:<12} {one.role:<11} password “{one.password}”   code {code}, new in {left_s} s",
                f"{'':<12} {one.address}",
            ]
    return lines


def _replies(started: World) -> dict[tuple[str, int], str]:
    """What the providers brought to callers so far; an app fetches its own."""
    outside = started.outside
    lines = {
        "sms": [f"{one.to}: {one.text}" for one in outside.twilio.sent],
        "telegram": [f"{one.chat}: {one.text}" for one in outside.telegram.sent],
        "email": [f"{one['To']}: {str(one.get_content()).strip()}" for one in outside.relay.received],
    }
    return {(kind, n): f"{kind:<10}{line}" for kind, said in lines.items() for n, line in enumerate(said)}


def _connection(started: World) -> Connection:
    setting = started.setting
    return Connection(
        pid=os.getpid(),
        doors=setting.doors,
        console_url=setting.console_url,
        handler=VISITOR,
        token=setting.tokens[VISITOR],
        people=tuple(one for one in setting.people if one.name != CHECKER),
        rooms=tuple(
            RoomPage(id=room_id, url=room.url, token=room.admin_token)
            for room_id, room in started.rooms.items()
        ),
    )


def _print_kept(console: Console, connection: Connection, path: Path) -> None:
    doors = connection.doors
    console.print()
    console.print(section("Left running: try it by hand"))
    table = facts()
    table.add_row("doors", f"{doors.http_url}   mail {doors.smtp_host}:{doors.smtp_port} with STARTTLS")
    table.add_row("console", f"{connection.console_url}/   sign in as {_names(connection)}, see above")
    table.add_row("codes", f"{program()} demo code{_other(path)}   what an authenticator app would show now")
    table.add_row("handlers' API", f"{connection.console_url}/api/v1   you are {connection.handler}")
    table.add_row("app's interface", f"{doors.http_url}/app/v1/openapi.json")
    table.add_row("health, figures", f"{doors.http_url}/health   {doors.http_url}/metrics")
    table.add_row("secrets", f"{path}, {token_path(path)}: readable by you alone")
    console.print(table)
    console.print()
    console.print(Text("Control rooms' own pages. Only these listen: what goes to another is held.", "dim"))
    rooms = facts()
    for room in connection.rooms:
        rooms.add_row(room.id, f"{room.url}/   token {room.token}")
    console.print(rooms)
    for title, lines in _to_copy(connection, path).items():
        console.print()
        console.print(Text(title, "dim"))
        for line in lines:
            console.print(Text(line), soft_wrap=True)
    console.print()
    console.print(Text("Ctrl+C ends it. Replies to callers appear below.", "bold"))


def _names(connection: Connection) -> str:
    return " or ".join(f"{one.name} ({one.role})" for one in connection.people)


def _other(path: Path) -> str:
    return "" if path == DEFAULT_PATH else f" --connection {path}"


def _to_copy(connection: Connection, path: Path) -> dict[str, list[str]]:
    intake, url = program(), connection.doors.http_url
    other = _other(path)
    desk = f"--url {connection.console_url} --token-file {token_path(path)}"
    body = f'{{"id": "{uuid_utils.uuid4()}", "text": "Fire at LS1 4AP"}}'
    return {
        "Write to 999": [
            f'{intake} send sms "fire at LS1 4AP"{other}',
            f'{intake} send app "Mum has fallen" --service ambulance --lat 51.4816 --lon -3.1791{other}',
            f"curl -H 'Content-Type: application/json' -d '{body}' {url}/app/v1/contacts",
        ],
        "Work the queue": [
            f"{intake} queue list {desk}",
            f"{intake} queue claim 7 {desk}",
            f"{intake} queue link 7 {desk}  # then open the address that `queue show 7` tells",
            f"{intake} queue send 7 --service fire {desk}",
            f'curl -H "Authorization: Bearer $(cat {token_path(path)})"'
            f" {connection.console_url}/api/v1/queue",
        ],
    }


def program() -> str:
    """How this very command line is called from here: ``intake``, or its path."""
    called = Path(sys.argv[0])
    found = shutil.which("intake")
    if found and called.exists() and Path(found).resolve() == called.resolve():
        return "intake"
    try:
        return str(called.absolute().relative_to(Path.cwd())) if called.name == "intake" else "intake"
    except ValueError:
        return str(called)
