"""The channel-hours export: what it says is right, and every pair of its tables may be subtracted."""

from __future__ import annotations

import random
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from intake.regions import region_of, region_of_room, regions
from intake.research import channel_hours as making
from intake.research import disclosure, measures
from intake.research.channel_hours import channel_hours
from intake.research.columns import ANSWER_BANDS, LOCATION_BANDS, TABLES
from intake.research.disclosure import NHS, ONS, Rule
from intake.research.facts import SERVICES, Fact, facts
from intake.research.hours import HOUR, hour_of, hours_between, local_hour, utc_offset, whole_hour
from intake.research.measures import Wait

REPO = Path(__file__).parents[2]
SINCE = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
HOURS = 3
UNTIL = SINCE + HOURS * HOUR
Key = tuple[Any, ...]


def one_fact(random_: random.Random, hour: datetime, channel: str) -> Fact:
    answered = random_.random() < 0.9
    return Fact(
        hour=hour,
        channel=channel,
        service=random_.choices(SERVICES, (50, 30, 15, 2, 1, 12))[0],
        region=random_.choices(regions())[0] if random_.random() < 0.3 else "Wales",
        waits={
            "acknowledge": Wait(random_.random() / 50, True),
            "answer": Wait(random_.expovariate(1 / 20), answered),
            "first_reply": Wait(random_.expovariate(1 / 60), answered),
            "located_50m": Wait(random_.expovariate(1 / 30), random_.random() < 0.6),
            "located_100m": Wait(random_.expovariate(1 / 20), random_.random() < 0.7),
            "located_1km": Wait(random_.expovariate(1 / 10), random_.random() < 0.9),
        },
        radius_m=random_.choice([None, 8.0, 75.0, 400.0, 5000.0]),
    )


def evening(seed: int) -> list[Fact]:
    """Three hours on four channels, from nobody to some hundreds."""
    random_ = random.Random(seed)
    return [
        one_fact(random_, SINCE + index * HOUR, channel)
        for index in range(HOURS)
        for channel in ("app", "email", "sms", "telegram")
        for _ in range(random_.choice((0, 3, 11, 25, 60, 300)))
    ]


OPEN = {
    (SINCE + i * HOUR, channel): 60 for i in range(HOURS) for channel in ("app", "email", "sms", "telegram")
}

# -- law 20: the subtraction of every pair of published tables ----------------------------------


class Published:
    """One published table as a reader has it, beside the true counts he would like to know."""

    def __init__(self, name: str, keys: tuple[str, ...], cells: Mapping[Key, int], truth: Mapping[Key, int]):
        self.name, self.keys, self.cells, self.truth = name, keys, cells, truth


def published_tables(facts_: list[Fact], rule: Rule) -> list[Published]:
    tables = channel_hours(facts_, OPEN, SINCE, UNTIL, rule)
    found = []
    for table in TABLES:
        keys = ("hour", *table.keys)
        truth = Counter(tuple(getattr(fact, key) for key in keys) for fact in facts_)
        cells = {
            (row["hour_start_utc"], *(row[key] for key in table.keys)): row["contacts"]
            for row in tables[table.name]
            if row["contacts"] is not None
        }
        found.append(Published(table.name, keys, cells, truth))
    bands: tuple[tuple[str, Mapping[str, str], Callable[[Fact], str]], ...] = (
        ("answer", ANSWER_BANDS, lambda fact: measures.police_band(fact.waits["answer"])),
        ("radius", LOCATION_BANDS, lambda fact: measures.radius_band(fact.radius_m)),
    )
    for prefix, names, band_of in bands:
        truth = Counter((fact.hour, fact.channel, band_of(fact)) for fact in facts_)
        cells = {
            (row["hour_start_utc"], row["channel"], band): row[f"{prefix}_{name}"]
            for row in tables["channel-hours"]
            for band, name in names.items()
            if row[f"{prefix}_{name}"] is not None
        }
        found.append(Published(f"{prefix} bands", ("hour", "channel", prefix), cells, truth))
    return found


