"""Whole hours of the United Kingdom's clock, told apart when the clocks go back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
HOUR = timedelta(hours=1)


def hour_of(moment: datetime) -> datetime:
    """The start, in UTC, of the hour that holds ``moment``: London's offset is always whole hours."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def hours_between(since: datetime, until: datetime) -> list[datetime]:
    """The starts of every hour in [since, until)."""
    return [since + HOUR * index for index in range(int((until - since) / HOUR))]


def local_hour(hour: datetime) -> str:
    """``2026-03-29T02:00`` on the clock in London."""
    return hour.astimezone(LONDON).strftime("%Y-%m-%dT%H:%M")


def utc_offset(hour: datetime) -> str:
    """``+01:00`` in summer: it tells the two hours from 01:00 apart in October."""
    return hour.astimezone(LONDON).isoformat()[-6:]


def whole_hour(text: str) -> datetime:
    """An ISO 8601 moment at the start of an hour; without an offset it is read on London's clock.

    Raises ValueError for others: two exports that differ by part of an hour could be subtracted.
    """
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=LONDON)
    if moment != hour_of(moment):
        raise ValueError(f"{text!r} is not the start of an hour; only whole hours are published")
    return hour_of(moment)
