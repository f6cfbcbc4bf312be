"""From any stated shape to the circle that holds it, and to an outline on a map (RFC 7459 §5.1 to §5.3).

A polygon is worked on in its own plane, found by Newell's normal in earth-centred metres, so that
neither a pole nor the date line is special. The earth-centred coordinates come from PROJ, not from the
RFC's Appendix A, whose second eccentricity is misprinted: ``e'² = e²·(1 - e²)`` must divide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pyproj import Geod, Transformer

from intake.shapes import ArcBand, Circle, Ellipse, Point, Polygon, Shape

ASSUMED_POINT_M = 1_000.0
"""A bare point says nothing of its doubt: "infinite", says RFC 7459 §3.2. One must be put on the map to act
at all; this one is our estimate, and its confidence stays unknown."""

WGS84 = Geod(ellps="WGS84")
_CORNERS = 64
_FLAT_SHARE = 1e-9
"""Less area than this share of its reach squared is a line, as far as the digits go."""
Metres = npt.NDArray[np.float64]
Corner = tuple[float, float]


class Enclosing(NamedTuple):
    """The circle around a shape's centroid that holds all of it; the radius is rounded up (§5)."""

    latitude: float
    longitude: float
    radius_m: float


class Flat(NamedTuple):
    """A polygon in its own plane: ``area_m2`` is negative where its corners go clockwise (RFC 5491 §5.1)."""

    area_m2: float
    latitude: float
    longitude: float
    radius_m: float


def enclosing_circle(shape: Shape, latitude: float, longitude: float) -> Enclosing:
    """For a shape that has its centre elsewhere than in itself, that is ``latitude, longitude``.

    Confidence is unchanged (§5.2). Raises ValueError for a polygon without corners.
    """
    match shape:
        case Point():
            return Enclosing(latitude, longitude, ASSUMED_POINT_M)
        case Circle():
            return Enclosing(latitude, longitude, shape.radius_m)
        case Ellipse():
            return Enclosing(latitude, longitude, max(shape.semi_major_m, shape.semi_minor_m))
        case Polygon():
            flat = flatten(shape.corners)
            return Enclosing(flat.latitude, flat.longitude, _up(flat.radius_m))
        case ArcBand():
            return _around_arc_band(shape)


def flatten(corners: Sequence[Corner]) -> Flat:
    """Area, centroid and farthest corner of a polygon (§5.1.1.2, Appendix B); a line has no area."""
    if not corners:
        raise ValueError("a polygon has corners")
    points = _to_ecef(corners)
    middle = points.mean(axis=0)
    # Newell's normal, about the middle so that no digits are lost; `roll` makes the ring circular.
    around = points - middle
    normal = np.cross(around, np.roll(around, -1, axis=0)).sum(axis=0)
    length = float(np.linalg.norm(normal))
    reach_m = float(np.sqrt((around**2).sum(axis=1).max()))
    if length <= _FLAT_SHARE * reach_m**2:
        return _flat(0.0, middle, points)
    east, north, up = _axes(normal / length)
    x, y = around @ east, around @ north
    across = x * np.roll(y, -1) - np.roll(x, -1) * y
    area = float(across.sum()) / 2
    centre_x = float(((x + np.roll(x, -1)) * across).sum()) / (6 * area)
    centre_y = float(((y + np.roll(y, -1)) * across).sum()) / (6 * area)
    # Lines that cross can weigh each other out and throw the centroid anywhere: then the middle stands.
    is_held = math.hypot(centre_x, centre_y) <= reach_m
    centroid = middle + centre_x * east + centre_y * north if is_held else middle
    outward = float(up @ middle) > 0  # Appendix B.1
    return _flat(area if outward else -area, centroid, points)


