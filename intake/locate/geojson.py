"""Hypotheses for a map: GeoJSON out (RFC 7946), longitude before latitude. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from shapely import affinity
from shapely.geometry import Polygon as Area
from shapely.geometry import box, mapping
from shapely.geometry.polygon import orient

from intake.locate.ageing import radius_now_m
from intake.locate.contradictions import is_place, tie_key
from intake.locate.fusion import Fusion
from intake.locate.shape_circle import outline
from intake.location import CallerLocation, Whose

MEDIA_TYPE = "application/geo+json"
WIDEST_M = 5_000_000.0
"""A circle wider than this, or one around a pole, is drawn as its centre alone."""
_DIGITS = 7


def feature_collection(fusion: Fusion, places: Mapping[str, CallerLocation]) -> dict[str, Any]:
    """A feature for each of ``places`` by its id: the 95 % circle as of the fusion's time, as a polygon.

    ``role`` is acted_on, caller, incident or set_aside, ``why`` its reason. What is no place on earth has
    no geometry. What was stated, where it was no circle, stands in ``stated_shape``.
    """
    roles, reasons = _roles(fusion)
    features = [
        _feature(place_id, place, fusion, roles.get(tie_key(place), "set_aside"), reasons[tie_key(place)])
        for place_id, place in places.items()
    ]
    return {
        "type": "FeatureCollection",
        "features": features,
        "at": fusion.at.isoformat(),
        "acts_on": fusion.acts_on.value,
        "warnings": [msgspec.to_builtins(said) for said in fusion.warnings],
    }


def _roles(fusion: Fusion) -> tuple[dict[bytes, str], dict[bytes, dict[str, str]]]:
    roles: dict[bytes, str] = {}
    reasons = {tie_key(one.place): msgspec.to_builtins(one.why) for one in fusion.set_aside}
    for role, answer in (
        (Whose.CALLER.value, fusion.caller),
        (Whose.INCIDENT.value, fusion.incident),
        ("acted_on", fusion.best),
    ):
        if answer is not None:
            roles[tie_key(answer.place)] = role
            reasons[tie_key(answer.place)] = msgspec.to_builtins(answer.why)
    return roles, reasons


def _feature(
    place_id: str, place: CallerLocation, fusion: Fusion, role: str, why: dict[str, str]
) -> dict[str, Any]:
    radius_m = round(radius_now_m(place, fusion.at, fusion.pace_m_s), 1) if is_place(place) else None
    stated = place.shape and is_place(place) and _area(place, place.uncertainty_m, exact=True)
    properties = {
        "role": role,
        "why": why,
        "source": place.source.value,
        "method": place.method.value,
        "whose": place.whose.value,
        "radius_m": radius_m,
        "stated_radius_m": place.uncertainty_m if is_place(place) else None,
        "stated_confidence_pct": place.confidence_pct if is_place(place) else None,
        "pdf": place.pdf.value,
        "stated_shape": stated or None,
        "latitude": place.latitude if is_place(place) else None,
        "longitude": place.longitude if is_place(place) else None,
        "altitude_m": place.altitude_m,
        "positioned_at": place.positioned_at and place.positioned_at.isoformat(),
        "clue": place.clue,
        "note": place.note,
    }
    geometry = None if radius_m is None else _area(place, radius_m)
    return {"type": "Feature", "id": place_id, "geometry": geometry, "properties": properties}


def _area(place: CallerLocation, radius_m: float, *, exact: bool = False) -> dict[str, Any]:
    to_pole_m = (90 - abs(place.latitude)) * 111_000.0
    if not 0 < radius_m < min(WIDEST_M, to_pole_m):
        return {"type": "Point", "coordinates": _rounded(place.longitude, place.latitude)}
    edge = outline(place.shape if exact else None, place.latitude, place.longitude, radius_m)
    ring = _unbroken([(longitude, latitude) for latitude, longitude in edge])
    inside = min(x for x, _ in ring) >= -180 and max(x for x, _ in ring) <= 180
    return _geometry(ring) if inside else _cut_at_the_date_line(ring)


def _geometry(ring: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """A closed ring, counter-clockwise (§3.1.6), as `outline` gives it."""
    closed = [_rounded(*corner) for corner in (*ring, ring[0])]
    return {"type": "Polygon", "coordinates": [closed]}


def _unbroken(ring: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Longitudes that go on past 180° instead of jumping to the other side."""
    whole: list[tuple[float, float]] = [ring[0]]
    for longitude, latitude in ring[1:]:
        turns = round((whole[-1][0] - longitude) / 360)
        whole.append((longitude + 360 * turns, latitude))
    return whole


def _cut_at_the_date_line(ring: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Two parts, neither across the 180th meridian (§3.1.9)."""
    whole = Area(ring).buffer(0)
    parts = []
    for turns in (-1, 0, 1):
        shifted = affinity.translate(whole, xoff=360.0 * turns)
        cut = shifted.intersection(box(-180, -90, 180, 90))
        if not cut.is_empty and cut.geom_type == "Polygon":
            oriented = mapping(orient(cut))  # type: ignore[arg-type]
            parts.append([[_rounded(*corner) for corner in line] for line in oriented["coordinates"]])
    return {"type": "MultiPolygon", "coordinates": parts}


def _rounded(longitude: float, latitude: float) -> list[float]:
    return [round(longitude, _DIGITS), round(latitude, _DIGITS)]
