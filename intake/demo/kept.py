"""A demo that is left running: what to try by hand, and the replies that callers get meanwhile."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
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
from intake.demo.report import facts, section
from intake.demo.setting import VISITOR
from intake.demo.world import World

LOOK_S = 0.25


async def keep(console: Console, started: World, path: Path) -> None:
    """Until Ctrl+C, or until the intake ends by itself: then raises DemoFailed."""
    connection = _connection(started)
    write_connection(path, connection)
    try:
        _print_kept(console, connection, path)
        shown = set(_replies(started))
        while True:
            started.intake.require_alive()
            replies = _replies(started)
            for name in replies.keys() - shown:
                console.print(Text(visible(replies[name])), soft_wrap=True)
            shown |= replies.keys()
            await asyncio.sleep(LOOK_S)
    finally:
        remove_connection(path)


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


def _to_copy(connection: Connection, path: Path) -> dict[str, list[str]]:
    intake, url = program(), connection.doors.http_url
    other = "" if path == DEFAULT_PATH else f" --connection {path}"
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
