"""The ground as a desk's map draws it: coasts, and the areas of control rooms within a window.

Routing knows none of this. Its areas end 1 km out at sea; what a person looks at ends at the shore.
"""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import shapely

from intake.boundaries import ireland, shapes
from intake.boundaries.shapes import AREAS, IRELAND
from intake.routing.projection import to_degrees, to_grid

COAST, OUTLINE = "coast.npz", "map_outline.json"
COUNTRIES = ("GBR", "IRL", "IMN", "JEY", "GGY", "FRA", "BEL")
DETAIL_M, ISLET_M2, LAKE_M2 = 20.0, 5_000.0, 2_000_000.0
"""Smaller waters are three or four corners in the source: land, as for routing."""
OUTLINE_DETAIL_M, OUTLINE_ISLET_M2 = 250.0, 300_000.0
"""What the desk's page loads once for the whole country; nearer by it asks for a window."""
DEGREE_PARTS = 10_000
"""The outline's numbers are whole ten-thousandths of a degree: 11 m."""
ATTRIBUTION = "© OpenStreetMap contributors"
MAP_ATTRIBUTION = f"{ATTRIBUTION}, GeoNames, ONS, OS"
"""In short; the page of licences has the whole of it."""
WINDOW_DEGREES = 4.0
PIXELS = 1_200
"""Nothing smaller than a window's side over this is drawn in it."""
POINTS_LIMIT = 40_000

TOWNS_LIMIT = 60
EXCLAVES = 8.0
"""Areas are the ground nearest to postcodes, with many a stray field: drawn only where one can be seen."""
GRID_STEPS_M = (100, 1_000, 10_000, 100_000)
GRID_LINES = 25
"""At most so many lines of the National Grid across a window, at the finest step that gives no more."""

Line = list[list[float]]
Rings = list[Line]
"""Closed rings of [latitude, longitude]."""


class Window(NamedTuple):
    """WGS84 degrees."""

    south: float
    west: float
    north: float
    east: float


class DrawnArea(msgspec.Struct, frozen=True, kw_only=True):
    """The ground of one control room within the window; empty ``room_id``: nobody's here (abroad)."""

    room_id: str
    rings: Rings


