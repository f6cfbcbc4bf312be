"""What a kept demo tells `intake send`: addresses and secrets, in a file that only its owner can read."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from intake.demo.people import Account
from intake.errors import IntakeError
from intake.simulate.outside import Doors

DEFAULT_PATH = Path("var/demo/connection.json")


def token_path(path: Path) -> Path:
    """Where the handler's token stands by itself, for ``intake queue --token-file``."""
    return path.with_name("handler.token")


class RoomPage(msgspec.Struct, frozen=True, kw_only=True):
    """A reference control room's own page, and the token that opens it."""

    id: str
    url: str
    token: str


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """A running demo. ``token`` is that of the handler ``handler``, at the console's
    interface; ``people`` sign in at its pages."""

    pid: int
    doors: Doors
    console_url: str
    handler: str
    token: str
    rooms: tuple[RoomPage, ...]
    people: tuple[Account, ...] = ()


class NoDemo(IntakeError):
    """There is no demo to send to; the text says how to start one."""

    code = "no_demo"


def write_connection(path: Path, connection: Connection) -> None:
    """The file, and the handler's token beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_secret(path, msgspec.json.format(msgspec.json.encode(connection), indent=2))
    _write_secret(token_path(path), connection.token.encode())


def remove_connection(path: Path) -> None:
    path.unlink(missing_ok=True)
    token_path(path).unlink(missing_ok=True)


def _write_secret(path: Path, content: bytes) -> None:
    """Never readable by others, not even for a moment."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content + b"\n")


def read_connection(path: Path) -> Connection:
    """The demo behind the file; raises NoDemo when there is none, or it has ended."""
    how = "start one with `intake demo --keep` and leave it running"
    try:
        connection = msgspec.json.decode(path.read_bytes(), type=Connection)
    except FileNotFoundError:
        raise NoDemo(f"no demo is running: {path} does not exist; {how}") from None
    except (OSError, msgspec.MsgspecError) as error:
        raise NoDemo(f"{path} cannot be read as a demo's connection file ({error}); {how}") from error
    if not is_alive(connection.pid):
        raise NoDemo(f"the demo of {path} has ended (process {connection.pid} is gone); {how}")
    return connection


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
