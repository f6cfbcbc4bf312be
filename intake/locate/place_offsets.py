"""What stands before a place's name moves or widens its circle: "3 miles north of", "near", "off". Pure.

| words | circle |
|---|---|
| "3 miles north of X" | centre moved by the distance; radius √(r² + (0.6 d)²): people guess both badly |
| "3 miles from X", "outside" | centre stays; radius r + 1.3 d |
| "north of X" | centre moved by max(2,000 m, r); radius √(r² + d²) |
| "near X", "outside X", "ger X" | radius 1.5 r + 2,000 m |
| "off X" | radius r + 8,000 m, and a note that the sea may be meant |
| "between X and Y" | one circle about the middle, radius half the way and half the larger place |

r is the place's own radius, d the distance said.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from pyproj import Geod

from intake.locate.noting import NOTES

NEAR_FACTOR, NEAR_M = 1.5, 2_000.0
OFF_M = 8_000.0
DISTANCE_DOUBT, ANY_WAY_FACTOR = 0.6, 1.3
UNSAID_DISTANCE_M = 2_000.0
FURTHEST_M = 100_000.0
"""A longer way is a journey told, not an offset."""

_WGS84 = Geod(ellps="WGS84")
_UNITS_M = {"mile": 1_609.344, "mi": 1_609.344, "milltir": 1_609.344, "filltir": 1_609.344, "km": 1_000.0}
_UNITS_M |= {"k": 1_000.0, "kilometre": 1_000.0, "kilometer": 1_000.0, "cilomedr": 1_000.0, "nm": 1_852.0}
_UNITS_M |= {"nautical mile": 1_852.0, "m": 1.0, "metre": 1.0, "meter": 1.0, "metr": 1.0, "yard": 0.9144}
_NUMBERS = {"a": 1.0, "one": 1.0, "an": 1.0, "half a": 0.5, "a couple of": 2.0, "couple of": 2.0, "two": 2.0}
_NUMBERS |= {"few": 3.0, "a few": 3.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "ten": 10.0}
_NUMBERS |= {"dwy": 2.0, "tair": 3.0, "dau": 2.0, "tri": 3.0, "hanner": 0.5}
_BEARINGS = {"north": 0, "n": 0, "gogledd": 0, "ogledd": 0, "northeast": 45, "ne": 45, "gogledd ddwyrain": 45}
_BEARINGS |= {"east": 90, "e": 90, "dwyrain": 90, "ddwyrain": 90, "southeast": 135, "se": 135}
_BEARINGS |= {"de ddwyrain": 135, "south": 180, "s": 180, "de": 180, "southwest": 225, "sw": 225}
_BEARINGS |= {"de orllewin": 225, "west": 270, "w": 270, "gorllewin": 270, "orllewin": 270}
_BEARINGS |= {"northwest": 315, "nw": 315, "gogledd orllewin": 315}

_BEARING = (
    r"(?P<bearing>(?:north|south)[ -]?(?:east|west)|north|south|east|west|[ns][ew]?|[ew]"
    r"|gogledd(?:[ -](?:ddwyrain|orllewin))?|ogledd|dwyrain|ddwyrain|gorllewin|orllewin"
    r"|de(?:[ -](?:ddwyrain|orllewin))?)"
)
_DISTANCE = (
    r"(?:(?P<number>\d{1,3}(?:[.,]\d)?|half a|a couple of|couple of|a few|few|an?|one|two|three|four|five"
    r"|six|ten|dwy|tair|dau|tri|hanner)[ ]{0,2}"
    r"(?P<unit>nautical miles?|miles?|mi|kilomet(?:re|er)s?|kms?|k|nm"
    r"|met(?:re|er)s?|m|yards?|f?milltir|filltir|cilomedr|metr)\b[ ]{0,2})"
)
_BEFORE = re.compile(
    rf"(?<![\w.]){_DISTANCE}?(?:(?:i'?r|to the|due|just)[ ])?(?:{_BEARING}[ ])?"
    r"(?P<joint>of|from|outside|off|o|away from)"
    r"(?:[ ]the coast of)?[ ]$",
    re.IGNORECASE,
)
_WINDOW = 48


class Circle(NamedTuple):
    """Degrees and metres; ``note`` says in words what was done, or is empty."""

    latitude: float
    longitude: float
    radius_m: float
    note: str = ""


class Offset(NamedTuple):
    """What was said before the name. Metres and degrees from north; None where unsaid."""

    distance_m: float | None
    bearing_deg: int | None
    joint: str
    words: str


def offset_before(text: str, start: int) -> Offset | None:
    """The offset that ends at ``start``, or None."""
    window = text[max(0, start - _WINDOW) : start]
    match = _BEFORE.search(window)
    if match is None:
        return None
    distance_m = None
    if match["number"]:
        number = match["number"].lower()
        unit = match["unit"].lower()
        metres = _UNITS_M.get(unit) or _UNITS_M[unit.rstrip("s")]
        distance_m = (_NUMBERS.get(number) or float(number.replace(",", "."))) * metres
        if distance_m > FURTHEST_M:
            return None
    bearing = match["bearing"]
    bearing_deg = None
    if bearing is not None:
        bearing_deg = _bearing_deg(bearing.lower())
    joint = match["joint"].lower()
    if distance_m is None and bearing_deg is None and joint not in ("off", "outside"):
        return None
    if distance_m is None and bearing_deg is not None and joint in ("from", "away from"):
        return None  # "south from Leeds" is a direction of travel
    return Offset(distance_m, bearing_deg, joint, match[0].strip())


def moved(circle: Circle, offset: Offset) -> Circle:
    """The circle as the words before its name make it, by the table above."""
    radius = circle.radius_m
    if offset.bearing_deg is None and offset.distance_m is None:
        if offset.joint == "off":
            return circle._replace(radius_m=radius + OFF_M, note=NOTES.en("sea_meant", words=offset.words))
        return widened(circle)
    if offset.bearing_deg is None:
        away = offset.distance_m or 0.0
        return circle._replace(
            radius_m=radius + ANY_WAY_FACTOR * away, note=NOTES.en("any_way", words=offset.words)
        )
    if offset.distance_m is None:
        away = max(UNSAID_DISTANCE_M, radius)
        doubt = away
    else:
        away, doubt = offset.distance_m, DISTANCE_DOUBT * offset.distance_m
    longitude, latitude, _ = _WGS84.fwd(circle.longitude, circle.latitude, offset.bearing_deg, away)
    return Circle(
        latitude,
        longitude,
        math.hypot(radius, doubt),
        NOTES.en("moved", words=offset.words, distance=_far(away)),
    )


def widened(circle: Circle) -> Circle:
    """Near it, not in it."""
    return circle._replace(radius_m=circle.radius_m * NEAR_FACTOR + NEAR_M)


def between(one: Circle, other: Circle) -> Circle:
    """Somewhere on the way from one to the other."""
    azimuth, _, metres = _WGS84.inv(one.longitude, one.latitude, other.longitude, other.latitude)
    longitude, latitude, _ = _WGS84.fwd(one.longitude, one.latitude, azimuth, metres / 2)
    radius = metres / 2 + max(one.radius_m, other.radius_m) / 2
    return Circle(latitude, longitude, radius)


def distance_m(one: Circle, other: Circle) -> float:
    """Metres between two centres, on a plane: within 1 % in these islands, a tenth of the geodesic's cost."""
    north = math.radians(other.latitude - one.latitude)
    middle = math.radians((one.latitude + other.latitude) / 2)
    east = math.radians(other.longitude - one.longitude) * math.cos(middle)
    return 6_371_000.0 * math.hypot(north, east)


def _bearing_deg(bearing: str) -> int:
    spaced = bearing.replace("-", " ")
    found = _BEARINGS.get(spaced)
    return found if found is not None else _BEARINGS[spaced.replace(" ", "")]


def _far(metres: float) -> str:
    return f"{metres / 1000:.1f} km" if metres >= 1_000 else f"{metres:.0f} m"
