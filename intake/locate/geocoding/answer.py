"""What a service answered to an address, and the hypotheses that makes. Pure.

The radius (95 %) comes from what kind of thing was found, from its extent where the service tells one,
and from how well it matches. The figures are our estimates, not the services':

| found | at least | without an extent | why |
|---|---|---|---|
| house | 40 m | 40 m | the point lies in the building; its caller may be at the gate |
| house, its number reckoned between others | 150 m | 150 m | numbers are not evenly spaced |
| street | 100 m | 500 m | anywhere along it |
| postcode | 100 m | 300 m | about fifteen houses |
| town | 500 m | 5 km | anywhere in it |
| region | 5 km | 50 km | names no place to route by |

A match below 0.8 doubles the radius, one below 0.5 quadruples it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec
from pyproj import Geod

from intake.locate.clue import clue_location
from intake.locate.geocoding.doubts import (
    country_doubt,
    house_numbers,
    postcode_doubt,
    printable,
    widened_m,
)
from intake.location import STATED_CONFIDENCE_PCT, CallerLocation, LocationMethod, LocationSource
from intake.ports import PlaceQuestion

MOST_PLACES = 3
"""Alternatives kept of one address; a handler who is shown more reads none."""
NEAR_ENOUGH_M = 25_000.0
_LABEL_CHARACTERS = 120
_WGS84 = Geod(ellps="WGS84")


class AnswerKind(StrEnum):
    HOUSE = "house"
    STREET = "street"
    POSTCODE = "postcode"
    TOWN = "town"
    REGION = "region"


_LEAST_M = {
    AnswerKind.HOUSE: 40.0,
    AnswerKind.STREET: 100.0,
    AnswerKind.POSTCODE: 100.0,
    AnswerKind.TOWN: 500.0,
    AnswerKind.REGION: 5_000.0,
}
_USUAL_M = {
    AnswerKind.HOUSE: 40.0,
    AnswerKind.STREET: 500.0,
    AnswerKind.POSTCODE: 300.0,
    AnswerKind.TOWN: 5_000.0,
    AnswerKind.REGION: 50_000.0,
}
_RECKONED_M = 150.0


class FoundAddress(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: degrees on WGS84; ``extent_m`` from the point to its farthest corner, 0 where unknown.

    ``match`` is 0 to 1, as the service says; ``country_code`` is ISO 3166-1 alpha-2 in small letters.
    """

    latitude: float
    longitude: float
    kind: AnswerKind
    label: str
    extent_m: float = 0.0
    match: float = 1.0
    house_number: str = ""
    postcode: str = ""
    country_code: str = ""
    country: str = ""
    is_reckoned: bool = False


def radius_m(found: FoundAddress) -> float:
    """The radius in metres at 95 %, by the table above."""
    least = _LEAST_M[found.kind]
    metres = max(least, found.extent_m) if found.extent_m > 0 else _USUAL_M[found.kind]
    if found.is_reckoned:
        metres = max(metres, _RECKONED_M)
    return metres * (1 if found.match >= 0.8 else 2 if found.match >= 0.5 else 4)


def extent_m(
    latitude: float, longitude: float, south: float, west: float, north: float, east: float
) -> float:
    """Metres from a point to the farthest corner of a box; 0 for a box that is none."""
    if not (-90 <= south <= north <= 90 and -180 <= west <= east <= 180):
        return 0.0
    corners = ((south, west), (south, east), (north, west), (north, east))
    return max(distance_m(latitude, longitude, *corner) for corner in corners)


