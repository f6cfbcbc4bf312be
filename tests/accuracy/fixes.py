"""Calibration: how often the truth lies inside the 95 % circle that a source's hypothesis states.

Each source is simulated at true positions and read back through the product's own code: written clues by
`TextLocator`, fixes by `CallerLocation.radius_m`. Nothing here knows how a radius was chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from openlocationcode import openlocationcode
from osbng.indexing import xy_to_bng
from pyproj import Geod

from intake.boundaries.postcodes import Postcodes
from intake.locate.postcode_file import data_folder
from intake.locate.text import TextLocator
from intake.location import CallerLocation, scale_radius_m
from intake.routing.projection import to_degrees, to_grid

_GEOD = Geod(ellps="WGS84")
Written = Callable[[float, float, float, float], str]


class Calibration(NamedTuple):
    """``inside`` is the part of positions within the stated circle, ``unread`` that of clues not read."""

    source: str
    inside: float
    unread: float
    radius_m: float
    count: int
    aim: tuple[float, float]


def calibrate(directory: Postcodes, held: Postcodes, count: int, seed: int) -> Iterator[Calibration]:
    """One line for each source, over ``count`` positions near held-out postcodes."""
    random = np.random.default_rng(seed)
    chosen = held.where(random.permutation(len(held.codes))[:count])
    spread_m = random.normal(0.0, 40.0, (2, len(chosen.codes)))
    eastings, northings = chosen.eastings + spread_m[0], chosen.northings + spread_m[1]
    yield from _devices(eastings, northings, random)
    locator = TextLocator.load(data_folder())
    for source, write in _WRITTEN.items():
        yield _read_back(locator, source, write, eastings, northings, aim=(0.95, 1.0))
    codes = chosen.codes.tolist()
    texts = [f"postcode {code[:4].strip()}" for code in codes]
    yield _judge(locator, "postcode district (LS1), at held-out", texts, chosen.eastings, chosen.northings)
    rows, east, north = _anywhere_in_the_postcode(directory, chosen, random)
    texts = [f"postcode {codes[row][:4].strip()} {codes[row][4:].strip()}" for row in rows]
    yield _judge(locator, "postcode (LS1 4AP), anywhere in it", texts, east, north, aim=(0.93, 1.0))


def _devices(eastings: Any, northings: Any, random: Any) -> Iterator[Calibration]:
    """Fixes whose errors are normal in two dimensions, stated at the confidence each source uses."""
    latitudes, longitudes = to_degrees(eastings, northings)
    for source, confidence_pct in (
        ("phone's browser or app, stated at 95 %", 95.0),
        ("AML, stated at 68 %", 68.0),
        ("AML, stated at 67 %", 67.0),
        ("AML, stated at 90 %", 90.0),
    ):
        sigma_m = random.uniform(2.0, 400.0, len(eastings))
        stated_m = sigma_m * math.sqrt(-2.0 * math.log(1.0 - confidence_pct / 100.0))  # Rayleigh's quantile
        errors = random.normal(0.0, 1.0, (2, len(eastings))) * sigma_m
        inside, radii = [], []
        fixes = zip(*to_degrees(eastings + errors[0], northings + errors[1]), stated_m, strict=True)
        for (latitude, longitude, radius_m), true in zip(
            fixes, zip(latitudes, longitudes, strict=True), strict=True
        ):
            fix = CallerLocation(
                latitude=float(latitude),
                longitude=float(longitude),
                uncertainty_m=float(radius_m),
                confidence_pct=confidence_pct,
            )
            inside.append(_away_m(fix, *true) <= fix.radius_m())
            radii.append(fix.radius_m())
        # Four standard errors, so that chance alone does not miss it once in ten thousand runs.
        slack = 0.002 + 4.0 * math.sqrt(0.95 * 0.05 / len(inside))
        share, radius_m = float(np.mean(inside)), float(np.median(radii))
        yield Calibration(source, share, 0.0, radius_m, len(inside), (0.95 - slack, 0.95 + slack))


def _read_back(
    locator: TextLocator, source: str, write: Written, eastings: Any, northings: Any, aim: tuple[float, float]
) -> Calibration:
    latitudes, longitudes = to_degrees(eastings, northings)
    texts = [
        write(*place)
        for place in zip(
            latitudes.tolist(), longitudes.tolist(), eastings.tolist(), northings.tolist(), strict=True
        )
    ]
    return _judge(locator, source, texts, eastings, northings, aim)


def _judge(
    locator: TextLocator,
    source: str,
    texts: list[str],
    eastings: Any,
    northings: Any,
    aim: tuple[float, float] = (0.93, 1.0),
) -> Calibration:
    latitudes, longitudes = to_degrees(eastings, northings)
    inside, radii, unread = 0, [], 0
    for text, latitude, longitude in zip(texts, latitudes, longitudes, strict=True):
        places = locator.read(text).places
        if not places:
            unread += 1
            continue
        radii.append(places[0].radius_m())
        inside += _away_m(places[0], latitude, longitude) <= places[0].radius_m()
    read = len(texts) - unread
    radius_m = float(np.median(radii)) if radii else math.nan
    return Calibration(source, inside / max(read, 1), unread / len(texts), radius_m, read, aim)


def _away_m(place: CallerLocation, latitude: float, longitude: float) -> float:
    return float(_GEOD.inv(place.longitude, place.latitude, longitude, latitude)[2])


def _anywhere_in_the_postcode(
    directory: Postcodes, chosen: Postcodes, random: Any
) -> tuple[list[int], Any, Any]:
    """For each postcode a point drawn evenly from the ground that is nearer to it than to any other."""
    order = np.argsort(directory.eastings, kind="stable")
    eastings, northings = directory.eastings[order], directory.northings[order]
    rows, east, north = [], [], []
    for row, (easting, northing) in enumerate(zip(chosen.eastings, chosen.northings, strict=True)):
        low, high = np.searchsorted(eastings, [easting - 2_000.0, easting + 2_000.0])
        near = np.abs(northings[low:high] - northing) <= 2_000.0
        others = np.stack([eastings[low:high][near], northings[low:high][near]])
        away_m = np.hypot(others[0] - easting, others[1] - northing)
        apart = np.sort(away_m[away_m > 1.0])
        if len(apart) < 8:
            continue  # a hamlet of its own: its ground is not within these two kilometres
        reach_m = min(2.0 * apart[7], 900.0)
        others = others[:, (away_m > 1.0) & (away_m <= 2.0 * reach_m)]
        for _ in range(60):
            angle, out_m = random.uniform(0, 2 * math.pi), reach_m * math.sqrt(random.uniform())
            x, y = easting + out_m * math.cos(angle), northing + out_m * math.sin(angle)
            if not others.size or np.hypot(others[0] - x, others[1] - y).min() >= out_m:
                rows.append(row)
                east.append(x)
                north.append(y)
                break
    return rows, np.array(east), np.array(north)


def _decimals(digits: int) -> Written:
    def write(latitude: float, longitude: float, easting: float, northing: float) -> str:
        return f"gps {latitude:.{digits}f}, {longitude:.{digits}f}"

    return write


def _cut_off(digits: int) -> Written:
    """People also cut digits off instead of rounding."""
    step = 10.0**digits

    def write(latitude: float, longitude: float, easting: float, northing: float) -> str:
        north, east = math.trunc(latitude * step) / step, math.trunc(longitude * step) / step
        return f"gps {north:.{digits}f}, {east:.{digits}f}"

    return write


def _grid(resolution_m: int) -> Written:
    def write(latitude: float, longitude: float, easting: float, northing: float) -> str:
        return f"grid ref {xy_to_bng(*to_grid(latitude, longitude), resolution_m).bng_ref_formatted}"

    return write


def _plus_code(digits: int) -> Written:
    def write(latitude: float, longitude: float, easting: float, northing: float) -> str:
        return f"at {openlocationcode.encode(latitude, longitude, digits)}"

    return write


_WRITTEN: dict[str, Written] = {
    "latitude, longitude: 5 digits": _decimals(5),
    "latitude, longitude: 4 digits": _decimals(4),
    "latitude, longitude: 3 digits": _decimals(3),
    "latitude, longitude: 3 digits, cut off": _cut_off(3),
    "grid reference, 10 figures": _grid(1),
    "grid reference, 8 figures": _grid(10),
    "grid reference, 6 figures": _grid(100),
    "grid reference, 4 figures": _grid(1_000),
    "plus code, 10 characters": _plus_code(10),
    "plus code, 11 characters": _plus_code(11),
}

# The factor of RFC 7459 that every source at 68 % goes through; a one-dimensional 1.97 would show as 98 %.
assert 1.65 < scale_radius_m(1.0, 68.0, 95.0) < 1.651
