"""`intake route explain CONTACT`: each decision with all it stood on, replayed, for people and as JSON."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from intake.console.terminal.queue import clock, visible
from intake.errors import IntakeError
from intake.explaining import Explained, Explaining, Explanation
from intake.register import BOUNDARIES, load_register
from intake.routing.decision import ProposedAgreement
from intake.routing.place import distance
from intake.routing.replay import ReplayVerdict
from intake.settings import load_settings
from intake.store.research import snapshot

STYLE = {
    ReplayVerdict.SAME: "green",
    ReplayVerdict.DIFFERENT: "bold red",
    ReplayVerdict.ALTERED: "bold red",
    ReplayVerdict.IMPOSSIBLE: "yellow",
}


def run(args: argparse.Namespace, contact: str) -> int:
    """0 when every decision replays to the same answer, 3 when one does not, 1 when there is none to read."""
    try:
        url = args.store or load_settings(args.config).store.url
        explaining = Explaining(Path(args.config) / BOUNDARIES, load_register(args.config))
        with snapshot(url) as conn:
            found = explaining.explain(conn, contact)
    except IntakeError as error:
        print(f"intake route explain: {error}", file=sys.stderr)
        return 1
    if args.json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        Console(soft_wrap=True).print(explanation_screen(found))
    verdicts = {one.replay.verdict for one in found.decisions}
    return 3 if verdicts - {ReplayVerdict.SAME} else 0


def explanation_screen(found: Explanation) -> RenderableType:
    """Every decision, oldest first, in words that are read aloud."""
    if not found.decisions:
        return Text(f"{found.reference}: nothing has been decided about it yet.")
    parts: list[RenderableType] = [Text(found.reference, "bold")]
    for one in found.decisions:
        parts += [Text(), _decision(one)]
    return Group(*parts)


def _decision(one: Explained) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column()
    for name, value in _rows(one):
        if value:
            grid.add_row(name, value)
    head = Text.assemble((one.service, "bold"), "  ", (one.room_name, "bold"), f" ({one.room_id})")
    head.append(f"  {one.standing} {clock(one.decided_at)} by {one.decided_by}")
    return Group(head, grid)


def _rows(one: Explained) -> list[tuple[str, str | Text]]:
    replay = one.replay
    odds = ", ".join(f"{chance.room_id} {chance.probability:.3f}" for chance in one.candidates)
    areas = ", ".join(
        f"{area.code} {area.probability:.3f} ({area.room_id or 'abroad'})" for area in one.areas
    )
    rule = one.rule or {}
    conditions = ", ".join(f"{name} = {value}" for name, value in rule.items() if name != "because")
    policy, register = (kept[:12] or "not kept" for kept in (one.policy, one.register))
    grounds = f"map {one.map_version}, policy {policy}, register {register}"
    rows: list[tuple[str, str | Text]] = [
        ("reason", one.reason),
        ("rule", f"{one.rule_id}" + (f"; on the map: {conditions}" if conditions else "")),
        ("probability", f"{one.probability:.3f}"),
        ("place", _place(one)),
        ("areas", f"{areas} within {distance(one.reach_m)}" if areas else ""),
        ("rooms within reach", odds),
        ("asked for", visible(one.service_reason)),
        ("suggested", visible("; ".join(one.suggested))),
        *((f"agreement {said.id}", _agreement(said)) for said in one.agreements),
        ("room fixed", one.chosen_room_id or ""),
        ("stood on", grounds + (f", method {one.method}" if one.method else "")),
        ("replay", Text(replay.words, STYLE[replay.verdict])),
        ("record", Text("; ".join(replay.problems), "bold red") if replay.problems else ""),
    ]
    if replay.changed:
        now = replay.now
        rows.append(("today", f"{now.room_id} {now.probability:.3f} by rule {now.rule_id}: {now.reason}"))
    return rows


def _agreement(said: ProposedAgreement) -> str:
    at = f" at {said.room_id}" if said.room_id else ""
    taken = "taken" if said.taken else "not taken"
    return f"proposed {said.service}{at}, {taken}; “{said.name}”, {visible(said.reason)}"


def _place(one: Explained) -> str:
    place = one.location
    if place is None:
        return "none was known"
    whose = f", the {place.whose.value}'s" if place.whose else ""
    clue = f" “{visible(place.clue)}”" if place.clue else ""
    where = f"{place.latitude:.5f}, {place.longitude:.5f} within {distance(place.radius_m())} (95 %)"
    return f"{where}, {place.source.value}{clue}{whose}"