def distance_m(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    _, _, metres = _WGS84.inv(longitude, latitude, other_longitude, other_latitude)
    return float(metres)


def hypotheses(
    question: PlaceQuestion, answers: Sequence[FoundAddress], provider: str, attribution: str
) -> tuple[CallerLocation, ...]:
    """The places of the answers, best first, each with its doubts in words; none is chosen for the handler
    unless what is known around tells them apart."""
    apart = _apart([_as_asked(question, one) for one in answers])
    chosen, why = _told_apart(question, apart)
    found = (_hypothesis(question, one, len(chosen), why, provider, attribution) for one in chosen)
    return tuple(place for place in found if place is not None)


def _as_asked(question: PlaceQuestion, found: FoundAddress) -> FoundAddress:
    """A house whose number was not asked for is only its street."""
    asked = house_numbers(question.clue.words)
    theirs = re.split(r"[\s,;/-]+", found.house_number.lower())
    if found.kind is AnswerKind.HOUSE and asked and asked.isdisjoint(theirs):
        return msgspec.structs.replace(found, kind=AnswerKind.STREET, extent_m=0.0)
    return found


def _apart(answers: Sequence[FoundAddress]) -> list[FoundAddress]:
    """Those that mean places of their own: as good as the first, and not within each other's reach."""
    kept: list[FoundAddress] = []
    for one in answers[:20]:
        if kept and (_LEAST_M[one.kind] > _LEAST_M[kept[0].kind] or one.match < kept[0].match - 0.1):
            continue
        if all(
            distance_m(one.latitude, one.longitude, other.latitude, other.longitude)
            > 2 * (radius_m(one) + radius_m(other))
            for other in kept
        ):
            kept.append(one)
    return kept[:MOST_PLACES]


def _told_apart(question: PlaceQuestion, answers: list[FoundAddress]) -> tuple[list[FoundAddress], str]:
    """Of several, those that the text's postcode or the best place so far speaks for, and why."""
    if len(answers) < 2:
        return answers, ""
    near = question.near if question.near and question.near.radius_m() < NEAR_ENOUGH_M else None
    speakers = [(place, "the postcode in the text") for place in question.postcodes]
    speakers += [(near, "what else is known")] if near else []
    for place, name in speakers:
        close = [
            one
            for one in answers
            if distance_m(one.latitude, one.longitude, place.latitude, place.longitude)
            < place.radius_m() + NEAR_ENOUGH_M
        ]
        if len(close) == 1:
            return close, f"of {len(answers)} places so named the one near {name}"
    return answers, f"one of {len(answers)} places so named: ask which"


def _hypothesis(
    question: PlaceQuestion, found: FoundAddress, alternatives: int, why: str, provider: str, attribution: str
) -> CallerLocation | None:
    clue = question.clue
    contradiction = ""
    if found.kind in (AnswerKind.HOUSE, AnswerKind.STREET):
        contradiction = postcode_doubt(
            question, found.latitude, found.longitude, radius_m(found), found.postcode
        )
    doubts = [why, *_doubts(question, found), contradiction]
    place = clue_location(
        clue.words,
        (0, len(clue.words)),
        found.latitude,
        found.longitude,
        widened_m(radius_m(found), found.latitude, found.longitude, found.country_code),
        LocationSource.TEXT_ADDRESS,
        method=LocationMethod.DERIVED,
        note=printable(
            "; ".join(
                (
                    f"{found.kind}: {found.label[:_LABEL_CHARACTERS]}",
                    *filter(None, doubts),
                    f"found by {provider}, {attribution}",
                )
            )
        ),
    )
    if place is None:
        return None
    return msgspec.structs.replace(
        place,
        clue_start=clue.start,
        clue_end=clue.end,
        whose=clue.whose,
        # Of n places that fit alike each is right once in n times; of two words that contradict, one is.
        confidence_pct=round(STATED_CONFIDENCE_PCT / (2 if contradiction else 1) / alternatives, 1),
    )


def _doubts(question: PlaceQuestion, found: FoundAddress) -> list[str]:
    doubts = [country_doubt(found.latitude, found.longitude, found.country_code, found.country)]
    asked = house_numbers(question.clue.words)
    if asked and found.kind is AnswerKind.STREET:
        other = f", theirs is {found.house_number}" if found.house_number else ""
        doubts.append(f"the house number is not in their data{other}: the street")
    if found.is_reckoned:
        doubts.append("the house number is reckoned from its neighbours")
    if found.match < 0.8:
        doubts.append(f"a weak match ({found.match:.2f} of 1)")
    return doubts
