"""Areas cut into squares, so that a question about a place looks at a handful of small shapes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import shapely

from intake.routing.circles import box_edges, distances2, edges_of, overlap_m2

_COLUMNS = 4096  # more squares than the map has in either direction
_WHOLE = 1.0 - 1e-9
_NONE = 1e-9
_FIRST = np.zeros(1, dtype=np.int64)


class Cut(NamedTuple):
    """One square: the areas that touch it, the piece of each that lies in it, and the edges of all
    pieces in a row, those of each piece from its ``starts`` on."""

    areas: tuple[int, ...]
    shapes: tuple[Any, ...]
    edges: Any
    starts: Any


class Grid:
    """Polygons in grid metres, numbered in their order, over squares of ``side_m``.

    A square that lies wholly in one area holds its number; any other holds the numbers of the areas
    that touch it, and is cut into pieces when it is first asked for. Squares of open sea are not held.
    """

    def __init__(self, polygons: Any, side_m: float) -> None:
        self._polygons = polygons
        self._side_m = side_m
        self._squares = _squares(polygons, side_m)
        self._cuts: dict[int, Cut] = {}
        self._outlines: dict[int, Any] = {}

    def at(self, easting: float, northing: float) -> int:
        """The number of the area at this point, or -1."""
        side = self._side_m
        column, row = int(easting // side), int(northing // side)
        found = self._squares.get(column * _COLUMNS + row, ())
        if isinstance(found, int):
            return found
        if found:
            cut = self._cut(column, row)
            for area, shape in zip(cut.areas, cut.shapes, strict=True):
                if shapely.intersects_xy(shape, easting, northing):
                    return area
        return -1

    def has_edge_within(self, easting: float, northing: float, radius_m: float) -> bool:
        """Whether an outline, or a square of open sea, comes within this distance of a point."""
        for column, row, nearest, _ in self._around(easting, northing, radius_m):
            found = self._squares.get(column * _COLUMNS + row)
            if found is None:
                if nearest < radius_m:
                    return True
            elif not isinstance(found, int):
                own = self._outline(column, row)
                if own.size and distances2(own, easting, northing).min() < radius_m * radius_m:
                    return True
        return False

    def overlaps(self, easting: float, northing: float, radius_m: float, reach_m: float) -> dict[int, float]:
        """Every area within ``reach_m`` with the part of the circle that lies in it, 0 to 1, by number.

        RFC 7459 §5.5: overlap / area. ``reach_m`` is at least ``radius_m``.
        """
        touched: set[int] = set()
        cuts: list[tuple[bool, Cut]] = []
        covered: dict[int, float] = {}
        is_open = False
        side = self._side_m
        for column, row, nearest, furthest in self._around(easting, northing, reach_m):
            found = self._squares.get(column * _COLUMNS + row)
            if found is None:
                is_open = is_open or nearest < radius_m
            elif not isinstance(found, int):
                cuts.append((nearest < radius_m, self._cut(column, row)))
            else:
                touched.add(found)
                if furthest <= radius_m:
                    covered[found] = covered.get(found, 0.0) + side * side
                elif nearest < radius_m:
                    box = box_edges(column * side, row * side, (column + 1) * side, (row + 1) * side)
                    part_m2 = overlap_m2(box, _FIRST, easting, northing, radius_m)[0]
                    covered[found] = covered.get(found, 0.0) + float(part_m2)
        if not cuts and not is_open and len(touched) == 1:
            return dict.fromkeys(touched, 1.0)
        return self._shares(easting, northing, radius_m, reach_m, touched, cuts, covered)

    def _shares(
        self,
        easting: float,
        northing: float,
        radius_m: float,
        reach_m: float,
        touched: set[int],
        cuts: list[tuple[bool, Cut]],
        covered: dict[int, float],
    ) -> dict[int, float]:
        """The same where borders or the coast are near; ``covered`` holds square metres of the circle."""
        cuts.sort(key=_nearness, reverse=True)
        areas = [area for _, cut in cuts for area in cut.areas]
        pieces_near = sum(len(cut.areas) for is_near, cut in cuts if is_near)
        edges, starts = _joined([cut for _, cut in cuts])
        if areas:
            nearest2 = np.minimum.reduceat(distances2(edges, easting, northing), starts).tolist()
            reach2 = reach_m * reach_m
            touched.update(area for area, near2 in zip(areas, nearest2, strict=True) if near2 <= reach2)
        radius2 = radius_m * radius_m
        if not radius_m or (areas and not covered and min(nearest2) >= radius2):
            home = self.at(easting, northing)
            if home >= 0:
                return dict.fromkeys(sorted(touched | {home}), 0.0) | {home: 1.0}
            if not radius_m:
                return dict.fromkeys(sorted(touched), 0.0)
        shares = dict.fromkeys(sorted(touched), 0.0)
        if pieces_near:
            end = int(starts[pieces_near]) if pieces_near < len(areas) else edges.shape[1]
            parts = overlap_m2(edges[:, :end], starts[:pieces_near], easting, northing, radius_m).tolist()
            for area, part_m2 in zip(areas, parts, strict=False):
                covered[area] = covered.get(area, 0.0) + part_m2
        circle_m2 = math.pi * radius2
        for area, part_m2 in covered.items():
            share = part_m2 / circle_m2
            if share > _NONE:
                shares[area] = share if share < _WHOLE else 1.0
        return shares

    def _around(
        self, easting: float, northing: float, reach_m: float
    ) -> Iterator[tuple[int, int, float, float]]:
        """(column, row, nearest, furthest): the squares that a disc touches, by their distances in metres."""
        side = self._side_m
        rows = []
        for row in range(int((northing - reach_m) // side), int((northing + reach_m) // side) + 1):
            below, above = northing - row * side, (row + 1) * side - northing
            rows.append((row, max(-below, -above, 0.0), max(below, above)))
        reach2 = reach_m * reach_m
        for column in range(int((easting - reach_m) // side), int((easting + reach_m) // side) + 1):
            left, right = easting - column * side, (column + 1) * side - easting
            near, far = max(-left, -right, 0.0), max(left, right)
            for row, near_row, far_row in rows:
                nearest2 = near * near + near_row * near_row
                if nearest2 <= reach2:
                    yield column, row, nearest2**0.5, (far * far + far_row * far_row) ** 0.5

    def _outline(self, column: int, row: int) -> Any:
        """The edges of a square's pieces without those along its sides, where they were only cut."""
        key = column * _COLUMNS + row
        own = self._outlines.get(key)
        if own is None:
            edges, side = self._cut(column, row).edges, self._side_m
            is_side = (edges[0] == edges[2]) & (edges[0] % side == 0)
            is_side |= (edges[1] == edges[3]) & (edges[1] % side == 0)
            own = self._outlines[key] = edges[:, ~is_side]
        return own

    def _cut(self, column: int, row: int) -> Cut:
        key = column * _COLUMNS + row
        cut = self._cuts.get(key)
        if cut is None:
            side, areas = self._side_m, self._squares[key]
            box = (column * side, row * side, (column + 1) * side, (row + 1) * side)
            made = []
            for area in (areas,) if isinstance(areas, int) else areas:
                shape = shapely.clip_by_rect(self._polygons[area], *box)
                if not shape.is_valid:
                    shape = shapely.intersection(self._polygons[area], shapely.box(*box))
                edges = edges_of(shape)
                if edges.shape[1]:
                    made.append((area, shape, edges))
            lengths = [edges.shape[1] for *_, edges in made]
            cut = self._cuts[key] = Cut(
                areas=tuple(area for area, *_ in made),
                shapes=tuple(shape for _, shape, _ in made),
                edges=np.concatenate([edges for *_, edges in made], axis=1) if made else np.empty((4, 0)),
                starts=np.cumsum([0, *lengths[:-1]]) if made else np.empty(0, dtype=np.int64),
            )
        return cut


def _nearness(found: tuple[bool, Cut]) -> bool:
    return found[0]


def _joined(cuts: list[Cut]) -> tuple[Any, Any]:
    if len(cuts) == 1:
        return cuts[0].edges, cuts[0].starts
    if not cuts:
        return np.empty((4, 0)), _FIRST[:0]
    starts, before = [], 0
    for cut in cuts:
        starts.append(cut.starts + before)
        before += cut.edges.shape[1]
    return np.concatenate([cut.edges for cut in cuts], axis=1), np.concatenate(starts)


def _squares(polygons: Any, side_m: float) -> dict[int, int | tuple[int, ...]]:
    west, south, east, north = shapely.total_bounds(polygons) // side_m
    mesh = np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1), indexing="ij")
    columns, rows = (axis.ravel() for axis in mesh)
    boxes = shapely.box(columns * side_m, rows * side_m, (columns + 1) * side_m, (rows + 1) * side_m)
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
