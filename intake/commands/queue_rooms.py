"""`intake queue reroute` and `stay`: another room is proposed, and a person chooses."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import msgspec
from rich.console import RenderableType

from intake.console.terminal import queue as screen
from intake.console.terminal.client import ConsoleClient
from intake.control_room import Service

WORDS = [service.word for service in Service]


def add_verbs(verb: Callable[..., Any]) -> None:
    taken = verb("reroute", _reroute, "send it to the room that is proposed since its place changed")
    stays = verb("stay", _stay, "leave it with the room that has it, although its place changed")
    for sub in (taken, stays):
        sub.add_argument("--service", choices=WORDS, help="one service only (default: all that have changed)")
    stays.add_argument("--reason", required=True)


async def _reroute(console: ConsoleClient, args: argparse.Namespace) -> tuple[msgspec.Struct, RenderableType]:
    attempts = (await console.show(args.contact)).contact.attempts
    answer = await console.reroute(args.contact, attempts=attempts, service=args.service)
    return answer, screen.contact_screen(await console.show(answer.contact.id))


async def _stay(console: ConsoleClient, args: argparse.Namespace) -> tuple[msgspec.Struct, RenderableType]:
    attempts = (await console.show(args.contact)).contact.attempts
    said = {"attempts": attempts, "reason": args.reason, "service": args.service}
    row = await console.change(args.contact, "stay", **said)
    return row, screen.row_screen(row)
