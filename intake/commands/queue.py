"""`intake queue`: work the queue from a terminal, through the interface the console uses."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console, RenderableType

from intake.commands import queue_attachments, queue_between, queue_fixes, queue_places, queue_rooms
from intake.console.terminal import queue as screen
from intake.console.terminal.client import ConsoleClient, ConsoleRefused
from intake.console.terminal.text import inert_json, inert_xml, visible
from intake.console.views import contact as views

DEFAULT_URL = "http://127.0.0.1:8090"
LEASE_S = 900.0
"""A terminal has no live connection that could renew a claim, so it asks for the longest lease."""

SERVICES = ("police", "ambulance", "fire", "coastguard")
METHANE = ("exact_location", "type_of_incident", "hazards", "access", "emergency_services")

Shown = tuple[msgspec.Struct, RenderableType]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _common_arguments(parser)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, act: Callable[..., Awaitable[Shown]], summary: str, contact: bool = True) -> Any:
        sub = verbs.add_parser(name, help=summary, description=summary)
        _common_arguments(sub, argparse.SUPPRESS)  # after the verb as well; a value given before stays
        if contact:
            sub.add_argument("contact", help="its reference (26-000123 or 123) or id")
        sub.set_defaults(act=act)
        return sub

    _list_arguments(verb("list", _list, "who needs a person, in order: as a desk's own queue", contact=False))
    claim = verb("claim", _claim, "take the top of the queue, or one contact", contact=False)
    claim.add_argument("contact", nargs="?", help="its reference (26-000123 or 123) or id; left out: the top")
    verb("show", _show, "all of one contact: words, places, decisions, transfers")
    verb("reply", _reply, "answer the caller").add_argument("text")
    link = verb("link", _link, "ask for its place by a link to the caller's own browser")
    link.add_argument("--live", action="store_true", help="see where they go until they stop, not once")
    route = verb("route", _route, "which control rooms would get it, and why; stores nothing")
    route.add_argument(
        "--service", action="append", choices=queue_rooms.WORDS, help="may be given more than once"
    )
    _send_arguments(verb("send", _send, "hand it over to the services named"))
    close = verb("close", _close, "close it")
    close.add_argument("--reason", required=True)
    close.add_argument("--anyway", action="store_true", help="although a room has not answered yet")
    hold = verb("hold", _hold, "put it aside, in sight, for some minutes")
    hold.add_argument("--minutes", type=float, required=True)
    hold.add_argument("--reason", required=True)
    stale = verb("unreachable", _unreachable, "nobody can reach the caller: out of your hands, in sight")
    stale.add_argument("--reason", required=True, help="what was tried")
    stale.add_argument(
        "--signs", type=int, required=True, help="as `show` gave it: with anything new since, it is refused"
    )
    verb("release", _release, "put it back into its place in the queue")
    verb("renew", _renew, f"keep it for another {LEASE_S / 60:.0f} minutes")
    verb("reopen", _reopen, "take a closed or handed-over contact back")
    verb("priority", _priority, "set its priority").add_argument("priority", type=int, choices=(1, 2, 3))
    verb("service", _service, "set the service asked for").add_argument(
        "service", choices=(*SERVICES, "none")
    )
    queue_places.add_verbs(verb)
    queue_rooms.add_verbs(verb)
    queue_fixes.add_verbs(verb)
    queue_between.add_verbs(verb)
    queue_attachments.add_verbs(verb)


def _common_arguments(parser: argparse.ArgumentParser, default: Any = None) -> None:
    parser.add_argument(
        "--url", default=default or DEFAULT_URL, help=f"the console's address (default {DEFAULT_URL})"
    )
    parser.add_argument(
        "--token-file",
        type=Path,
        default=default,
        help="holds your token (default: the variable INTAKE_TOKEN)",
    )
    parser.add_argument(
        "--json", action="store_true", default=default or False, help="print the interface's own answer"
    )


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", help="waiting,open,held,stale,sending,delivered,accepted")
    parser.add_argument("--all", action="store_true", help="what rooms have, too")
    parser.add_argument("--mine", action="store_true", help="what you have open")
    parser.add_argument("--claimable", action="store_true", help="what nobody has")
    parser.add_argument("--service", choices=SERVICES)
    parser.add_argument("--channel")
    parser.add_argument("--limit", type=int, default=25, help="rows, 100 at most (default 25)")
    parser.add_argument("--after", help="the next page: what the last one printed")


def _send_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", action="append", choices=queue_rooms.WORDS, required=True)
    parser.add_argument("--room", help="a room of your own choice, with one service")
    parser.add_argument("--major", action="store_true", help="declare a major incident")
    parser.add_argument("--casualties", type=int)
    for name in METHANE:
        parser.add_argument(f"--{name.replace('_', '-')}", metavar="TEXT")


def run(args: argparse.Namespace) -> int:
    """0 when done, 1 when refused, 2 without a token."""
    token = _token(args)
    if not token:
        print(
            "no token: set INTAKE_TOKEN or give --token-file; an operator sets its SHA-256 as"
            " INTAKE_CONSOLE__TOKENS__<NAME>",
            file=sys.stderr,
        )
        return 2
    try:
        answer, shown = asyncio.run(_act(args, token))
    except ConsoleRefused as error:
        if args.json:
            print(inert_json(msgspec.json.encode(error.problem).decode()))
        print(visible(_in_words(error)), file=sys.stderr)
        return 1
    if isinstance(answer, queue_places.Document):
        print(inert_json(answer.text) if args.format == "geojson" else inert_xml(answer.text))
    elif args.json:
        print(inert_json(msgspec.json.format(msgspec.json.encode(answer)).decode()))
    else:
        Console(highlight=False).print(shown)
    return 0


def _in_words(error: ConsoleRefused) -> str:
    if error.status == 401:
        return "the console does not know this token: check INTAKE_TOKEN or --token-file"
    return f"refused: {error}" if error.status else str(error)


def _token(args: argparse.Namespace) -> str:
    if args.token_file is None:
        return os.environ.get("INTAKE_TOKEN", "").strip()
    try:
        return str(args.token_file.read_text("utf-8")).strip()
    except OSError as error:
        print(f"{args.token_file}: {error.strerror}", file=sys.stderr)
        return ""


async def _act(args: argparse.Namespace, token: str) -> Shown:
    async with ConsoleClient(args.url, token) as console:
        return await args.act(console, args)  # type: ignore[no-any-return]


async def _list(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    words = {name: getattr(args, name) or "" for name in ("state", "service", "channel", "after")}
    asked = {"mine": args.mine, "claimable": args.claimable}
    # Who asks for states, or for their own, is given them whoever they wait for.
    asked["needs_person"] = not (args.all or args.state or args.mine)
    words |= {name: str(value).lower() for name, value in asked.items()}
    answer = await console.queue(limit=args.limit, **words)
    return answer, screen.queue_screen(answer)


async def _claim(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    if args.contact:
        row: views.QueueRow | None = await console.change(args.contact, "claim", lease_s=LEASE_S)
    else:
        row = await console.claim_next(LEASE_S)
    if row is None:
        return views.ContactChange(contact=None), "Nobody is waiting."
    answer = await console.show(row.id)
    return answer, screen.contact_screen(answer)


async def _show(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    answer = await console.show(args.contact)
    return answer, screen.contact_screen(answer)


async def _reply(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    answer = await console.reply(args.contact, await _fence(console, args), args.text)
    return answer, f"The reply to {answer.contact.reference} is on its way; `show` tells when it arrives."


async def _link(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    answer = await console.invite(args.contact, await _fence(console, args), "live" if args.live else "once")
    return answer, f"The link for {answer.contact.reference} is on its way; `show` tells what becomes of it."


async def _route(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    answer = await console.route(args.contact, ",".join(args.service or ()))
    return answer, screen.route_screen(answer)


async def _send(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    said = {name: value for name in METHANE if (value := getattr(args, name))}
    if args.major:
        said["major"] = True
    if args.casualties is not None:
        said["casualties"] = args.casualties
    answer = await console.send(
        args.contact,
        attempts=await _fence(console, args),
        services=args.service,
        room_id=args.room,
        methane=said or None,
    )
    shown = await console.show(answer.contact.id)
    return answer, screen.contact_screen(shown)


async def _close(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    return await _change(console, args, "close", reason=args.reason, anyway=args.anyway)


async def _hold(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    return await _change(console, args, "hold", for_s=args.minutes * 60, reason=args.reason)


async def _unreachable(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    return await _change(console, args, "unreachable", reason=args.reason, signs=args.signs)


async def _release(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    return await _change(console, args, "release")


async def _renew(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    return await _change(console, args, "renew", lease_s=LEASE_S)


async def _reopen(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    row = await console.change(args.contact, "reopen", lease_s=LEASE_S)
    return row, screen.row_screen(row)


async def _priority(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    return await _change(console, args, "priority", priority=args.priority)


async def _service(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    return await _change(console, args, "service", service=None if args.service == "none" else args.service)


async def _change(console: ConsoleClient, args: argparse.Namespace, verb: str, **body: Any) -> Shown:
    row = await console.change(args.contact, verb, attempts=await _fence(console, args), **body)
    return row, screen.row_screen(row)


async def _fence(console: ConsoleClient, args: argparse.Namespace) -> int:
    # Read just before acting: a terminal keeps nothing between two commands.
    return (await console.show(args.contact)).contact.attempts