def outline(shape: Shape | None, latitude: float, longitude: float, radius_m: float) -> list[Corner]:
    """The edge as (latitude, longitude), counter-clockwise, not closed; without a shape the circle's."""
    match shape:
        case Polygon():
            corners = list(shape.corners)
            return corners if flatten(corners).area_m2 >= 0 else corners[::-1]
        case Ellipse():
            return _ring(latitude, longitude, *_ellipse_polar(shape))
        case ArcBand():
            return _arc_band_outline(shape)
    bearings = -np.linspace(0.0, 360.0, _CORNERS, endpoint=False)
    return _ring(latitude, longitude, bearings, np.full(_CORNERS, radius_m))


def arc_band_centroid_m(band: ArcBand) -> float:
    """From the mast, along the line that halves the opening (§5.1.1.1)."""
    inner, outer, opening = band.inner_radius_m, band.outer_radius_m, math.radians(band.opening_deg)
    if outer + inner <= 0:
        return 0.0
    if opening <= 0:
        return (outer + inner) / 2
    spread = outer * outer + outer * inner + inner * inner
    return 4 * math.sin(opening / 2) * spread / (3 * opening * (outer + inner))


def _around_arc_band(band: ArcBand) -> Enclosing:
    along_m = arc_band_centroid_m(band)
    half = math.radians(band.opening_deg) / 2
    reach_m = max(
        math.sqrt(along_m**2 + radius**2 - 2 * along_m * radius * math.cos(half))
        for radius in (band.inner_radius_m, band.outer_radius_m)
    )
    bearing = band.start_deg + band.opening_deg / 2
    longitude, latitude, _ = WGS84.fwd(band.longitude, band.latitude, bearing, along_m)
    return Enclosing(latitude, longitude, _up(reach_m))


def _arc_band_outline(band: ArcBand) -> list[Corner]:
    bearings = np.linspace(band.start_deg, band.start_deg + band.opening_deg, _CORNERS // 2)
    inner = np.full(bearings.shape, band.inner_radius_m)
    outer = np.full(bearings.shape, band.outer_radius_m)
    return _ring(
        band.latitude,
        band.longitude,
        np.concatenate([bearings, bearings[::-1]]),
        np.concatenate([inner, outer[::-1]]),
    )


def _ellipse_polar(shape: Ellipse) -> tuple[Metres, Metres]:
    turns = -np.linspace(0.0, 2 * math.pi, _CORNERS, endpoint=False)
    along, across = shape.semi_major_m * np.cos(turns), shape.semi_minor_m * np.sin(turns)
    return shape.orientation_deg + np.degrees(np.arctan2(across, along)), np.hypot(along, across)


def _ring(latitude: float, longitude: float, bearings_deg: Metres, distances_m: Metres) -> list[Corner]:
    longitudes, latitudes, _ = WGS84.fwd(
        np.full(bearings_deg.shape, longitude),
        np.full(bearings_deg.shape, latitude),
        bearings_deg,
        distances_m,
    )
    return [(float(lat), float(lon)) for lat, lon in zip(latitudes, longitudes, strict=True)]


def _axes(up: Metres) -> tuple[Metres, Metres, Metres]:
    """A right-handed frame with ``up``: the RFC's matrices, without their three special cases."""
    aside = np.array([0.0, 0.0, 1.0]) if abs(up[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    east = np.cross(aside, up)
    east /= np.linalg.norm(east)
    return east, np.cross(up, east), up


def _flat(area_m2: float, centroid: Metres, points: Metres) -> Flat:
    reach_m = float(np.sqrt(((points - centroid) ** 2).sum(axis=1).max()))
    latitude, longitude, _ = _ecef().transform(centroid[0], centroid[1], centroid[2], direction="INVERSE")
    return Flat(area_m2, float(latitude), float(longitude), reach_m)


def _to_ecef(corners: Sequence[Corner]) -> Metres:
    latitudes, longitudes = np.array(corners, dtype=np.float64).T
    return np.stack(_ecef().transform(latitudes, longitudes, np.zeros(len(latitudes))), axis=1)


def _up(metres: float) -> float:
    """Doubt is rounded up, never down (§5)."""
    return math.ceil(metres * 10) / 10 if math.isfinite(metres) else metres


@cache
def _ecef() -> Transformer:
    return Transformer.from_crs(4979, 4978)
