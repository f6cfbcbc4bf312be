"""The map as routing asks it: which area is here, which are near, how much of a circle is in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from intake.routing.grid import Grid

SQUARE_M = 5_000.0
WIDE_SQUARE_M = 25_000.0
WIDE_RADIUS_M = 8_000.0
"""Circles wider than this are asked of the wide squares: fewer of them."""
_INLAND = 0


class AreaMap:
    """Areas as polygons in grid metres (EPSG:27700), numbered in the order of ``codes``.

    ``inland`` is the ground more than 300 m from the coast, as one polygon. ``version`` names the
    map in every decision made with it; older ones come from ``boundaries.released.load_version``.
    """

    def __init__(self, codes: Sequence[str], polygons: Any, inland: Any, version: str) -> None:
        self.codes = tuple(codes)
        self.version = version
        shores = np.array([inland])
        # Only while the squares are laid out; afterwards only their small pieces are asked.
        shapely.prepare(polygons)
        shapely.prepare(shores)
        self._fine, self._wide = Grid(polygons, SQUARE_M), Grid(polygons, WIDE_SQUARE_M)
        self._inland = Grid(shores, SQUARE_M)
        shapely.destroy_prepared(polygons)
        shapely.destroy_prepared(shores)

    def at(self, easting: float, northing: float) -> int:
        """The number of the area at this point, or -1."""
        return self._fine.at(easting, northing)

    def near(self, easting: float, northing: float, reach_m: float) -> tuple[int, ...]:
        """Every area within ``reach_m`` of this point, in order of number."""
        return tuple(self.overlaps(easting, northing, 0.0, reach_m))

    def overlaps(self, easting: float, northing: float, radius_m: float, reach_m: float) -> dict[int, float]:
        """Every area within ``reach_m`` with the part of the circle that lies in it, 0 to 1.

        RFC 7459 §5.5: overlap / area. ``reach_m`` is at least ``radius_m``. By number of the area.
        """
        grid = self._wide if reach_m > WIDE_RADIUS_M else self._fine
        return grid.overlaps(easting, northing, radius_m, reach_m)

    def is_inland(self, easting: float, northing: float) -> bool:
        """Further than 300 m from the coast, on the landward side."""
        return self._inland.at(easting, northing) == _INLAND

    def nears_shore(self, easting: float, northing: float, radius_m: float) -> bool:
        """Whether a circle about an inland point comes within 300 m of the coast."""
        return self._inland.has_edge_within(easting, northing, radius_m)
