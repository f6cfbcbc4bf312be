"""How much of a circle lies in polygons, exactly, for many edges at once.

The overlap of a circle about the origin with a polygon is the sum over its edges a→b of the overlap with
the triangle (origin, a, b): the part of the edge within the circle gives a triangle, the parts beyond it
give sectors. Counter-clockwise rings count, clockwise ones (holes) take away.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely


def edges_of(shape: Any) -> Any:
    """The edges of a polygon, multipolygon or collection as rows x0, y0, x1, y1, in metres."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    rings = [
        _edges(shapely.get_coordinates(ring), is_hole=is_hole)
        for part in parts
        if part.geom_type == "Polygon"
        for ring, is_hole in [(part.exterior, False), *((hole, True) for hole in part.interiors)]
    ]
    return np.concatenate(rings, axis=1) if rings else np.empty((4, 0))


def box_edges(west: float, south: float, east: float, north: float) -> Any:
    """The four edges of a box, counter-clockwise."""
    ring = np.array([(west, south), (east, south), (east, north), (west, north), (west, south)])
    return _edges(ring, is_hole=False)


def distances2(edges: Any, easting: float, northing: float) -> Any:
    """The square of the distance of a point from each edge, in square metres."""
    ax, ay = edges[0] - easting, edges[1] - northing
    dx, dy = edges[2] - edges[0], edges[3] - edges[1]
    along = -(ax * dx + ay * dy) / (dx * dx + dy * dy)
    np.clip(along, 0.0, 1.0, out=along)
    ax += along * dx
    ay += along * dy
    return ax * ax + ay * ay


def overlap_m2(edges: Any, starts: Any, easting: float, northing: float, radius_m: float) -> Any:
    """The area in square metres that the circle shares with each polygon; its edges begin at ``starts``."""
    ax, ay = edges[0] - easting, edges[1] - northing
    bx, by = edges[2] - easting, edges[3] - northing
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    middle = -(ax * dx + ay * dy) / length2
    half2 = middle * middle - (ax * ax + ay * ay - radius_m * radius_m) / length2
    half = np.sqrt(np.maximum(half2, 0.0))
    enters, leaves = np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
    px, py = ax + enters * dx, ay + enters * dy
    qx, qy = ax + leaves * dx, ay + leaves * dy
    angles = np.arctan2(ax * py - ay * px, ax * px + ay * py) + np.arctan2(
        qx * by - qy * bx, qx * bx + qy * by
    )
    parts = 0.5 * (px * qy - py * qx + radius_m * radius_m * angles)
    return np.add.reduceat(parts, starts)


def _edges(ring: Any, *, is_hole: bool) -> Any:
    x, y = ring[:, 0], ring[:, 1]
    is_clockwise = float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) < 0
    if is_clockwise != is_hole:
        x, y = x[::-1], y[::-1]
    edges = np.stack([x[:-1], y[:-1], x[1:], y[1:]])
    # An edge of no length has no direction.
    return edges[:, (edges[0] != edges[2]) | (edges[1] != edges[3])]
