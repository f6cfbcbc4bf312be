"""How far a place reaches, from the postcodes around it. National Grid metres; used by the build only.

Nothing in the data says which postcodes a name means. The model: a person names the place that is
near and large, so a postcode belongs to the place with the least distance / population^0.35 (a Voronoi
diagram with multiplicative weights). A place's radius is then

    max(1,500 m, distance that holds 95 % of its postcodes, 17 m × √population)

The last term is for towns whose suburbs are places of their own: who is in Croydon may well say
London. Exponent and factor were chosen, among few, by districts that are named after their town:
tests/integration/test_gazetteer_extent.py asks postcodes for it that the build never saw.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

FLOOR_M = 1_500.0
CEILING_M = 15_000.0
"""A village on a moor has postcodes 30 km away; who is there says more than its name."""
CONFIDENCE_PCT = 95.0
PER_ROOT_INHABITANT_M = 17.0
PULL = 0.35
FEWEST_INHABITANTS = 500
"""GeoNames gives some places 0; the list itself holds none of fewer than 500, but seats of authorities."""
FEWEST_POSTCODES = 15
_CHUNK = 2_000


class Circle(NamedTuple):
    """Grid metres; the radius holds 95 % of what it was made from."""

    easting_m: float
    northing_m: float
    radius_m: float


def belongs_to(easting_m: Any, northing_m: Any, places: Any, population: Any) -> tuple[Any, Any]:
    """For each postcode the index of the place it belongs to, and of the place that is simply nearest.

    ``places`` is an (n, 2) array of eastings and northings.
    """
    pull = np.maximum(population, FEWEST_INHABITANTS).astype(np.float64) ** (-2 * PULL)
    weighted = np.empty(len(easting_m), dtype=np.int32)
    nearest = np.empty(len(easting_m), dtype=np.int32)
    for start in range(0, len(easting_m), _CHUNK):
        rows = slice(start, start + _CHUNK)
        squared = (easting_m[rows, None] - places[None, :, 0]) ** 2
        squared += (northing_m[rows, None] - places[None, :, 1]) ** 2
        nearest[rows] = squared.argmin(axis=1)
        squared *= pull[None, :]
        weighted[rows] = squared.argmin(axis=1)
    return weighted, nearest


def radii_m(easting_m: Any, northing_m: Any, owner: Any, places: Any, population: Any) -> Any:
    """The radius of each place, by the rule on top of this module, rounded to 50 m."""
    by_people = PER_ROOT_INHABITANT_M * np.sqrt(np.maximum(population, FEWEST_INHABITANTS))
    radii = np.maximum(FLOOR_M, by_people)
    distance = np.hypot(easting_m - places[owner, 0], northing_m - places[owner, 1])
    order = np.argsort(owner, kind="stable")
    found, starts = np.unique(owner[order], return_index=True)
    for place, own in zip(found, np.split(distance[order], starts[1:]), strict=True):
        if len(own) >= FEWEST_POSTCODES:
            reach = min(CEILING_M, float(np.percentile(own, CONFIDENCE_PCT)))
            radii[place] = max(radii[place], reach)
    return np.ceil(radii / 50.0) * 50.0


def circle_of(easting_m: Any, northing_m: Any) -> Circle:
    """A circle for a county: about the middle of its postcodes' bounding box (1 % off each side), wide
    enough for 99 in 100 of them."""
    low_e, high_e = np.percentile(easting_m, [1, 99])
    low_n, high_n = np.percentile(northing_m, [1, 99])
    middle_e, middle_n = (low_e + high_e) / 2, (low_n + high_n) / 2
    reach = np.percentile(np.hypot(easting_m - middle_e, northing_m - middle_n), 99)
    return Circle(float(middle_e), float(middle_n), max(FLOOR_M, float(np.ceil(reach / 500.0) * 500.0)))
