"""The verbs of `intake queue` that are about places: add one, and see or export what is made of all."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from rich.console import RenderableType

from intake.console.api.answers import Problem
from intake.console.terminal import queue as screen
from intake.console.terminal.client import ConsoleClient, ConsoleRefused
from intake.console.terminal.places import places_screen

FORMATS = {"geojson": "places.geojson", "pidf": "places.pidf.xml"}
PIDF_LIMIT_BYTES = 60_000


class Document(msgspec.Struct, frozen=True):
    """A whole document to be printed as it is."""

    text: str


def add_verbs(verb: Callable[..., Any]) -> None:
    """``verb(name, act, summary)`` makes a sub-command that takes a contact."""
    locate = verb("locate", _locate, "add where it is: LAT LON, words such as a postcode, or a PIDF-LO file")
    locate.add_argument("place", nargs="*", help="53.796 -1.547, or LS1 4AP, SE 298 338, 9C5WQFW3+9W")
    locate.add_argument(
        "--pidf", type=Path, metavar="FILE", help="a PIDF-LO document; its first place counts"
    )
    locate.add_argument(
        "--radius", type=float, default=50.0, metavar="M", help="metres at 95 %% (default 50)"
    )
    locate.add_argument("--whose", choices=("caller", "incident"), help="whose place it is (default: both)")
    locate.add_argument("--note", help="why you think so")
    places = verb("places", _places, "what is made of its places: who is where, what contradicts what")
    places.add_argument(
        "--format", choices=("text", *FORMATS), default="text", help="text, GeoJSON or PIDF-LO (default text)"
    )
    places.add_argument("--whose", choices=("caller", "incident"), default="caller", help="PIDF-LO's target")
    places.add_argument("--welsh", action="store_true", help="yn Gymraeg (unreviewed)")


async def _locate(console: ConsoleClient, args: argparse.Namespace) -> tuple[msgspec.Struct, RenderableType]:
    said = _said(args)
    fence = (await console.show(args.contact)).contact.attempts
    row = await console.change(
        args.contact,
        "locations",
        attempts=fence,
        uncertainty_m=args.radius,
        note=args.note,
        whose=args.whose,
        **said,
    )
    return row, screen.row_screen(row)


async def _places(console: ConsoleClient, args: argparse.Namespace) -> tuple[msgspec.Struct, RenderableType]:
    if args.format == "text":
        answer = await console.show(args.contact)
        return answer.fused, places_screen(answer, "cy" if args.welsh else "en")
    asked: dict[str, str | int] = {"whose": args.whose} if args.format == "pidf" else {}
    document = await console.places(args.contact, FORMATS[args.format], **asked)
    return Document(document.decode()), ""


def _said(args: argparse.Namespace) -> dict[str, Any]:
    if (args.pidf is None) == (not args.place):
        raise _refused("give either a place or --pidf FILE")
    if args.pidf is not None:
        return {"pidf": _read(args.pidf)}
    place = _degrees(args.place)
    return {"text": " ".join(args.place)} if place is None else {"latitude": place[0], "longitude": place[1]}


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(PIDF_LIMIT_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise _refused(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise _refused(f"{path}: not UTF-8 at byte {error.start}") from None
    if len(data) > PIDF_LIMIT_BYTES:
        raise _refused(f"{path}: more than {PIDF_LIMIT_BYTES:,} bytes")
    return text


def _refused(reason: str) -> ConsoleRefused:
    return ConsoleRefused(0, Problem("bad_request", reason))


def _degrees(words: list[str]) -> tuple[float, float] | None:
    try:
        latitude, longitude = (float(word.strip(",")) for word in words)
    except ValueError:
        return None
    return latitude, longitude
