"""`intake queue note`, `hand`, `offers`, `take-offer`, `merge`, `unmerge`, `update`: between handlers."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from intake.console.terminal import queue as screen
from intake.console.terminal.client import ConsoleClient
from intake.console.terminal.text import clock, visible
from intake.console.views.between import OffersAnswer, OfferView

Shown = tuple[msgspec.Struct, RenderableType]
LEASE_S = 900.0
"""As for `claim`: a terminal cannot renew."""


def add_verbs(verb: Callable[..., Any]) -> None:
    """``verb(name, act, summary)`` makes a sub-command."""
    verb("note", _note, "leave a note for colleagues; the caller never sees it").add_argument("text")
    hand = verb("hand", _hand, "offer it to a colleague; it stays yours until it is taken")
    hand.add_argument("--to", default="", help="a handler's name; left out: whoever takes it first")
    hand.add_argument("--note", default="", help="what they should know")
    verb("offers", _offers, "what is offered to you, and what you offer", contact=False)
    verb("take-offer", _take, "take what is offered to you")
    merge = verb("merge", _merge, "make it part of another contact: one caller by two ways")
    merge.add_argument("--into", required=True, help="the contact that is kept")
    merge.add_argument("--reason", required=True)
    unmerge = verb("unmerge", _unmerge, "undo a merge: both are contacts again")
    unmerge.add_argument("--part", help="which merged contact comes back; left out: the only one")
    update = verb("update", _update, "tell every room that has it what was said since")
    update.add_argument("--note", action="append", default=[], help="the id of a note to go along")


async def _note(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    return await console.note(args.contact, args.text), "The note is kept; `show` has it."


async def _hand(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    fence = (await console.show(args.contact)).contact.attempts
    made = await console.hand(args.contact, attempts=fence, to=args.to, note=args.note)
    return made, f"{made.reference} is offered to {made.to_handler or 'anybody'}; it is yours until taken."


async def _offers(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    answer = await console.offers()
    return answer, offers_screen(answer)


async def _take(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    row = await console.change(args.contact, "take-offer", lease_s=LEASE_S)
    answer = await console.show(row.id)
    return answer, screen.contact_screen(answer)


async def _merge(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    fence = (await console.show(args.contact)).contact.attempts
    row = await console.change(args.contact, "merge", attempts=fence, into=args.into, reason=args.reason)
    return row, screen.row_screen(row)


async def _unmerge(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    parts = (await console.show(args.contact)).merged
    named = [one for one in parts if args.part in (None, one.reference, one.contact_id)]
    if len(named) != 1:
        known = ", ".join(one.reference for one in parts) or "none"
        raise SystemExit(f"name the part that comes back with --part; there are: {known}")
    row = await console.change(args.contact, "unmerge", merge=named[0].id)
    return row, screen.row_screen(row)


async def _update(console: ConsoleClient, args: argparse.Namespace) -> Shown:
    fence = (await console.show(args.contact)).contact.attempts
    answer = await console.update(args.contact, attempts=fence, notes=args.note)
    return answer, f"{len(answer.transfer_ids)} updates of {answer.contact.reference} are on their way."


def offers_screen(answer: OffersAnswer) -> RenderableType:
    """A line an offer: theirs first, then mine."""
    lines = [_line(one, f"from {one.from_handler}") for one in answer.offers]
    lines += [_line(one, f"yours, to {one.to_handler or 'anybody'}") for one in answer.mine]
    return Group(*(lines or [Text("Nothing is offered.", "dim")]))


def _line(one: OfferView, whose: str) -> Text:
    note = f"  “{visible(one.note)}”" if one.note else ""
    return Text.assemble(
        (one.reference, "bold"),
        f"  priority {one.priority}  {whose} at {clock(one.offered_at)}{note}\n",
        (f"  {visible(one.summary)}", "dim"),
    )
