"""London's boroughs as the Greater London Authority drew them: an outline that owes nothing to postcodes."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from accuracy.subject import Places, Subject

from intake.boundaries import packages
from intake.boundaries.coast import on_the_sheet
from intake.boundaries.postcodes import Postcodes
from intake.control_room import Service

BOROUGHS = packages.Package(
    registry="npm",
    name="vega-datasets",
    version="3.2.1",
    file="vega-datasets-3.2.1.tgz",
    digest="lTSwZA6yq6qSU2YZm+6bqILiIvTPPxn4itir7jPGFmHIdPvUfQ9pCzzcrklYywMJgLUbaIeSkZQdiJd6wBxPug==",
    dated="2025",
    holds="London boroughs 2015, simplified: only to measure with, nothing of it is shipped",
    licence="OGL-UK-3.0",
    attribution="Contains National Statistics and Ordnance Survey data © Crown copyright and database "
    "right 2015.",
)
CITY = "City of London"
AROUND_M = 3_000.0
OWN_ERROR_M = 250.0
"""The outline is simplified: nearer to it than this, either of us may be right."""


class London(NamedTuple):
    """Parts told right as the Metropolitan Police's, the City's or neither's, and how many were asked:
    everywhere, and ``clear`` of the outlines by 250 m. ``postcodes`` is how often those outlines say of the
    directory's own postcodes, clear of them too, what the directory says: their own error."""

    everywhere: tuple[float, int]
    clear: tuple[float, int]
    postcodes: tuple[float, int]


def ask_london(subject: Subject, directory: Postcodes, fetched: Path, count: int, seed: int) -> London:
    """Random points in and 3 km about London."""
    boroughs = _boroughs(packages.fetch(BOROUGHS, fetched))
    city = boroughs.pop(CITY)
    metropolitan = shapely.union_all(list(boroughs.values()))
    london = shapely.union_all([metropolitan, city])
    about = london.buffer(AROUND_M)
    shapely.prepare(about)
    west, south, east, north = about.bounds
    random = np.random.default_rng(seed)
    eastings, northings = random.uniform(west, east, 4 * count), random.uniform(south, north, 4 * count)
    near = shapely.contains_xy(about, eastings, northings)
    eastings, northings = eastings[near][:count], northings[near][:count]
    in_city = shapely.contains_xy(city, eastings, northings)
    in_met = shapely.contains_xy(metropolitan, eastings, northings)
    decisions = subject.decide(Places("London", eastings, northings, {}), [Service.POLICE], 10.0)
    rooms = np.array([one[0].room_id for one in decisions])
    said_city, said_met = rooms == "police-city-of-london", rooms == "police-metropolitan"
    right = (said_city == in_city) & (said_met == in_met)
    borders = shapely.union_all([metropolitan.boundary, city.boundary])
    shapely.prepare(borders)
    clear = ~shapely.dwithin(borders, shapely.points(eastings, northings), OWN_ERROR_M)
    own = _own_error(
        subject, directory, about, {"metropolitan": metropolitan, "city-of-london": city}, borders
    )
    return London((float(right.mean()), len(right)), (float(right[clear].mean()), int(clear.sum())), own)


def _own_error(
    subject: Subject, directory: Postcodes, about: Any, forces: dict[str, Any], borders: Any
) -> tuple[float, int]:
    inside = shapely.contains_xy(about, directory.eastings, directory.northings)
    near = directory.where(inside)
    clear = ~shapely.dwithin(borders, shapely.points(near.eastings, near.northings), OWN_ERROR_M)
    near = near.where(clear)
    rooms = np.array([room or "" for room in subject.truth(near)[Service.POLICE]])
    right = np.ones(len(rooms), dtype=bool)
    for force, outline in forces.items():
        shapely.prepare(outline)
        within = shapely.contains_xy(outline, near.eastings, near.northings)
        right &= (rooms == f"police-{force}") == within
    return float(right.mean()), len(right)


def _boroughs(package: Path) -> dict[str, Any]:
    """TopoJSON: polygons as lists of shared arcs, delta-coded whole numbers (topojson-specification §2)."""
    with tarfile.open(package) as archive:
        content = archive.extractfile("package/data/londonBoroughs.json")
        if content is None:
            raise ValueError(f"{package.name} has no London boroughs")
        topology = json.load(content)
    scale, origin = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + origin for arc in topology["arcs"]]

    def ring(numbers: list[int]) -> Any:
        return np.concatenate([arcs[one] if one >= 0 else arcs[~one][::-1] for one in numbers])

    found = {}
    for geometry in topology["objects"]["boroughs"]["geometries"]:
        parts = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        shapes = [shapely.Polygon(ring(rings[0]), [ring(hole) for hole in rings[1:]]) for rings in parts]
        found[geometry["id"]] = on_the_sheet(shapely.make_valid(shapely.MultiPolygon(shapes)))
    return found
