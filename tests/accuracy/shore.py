"""Inland, shore or sea: the map's answer against coastlines in full detail, of two makers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from accuracy.subject import Subject

from intake.boundaries import coast, packages
from intake.boundaries.build import SEAWARD_M, SHORE_M
from intake.boundaries.ireland import countries_of, ground
from intake.location import CallerLocation
from intake.routing.projection import to_degrees

KINDS = ("inland", "shore", "sea")
CLEAR_M = 100.0
"""The map's coast is simplified and on a 10 m grain: this near to an edge either answer may be right."""


class Shore(NamedTuple):
    """``right`` and ``clear`` (more than 100 m from an edge between kinds) are parts of all points asked;
    ``by_kind`` those of each kind. ``kept`` is the part of the ``off_land`` points not told inland."""

    source: str
    right: float
    clear: float
    by_kind: dict[str, float]
    kept: float
    off_land: int
    count: int
    aim: float


def ask_shore(subject: Subject, fetched: Path, count: int, seed: int) -> list[Shore]:
    """Points scattered about the coast of Great Britain and its islands, 1.5 km to either side."""
    full = coast.coastline(packages.fetch(packages.COAST, fetched), detail_m=0.0)
    mapped = ground(countries_of(packages.fetch(packages.OPEN_STREET_MAP, fetched)))
    random = np.random.default_rng(seed)
    vertices = shapely.get_coordinates(full)
    vertices = vertices[random.permutation(len(vertices))]
    british = [
        place
        for place in vertices[: 4 * count].tolist()
        if (home := subject.router._areas.at(*place)) >= 0 and subject.router._areas.codes[home][0] in "EWS"
    ]
    points = np.array(british[:count]) + random.normal(0.0, 1_500.0, (min(count, len(british)), 2))
    told = _told(subject, points)
    return [
        _judged("GSHHG, full resolution", full, points, told, 0.99),
        _judged("OpenStreetMap, 10 m", list(shapely.get_parts(mapped)), points, told, 0.999),
    ]


def _told(subject: Subject, points: Any) -> Any:
    latitudes, longitudes = to_degrees(points[:, 0] + subject.shift_m, points[:, 1])
    return np.array(
        [
            subject.router.setting(
                CallerLocation(latitude=latitude, longitude=longitude, uncertainty_m=10.0)
            )[0]
            for latitude, longitude in zip(latitudes.tolist(), longitudes.tolist(), strict=True)
        ]
    )


def _judged(source: str, lands: Sequence[Any], points: Any, told: Any, aim: float) -> Shore:
    """Each kind by the distance of a point from the land's edge, negative on land."""
    land = np.array(lands)
    places = shapely.points(points)
    inside = np.zeros(len(points), dtype=bool)
    inside[shapely.STRtree(places).query(land, predicate="contains")[1]] = True
    _, away_m = _edges(land, points).query_nearest(places, all_matches=False, return_distance=True)
    out_m = np.where(inside, -away_m, away_m)
    true = np.where(out_m < -SHORE_M, "inland", np.where(out_m <= SEAWARD_M, "shore", "sea"))
    clear = (np.abs(out_m + SHORE_M) > CLEAR_M) & (np.abs(out_m - SEAWARD_M) > CLEAR_M)
    known = np.isin(told, KINDS)
    right = told == true
    return Shore(
        source=source,
        right=float(right[known].mean()),
        clear=float(right[known & clear].mean()),
        by_kind={kind: float(right[known & clear & (true == kind)].mean()) for kind in KINDS},
        kept=float((told[known & (out_m > 0)] != "inland").mean()),
        off_land=int((known & (out_m > 0)).sum()),
        count=int(known.sum()),
        aim=aim,
    )


def _edges(land: Any, points: Any) -> shapely.STRtree:
    """Every stretch of the lands' edges within reach of the points."""
    west, south = points.min(axis=0) - 30_000.0
    east, north = points.max(axis=0) + 30_000.0
    found = []
    for ring in shapely.get_rings(shapely.get_parts(land)):
        line = shapely.get_coordinates(ring)
        near = (line[:, 0] > west) & (line[:, 0] < east) & (line[:, 1] > south) & (line[:, 1] < north)
        pairs = np.stack([line[:-1], line[1:]], axis=1)[near[:-1] & near[1:]]
        found.append(pairs)
    return shapely.STRtree(shapely.linestrings(np.concatenate(found)))
