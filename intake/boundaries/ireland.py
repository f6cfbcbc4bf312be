"""Northern Ireland and Ireland: one shared border from OpenStreetMap, good to some 20 m."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape

from intake.boundaries.coast import on_the_sheet

_MEMBER = "package/map.geo.json"
_DETAIL_M = 10.0
_COUNTRIES = ("GBR", "IRL")


def outlines(land: Mapping[str, Any], countries: Mapping[str, Any]) -> dict[str, Any]:
    """Land in grid metres for ``NI`` and ``IE``, with one border between them.

    ``land`` is that of `countries_of`. ``countries`` are Natural Earth's GB and NI, in grid metres: they
    only tell which of the United Kingdom's pieces of land are Northern Ireland's.
    """
    pieces = shapely.get_parts(land["GBR"])
    inside = shapely.point_on_surface(pieces)
    northern = shapely.distance(inside, countries["NI"]) < shapely.distance(inside, countries["GB"])
    both = np.array([_with_lakes(pieces[northern]), _with_lakes(shapely.get_parts(land["IRL"]))])
    simple = shapely.make_valid(shapely.coverage_simplify(both, _DETAIL_M))
    return dict(zip(("NI", "IE"), simple, strict=True))


def countries_of(package: Path, codes: Sequence[str] = _COUNTRIES) -> dict[str, Any]:
    """Land of countries in grid metres, as OpenStreetMap has it: of the United Kingdom (``GBR``) and
    Ireland (``IRL``) where no others are asked for."""
    return {code: on_the_sheet(outline) for code, outline in _features(package, codes).items()}


def ground(land: Mapping[str, Any]) -> Any:
    """All the land of both islands as one, lakes and tidal rivers above their estuaries included."""
    # Closed over what was left between two outlines of one border.
    whole = shapely.union_all([land["GBR"], land["IRL"]]).buffer(_DETAIL_M, quad_segs=2)
    return _with_lakes(shapely.get_parts(whole.buffer(-_DETAIL_M, quad_segs=2)))


def _with_lakes(pieces: Any) -> Any:
    """One outline without holes: Lough Neagh is Northern Ireland's too."""
    return shapely.union_all(shapely.polygons(shapely.get_exterior_ring(pieces)))


def _features(package: Path, codes: Sequence[str]) -> dict[str, Any]:
    """The countries out of some 250: one feature a line, so that 168 MB need not be parsed."""
    found: dict[str, Any] = {}
    with tarfile.open(package) as archive:
        lines = archive.extractfile(_MEMBER)
        if lines is None:
            raise ValueError(f"{package.name} has no {_MEMBER}")
        for line in lines:
            code = next((code for code in codes if f'"A3":"{code}"'.encode() in line[-64:]), None)
            if code is not None:
                feature = json.loads(line.strip().removesuffix(b","))
                found[code] = shapely.make_valid(shape(feature["geometry"]))
    if missing := [code for code in codes if code not in found]:
        raise ValueError(f"{package.name} has no country {' or '.join(missing)}")
    return found
