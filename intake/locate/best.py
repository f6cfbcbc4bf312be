"""Which hypothesis to act on, and which of them cannot all be true. Pure: the time is passed in.

The choice, in order:

1. A handler's own choice outranks everything; the latest of several.
2. Otherwise the smallest *weighed radius*: the radius at 95 % (RFC 7459), grown by age at the
   speed of its source, times the doubt of its source.
3. Ties go to the later fix, then to source, position and clue: the order of arrival never matters.

A worse hypothesis therefore never changes the answer, and no hypothesis shrinks another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from itertools import combinations
from typing import NamedTuple

import msgspec
from pyproj import Geod

from intake.location import STATED_CONFIDENCE_PCT, CallerLocation, LocationSource


class SourceModel(NamedTuple):
    """How a source is believed. ``doubt`` multiplies its radius when hypotheses compete; ``speed_m_s``
    grows the radius with age, up to ``furthest_m``; ``name`` is what a contradiction calls it."""

    doubt: float
    speed_m_s: float
    furthest_m: float
    name: str


SOURCES: dict[LocationSource, SourceModel] = {
    # A person walks at 1.5 m/s; in an hour and a half of walking and driving few leave 30 km.
    LocationSource.CHAT_LIVE: SourceModel(1.0, 1.5, 30_000.0, "live location"),
    LocationSource.DEVICE: SourceModel(1.0, 1.5, 30_000.0, "phone's fix"),
    LocationSource.AML: SourceModel(1.0, 1.5, 30_000.0, "phone's AML fix"),
    # A pin can be dropped by hand on another place than one's own.
    LocationSource.CHAT_PIN: SourceModel(1.2, 1.5, 30_000.0, "sent pin"),
    # What is written names the incident's place as a rule, and places do not walk; but one slip of
    # the finger is another place, and a postcode may be a person's home rather than where they are.
    LocationSource.TEXT_LATLON: SourceModel(1.5, 0.0, 0.0, "written latitude and longitude"),
    LocationSource.TEXT_PLUSCODE: SourceModel(1.5, 0.0, 0.0, "written plus code"),
    LocationSource.TEXT_GRID: SourceModel(1.5, 0.0, 0.0, "written grid reference"),
    LocationSource.TEXT_POSTCODE: SourceModel(2.0, 0.0, 0.0, "typed postcode"),
    LocationSource.TEXT_OUTCODE: SourceModel(2.0, 0.0, 0.0, "typed postcode district"),
    LocationSource.TEXT_W3W: SourceModel(2.0, 0.0, 0.0, "three words"),
    LocationSource.TEXT_PLACE: SourceModel(2.0, 0.0, 0.0, "typed place"),
    LocationSource.TEXT_ROAD: SourceModel(2.0, 0.0, 0.0, "typed road"),
    LocationSource.TEXT_ADDRESS: SourceModel(2.0, 0.0, 0.0, "typed address"),
    LocationSource.LINK: SourceModel(1.0, 1.5, 30_000.0, "location link's fix"),
    LocationSource.LINK_LIVE: SourceModel(1.0, 1.5, 30_000.0, "location link's live fix"),
    LocationSource.HANDLER: SourceModel(1.0, 0.0, 0.0, "handler's choice"),
}
CONTRADICTION_MARGIN_M = 1_000.0
"""Two circles that miss each other by less are a matter of radii, not of different places."""
NEWEST_TEXT_CLUES = 8

_WGS84 = Geod(ellps="WGS84")


def radius_now_m(location: CallerLocation, now: datetime) -> float:
    """The radius in metres at 95 % as of ``now``: a fix without a time, or from the future, has not aged."""
    age_s = 0.0
    if location.positioned_at is not None:
        age_s = max(0.0, (now - location.positioned_at).total_seconds())
    return location.radius_m() + _moved_m(location, age_s)


def as_of(location: CallerLocation, now: datetime) -> CallerLocation:
    """The same hypothesis with its radius at 95 % as of ``now``: what routing is to be asked with."""
    return msgspec.structs.replace(
        location,
        uncertainty_m=round(radius_now_m(location, now), 1),
        confidence_pct=STATED_CONFIDENCE_PCT,
    )


def choose_best(hypotheses: Iterable[CallerLocation], now: datetime) -> CallerLocation | None:
    """One of ``hypotheses``, unchanged (law 14), by the order above; None when there is none.

    Its radius is as it was measured; `as_of` gives what its age has made of it.
    """
    candidates = list(hypotheses)
    chosen = [place for place in candidates if place.source is LocationSource.HANDLER]
    if chosen:
        return max(chosen, key=lambda place: (_time_key(place), _tie_key(place)))
    return min(
        candidates,
        key=lambda place: (weighed_radius_m(place, now), -_time_key(place), _tie_key(place)),
        default=None,
    )


def weighed_radius_m(location: CallerLocation, now: datetime) -> float:
    """What hypotheses are compared by: metres at 95 % as of ``now``, times the doubt of the source."""
    return radius_now_m(location, now) * SOURCES[location.source].doubt


def contradictions(hypotheses: Iterable[CallerLocation]) -> tuple[str, ...]:
    """Pairs that cannot both be true: "the typed postcode (LS1 4AP) is 212 km from the phone's fix".

    Two places contradict when their 95 % circles miss each other by more than 1 km, after each
    moving source has been given the time between them to move. Of every kind of device fix the
    newest speaks; of written clues the newest eight.
    """
    speaking = _speaking(hypotheses)
    found = []
    for one, other in combinations(speaking, 2):
        gap_m = _distance_m(one, other)
        between_s = (
            abs(_time_key(one) - _time_key(other)) if one.positioned_at and other.positioned_at else 0.0
        )
        moved_m = max(_moved_m(one, between_s), _moved_m(other, between_s))
        if gap_m > one.radius_m() + other.radius_m() + moved_m + CONTRADICTION_MARGIN_M:
            found.append((-gap_m, f"the {_name(one)} is {_in_words(gap_m)} from the {_name(other)}"))
    return tuple(sentence for _, sentence in sorted(found))


def _speaking(hypotheses: Iterable[CallerLocation]) -> list[CallerLocation]:
    """Written clues before fixes, so that each sentence starts with what was said."""
    by_source: dict[LocationSource, list[CallerLocation]] = {}
    for place in hypotheses:
        by_source.setdefault(place.source, []).append(place)
    speaking: list[CallerLocation] = []
    for source in reversed(LocationSource):
        newest_first = sorted(
            by_source.get(source, ()), key=lambda place: (_time_key(place), _tie_key(place)), reverse=True
        )
        speaking += newest_first[: NEWEST_TEXT_CLUES if source.startswith("text_") else 1]
    return speaking


def _moved_m(location: CallerLocation, elapsed_s: float) -> float:
    model = SOURCES[location.source]
    return min(model.furthest_m, model.speed_m_s * elapsed_s)


def _time_key(location: CallerLocation) -> float:
    return location.positioned_at.timestamp() if location.positioned_at is not None else -math.inf


def _tie_key(location: CallerLocation) -> bytes:
    """Every field, so that only equal hypotheses tie."""
    return msgspec.json.encode(location)


def _distance_m(one: CallerLocation, other: CallerLocation) -> float:
    _, _, metres = _WGS84.inv(one.longitude, one.latitude, other.longitude, other.latitude)
    return float(metres)


def _name(location: CallerLocation) -> str:
    name = SOURCES[location.source].name
    return f"{name} ({location.clue[:40]})" if location.clue else name


def _in_words(metres: float) -> str:
    return f"{metres / 1000:.1f} km" if metres < 10_000 else f"{metres / 1000:.0f} km"
