"""What is printed when the evening is over: one MAIT message, what callers were told, and the sums."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from intake.console.terminal.queue import visible
from intake.contact import ContactState
from intake.demo.checks import POLICY, Evidence, counted
from intake.demo.setting import HANDLER
from intake.simulate.evening import SCENES


def print_mait(console: Console, room_id: str, document: bytes) -> None:
    """The document as the room received it, in full; long lines go on under themselves."""
    console.print()
    console.print(section(f"One MAIT message (provisional profile), as {room_id} received it"))
    text = document.decode("utf-8")
    if "\n" not in text.strip():
        text = etree.tostring(etree.fromstring(document), pretty_print=True, encoding="unicode")
    console.print(Syntax(text.rstrip(), "xml", theme="ansi_dark", background_color="default", word_wrap=True))


def print_sums(console: Console, evidence: Evidence) -> None:
    """What callers were told, by their own phones and mailboxes, and a table of the whole."""
    console.print()
    console.print(section("What each caller was told, as their phone, app or mailbox shows it"))
    console.print(_told(evidence))
    console.print()
    console.print(section("The evening in figures"))
    console.print(_figures(evidence))


def print_missing(console: Console, problems: Sequence[str]) -> None:
    console.print()
    console.print(Text(f"The demo failed: {len(problems)} of its expectations were not met.", "bold red"))
    for problem in problems:
        console.print(Padding(Text(f"✗ {problem}", "red"), (0, 0, 0, 2)))


def section(title: str) -> RenderableType:
    return Rule(Text(title, "bold"), align="left", style="dim", characters="─")


def _told(evidence: Evidence) -> RenderableType:
    table = facts()
    for scene in SCENES:
        told = evidence.told.get(scene.id, ())
        words = Text("\n").join(Text(f"“{visible(one)}”") for one in told) if told else Text("nothing", "red")
        table.add_row(scene.title, words)
    return table


def _figures(evidence: Evidence) -> RenderableType:
    answers = list(evidence.contacts.values())
    accepted = [one for one in answers if one.contact.state is ContactState.ACCEPTED]
    decided = [one.decisions[0].decided_by for one in answers if one.decisions]
    by_policy = sorted(by for by in decided if by.startswith(POLICY))
    broken = [one.contact for one in answers if one.contact.defect]
    took = sorted(
        (one.moments.accepted_at - one.contact.queued_at).total_seconds()
        for one in accepted
        if one.moments.accepted_at
    )
    rooms = sorted(room for room, received in evidence.received.items() if received)
    table = facts()
    table.add_row("contacts opened", f"{evidence.contact_count}, from {len(evidence.told)} callers")
    table.add_row("accepted by their room", f"{len(accepted)}, in {len(rooms)} control rooms")
    if took:
        table.add_row(
            "from door to accepted",
            f"{took[0]:.1f} s to {took[-1]:.1f} s; the rooms decide by rule after 1 s",
        )
    policy_rules = ", ".join(by.removeprefix(POLICY) for by in by_policy)
    table.add_row("went by policy alone", f"{len(by_policy)} (rule {policy_rules})" if by_policy else "none")
    table.add_row("sent by a handler", f"{decided.count(HANDLER)} (by {HANDLER}, who is simulated)")
    table.add_row("forged", f"{counted(evidence.metrics, 'forged')} refused with 403; nothing of it was kept")
    table.add_row(
        "repeated", f"{counted(evidence.metrics, 'repeat')} webhook folded into the message it repeats"
    )
    for row in broken:
        table.add_row(
            "malformed", f"kept as {row.reference} ({row.defect}), open with {row.claimed_by or 'nobody'}"
        )
    return table


def facts() -> Table:
    """Names on the left, dim, and what is to be known of each."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.pad_edge = False
    return table