def small_counts(tables: Iterable[Published], rule: Rule) -> list[str]:
    """Each count of 1 to ``min_cell − 1`` that is published, or is the difference of two published tables.

    Of two tables the coarser is summed over every choice of its keys (hour totals, channel totals, the
    grand total, each cell by itself), and so are the finer table's cells that lie in the cells it shows.
    The reader is granted the unrounded counts: it must hold even so.
    """
    tables, found = list(tables), []
    small = range(1, rule.min_cell)
    for table in tables:
        found += [f"{table.name} {key}" for key in table.cells if table.truth.get(key, 0) in small]
    for coarse in tables:
        for fine in tables:
            if len(coarse.keys) >= len(fine.keys) or fine.keys[: len(coarse.keys)] != coarse.keys:
                continue
            rest = {key: coarse.truth.get(key, 0) for key in coarse.cells}
            for key in fine.cells:
                if key[: len(coarse.keys)] in rest:
                    rest[key[: len(coarse.keys)]] -= fine.truth.get(key, 0)
            for size in range(len(coarse.keys) + 1):
                for chosen in combinations(range(len(coarse.keys)), size):
                    sums: defaultdict[Key, int] = defaultdict(int)
                    for key, count in rest.items():
                        sums[tuple(key[i] for i in chosen)] += count
                    pair = f"{coarse.name} less {fine.name} by {[coarse.keys[i] for i in chosen]}"
                    found += [
                        f"{pair} at {group}: {count}" for group, count in sums.items() if count in small
                    ]
    return found


@pytest.mark.parametrize("rule", [ONS, NHS], ids=["ons", "nhs"])
@pytest.mark.parametrize("seed", range(12))
def test_no_two_published_tables_subtract_to_a_small_count(seed: int, rule: Rule) -> None:
    tables = published_tables(evening(seed), rule)
    assert all(table.cells for table in tables[:2])
    assert small_counts(tables, rule) == []


def test_the_subtraction_catches_unsuppressed_tables() -> None:
    everything = Rule(name="none", min_cell=1, round_to=1)
    assert any("less" not in line for line in small_counts(published_tables(evening(1), everything), ONS))


def test_the_subtraction_catches_suppression_without_its_complement(monkeypatch: pytest.MonkeyPatch) -> None:
    def primary_only(parts: Mapping[Any, int], rule: Rule) -> set[Any]:
        return {key for key, count in parts.items() if count >= rule.min_cell}

    monkeypatch.setattr(disclosure, "release", primary_only)
    monkeypatch.setattr(making, "release", primary_only)
    found = [line for seed in range(12) for line in small_counts(published_tables(evening(seed), ONS), ONS)]
    assert any("channel-hours less channel-hours-by-service" in line for line in found)
    assert any("less answer bands" in line for line in found)


# -- what the cells say --------------------------------------------------------------------------


def many(count: int, **changes: Any) -> list[Fact]:
    values: dict[str, Any] = {
        "hour": SINCE,
        "channel": "sms",
        "service": "fire",
        "region": "Wales",
        "waits": {"answer": Wait(4, True)},
        "radius_m": 8.0,
    }
    return [Fact(**values | changes) for _ in range(count)]


def rows_of(facts_: list[Fact], rule: Rule = ONS, table: str = "channel-hours") -> list[dict[str, Any]]:
    return channel_hours(facts_, OPEN, SINCE, UNTIL, rule)[table]


def test_a_published_cell_is_rounded_and_a_small_one_empty() -> None:
    rows = {
        (row["hour_start_utc"], row["channel"]): row for row in rows_of(many(33) + many(9, channel="app"))
    }
    assert rows[SINCE, "sms"]["contacts"] == 35
    assert rows[SINCE, "app"]["contacts"] is None and rows[SINCE, "app"]["contacts_suppressed"]
    assert rows[SINCE, "app"]["answer_mean_s"] is None and rows[SINCE, "app"]["answer_10_s_or_less"] is None


def test_a_quiet_hour_and_an_outage_do_not_look_alike() -> None:
    open_minutes = {(SINCE, "sms"): 60, (SINCE + HOUR, "sms"): 12}
    rows = channel_hours([], open_minutes, SINCE, UNTIL, ONS)["channel-hours"]
    assert [row["open_minutes"] for row in rows] == [60, 12, 0]
    assert [row["contacts"] for row in rows] == [None] * 3


def test_under_the_nhs_rule_nobody_is_shown_as_zero() -> None:
    rows = rows_of(many(7), NHS)
    assert [row["contacts"] for row in rows if row["channel"] == "app"] == [0] * HOURS
    assert next(row["contacts"] for row in rows if row["channel"] == "sms") is None


def test_the_finest_table_names_service_and_region() -> None:
    rows = rows_of(many(40) + many(60, service="police", region="Scotland"), table="channel-hours-by-region")
    assert [(row["service"], row["region"], row["contacts"]) for row in rows] == [
        ("fire", "Wales", 40),
        ("police", "Scotland", 60),
    ]


