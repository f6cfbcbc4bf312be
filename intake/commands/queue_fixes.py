"""`intake queue fixes`: phones' own places that found no contact, or that several contacts dispute."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from intake.console.client import ConsoleClient
from intake.console.fix_views import FixesAnswer, FixRow
from intake.console.screen import clock, visible, waited

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
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("Came", "Waited", "Phone", "Device", "Where", "Fix is", "Why it is here"):
        table.add_column(name, no_wrap=name != "Why it is here")
    for row in answer.rows:
        table.add_row(*_cells(row))
    return Group(head, Text(), table if answer.rows else Text("Every fix has its contact.", "dim"))


def _cells(row: FixRow) -> tuple[Text | str, ...]:
    phone = "withheld" if row.caller.startswith("unknown:") else visible(row.caller)
    place = row.place
    why = Text(WORDS.get(row.state, row.state), "bold yellow" if row.state == "contested" else "")
    if place.note:
        why.append(f"  {visible(place.note)}", "dim")
    return (
        clock(row.received_at),
        waited(row.waited_s),
        phone,
        row.device or Text("?", "dim"),
        f"{place.latitude:.5f}, {place.longitude:.5f} ±{place.radius_m:,.0f} m",
        Text("of no known time", "dim") if row.age_s is None else f"{waited(row.age_s)} old",
        why,
    )
