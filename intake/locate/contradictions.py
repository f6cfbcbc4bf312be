"""Which hypotheses cannot all be true, and what slip may explain it. Pure.

Two places contradict when their 95 % circles miss each other by more than 1 km, after a phone was
given the time between them to move. The caller's place and the incident's are different things: they
never contradict each other. The places one clue may mean ("Newport") are alternatives of each other;
they contradict a fix only when all of them do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import combinations

import msgspec

from intake.locate.ageing import at_s, moved_m
from intake.locate.shape_circle import WGS84
from intake.locate.sources import SOURCES, Kind, whose_is
from intake.locate.wording import km, name_of, say
from intake.location import CallerLocation, LocationSource, Whose
from intake.sentences import Sentence

MARGIN_M = 1_000.0
"""Two circles that miss each other by less are a matter of radii, not of different places."""
NEWEST_TEXT_CLUES = 8

_SOUTH, _NORTH, _WEST, _EAST = 49.0, 61.5, -11.0, 2.5
"""Degrees: the British Isles with their near waters, as far as a suspicion needs them."""

Saying = tuple[CallerLocation, ...]
"""The places that one clue may mean, or one place alone."""


class Slip(StrEnum):
    """How one writes down a place that is not meant."""

    SWAPPED = "swapped"
    MIRRORED = "mirrored"


class Contradiction(msgspec.Struct, frozen=True, kw_only=True):
    """``distance_m`` is between the centres; ``slip`` where numbers turned round would explain it."""

    one: CallerLocation
    other: CallerLocation | None
    distance_m: float
    said: Sentence
    slip: Slip | None = None


def is_place(location: CallerLocation) -> bool:
    """False for numbers that are no place on earth, however they came in (law 14: kept, not used)."""
    numbers = (location.latitude, location.longitude, location.uncertainty_m, location.confidence_pct)
    return (
        all(math.isfinite(number) for number in numbers)
        and abs(location.latitude) <= 90
        and abs(location.longitude) <= 180
        and location.uncertainty_m >= 0
    )


def find_contradictions(
    hypotheses: Iterable[CallerLocation], pace_m_s: float = 0.0
) -> tuple[Contradiction, ...]:
    """The farthest apart first, then suspected slips.

    Of every kind of fix the newest speaks; of written clues the newest eight. ``pace_m_s`` is that of
    a caller seen to ride (`ageing.pace_m_s`).
    """
    speaking = _speaking(place for place in hypotheses if is_place(place))
    apart: list[Contradiction] = []
    slips: list[Contradiction] = []
    for one, other in combinations(speaking, 2):
        if _different_things(one[0], other[0]):
            continue
        distance_m, here, there = min(
            ((distance_between_m(a, b), a, b) for a in one for b in other), key=lambda gap: gap[0]
        )
        if all(_miss(a, b, pace_m_s) for a in one for b in other):
            apart.append(_apart(here, there, distance_m))
            slips += _slips_between(one, other)
    slips += [suspicion for (place, *_) in speaking if (suspicion := _abroad_by_a_slip(place))]
    ordered = sorted(apart, key=lambda found: (-found.distance_m, found.said.en))
    told = {found.one: found for found in reversed(slips)}  # one suspicion a place is enough
    return (*ordered, *sorted(told.values(), key=lambda found: found.said.en))


def distance_between_m(one: CallerLocation, other: CallerLocation) -> float:
    """Along the ground, centre to centre."""
    _, _, metres = WGS84.inv(one.longitude, one.latitude, other.longitude, other.latitude)
    return float(metres)


def sayings(hypotheses: Iterable[CallerLocation]) -> list[Saying]:
    """Hypotheses that stand for the same words of one message, together; all others alone."""
    together: dict[object, list[CallerLocation]] = {}
    for number, place in enumerate(hypotheses):
        is_clue = SOURCES[place.source].kind is Kind.TEXT and place.clue_start is not None
        key = (place.source, place.clue, place.clue_start, place.clue_end, at_s(place)) if is_clue else number
        together.setdefault(key, []).append(place)
    return [tuple(sorted(places, key=tie_key)) for places in together.values()]


def tie_key(location: CallerLocation) -> bytes:
    """Every field, so that only equal hypotheses tie."""
    return msgspec.json.encode(location)


def _speaking(hypotheses: Iterable[CallerLocation]) -> list[Saying]:
    """Written clues before fixes, so that each sentence starts with what was said."""
    by_source: dict[tuple[LocationSource, Whose], list[Saying]] = {}
    for saying in sayings({tie_key(place): place for place in hypotheses}.values()):
        side = saying[0].source, whose_is(saying[0].source, saying[0].whose)
        by_source.setdefault(side, []).append(saying)
    speaking: list[Saying] = []
    for source in reversed(LocationSource):
        for whose in Whose:
            newest_first = sorted(
                by_source.get((source, whose), ()),
                key=lambda saying: (at_s(saying[0]), tie_key(saying[0])),
                reverse=True,
            )
            speaking += newest_first[: NEWEST_TEXT_CLUES if SOURCES[source].kind is Kind.TEXT else 1]
    return speaking


def _different_things(one: CallerLocation, other: CallerLocation) -> bool:
    sides = {whose_is(place.source, place.whose) for place in (one, other)}
    return sides == {Whose.CALLER, Whose.INCIDENT}


def _miss(one: CallerLocation, other: CallerLocation, pace_m_s: float) -> bool:
    between_s = abs(at_s(one) - at_s(other)) if one.positioned_at and other.positioned_at else 0.0
    reach_m = max(moved_m(one, between_s, pace_m_s), moved_m(other, between_s, pace_m_s))
    return distance_between_m(one, other) > one.radius_m() + other.radius_m() + reach_m + MARGIN_M


def _apart(one: CallerLocation, other: CallerLocation, distance_m: float) -> Contradiction:
    said = say("apart", **_names(one, other), km=km(distance_m))
    return Contradiction(one=one, other=other, distance_m=distance_m, said=said)


def _names(one: CallerLocation, other: CallerLocation) -> dict[str, Sentence]:
    return {"one": name_of(one), "other": name_of(other)}


def _slips_between(one: Saying, other: Saying) -> Iterator[Contradiction]:
    """A place that would agree with the other if its numbers were turned round.

    Turning either of them would do as well: the one abroad is suspected, else the one that was written.
    """
    if len(one) > 1 or len(other) > 1:
        return
    first, second = sorted((one[0], other[0]), key=_beyond_suspicion)
    for place, against in ((first, second), (second, first)):
        if SOURCES[place.source].kind is Kind.PERSON:
            continue
        for slip, turned in _turned(place):
            gap_m = distance_between_m(turned, against)
            if gap_m <= turned.radius_m() + against.radius_m() + MARGIN_M:
                said = say(f"{slip}_agrees", **_names(place, against))
                yield Contradiction(one=place, other=against, distance_m=gap_m, said=said, slip=slip)
                return


def _beyond_suspicion(place: CallerLocation) -> tuple[bool, bool, bytes]:
    return _near_britain(place), SOURCES[place.source].kind is Kind.PHONE, tie_key(place)


def _abroad_by_a_slip(place: CallerLocation) -> Contradiction | None:
    if _near_britain(place):
        return None
    for slip, turned in _turned(place):
        if _near_britain(turned):
            said = say(f"{slip}_home", one=name_of(place))
            distance_m = distance_between_m(place, turned)
            return Contradiction(one=place, other=None, distance_m=distance_m, said=said, slip=slip)
    return None


def _turned(place: CallerLocation) -> Sequence[tuple[Slip, CallerLocation]]:
    latitude, longitude = place.latitude, place.longitude
    ways = [(Slip.SWAPPED, longitude, latitude)] if abs(longitude) <= 90 else []
    ways += [(Slip.MIRRORED, latitude, -longitude), (Slip.MIRRORED, -latitude, longitude)]
    return [
        (slip, msgspec.structs.replace(place, latitude=north, longitude=east)) for slip, north, east in ways
    ]


def _near_britain(place: CallerLocation) -> bool:
    return _SOUTH <= place.latitude <= _NORTH and _WEST <= place.longitude <= _EAST
