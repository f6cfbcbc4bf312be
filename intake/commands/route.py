"""`intake route`: which control room answers for a place, and why; a place, a CSV file, a contact's own."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from intake.commands import explained
from intake.console.terminal.text import visible
from intake.control_room import Service
from intake.errors import BadConfiguration
from intake.location import CallerLocation
from intake.register import load_register
from intake.routing.decision import RoutingDecision
from intake.routing.router import RegionalRouter
from intake.routing.wording import border_words
from intake.suggesting import LONDON
from intake.triage import AddedServices, load_added

EXPLAIN = "explain"
DEFAULT_RADIUS_M = 10.0
ORDER = (Service.POLICE, Service.FIRE, Service.AMBULANCE, Service.COASTGUARD)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "lat",
        nargs="?",
        help=f"latitude, WGS84 degrees; or the word {EXPLAIN!r}: why a contact went where it did",
    )
    parser.add_argument(
        "lon", nargs="?", help="longitude, WGS84 degrees; or the contact: 26-000123, 123 or its id"
    )
    parser.add_argument(
        "--radius",
        type=float,
        default=DEFAULT_RADIUS_M,
        metavar="M",
        help="95 %% radius of the location in metres (default 10; with --csv for rows that give none)",
    )
    words = [service.word for service in Service]
    parser.add_argument("--service", choices=words, help="one service only (default: the four)")
    parser.add_argument(
        "--words",
        metavar="TEXT",
        help="what a caller says: which services and agreements would be proposed beside (of one place)",
    )
    parser.add_argument("--csv", type=Path, metavar="IN", help="a file with columns lat,lon[,radius_m]")
    parser.add_argument(
        "--out", type=Path, metavar="OUT", help="where to write the answers (default: standard output)"
    )
    parser.add_argument(
        "--config", type=Path, default=Path("config"), metavar="DIR", help="configuration folder"
    )
    parser.add_argument("--store", metavar="URL", help=f"with {EXPLAIN}: database, not the configuration's")
    parser.add_argument("--json", action="store_true", help=f"with {EXPLAIN}: everything, for programs")


def run(args: argparse.Namespace) -> int:
    """0 when answered (a CSV with bad rows is: they are marked), 1 bad configuration or file, 2 misuse."""
    if args.lat == EXPLAIN:
        if args.lon is None or args.csv is not None:
            print(f"name one contact: intake route {EXPLAIN} 26-000123", file=sys.stderr)
            return 2
        return explained.run(args, args.lon)
    try:
        args.lat, args.lon = (None if text is None else float(text) for text in (args.lat, args.lon))
    except ValueError as error:
        print(f"latitude and longitude are numbers of degrees: {error}", file=sys.stderr)
        return 2
    one_place = args.lat is not None and args.lon is not None
    if one_place == (args.csv is not None) or (args.lat is None) != (args.lon is None):
        print("give either a latitude and a longitude, or --csv IN.csv", file=sys.stderr)
        return 2
    if args.words is not None and not one_place:
        print("--words goes with one place", file=sys.stderr)
        return 2
    try:
        router = load_register(args.config)
        added = None if args.words is None else load_added(args.config)
    except BadConfiguration as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 1
    services = [Service.from_word(args.service)] if args.service else list(ORDER)
    if one_place:
        place = CallerLocation(latitude=args.lat, longitude=args.lon, uncertainty_m=args.radius)
        explain(router, services, place)
        if added is not None:
            think_of(router, added, services, place, args.words)
        return 0
    try:
        return _route_file(router, services, args.csv, args.out, args.radius)
    except OSError as error:
        print(f"{args.csv}: {error}", file=sys.stderr)
        return 1


def explain(router: RegionalRouter, services: list[Service], location: CallerLocation) -> None:
    """One small table a service, in words a planner reads aloud."""
    console = Console(soft_wrap=True)
    where = f"{location.latitude:.5f}, {location.longitude:.5f}"
    console.print(f"[bold]{where}[/bold], 95 % radius {location.radius_m():,.0f} m, map {router.map_version}")
    place = router.place(location)
    for service in services:
        decision = router.decide(service, place)
        grid = Table.grid(padding=(0, 2))
        room = router.room(decision.room_id)
        grid.add_row("room", f"[bold]{room.name}[/bold] ({room.id}), telephone {room.telephone or 'none'}")
        grid.add_row("rule", decision.rule_id)
        grid.add_row("reason", decision.reason)
        if advice := router.neighbour(decision.abroad):
            grid.add_row("advice", advice.advice_en)
            grid.add_row("cyngor", advice.advice_cy)
        grid.add_row("probability", f"{decision.probability:.3f}")
        others = [one for one in decision.candidates if one.room_id != decision.room_id]
        listed = ", ".join(f"{router.room(one.room_id).name} ({one.probability:.3f})" for one in others)
        grid.add_row("alternatives", listed or "none")
        if border := border_words(decision, lambda room_id: router.room(room_id).name):
            grid.add_row("border", border.en)
        console.print(f"\n[bold]{service.word}[/bold]")
        console.print(grid)


def think_of(
    router: RegionalRouter,
    added: AddedServices,
    services: list[Service],
    location: CallerLocation,
    words: str,
) -> None:
    """What a handler would be proposed today, were these services asked for with these words."""
    asked = {service: router.route(service, location).room_id for service in services}
    today = datetime.now(LONDON).date()
    grid = Table.grid(padding=(0, 2))
    for one in added.suggest([words], *router.setting(location), asked, today):
        at = router.room(
            (one.agreement and one.agreement.room) or router.route(one.service, location).room_id
        )
        beside = ", ".join(service.word for service in one.beside)
        by = f"agreement {one.rule_id}, for {beside}" if one.agreement else one.rule_id
        grid.add_row(one.service.word, Text(f"{at.name} ({at.id})\n{by}; {visible(one.reason)}"))
    Console(soft_wrap=True).print("\n[bold]think of[/bold]", grid if grid.row_count else "nothing", sep="\n")


def _route_file(
    router: RegionalRouter, services: list[Service], source: Path, target: Path | None, radius_m: float
) -> int:
    with source.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = _rows(csv.reader(file))
        header = next(rows, [])
        if isinstance(header, csv.Error):
            raise OSError(str(header))
        missing = [name for name in ("lat", "lon") if name not in header]
        if missing:
            print(
                f"{source}: no column {' and '.join(missing)}: the first line must name lat,lon",
                file=sys.stderr,
            )
            return 1
        output = target.open("w", newline="", encoding="utf-8") if target else sys.stdout
        try:
            writer = csv.writer(output, lineterminator="\n")
            writer.writerow([*header, *_columns(services), "error"])
            writer.writerows(_answers(router, services, header, rows, radius_m))
        finally:
            if target:
                output.close()
    return 0


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str] | csv.Error]:
    """The rows of a file that are not empty; a line the reader cannot take comes as its error."""
    while True:
        try:
            row = next(reader)
        except csv.Error as error:
            yield error
        except StopIteration:
            return
        else:
            if row:
                yield row


def _columns(services: list[Service]) -> Iterator[str]:
    for service in services:
        yield from (f"{service.word}_room", f"{service.word}_probability", f"{service.word}_rule")


def _answers(
    router: RegionalRouter,
    services: list[Service],
    header: list[str],
    rows: Iterator[list[str] | csv.Error],
    radius_m: float,
) -> Iterator[list[str]]:
    """Row by row, so that a file of any length passes through; a bad row is marked and passed on."""
    for row in rows:
        if isinstance(row, csv.Error):
            yield [*[""] * (len(header) + 3 * len(services)), f"unreadable line: {row}"]
            continue
        padded = [*row, *[""] * (len(header) - len(row))]
        try:
            if len(row) > len(header):
                raise ValueError(f"{len(row)} values for {len(header)} columns")
            location = _location(dict(zip(header, padded, strict=True)), radius_m)
        except ValueError as error:
            yield [*padded[: len(header)], *[""] * (3 * len(services)), str(error)]
            continue
        place = router.place(location)
        decisions = (router.decide(service, place) for service in services)
        yield [*padded, *(cell for decision in decisions for cell in _cells(decision)), place.why_none]


def _location(row: dict[str, Any], radius_m: float) -> CallerLocation:
    numbers = {}
    for name, default in (("lat", ""), ("lon", ""), ("radius_m", str(radius_m))):
        text = (row.get(name) or default).strip()
        try:
            numbers[name] = float(text)
        except ValueError:
            raise ValueError(f"{name} {text!r} is not a number" if text else f"{name} is missing") from None
    return CallerLocation(
        latitude=numbers["lat"], longitude=numbers["lon"], uncertainty_m=numbers["radius_m"]
    )


def _cells(decision: RoutingDecision) -> tuple[str, str, str]:
    return decision.room_id, f"{decision.probability:.4f}", decision.rule_id
