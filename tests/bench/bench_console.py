"""The live line under load: from the commit of a change to the frame at the desk, and what it costs.

Three processes on loopback: the console with its database (and who makes the changes), the desks, and
this one. Each change has a number as its contact's summary; a frame tells which it holds. Both sides read
CLOCK_MONOTONIC, which is one clock on one machine. At most a minute in all.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))
from database import running_postgresql

WARM_S = 2.0
README = Path(__file__).parent / "README.md"
ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def token_of(desk: int) -> str:
    return f"desk-{desk:03d}-0123456789"


# -- the desks ----------------------------------------------------------------------------------


class DeskEnd(asyncio.Protocol):
    """Reads frames as they come and notes when it had which change."""

    summary = re.compile(rb'"summary":"c(\d+)"')

    def __init__(self, view: bytes, request: bytes, heard: list[tuple[int, int]], counts: list[int]):
        self.view, self.request, self.heard, self.counts = view, request, heard, counts
        self.buffer = b""
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer + data
        if not self.is_open:
            head = buffer.find(b"\r\n\r\n")
            if head < 0:
                self.buffer = buffer
                return
            assert b" 101 " in buffer[:20], buffer[:200]
            self.is_open, buffer = True, buffer[head + 4 :]
            self.transport.write(masked(self.view))  # type: ignore[attr-defined]
        at = 0
        while len(buffer) - at >= 2:
            size, start = buffer[at + 1], at + 2
            if size == 126:
                if len(buffer) < at + 4:
                    break
                size, start = struct.unpack_from(">H", buffer, at + 2)[0], at + 4
            elif size == 127:
                if len(buffer) < at + 10:
                    break
                size, start = struct.unpack_from(">Q", buffer, at + 2)[0], at + 10
            if len(buffer) < start + size:
                break
            self.frame(buffer[at] & 15, buffer[start : start + size])
            at = start + size
        self.buffer = buffer[at:]

    def frame(self, opcode: int, text: bytes) -> None:
        if opcode == 9:  # ping
            self.transport.write(masked(text, 0x8A))  # type: ignore[attr-defined]
            return
        self.counts[0] += 1
        self.counts[1] += len(text)
        if text.startswith(b'{"t":"delta"'):
            now = time.monotonic_ns()
            self.heard += [(int(found), now) for found in self.summary.findall(text)]


def masked(text: bytes, first: int = 0x81) -> bytes:
    size = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0xFE]) + struct.pack(">H", len(text))
    return bytes([first]) + size + b"\0\0\0\0" + text


async def sit(port: int, desks: int, seconds: float, own: bool) -> None:
    loop = asyncio.get_running_loop()
    heard: list[tuple[int, int]] = []
    counts = [0, 0]
    for desk in range(desks):
        first = desk * 20 if own else 0
        request = (
            f"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {token_of(desk)}\r\n\r\n"
        ).encode()
        view = b'{"t":"view","filter":{},"first":%d,"size":60}' % first
        made = lambda view=view, request=request: DeskEnd(view, request, heard, counts)  # noqa: E731
        await loop.create_connection(made, "127.0.0.1", port)
    await asyncio.sleep(WARM_S)
    print("warm", flush=True)
    heard.clear()
    counts[:] = [0, 0]
    await asyncio.sleep(seconds)
    print(json.dumps({"heard": heard, "frames": counts[0], "bytes": counts[1]}), flush=True)
    os._exit(0)


# -- the table ----------------------------------------------------------------------------------


class Console:
    def __init__(self, url: str, contacts: int, rate: int):
        server = Path(__file__).with_name("console_server.py")
        command = [sys.executable, str(server), url, str(contacts), str(rate)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.line())["port"]

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def ask(self, what: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        found: dict[str, Any] = json.loads(self.line())
        return found

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)


def measure(console: Console, desks: int, seconds: float, own: bool) -> dict[str, float]:
    heard: list[list[int]] = []
    found: dict[str, float] = {"frames": 0, "bytes": 0}
    if desks:
        command = [
            sys.executable,
            __file__,
            "sit",
            str(console.port),
            str(desks),
            str(seconds),
            str(int(own)),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sitting:
            assert sitting.stdout is not None
            sitting.stdout.readline()
            before = console.ask("now")
            found = json.loads(sitting.stdout.readline())
            heard = found.pop("heard")  # type: ignore[assignment]
            after = console.ask("now")
    else:
        before = console.ask("now")
        time.sleep(seconds)
        after = console.ask("now")
    commits = console.ask("commits")["commits"]
    took = sorted((at - commits[number]) / 1e6 for number, at in heard)
    lasted = after["at_s"] - before["at_s"]
    at = lambda share: took[min(len(took) - 1, int(len(took) * share))] if took else 0.0  # noqa: E731
    return {
        "p50": at(0.5),
        "p99": at(0.99),
        "samples": len(took),
        "cpu": 100 * (after["cpu_s"] - before["cpu_s"]) / lasted,
        "changes": (after["changes"] - before["changes"]) / lasted,
        "frames": found["frames"] / seconds / max(1, desks),
        "kb": found["bytes"] / seconds / max(1, desks) / 1000,
    }


@contextmanager
def database(engine: str) -> Iterator[str]:
    """The URL of an empty database, gone when the block ends."""
    if engine == "postgresql":
        with running_postgresql() as url:
            yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/intake.db"


def table(engine: str, contacts: int, rate: int, seconds: float) -> str:
    rows = []
    with database(engine) as url:
        console = Console(url, contacts, rate)
        for name, desks, own in (
            ("nobody looks", 0, False),
            ("1 desk", 1, False),
            ("200 desks, one view", 200, False),
            ("200 desks, each its own window", 200, True),
        ):
            one = measure(console, desks, seconds, own)
            took = f"{one['p50']:.0f} | {one['p99']:.0f} | {one['samples']:,}"
            rows.append(
                f"| {name} | {one['changes']:.0f} | {took} | {one['cpu']:.0f} % | {one['frames']:.1f} |"
                f" {one['kb']:.0f} |"
            )
        console.close()
    day = datetime.now(UTC).date()
    return "\n".join(
        [
            f"`python tests/bench/bench_console.py --engine {engine}` on {day}:"
            f" {contacts:,} open contacts, {ENGINES[engine]},"
            f" {os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}.",
            "",
            "| who looks | changes/s | commit to frame p50 ms | p99 ms | samples | CPU of the console"
            " | frames/s a desk | kB/s a desk |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
        ]
    )


def painted(contacts: int, rate: int, seconds: float) -> str:
    """From the server to the glass of one desk, in a real Chromium."""
    paint = import_module("bench_paint").measure(contacts, float(rate), seconds)
    return (
        f"`python tests/bench/bench_paint.py`: {contacts:,} contacts, {rate} changes/s, a real Chromium, one"
        f" desk: server to paint p50 {paint['p50_ms']:.0f} ms, p99 {paint['p99_ms']:.0f} ms, worst"
        f" {paint['worst_ms']:.0f} ms over {paint['frames']:,} frames, {paint['rows']} rows in the page."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["table"])
    parser.add_argument("--engine", choices=sorted(ENGINES), default="sqlite")
    parser.add_argument("--contacts", type=int, default=5_000)
    parser.add_argument("--rate", type=int, default=500, help="changes a second")
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--write", action="store_true", help="put the engine's table into README.md")
    asked = parser.parse_args()
    if asked.what[0] == "sit":
        port, desks, seconds, own = asked.what[1:]
        uvloop.run(sit(int(port), int(desks), float(seconds), own == "1"))
    else:
        found = table(asked.engine, asked.contacts, asked.rate, asked.seconds)
        if asked.engine == "sqlite":  # the stand-in that paints has no database: once is enough
            found += "\n\n" + painted(asked.contacts, asked.rate, 2 * asked.seconds)
        print(found)
        if asked.write:
            write(asked.engine, found)


def write(engine: str, found: str) -> None:
    """Each engine has its own place in the README: one run leaves the other's figures alone."""
    start, end = f"<!-- console {engine}:start -->", f"<!-- console {engine}:end -->"
    text = README.read_text("utf-8")
    before, rest = text.split(start)
    README.write_text(f"{before}{start}\n{found}\n{end}{rest.split(end)[1]}", "utf-8")


if __name__ == "__main__":
    main()
