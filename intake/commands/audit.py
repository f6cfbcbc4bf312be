"""``intake audit``: who saw and did what, and whether anybody has changed the record of it (law 17)."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from intake.console.terminal.text import LONDON, clock, visible
from intake.console.views.auditing import csv_text, told
from intake.errors import BadConfiguration, IntakeError, StoreUnavailable
from intake.settings import load_settings
from intake.store import audit, audit_outside, contacts
from intake.store.audit import AuditRecord, Head, Search

_PRINTED = re.compile(r"\s*(\d{1,18})\s+[0-9a-f]{64}\b")
_LOGGED = re.compile(r'(?:"number":\s*|\bnumber=)(\d{1,18})\b')
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="act", required=True, metavar="ACTION")
    verify = _action(actions, "verify", _verify, "walk the whole chain; name the first record that is wrong")
    verify.add_argument(
        "--head",
        type=Path,
        metavar="FILE",
        help="compare with heads kept elsewhere: lines of `intake audit head`, or the log (audit_head)",
    )
    _action(actions, "head", _head, "print the end of the chain, to be kept away from this machine")
    listing = _action(actions, "list", _list, "the newest records that match")
    listing.add_argument("--contact", default="", help="a reference (26-000123, 123) or an id")
    listing.add_argument("--actor", default="", help="who: a person's name")
    listing.add_argument("--action", default="", help="what: contact.view, or contact. for all of a kind")
    listing.add_argument("--since", type=_moment, metavar="ISO", help="London's clock unless it says")
    listing.add_argument("--until", type=_moment, metavar="ISO", help="before this moment")
    listing.add_argument("--limit", type=_count, default=100, metavar="N", help="rows (default 100)")
    listing.add_argument("--csv", action="store_true", help="as CSV, times in UTC")


def _action(actions: Any, name: str, act: Any, summary: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=summary)
    made.add_argument("--config", type=Path, metavar="DIR", help="the configuration's folder")
    made.add_argument("--store", metavar="URL", help="database, instead of the configuration's")
    made.set_defaults(run_it=act)
    return made


def run(args: argparse.Namespace) -> int:
    """0 when all is well, 1 when the chain does not hold, it was refused or there is no such database, 75
    where the database does not answer, 78 for a bad configuration."""
    try:
        return int(args.run_it(args, args.store or load_settings(args.config).store.url))
    except BadConfiguration as error:
        code, why = 78, str(error)
    except StoreUnavailable as error:
        code, why = 75, str(error)
    except (IntakeError, OSError) as error:
        code, why = 1, str(error)
    print(f"intake audit: {why}", file=sys.stderr)
    return code


def _verify(args: argparse.Namespace, url: str) -> int:
    kept: dict[int, str] = {}
    for one in heads_in(args.head.read_text("utf-8")) if args.head is not None else ():
        if kept.setdefault(one.number, one.digest) != one.digest:
            print(f"record {one.number}: two kept heads name different digests")
            return 1
    if args.head is not None and not kept:
        print(f"intake audit: {args.head}: no head stands in it", file=sys.stderr)
        return 1
    with audit_outside.reading(url) as read, _progress() as progress:
        task = progress.add_task("verifying", total=read(audit.head).number)
        for found in audit_outside.walk(read, kept):
            progress.update(task, completed=found.head.number)
    end = found.head
    if found.problem:
        print(found.problem)
        print(f"records up to {end.number} hold" if end.number else "no record before it holds")
        return 1
    print(f"{end.number} records hold; the chain ends with {end.digest}")
    if not kept:
        print("whether its end was cut off only a head that was kept elsewhere can tell: --head FILE")
    return 0


def _head(args: argparse.Namespace, url: str) -> int:
    with audit_outside.reading(url) as read:
        end = read(audit.head)
    print(f"{end.number} {end.digest}")
    return 0


def _list(args: argparse.Namespace, url: str) -> int:
    with audit_outside.reading(url) as read:
        contact_id = read(lambda conn: contacts.find(conn, args.contact)) if args.contact else ""
        # Whoever reads who read what is on record too, before a line is printed.
        audit_outside.record(
            url, datetime.now(UTC), "audit.export" if args.csv else "audit.list", contact_id, rows=args.limit
        )
        wanted = Search(
            actor=args.actor,
            contact_id=contact_id,
            action=args.action,
            since=args.since,
            until=args.until,
        )
        found = read(lambda conn: audit.search(conn, wanted, args.limit))
    if args.csv:
        sys.stdout.write(csv_text(found))
    else:
        # In a pipe nothing is cut to a terminal's width.
        Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(_table(found))
    return 0


def heads_in(text: str) -> Iterable[Head]:
    """Every head in a file: what `intake audit head` printed, or lines of the structured log."""
    for line in text.splitlines():
        number = _LOGGED.search(line) if "audit_head" in line else _PRINTED.match(line)
        digest = _DIGEST.search(line)
        if number and digest:
            yield Head(int(number[1]), digest[0])


def _table(records: Iterable[AuditRecord]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("number", "at", "who", "role", "did", "contact", "with"):
        table.add_column(heading, overflow="fold")
    for one in records:
        at = f"{one.at.astimezone(LONDON):%Y-%m-%d} {clock(one.at)}"
        words = (one.actor, one.role, one.action, one.reference or one.contact_id, told(one))
        table.add_row(str(one.number), at, *map(visible, words))
    return table


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _moment(text: str) -> datetime:
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write 2026-03-29T01:30") from None
    return (said if said.tzinfo else said.replace(tzinfo=LONDON)).astimezone(UTC)


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError("from 1 to 100000")
    return int(text)
