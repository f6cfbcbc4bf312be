"""How a clue in a text becomes a hypothesis, and what no clue may be."""

from __future__ import annotations

import math
from collections.abc import Iterable

from intake.location import CallerLocation, Clue, ClueKind, LocationMethod, LocationSource

HANDHELD_FIX_M = 20.0
"""A copied coordinate is no better than the fix it was copied from: a phone's, at 95 %, under trees
or between houses. However many digits are written, the radius is not smaller than this."""

METRES_PER_DEGREE = 111_320.0


def clue_at(
    kind: ClueKind,
    text: str,
    span: tuple[int, int],
    places: Iterable[CallerLocation | None] = (),
    note: str = "",
) -> Clue:
    """The clue that stands at ``text[span]``, with those of ``places`` that are places."""
    start, end = span
    hypotheses = tuple(place for place in places if place is not None)
    return Clue(kind=kind, words=text[start:end], start=start, end=end, hypotheses=hypotheses, note=note)


def clue_location(
    text: str,
    span: tuple[int, int],
    latitude: float,
    longitude: float,
    uncertainty_m: float,
    source: LocationSource,
    *,
    method: LocationMethod = LocationMethod.MANUAL,
    note: str | None = None,
) -> CallerLocation | None:
    """The hypothesis for ``text[span]``, or None where the numbers are not a place.

    0, 0 is what software writes for *nothing*: it is never a place (law 14).
    """
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180) or (abs(latitude) + abs(longitude) < 1e-4):
        return None
    start, end = span
    return CallerLocation(
        latitude=round(latitude, 7),
        longitude=round(longitude, 7),
        uncertainty_m=round(uncertainty_m, 1),
        method=method,
        source=source,
        clue=text[start:end],
        clue_start=start,
        clue_end=end,
        note=note,
    )


def written_radius_m(step_deg: float, latitude: float) -> float:
    """Radius in metres that the last written place leaves open; ``step_deg`` is what that place counts.

    People cut digits off as often as they round: the truth is within a whole step, so the
    diagonal of one step each way is taken.
    """
    height_m = step_deg * METRES_PER_DEGREE
    width_m = height_m * math.cos(math.radians(min(abs(latitude), 90.0)))
    return max(HANDHELD_FIX_M, math.hypot(height_m, width_m))