class Town(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    name: str
    latitude: float
    longitude: float
    population: int


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn of a window: the land, the areas asked for, towns (most people first), and lines of the
    National Grid ``grid_m`` apart, 0 where it is not used. ``detail_m`` is the grain."""

    land: Rings
    areas: list[DrawnArea]
    detail_m: float
    towns: list[Town]
    grid: list[Line]
    grid_m: int


def save_coast(folder: Path, package: Path) -> None:
    """``coast.npz`` out of OpenStreetMap's land of countries (ODbL), in grid metres, country by country."""
    found = ireland.countries_of(package, COUNTRIES)
    outlines = []
    for code in COUNTRIES:
        parts = shapely.get_parts(found[code])
        whole = shapely.multipolygons([_without_ponds(one) for one in parts[shapely.area(parts) > ISLET_M2]])
        outlines.append(shapely.make_valid(shapely.simplify(whole, DETAIL_M)))
    shapes.save(folder / COAST, list(COUNTRIES), np.array(outlines))


def _without_ponds(land: Any) -> Any:
    waters = [ring for ring in land.interiors if shapely.area(shapely.Polygon(ring)) > LAKE_M2]
    return shapely.Polygon(land.exterior, waters)


def write_outline(folder: Path, target: Path) -> None:
    """The whole country for the desk's page out of ``coast.npz``; the same file gives the same bytes.

    A ring is [longitude, latitude, step east, step north, …] in ten-thousandths of a degree.
    """
    names, outlines = shapes.load(folder / COAST)
    rings: list[list[int]] = []
    for outline in shapely.simplify(outlines, OUTLINE_DETAIL_M):
        parts = shapely.get_parts(outline)
        for part in parts[shapely.area(parts) > OUTLINE_ISLET_M2]:
            rings.append(_steps(shapely.get_coordinates(shapely.get_exterior_ring(part))))
    outline_file = {"attribution": ATTRIBUTION, "parts": DEGREE_PARTS, "countries": names, "rings": rings}
    target.write_text(json.dumps(outline_file, separators=(",", ":"), ensure_ascii=False) + "\n", "utf-8")


def _steps(xy: Any) -> list[int]:
    latitude, longitude = to_degrees(xy[:, 0], xy[:, 1])
    whole = np.rint(np.stack([longitude, latitude], axis=1) * DEGREE_PARTS).astype(int)
    steps = np.diff(whole, axis=0, prepend=0)
    moving = np.any(steps != 0, axis=1)
    return [int(value) for value in steps[moving].ravel()]


class Drawing:
    """Reads the map's files when it is first asked; safe to ask from several threads."""

    def __init__(self, folder: Path, places: Path | None = None) -> None:
        """``places`` is the gazetteer's ``places.csv``: without it no town is named."""
        self._folder, self._places = folder, places
        self._lock = threading.Lock()
        self._loaded: tuple[list[str], Any, Any, list[Town]] | None = None
        self._draw = lru_cache(maxsize=64)(self._draw_now)

    def draw(self, window: Window, rooms: Mapping[str, str | None], only: frozenset[str]) -> Drawn:
        """The land of a window and the ground of the rooms in ``only``. ``rooms`` maps a code of the map
        to the room that answers there. Raises ValueError for a window that is none or too wide, OSError
        where the map cannot be read."""
        span = max(window.north - window.south, (window.east - window.west) * 0.6)
        if not (window.north - window.south > 0 and window.east - window.west > 0 and span <= WINDOW_DEGREES):
            raise ValueError(f"a window of the map has sides of up to {WINDOW_DEGREES:g} degrees")
        codes = {code: room for code, room in rooms.items() if room in only}
        return self._draw(window, frozenset(codes.items()))

    def _draw_now(self, window: Window, codes: frozenset[tuple[str, str]]) -> Drawn:
        names, areas, coasts, towns = self._files()
        box = _box(window)
        west, south, east, north = box
        detail_m = max(DETAIL_M / 2, max(east - west, north - south) / PIXELS)
        land = shapely.union_all([_clip(coast, box) for coast in coasts if _meets(coast, box)])
        by_room: dict[str, list[Any]] = {}
        room_of = dict(codes)
        for name, area in zip(names, areas, strict=True):
            room = room_of.get(name)
            if room is not None and _meets(area, box):
                by_room.setdefault(room, []).append(_clip(area, box))
        drawn = []
        for room, parts in sorted(by_room.items()):
            ground = shapely.union_all(parts)
            # What is drawn ends at the shore, but where a room's area is at sea alone it is still shown.
            ashore = shapely.intersection(ground, land)
            rings = _rings(ground if ashore.is_empty else ashore, detail_m, EXCLAVES)
            if rings:
                drawn.append(DrawnArea(room_id=room, rings=rings))
        lines, step_m = _grid_lines(box)
        return Drawn(
            land=_rings(land, detail_m),
            areas=drawn,
            detail_m=round(detail_m, 1),
            towns=[one for one in towns if _within(one, window)][:TOWNS_LIMIT],
            grid=lines,
            grid_m=step_m,
        )

    def _files(self) -> tuple[list[str], Any, Any, list[Town]]:
        with self._lock:
            if self._loaded is None:
                names, areas = shapes.load(self._folder / AREAS)
                more, irish = shapes.load(self._folder / IRELAND)
                _, coasts = shapes.load(self._folder / COAST)
                whole = np.array([shapely.make_valid(one) for one in (*areas, *irish)])
                land = [shapely.make_valid(one) for one in coasts]
                towns = [] if self._places is None else _towns(self._places)
                self._loaded = [*names, *more], whole, land, towns
            return self._loaded


def _towns(path: Path) -> list[Town]:
    """Most people first; none where the list cannot be read: a map without names is a map."""
    try:
        with path.open(encoding="utf-8", newline="") as rows:
            towns = [
                Town(
                    name=row["name"],
                    latitude=float(row["latitude"]),
                    longitude=float(row["longitude"]),
                    population=int(row["population"]),
                )
                for row in csv.DictReader(rows)
            ]
    except (OSError, ValueError, KeyError):
        return []
    return sorted(towns, key=lambda town: (-town.population, town.name))


def _within(town: Town, window: Window) -> bool:
    return window.south <= town.latitude <= window.north and window.west <= town.longitude <= window.east


def _grid_lines(box: tuple[float, float, float, float]) -> tuple[list[Line], int]:
    """Lines of the National Grid through a window, and how far apart; none beyond the grid."""
    west, south, east, north = box
    if not (west >= 0 and east <= 700_000 and south >= 0 and north <= 1_300_000):
        return [], 0
    across = max(east - west, north - south)
    step_m = next((step for step in GRID_STEPS_M if across / step <= GRID_LINES), GRID_STEPS_M[-1])
    lines: list[Line] = []
    for easting in np.arange(np.ceil(west / step_m) * step_m, east, step_m):
        lines.append(_line(np.full(5, easting), np.linspace(south, north, 5)))
    for northing in np.arange(np.ceil(south / step_m) * step_m, north, step_m):
        lines.append(_line(np.linspace(west, east, 5), np.full(5, northing)))
    return lines, step_m


def _line(eastings: Any, northings: Any) -> Line:
    latitude, longitude = to_degrees(eastings, northings)
    return [[round(float(y), 5), round(float(x), 5)] for y, x in zip(latitude, longitude, strict=True)]


def _box(window: Window) -> tuple[float, float, float, float]:
    """The window's hull in grid metres: its edges bend there."""
    latitudes = np.linspace(window.south, window.north, 9)
    longitudes = np.linspace(window.west, window.east, 9)
    north_south = to_grid(np.repeat(latitudes, 9), np.tile(longitudes, 9))
    easting, northing = (np.asarray(axis) for axis in north_south)
    return float(easting.min()), float(northing.min()), float(easting.max()), float(northing.max())


def _meets(shape: Any, box: tuple[float, float, float, float]) -> bool:
    west, south, east, north = shape.bounds
    return bool(west <= box[2] and east >= box[0] and south <= box[3] and north >= box[1])


def _clip(shape: Any, box: tuple[float, float, float, float]) -> Any:
    return shapely.make_valid(shapely.clip_by_rect(shape, *box))


def _rings(shape: Any, detail_m: float, least: float = 2.0) -> Rings:
    """Outer rings and holes alike: the page fills by the even-odd rule. What is smaller than a square of
    ``least`` times the detail is a dot and left out."""
    while True:
        simple = shapely.simplify(shape, detail_m)
        if shapely.get_num_coordinates(simple) <= POINTS_LIMIT:
            break
        detail_m *= 2
    parts = [part for part in shapely.get_parts(simple) if part.geom_type == "Polygon"]
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    large = shapely.area(shapely.polygons(rings)) >= (least * detail_m) ** 2 if rings else ()
    found: Rings = []
    for ring in (ring for ring, is_large in zip(rings, large, strict=True) if is_large):
        xy = shapely.get_coordinates(ring)
        found.append(_line(xy[:, 0], xy[:, 1]))
    return found
