"""`intake queue attachment`: what a caller attached, into a file; on record like a look at the desk."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from rich.console import RenderableType

from intake.console.api.answers import Problem
from intake.console.terminal.client import ConsoleClient, ConsoleRefused


class Saved(msgspec.Struct, frozen=True):
    """Where it was written, and how large it is."""

    file: str
    size_bytes: int


def add_verbs(verb: Callable[..., Any]) -> None:
    """``verb(name, act, summary)`` makes a sub-command that takes a contact."""
    sub = verb("attachment", _attachment, "save what came with a message; pictures are drawn anew, as JPEG")
    sub.add_argument("message", help="the message's id; `show` has it")
    sub.add_argument("number", type=int, help="which of its attachments, from 1")
    sub.add_argument("--out", type=Path, required=True, metavar="FILE", help="a new file; none is replaced")


async def _attachment(
    console: ConsoleClient, args: argparse.Namespace
) -> tuple[msgspec.Struct, RenderableType]:
    # Before it is fetched: a look is recorded, and should not be for nothing.
    try:
        out = os.open(args.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConsoleRefused(0, Problem("bad_request", f"{args.out}: {error.strerror}")) from None
    try:
        with os.fdopen(out, "wb") as file:
            body = await console.attachment(args.contact, args.message, args.number)
            file.write(body)
    except BaseException:
        args.out.unlink()
        raise
    said = f"{args.out}: {len(body):,} bytes of a caller's. Nobody has checked them for viruses."
    return Saved(str(args.out), len(body)), said
