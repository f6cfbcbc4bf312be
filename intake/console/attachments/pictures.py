"""Pictures drawn anew in a process of their own: few at a time, within seconds, and killed beyond that."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import structlog

from intake.console.attachments import decoding
from intake.errors import MediaFailed, MediaTrouble

log = structlog.get_logger()

PROGRAM = Path(decoding.__file__)
AT_ONCE = 2
TIMEOUT_S = 30.0
"""By the clock, on a busy machine too; its own limit is in seconds of work."""
DRAWN_LIMIT_BYTES = 16 * 1024 * 1024
"""A JPEG of 2,048 × 2,048 pixels has a third of that at the most."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A JPEG of our own making. ``moves``: the first of many frames. The place is the camera's own word."""

    body: bytes
    width: int
    height: int
    moves: bool = False
    latitude: float | None = None
    longitude: float | None = None


class Pictures:
    """``command`` is the program that draws; for one event loop."""

    def __init__(self, command: tuple[str, ...] = (), *, timeout_s: float = TIMEOUT_S):
        # Isolated: no variable and no folder of ours decides what it imports.
        self._command = command or (sys.executable, "-I", str(PROGRAM))
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def draw_anew(self, body: bytes) -> Picture:
        """The same picture without anything of its sender's file; raises MediaFailed."""
        async with self._slots:
            code, written = await self._run(body)
        if code == 0:
            with contextlib.suppress(msgspec.MsgspecError, TypeError):
                facts, _, drawn = written.partition(b"\n")
                found: dict[str, Any] = msgspec.json.decode(facts)
                return msgspec.convert({**found, "body": drawn}, Picture)
        log.warning("picture_not_drawn", code=code, size_bytes=len(body))
        if code == decoding.TOO_LARGE:
            raise MediaFailed(MediaTrouble.TOO_LARGE, "the picture has more pixels than can be shown")
        if code is None:
            raise MediaFailed(MediaTrouble.NOT_UNDERSTOOD, "the picture could not be drawn in time")
        raise MediaFailed(
            MediaTrouble.NOT_UNDERSTOOD, "the picture is broken: it cannot be read as what it is"
        )

    async def _run(self, body: bytes) -> tuple[int | None, bytes]:
        """The exit code, None where it had to be killed, and what it wrote."""
        child = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # Our own environment holds every secret there is.
            env={name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ},
            cwd="/",
        )
        assert child.stdin is not None and child.stdout is not None  # noqa: S101 - both are pipes
        feeding = asyncio.ensure_future(_feed(child.stdin, body))
        try:
            async with asyncio.timeout(self._timeout_s):
                written = await _bounded(child.stdout)
                return (None, b"") if written is None else (await child.wait(), written)
        except TimeoutError:
            return None, b""
        finally:
            feeding.cancel()
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await asyncio.shield(child.wait())


async def _feed(pipe: asyncio.StreamWriter, body: bytes) -> None:
    with contextlib.suppress(OSError):  # it has seen enough
        pipe.write(body)
        await pipe.drain()
        pipe.close()


async def _bounded(pipe: asyncio.StreamReader) -> bytes | None:
    written = bytearray()
    while piece := await pipe.read(64 * 1024):
        written += piece
        if len(written) > DRAWN_LIMIT_BYTES:
            return None
    return bytes(written)
