"""``intake research channel-hours``: usage tables that cannot point at a person (law 20)."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from intake.errors import IntakeError, Refused
from intake.research.channel_hours import channel_hours, open_minutes_by_hour
from intake.research.disclosure import RULES, stricter
from intake.research.facts import facts
from intake.research.hours import HOUR, hour_of, whole_hour
from intake.research.publish import Period, publish
from intake.settings import load_settings
from intake.store import audit_outside
from intake.store import research as store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    tables = parser.add_subparsers(dest="table", required=True, metavar="TABLE")
    hours = tables.add_parser(
        "channel-hours",
        help="contacts, waits and location radius by hour, channel, service and region",
        description="Write CSV and Parquet tables, a data dictionary and a data package into a folder.",
    )
    hours.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the files go")
    hours.add_argument("--config", type=Path, metavar="DIR", help="the configuration's folder")
    hours.add_argument("--store", metavar="URL", help="database, instead of the configuration's")
    hours.add_argument(
        "--from", dest="since", type=_hour, metavar="ISO", help="first hour, London's clock unless it says"
    )
    hours.add_argument("--to", dest="until", type=_hour, metavar="ISO", help="the hour to stop before")
    hours.add_argument("--rule", choices=sorted(RULES), default="ons", help="disclosure rule (default: ons)")
    hours.add_argument("--min-cell", type=int, metavar="N", help="suppress counts below N (ons 10, nhs 8)")
    hours.add_argument("--round", dest="round_to", type=int, metavar="N", help="round to the nearest N (5)")


def run(args: argparse.Namespace) -> int:
    try:
        return _channel_hours(args)
    except IntakeError as error:
        print(f"intake research: {error}", file=sys.stderr)
        return 1


def _channel_hours(args: argparse.Namespace) -> int:
    rule = stricter(RULES[args.rule], min_cell=args.min_cell, round_to=args.round_to)
    read_at = datetime.now(UTC)
    url = args.store or load_settings(args.config).store.url
    with store.snapshot(url) as conn:
        period = _period(args, store.period(conn), read_at)
        span = (period.since, period.until)
        known = facts(
            store.contacts_between(conn, *span),
            store.fixes_between(conn, *span),
            store.decisions_between(conn, *span),
            read_at,
        )
        minutes = open_minutes_by_hour(
            (hour_of(row.minute), row.channel) for row in store.door_minutes_between(conn, *span)
        )
    tables = channel_hours(known, minutes, *span, rule)
    # Law 17: recorded before a file stands anywhere; what cannot be recorded is not exported.
    hours = {"since": f"{period.since:%Y-%m-%dT%HZ}", "until": f"{period.until:%Y-%m-%dT%HZ}"}
    audit_outside.record(url, read_at, "research.export", table="channel-hours", rule=args.rule, **hours)
    for path in publish(tables, args.out, period, rule):
        print(path)
    cells = tables["channel-hours"]
    shown = sum(not row["contacts_suppressed"] for row in cells)
    print(
        f"{period.since:%Y-%m-%dT%H:%MZ} to {period.until:%Y-%m-%dT%H:%MZ}: {len(cells)} channel-hours, "
        f"{shown} published, {len(cells) - shown} suppressed (rule: below {rule.min_cell}, "
        f"rounded to {rule.round_to})"
    )
    return 0


def _hour(text: str) -> datetime:
    try:
        return whole_hour(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _period(args: argparse.Namespace, known: tuple[datetime, datetime] | None, read_at: datetime) -> Period:
    """Whole hours that are over: an hour still running, read twice, would tell who came in between."""
    over = hour_of(read_at)
    since = args.since or (hour_of(known[0]) if known else over)
    until = args.until or (min(hour_of(known[1]) + HOUR, over) if known else over)
    if until > over:
        raise Refused(f"--to must not be later than {over:%Y-%m-%dT%H:%MZ}, the last hour that is over")
    if since >= until:
        raise Refused(f"no hour is over between {since:%Y-%m-%dT%H:%MZ} and {until:%Y-%m-%dT%H:%MZ} yet")
    return Period(since=since, until=until, read_at=read_at)