def test_a_percentile_needs_min_cell_contacts_beyond_it() -> None:
    def row(count: int) -> dict[str, Any]:
        spread = [many(1, waits={"answer": Wait(i, True)})[0] for i in range(1, count + 1)]
        return next(row for row in rows_of(spread) if row["contacts"])

    assert [row(19)[f"answer_{way}_s"] for way in ("mean", "median")] == [10, None]
    assert [row(100)[f"answer_{way}_s"] for way in ("median", "p90", "p95")] == [50, 90, None]
    assert [row(1000)[f"answer_{way}_s"] for way in ("p95", "p99")] == [950, 990]


def test_the_unanswered_and_the_unlocated_count() -> None:
    facts_ = many(40) + many(60, waits={"answer": Wait(100, False)}, radius_m=None)
    row = next(row for row in rows_of(facts_) if row["contacts"])
    assert (row["answer_10_s_or_less"], row["answer_none"]) == (40, 60)
    assert (row["radius_50_m_or_less"], row["radius_none"]) == (40, 60)
    assert row["answer_median_s"] is None and row["radius_median_m"] is None  # most never got so far
    assert row["answer_mean_s"] == round((40 * 4 + 60 * 100) / 100)


def test_rows_become_facts() -> None:
    class Line:
        def __init__(self, **values: Any):
            self.__dict__.update(values)

    moments = dict.fromkeys(
        ("sent_at", "stored_at", "queued_at", "first_shown_at", "first_reply_at", "routed_at"), None
    ) | {"accepted_at": None, "closed_at": None}
    came = SINCE + timedelta(minutes=59)
    contact = Line(
        id="c", channel="sms", service="urn:service:sos.marine", received_at=came,
        claimed_at=came + timedelta(seconds=7), **moments,
    )  # fmt: skip
    place = {"latitude": 50.5, "longitude": -4.9, "uncertainty_m": 10.0, "confidence_pct": 68.0}
    fix = Line(contact_id="c", received_at=came + timedelta(seconds=3), location=place)
    decisions = [
        Line(contact_id="c", service="urn:service:sos.police", room_id="police-devon-and-cornwall"),
        Line(contact_id="c", service="urn:service:sos.marine", room_id="coastguard"),
    ]
    [fact] = facts([contact], [fix], decisions, came + timedelta(hours=1))
    assert (fact.hour, fact.channel, fact.service, fact.region) == (SINCE, "sms", "coastguard", "South West")
    assert fact.waits["answer"] == Wait(7, True) and fact.waits["located_50m"] == Wait(3, True)
    assert fact.radius_m == pytest.approx(16.5, abs=0.05)  # 68 → 95 % is ×1.6504, RFC 7459
    assert "acknowledge" not in fact.waits and "hand_over" not in fact.waits


# -- hours ---------------------------------------------------------------------------------------


def test_the_clocks_go_back_and_the_two_hours_are_told_apart() -> None:
    hours = hours_between(whole_hour("2026-10-25T00:00"), whole_hour("2026-10-25T04:00"))
    assert [local_hour(hour)[-5:] + utc_offset(hour) for hour in hours] == [
        "00:00+01:00",
        "01:00+01:00",
        "01:00+00:00",
        "02:00+00:00",
        "03:00+00:00",
    ]


def test_only_whole_hours_are_taken() -> None:
    assert whole_hour("2026-07-01T10:00") == datetime(2026, 7, 1, 9, tzinfo=UTC)
    assert whole_hour("2026-07-01T10:00Z") == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert hour_of(datetime(2026, 7, 1, 9, 59, 59, tzinfo=UTC)) == datetime(2026, 7, 1, 9, tzinfo=UTC)
    with pytest.raises(ValueError, match="whole hours"):
        whole_hour("2026-07-01T10:30")


# -- regions -------------------------------------------------------------------------------------


def test_every_room_of_the_register_has_a_region() -> None:
    register = tomllib.loads((REPO / "config" / "control_rooms.toml").read_text("utf-8"))
    rooms = {room["id"] for room in register["room"]}
    assert {room for room in rooms if region_of(room) == "unknown"} == {
        "national",
        "coastguard",
        "police-british-transport",
    }
    assert set(region_of_room()) <= rooms


def test_twelve_regions_and_the_unknown() -> None:
    assert len(regions()) == 13 and regions()[-1] == "unknown"
    assert region_of("police-psni") == "Northern Ireland"
    assert region_of("coastguard") == region_of("national") == region_of(None) == "unknown"
    assert Counter(room.split("-")[0] for room in region_of_room()) == {
        "police": 45,
        "fire": 49,
        "ambulance": 14,
    }
