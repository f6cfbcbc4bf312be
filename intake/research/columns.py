"""The tables and their columns: files, schemas and the data dictionary are all made from these."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from intake.research.measures import POLICE_BANDS, RADIUS_BANDS


class Kind(StrEnum):
    """Field types of the Frictionless table schema."""

    TEXT = "string"
    NUMBER = "integer"
    INSTANT = "datetime"
    FLAG = "boolean"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column; ``unit`` is empty where the value has none."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """A wait that is published as a mean and four percentiles, rounded to ``nearest`` of its unit."""

    name: str
    meaning: str
    unit: str = "s"
    nearest: int = 1


class TableOf(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the export; ``keys`` come after the hour and are a prefix of the next table's."""

    name: str
    title: str
    keys: tuple[str, ...]
    columns: tuple[Column, ...]


MEASURES = (
    Measure(
        name="acknowledge",
        unit="ms",
        nearest=10,
        meaning="Time to acknowledge, t2 - t1: received until the transaction that stored it began",
    ),
    Measure(
        name="answer",
        meaning="Time to answer, t5 - t1: received until a handler took the contact; "
        "an automatic reply is not an answer",
    ),
    Measure(
        name="first_reply",
        meaning="Time to first human reply, t6 - t1: received until a person's first message to the caller",
    ),
    Measure(
        name="located_50m",
        meaning="Time to location within 50 m: received until the first place known to 50 m or less",
    ),
    Measure(
        name="located_100m",
        meaning="Time to location within 100 m: received until the first place known to 100 m or less",
    ),
    Measure(
        name="located_1km",
        meaning="Time to location within 1 km: received until the first place known to 1 km or less",
    ),
    Measure(
        name="hand_over",
        meaning="Hand-over, t8 - t7: routed until a control room accepted; of routed contacts only",
    ),
)
PERCENTILES = {"median": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
RADIUS_NEAREST_M = 5

ANSWER_BANDS = dict(zip(POLICE_BANDS, ("10_s_or_less", "10_to_60_s", "over_60_s", "none"), strict=True))
LOCATION_BANDS = dict(
    zip(RADIUS_BANDS, ("50_m_or_less", "50_to_100_m", "100_m_to_1_km", "over_1_km", "none"), strict=True)
)

_HOUR = (
    Column(name="hour_start_utc", kind=Kind.INSTANT, meaning="Start of the hour, in UTC"),
    Column(
        name="hour_start_local",
        kind=Kind.TEXT,
        meaning="Start of the same hour on the clock in London (Europe/London), YYYY-MM-DDTHH:MM",
    ),
    Column(
        name="utc_offset",
        kind=Kind.TEXT,
        meaning="London's offset from UTC in that hour; tells the two hours from 01:00 in October apart",
    ),
)
_KEYS = {
    "channel": Column(name="channel", kind=Kind.TEXT, meaning="Way in: sms, app, telegram, email and so on"),
    "service": Column(
        name="service",
        kind=Kind.TEXT,
        meaning="Service asked for, as it stood when the data were read: police, ambulance, fire, "
        "coastguard, other, or 'not said'",
    ),
    "region": Column(
        name="region",
        kind=Kind.TEXT,
        meaning="Nation or English region of the room named by the latest decision for police, fire or "
        "ambulance; 'unknown' where the national default answers or nothing was routed. North and "
        "North East Lincolnshire count in East Midlands when the decision was for ambulance",
    ),
}
_OPEN = Column(
    name="open_minutes",
    kind=Kind.NUMBER,
    unit="min",
    meaning="Minutes of the hour, 0 to 60, in which the channel's doors were open: "
    "tells a quiet hour from an outage",
)
_CONTACTS = Column(
    name="contacts",
    kind=Kind.NUMBER,
    unit="contacts",
    meaning="Contacts whose first message was received in the hour, rounded; empty when suppressed",
)
_SUPPRESSED = Column(
    name="contacts_suppressed",
    kind=Kind.FLAG,
    meaning="True where the count is too small to publish; under the ONS rule that includes none at all",
)


def _timing(measure: Measure) -> tuple[Column, ...]:
    ways = {
        "mean": "restricted mean (each wait counts up to 4 h, or to the longest wait of the cell)",
        **{name: f"{name} (Kaplan-Meier)" for name in PERCENTILES},
    }
    return tuple(
        Column(
            name=f"{measure.name}_{way}_{measure.unit}",
            kind=Kind.NUMBER,
            unit=measure.unit,
            meaning=f"{measure.meaning}; {words}, to the nearest {measure.nearest} {measure.unit}",
        )
        for way, words in ways.items()
    )


def _radius() -> tuple[Column, ...]:
    return tuple(
        Column(
            name=f"radius_{name}_m",
            kind=Kind.NUMBER,
            unit="m",
            meaning=f"Radius that holds the caller with 95 % confidence, each contact's best: {name}, to the "
            f"nearest {RADIUS_NEAREST_M} m; a contact without any location counts as beyond every radius",
        )
        for name in PERCENTILES
    )


def _bands() -> tuple[Column, ...]:
    answers = (
        (f"answer_{name}", f"Contacts by time to answer: {band}") for band, name in ANSWER_BANDS.items()
    )
    radii = (
        (f"radius_{name}", f"Contacts by best location: {band}") for band, name in LOCATION_BANDS.items()
    )
    return tuple(
        Column(
            name=name, kind=Kind.NUMBER, unit="contacts", meaning=f"{meaning}; rounded, empty when suppressed"
        )
        for name, meaning in (*answers, *radii)
    )


_TIMES = (*(column for measure in MEASURES for column in _timing(measure)), *_radius())

TABLES = (
    TableOf(
        name="channel-hours",
        title="Contacts by hour and channel, with the minutes each channel was open",
        keys=("channel",),
        columns=(*_HOUR, _KEYS["channel"], _OPEN, _CONTACTS, _SUPPRESSED, *_TIMES, *_bands()),
    ),
    TableOf(
        name="channel-hours-by-service",
        title="Contacts by hour, channel and service asked for; only cells that may be published",
        keys=("channel", "service"),
        columns=(*_HOUR, _KEYS["channel"], _KEYS["service"], _CONTACTS, *_TIMES),
    ),
    TableOf(
        name="channel-hours-by-region",
        title="Contacts by hour, channel, service and region; only cells that may be published",
        keys=("channel", "service", "region"),
        columns=(*_HOUR, *_KEYS.values(), _CONTACTS, *_TIMES),
    ),
)
