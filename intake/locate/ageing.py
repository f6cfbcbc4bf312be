"""What age makes of a doubt: a circle grows as fast as its caller may move. Pure: the time is passed in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
import numpy as np
import numpy.typing as npt

from intake.locate.shape_circle import WGS84
from intake.locate.sources import SOURCES, Kind
from intake.location import STATED_CONFIDENCE_PCT, CallerLocation

RUNNING_M_S = 4.0
"""Faster than this between two fixes, with both circles allowed for, nobody goes on foot for long."""
ROAD_M_S = 31.3
"""70 mph, the limit on British motorways: who is seen to ride may go on as fast as that."""
PLAUSIBLE_M_S = 90.0
"""A Eurostar. Faster is a wrong fix, not a journey."""
RIDDEN_MOST_M = 150_000.0
WATCHED_S = 900.0
FIXES_WATCHED = 60
FIX_GAP_S = 5.0


def at_s(location: CallerLocation) -> float:
    """When it was measured, in seconds since 1970, -inf where nobody says; a time without a zone is UTC."""
    at = location.positioned_at
    if at is None:
        return -math.inf
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()


def moved_m(location: CallerLocation, elapsed_s: float, pace_m_s: float = 0.0) -> float:
    """How far the caller may be from where this was measured; ``pace_m_s`` is a proven vehicle's."""
    model = SOURCES[location.source]
    if model.kind is Kind.PHONE and pace_m_s > model.speed_m_s:
        return min(RIDDEN_MOST_M, pace_m_s * elapsed_s)
    return min(model.furthest_m, model.speed_m_s * elapsed_s)


def radius_now_m(location: CallerLocation, now: datetime, pace_m_s: float = 0.0) -> float:
    """The radius in metres at 95 % as of ``now``: a fix without a time, or from the future, has not aged."""
    measured_s = at_s(location)
    age_s = max(0.0, now.timestamp() - measured_s) if math.isfinite(measured_s) else 0.0
    return location.radius_m() + moved_m(location, age_s, pace_m_s)


def as_of(location: CallerLocation, now: datetime, pace_m_s: float = 0.0) -> CallerLocation:
    """The same hypothesis as a circle at 95 % as of ``now``: what routing is to be asked with."""
    return msgspec.structs.replace(
        location,
        uncertainty_m=round(radius_now_m(location, now, pace_m_s), 1),
        confidence_pct=STATED_CONFIDENCE_PCT,
        shape=None,
    )


def pace_m_s(hypotheses: Iterable[CallerLocation], now: datetime) -> float:
    """How fast a caller seen to ride may go on, in m/s; 0.0 for one who may be on foot.

    It takes three of the phone's own fixes of the last 15 minutes: from the first to the second, from
    there to the third, and from the first to the third, the caller must have gone faster than anyone
    runs even if each fix was wrong by its whole circle. One wrong fix among right ones is thus no
    vehicle, and a further fix never takes a proven one away (of more than 60 the newest are watched).
    """
    fixes = _watched(hypotheses, now)
    if len(fixes) < 3:
        return 0.0
    proven = _proven_m_s(fixes)
    rides = (proven > RUNNING_M_S) & (proven <= PLAUSIBLE_M_S)
    through = (rides.astype(np.int64) @ rides.astype(np.int64)) > 0
    seen = proven[rides & through]
    return 0.0 if not seen.size else min(PLAUSIBLE_M_S, max(ROAD_M_S, 1.2 * float(seen.max())))


def _watched(hypotheses: Iterable[CallerLocation], now: datetime) -> Sequence[CallerLocation]:
    now_s = now.timestamp()
    fixes = [
        place
        for place in hypotheses
        if SOURCES[place.source].kind is Kind.PHONE and now_s - WATCHED_S <= at_s(place) <= now_s
    ]
    return sorted(fixes, key=at_s)[-FIXES_WATCHED:]


def _proven_m_s(fixes: Sequence[CallerLocation]) -> npt.NDArray[np.float64]:
    """The least speed from fix i to fix j, for all i before j; 0 elsewhere and for fixes of one moment."""
    times = np.array([at_s(place) for place in fixes])
    radii = np.array([place.radius_m() for place in fixes])
    first, second = np.triu_indices(len(fixes), 1)
    latitudes = np.array([place.latitude for place in fixes])
    longitudes = np.array([place.longitude for place in fixes])
    _, _, apart_m = WGS84.inv(longitudes[first], latitudes[first], longitudes[second], latitudes[second])
    between_s = times[second] - times[first]
    least_m = np.maximum(0.0, apart_m - radii[first] - radii[second])
    speeds = np.zeros((len(fixes), len(fixes)))
    speeds[first, second] = np.where(between_s >= FIX_GAP_S, least_m / np.maximum(between_s, FIX_GAP_S), 0.0)
    return speeds
