"""The map as routing asks it: which area is here, which are near, how much of a circle is in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

SQUARE_M = 5_000.0
_COLUMNS = 4096  # more squares than the map has in either direction
_ROUNDNESS = 16  # segments a quarter circle: its area is 0.2 % short, so shares use its own area


class AreaMap:
    """Areas as polygons in grid metres (EPSG:27700), numbered in the order of ``codes``.

    A grid of 5 km squares answers for most places at once: a square that lies wholly in one area
    holds its number, any other holds the numbers of the areas that touch it.
    """

    def __init__(self, codes: Sequence[str], polygons: Any, inland: Any, version: str) -> None:
        self.codes = tuple(codes)
        self.version = version
        self._polygons = list(polygons)
        self._inland = inland
        shapely.prepare(polygons)
        shapely.prepare(inland)
        self._squares = _squares(polygons)

    def at(self, easting: float, northing: float) -> int:
        """The number of the area at this point, or -1."""
        found = self._squares.get(_square(easting, northing), ())
        if isinstance(found, int):
            return found
        for area in found:
            if shapely.intersects_xy(self._polygons[area], easting, northing):
                return area
        return -1

    def near(self, easting: float, northing: float, reach_m: float) -> tuple[int, ...]:
        """Every area within ``reach_m`` of this point, in order of number."""
        found, _ = self._within_reach(easting, northing, reach_m)
        return found

    def overlaps(self, easting: float, northing: float, radius_m: float, reach_m: float) -> dict[int, float]:
        """Every area within ``reach_m`` with the part of the circle that lies in it, 0 to 1.

        RFC 7459 §5.5: overlap / area. ``reach_m`` is at least ``radius_m``.
        """
        touched, is_alone = self._within_reach(easting, northing, reach_m)
        if is_alone:
            return {touched[0]: 1.0}
        shares = dict.fromkeys(touched, 0.0)
        here = shapely.Point(easting, northing)
        within = [area for area in touched if shapely.dwithin(self._polygons[area], here, radius_m)]
        circle = here.buffer(radius_m, quad_segs=_ROUNDNESS)
        if len(within) == 1 and shapely.covers(self._polygons[within[0]], circle):
            return shares | {within[0]: 1.0}
        window, whole = circle.bounds, circle.area
        for area in within:
            piece = shapely.clip_by_rect(self._polygons[area], *window)
            shares[area] = circle.intersection(piece).area / whole
        return shares

    def _within_reach(self, easting: float, northing: float, reach_m: float) -> tuple[tuple[int, ...], bool]:
        """The areas within reach, and whether the first alone fills every square within reach."""
        whole: set[int] = set()
        part: set[int] = set()
        for square in _squares_around(easting, northing, reach_m):
            found = self._squares.get(square, ())
            if isinstance(found, int):
                whole.add(found)
            else:
                part.update(found or (-1,))  # -1: a square of open sea
        if len(whole) == 1 and not part:
            return tuple(whole), True
        here = shapely.Point(easting, northing)
        unsure = sorted((whole | part) - {-1})
        return tuple(a for a in unsure if shapely.dwithin(self._polygons[a], here, reach_m)), False

    def is_inland(self, easting: float, northing: float) -> bool:
        """Further than 300 m from the coast, on the landward side."""
        return bool(shapely.intersects_xy(self._inland, easting, northing))


def _square(easting: float, northing: float) -> int:
    return int(easting // SQUARE_M) * _COLUMNS + int(northing // SQUARE_M)


def _squares_around(easting: float, northing: float, reach_m: float) -> list[int]:
    columns = range(int((easting - reach_m) // SQUARE_M), int((easting + reach_m) // SQUARE_M) + 1)
    rows = range(int((northing - reach_m) // SQUARE_M), int((northing + reach_m) // SQUARE_M) + 1)
    return [column * _COLUMNS + row for column in columns for row in rows]


def _squares(polygons: Any) -> dict[int, int | tuple[int, ...]]:
    west, south, east, north = shapely.total_bounds(polygons) // SQUARE_M
    mesh = np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1), indexing="ij")
    columns, rows = (axis.ravel() for axis in mesh)
    boxes = shapely.box(columns * SQUARE_M, rows * SQUARE_M, (columns + 1) * SQUARE_M, (rows + 1) * SQUARE_M)
    keys = (columns * _COLUMNS + rows).astype(np.int64).tolist()
    area_of, box_of = shapely.STRtree(boxes).query(polygons, predicate="intersects")
    touching: dict[int, tuple[int, ...]] = {}
    for area, box in zip(area_of.tolist(), box_of.tolist(), strict=True):
        touching[box] = (*touching.get(box, ()), area)
    alone = np.array([box for box, areas in touching.items() if len(areas) == 1], dtype=np.int64)
    filled = alone[shapely.covers(polygons[[touching[box][0] for box in alone.tolist()]], boxes[alone])]
    squares: dict[int, int | tuple[int, ...]] = {keys[box]: areas for box, areas in touching.items()}
    squares.update((keys[box], touching[box][0]) for box in filled.tolist())
    return squares
