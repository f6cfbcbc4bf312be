"""`intake queue fixes`: phones' own places that found no contact, or that several contacts dispute."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from intake.console.terminal.client import ConsoleClient
from intake.console.terminal.queue import clock, visible, waited
from intake.console.views.fixes import FixesAnswer, FixRow

WORDS = {
    "waiting": "waits for its contact",
    "late": "found no contact in time",
    "contested": "in dispute: several contacts state this phone",
}


def add_verbs(verb: Callable[..., Any]) -> None:
    """``verb(name, act, summary, contact=False)`` makes a sub-command."""
    fixes = verb("fixes", _fixes, "phones' own places that no contact has", contact=False)
    fixes.add_argument("--minutes", type=float, default=60.0, help="how far to look back (default 60)")
    fixes.add_argument(
        "--limit", type=int, default=100, help="so many of the newest, 500 at most (default 100)"
    )


async def _fixes(console: ConsoleClient, args: argparse.Namespace) -> tuple[msgspec.Struct, RenderableType]:
    answer = await console.fixes(back_s=args.minutes * 60, limit=args.limit)
    return answer, fixes_screen(answer)


def fixes_screen(answer: FixesAnswer) -> RenderableType:
    """One line of counts, then a line a fix."""
    counts = answer.counts
    head = Text(
        f"{counts.waiting} waiting · {counts.late} without a contact after {answer.wait_s / 60:.0f} min"
        f" · {counts.contested} in dispute",
        "bold",
    )
    table = Table.grid(padding=(0, 2))
    for row in answer.rows:
        table.add_row(*_cells(row))
    return Group(head, Text(), table if answer.rows else Text("Every fix has its contact.", "dim"))


def _cells(row: FixRow) -> tuple[Text, Text]:
    """When it came and how long ago; then who, where and why, a line each: no screen is too narrow."""
    phone = "number withheld" if row.caller.startswith("unknown:") else visible(row.caller)
    place, why = row.place, WORDS.get(row.state, row.state)
    age = "fixed at an unknown time" if row.age_s is None else f"fixed {waited(row.age_s)} ago"
    said = Text.assemble((phone, "bold"), f"  {visible(row.device)}\n" if row.device else "\n")
    said.append(f"{place.latitude:.5f}, {place.longitude:.5f} ±{place.radius_m:,.0f} m  {age}\n")
    said.append(why, "bold yellow" if row.state == "contested" else "")
    if place.note:
        said.append(f"\n{visible(place.note)}", "dim")
    return Text(f"{clock(row.received_at)}\n{waited(row.waited_s)} ago", "dim"), said
