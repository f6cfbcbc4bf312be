"""The channel-hours tables: facts in, publishable rows out. Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from intake.regions import regions
from intake.research import measures
from intake.research.columns import (
    ANSWER_BANDS,
    LOCATION_BANDS,
    MEASURES,
    PERCENTILES,
    RADIUS_NEAREST_M,
    TABLES,
)
from intake.research.disclosure import Key, Rule, release, release_tree
from intake.research.facts import SERVICES, Fact
from intake.research.hours import hours_between, local_hour, utc_offset
from intake.research.measures import Wait

Row = dict[str, Any]
OpenMinutes = Mapping[tuple[datetime, str], int]

MEAN_HORIZON_S = 4 * 3600.0
"""A contact closes after four hours of silence: longer waits count as that in a mean."""


def channel_hours(
    facts: Iterable[Fact], open_minutes: OpenMinutes, since: datetime, until: datetime, rule: Rule
) -> dict[str, list[Row]]:
    """The rows of each of ``TABLES`` by its name, for the hours in [since, until).

    The first table has a row for each hour and channel, published or not; the finer ones have a row
    only where the cell may be published, so that an absent row says no more than a suppressed one.
    """
    cells = [_gathered(facts := list(facts), table.keys) for table in TABLES]
    counts = [{key: len(members) for key, members in level.items()} for level in cells]
    released = release_tree(counts, (SERVICES, regions()), rule)
    # A channel nobody offered, and of which nothing may be told, is not mentioned at all.
    channels = {channel for _, channel in open_minutes} | {key[1] for key in released[0]}
    grid = [(hour, channel) for hour in hours_between(since, until) for channel in sorted(channels)]
    tables = {
        TABLES[0].name: [
            _channel_row(key, cells[0].get(key, []), open_minutes.get(key, 0), rule) for key in grid
        ]
    }
    for table, level, keys in zip(TABLES[1:], cells[1:], released[1:], strict=True):
        tables[table.name] = [
            {
                **_hour_of(key[0]),
                **dict(zip(table.keys, key[1:], strict=True)),
                "contacts": rule.rounded(len(level[key])),
                **_times(level[key], rule),
            }
            for key in sorted(keys)
        ]
    return tables


def open_minutes_by_hour(minutes: Iterable[tuple[datetime, str]]) -> OpenMinutes:
    """Minutes counted by hour and channel, from pairs of the hour's start and the channel."""
    return Counter(minutes)


def _gathered(facts: Iterable[Fact], keys: tuple[str, ...]) -> dict[Key, list[Fact]]:
    gathered: defaultdict[Key, list[Fact]] = defaultdict(list)
    for fact in facts:
        gathered[fact.hour, *(getattr(fact, key) for key in keys)].append(fact)
    return gathered


def _hour_of(hour: datetime) -> Row:
    return {"hour_start_utc": hour, "hour_start_local": local_hour(hour), "utc_offset": utc_offset(hour)}


def _channel_row(key: tuple[datetime, str], facts: list[Fact], open_minutes: int, rule: Rule) -> Row:
    nobody = not facts and rule.zero_is_shown
    shown = nobody or len(facts) >= rule.min_cell
    return {
        **_hour_of(key[0]),
        "channel": key[1],
        "open_minutes": open_minutes,
        "contacts": rule.rounded(len(facts)) if shown else None,
        "contacts_suppressed": not shown,
        **_times(facts if shown else [], rule),
        **_bands(
            "answer",
            ANSWER_BANDS,
            [measures.police_band(fact.waits["answer"]) for fact in facts],
            shown,
            rule,
        ),
        **_bands(
            "radius", LOCATION_BANDS, [measures.radius_band(fact.radius_m) for fact in facts], shown, rule
        ),
    }


def _bands(prefix: str, bands: Mapping[str, str], members: list[str], shown: bool, rule: Rule) -> Row:
    counts = dict.fromkeys(bands, 0) | Counter(members)
    published = release(counts, rule) if shown else set()
    if shown and rule.zero_is_shown:
        published |= {band for band, count in counts.items() if count == 0}
    return {
        f"{prefix}_{name}": rule.rounded(counts[band]) if band in published else None
        for band, name in bands.items()
    }


def _times(facts: Sequence[Fact], rule: Rule) -> Row:
    row: Row = {}
    for measure in MEASURES:
        waits = [fact.waits[measure.name] for fact in facts if measure.name in fact.waits]
        scale = 1000.0 if measure.unit == "ms" else 1.0
        for way, seconds in _statistics(waits, rule).items():
            row[f"{measure.name}_{way}_{measure.unit}"] = _nearest(seconds, scale, measure.nearest)
    # A contact without a location is beyond every radius, as a wait without an end outlasts every time.
    radii = [Wait(math.inf if fact.radius_m is None else fact.radius_m, True) for fact in facts]
    for way, radius_m in _percentiles(radii, rule).items():
        row[f"radius_{way}_m"] = _nearest(radius_m, 1.0, RADIUS_NEAREST_M)
    return row


def _statistics(waits: Sequence[Wait], rule: Rule) -> dict[str, float | None]:
    if len(waits) < rule.min_cell:
        return dict.fromkeys(("mean", *PERCENTILES))
    horizon_s = min(MEAN_HORIZON_S, max(wait.seconds for wait in waits))
    steps = measures.kaplan_meier(waits)
    return {"mean": measures.restricted_mean(steps, horizon_s), **_percentiles(waits, rule)}


def _percentiles(waits: Sequence[Wait], rule: Rule) -> dict[str, float | None]:
    """A percentile stands on the contacts beyond it: with fewer than ``min_cell`` there, it is a person's."""
    steps = measures.kaplan_meier(waits)
    return {
        name: measures.waited_by(steps, quantile)
        if len(waits) * min(quantile, 1 - quantile) > rule.min_cell - 1e-9
        else None
        for name, quantile in PERCENTILES.items()
    }


def _nearest(value: float | None, scale: float, nearest: int) -> int | None:
    if value is None or math.isinf(value):
        return None
    return math.floor(value * scale / nearest + 0.5) * nearest
