"""`intake send`: one contact of your own, through the real door of a running demo."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.text import Text

from intake.commands.queue_fixes import fixes_screen
from intake.console.terminal import queue as screen
from intake.console.terminal.client import ConsoleClient
from intake.console.views.contact import ContactAnswer
from intake.demo.connection import DEFAULT_PATH, Connection, NoDemo, read_connection, token_path
from intake.demo.kept import program
from intake.demo.sending import NotSent, Sent, Words, send, what_became
from intake.errors import IntakeError

SERVICES = ("police", "ambulance", "fire", "coastguard")
RADIUS_M = 25.0
CLOCKS_APART = timedelta(seconds=5)
FIXES_WAIT, FIX_READ_S = timedelta(minutes=10), 3.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("channel", choices=("sms", "app", "telegram", "email", "aml"))
    add("text", nargs="?", default="", help="what you write to 999 (all but aml: a phone's own place)")
    who = "number, user id or address (default: new); aml: a number, or the word withheld"
    add("--from", dest="sender", default="", metavar="WHO", help=who)
    add("--lat", type=float, help="where you are; a text's phone posts it by AML beside the text")
    add("--lon", type=float)
    add("--radius", type=float, metavar="M", help=f"metres at 95 %% (default {RADIUS_M:.0f})")
    add("--imei", default="", help="the phone's device (aml only), as 004999010640000")
    add("--via", choices=("https", "sms", "data"), default="https", help="how the phone says it (aml only)")
    add("--service", choices=SERVICES, default="", help="chosen in the app (app only)")
    add(
        "--connection",
        type=Path,
        default=DEFAULT_PATH,
        metavar="FILE",
        help=f"what `intake demo --keep` wrote (default {DEFAULT_PATH})",
    )


def run(args: argparse.Namespace) -> int:
    """0 when it is in the queue, 1 when it is not, 2 for a mistaken call or no demo."""
    try:
        connection, words = read_connection(args.connection), _words(args)
    except (NoDemo, NotSent) as error:
        print(f"intake send: {error}", file=sys.stderr)
        return 2
    try:
        return asyncio.run(_send(connection, args.connection, words, Console(highlight=False)))
    except IntakeError as error:
        print(f"intake send: {error}", file=sys.stderr)
        return 1


def _words(args: argparse.Namespace) -> Words:
    if (args.lat is None) != (args.lon is None):
        raise NotSent("give both --lat and --lon")
    if args.radius is not None and args.lat is None:
        raise NotSent("--radius needs --lat and --lon")
    if args.lat is not None and not (abs(args.lat) <= 90 and abs(args.lon) <= 180):
        raise NotSent("--lat is -90 to 90 and --lon -180 to 180 degrees")
    if args.radius is not None and not 0 < args.radius <= 1_000_000:
        raise NotSent("--radius is more than 0 and at most 1,000,000 metres")
    if args.lat is not None and args.channel == "email":
        raise NotSent("a mail carries no position: write it into the text, as 53.796, -1.547")
    if not args.text and args.channel != "aml":
        raise NotSent("write something: the text is missing")
    if args.channel == "aml" and (args.text or args.lat is None):
        raise NotSent("a phone's own fix has no words, only a place: give --lat and --lon")
    if args.channel != "aml" and (args.imei or args.via != "https"):
        raise NotSent("--imei and --via are for aml")
    if args.service and args.channel != "app":
        raise NotSent("only the app has a field for the service: write it into the text")
    place = None if args.lat is None else (args.lat, args.lon, args.radius or RADIUS_M)
    return Words(
        channel=args.channel,
        text=args.text,
        imei=args.imei,
        via=args.via,
        sender=args.sender,
        service=args.service,
        place=place,
    )


async def _send(connection: Connection, path: Path, words: Words, console: Console) -> int:
    since = datetime.now(UTC) - CLOCKS_APART
    sent = await send(connection, words)
    for line in sent.answers:
        console.print(Text(line, "dim"), soft_wrap=True)
    console.print()
    async with ConsoleClient(connection.console_url, connection.token) as desk:
        if words.channel == "aml":
            await _whose(desk, sent, console)
            return 0
        answer = await what_became(desk, sent.caller, since=since, needs_place=words.place is not None)
        if answer is None:
            raise IntakeError(f"the door took it, but no contact of {sent.caller} is in the queue")
        console.print(screen.contact_screen(answer))
        if not answer.transfers:
            console.print(Text("\nWould go to", "bold dim"))
            console.print(screen.route_screen(await desk.route(answer.contact.id)))
    console.print(_next(connection, path, answer), soft_wrap=True)
    return 0


async def _whose(desk: ConsoleClient, sent: Sent, console: Console) -> None:
    """The contact a phone's fix found, or the fixes that have none."""
    since = datetime.now(UTC) - FIXES_WAIT
    found = await what_became(desk, sent.caller, since=since, needs_place=True, within_s=FIX_READ_S)
    if found is not None:
        console.print(screen.contact_screen(found))
        return
    console.print(Text("No text of this number yet: the place waits ten minutes for one.\n"))
    console.print(fixes_screen(await desk.fixes()))


def _next(connection: Connection, path: Path, answer: ContactAnswer) -> Text:
    """What to type to go on as a handler."""
    verb = "show" if answer.transfers else "claim"
    desk = f"--url {connection.console_url} --token-file {token_path(path)}"
    return Text(f"\n{program()} queue {verb} {answer.contact.number} {desk}", "dim")
