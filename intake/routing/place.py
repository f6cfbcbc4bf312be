"""What a location comes down to on the map, once for all services."""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec

from intake.location import CallerLocation
from intake.routing.areas import AreaMap
from intake.routing.projection import to_grid
from intake.routing.saying import SAYING

MAX_RADIUS_M = 50_000.0
"""A circle wider than this names no place: the largest English forces are about this wide."""
MIN_RADIUS_M = 1.0
REACH_FACTOR, REACH_M = 1.5, 1_000.0
"""Candidates are the areas touched by a disc of 1.5 × radius + 1,000 m (STANDARDS §4)."""

# Degrees: the sheet that the boundaries were built from.
_SOUTH, _NORTH, _WEST, _EAST = 48.8, 61.6, -12.0, 3.2


class PlaceKind(StrEnum):
    """``land`` one room only; ``border`` more than one, or part sea or abroad; ``shore`` (coastguard only)
    within 300 m of the coast; ``sea`` beyond the seaward edge of every area; ``none`` no usable place."""

    LAND = "land"
    BORDER = "border"
    SHORE = "shore"
    SEA = "sea"
    FOREIGN = "foreign"
    NONE = "none"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of areas of the map, with the part (0 to 1) of the 95 % circle that lies in each.

    ``home`` is the area under the centre or -1. ``why_none`` says in words why there is no place;
    then nothing else holds. ``off_the_sheet`` is a good position that the map does not reach.
    ``inland`` is said of the centre; ``reaches_shore`` when any of the circle is within 300 m of the
    coast or at sea.
    """

    why_none: str = ""
    off_the_sheet: bool = False
    home: int = -1
    radius_m: float = 0.0
    shares: dict[int, float] = msgspec.field(default_factory=dict)
    inland: bool = False
    reaches_shore: bool = False


def find_place(areas: AreaMap, location: CallerLocation | None) -> Place:
    """Total: every location, however broken, comes to a place or to the reason why not."""
    if location is None:
        return Place(why_none=SAYING.en("unknown"))
    why = _unusable(location)
    if why:
        return Place(why_none=why)
    radius_m = max(location.radius_m(), MIN_RADIUS_M)
    if not radius_m <= MAX_RADIUS_M:
        return Place(
            why_none=SAYING.en("too_wide", radius=distance(radius_m)),
            radius_m=radius_m,
        )
    if not (_SOUTH <= location.latitude <= _NORTH and _WEST <= location.longitude <= _EAST):
        return Place(off_the_sheet=True, radius_m=radius_m)
    easting, northing = to_grid(location.latitude, location.longitude)
    inland = areas.is_inland(easting, northing)
    return Place(
        home=areas.at(easting, northing),
        radius_m=radius_m,
        shares=areas.overlaps(easting, northing, radius_m, REACH_FACTOR * radius_m + REACH_M),
        inland=inland,
        reaches_shore=not inland or areas.nears_shore(easting, northing, radius_m),
    )


def distance(metres: float) -> str:
    """``35 m`` or ``1.2 km``: a length as people say it."""
    return f"{metres:,.0f} m" if metres < 1_000 else f"{metres / 1_000:,.1f} km"


def _unusable(location: CallerLocation) -> str:
    numbers = (location.latitude, location.longitude, location.uncertainty_m, location.confidence_pct)
    if not all(math.isfinite(number) for number in numbers):
        return SAYING.en("not_finite")
    if abs(location.latitude) > 90 or abs(location.longitude) > 180:
        return SAYING.en("not_on_earth", latitude=str(location.latitude), longitude=str(location.longitude))
    if location.uncertainty_m < 0:
        return SAYING.en("bad_radius", radius=str(location.uncertainty_m))
    return ""
