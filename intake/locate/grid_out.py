"""A place as people on the ground name it: an Ordnance Survey grid reference."""

from __future__ import annotations

import math

from osbng import xy_to_bng
from osbng.errors import BNGExtentError

from intake.locate.grid_reference import is_land_square
from intake.routing.projection import to_grid

FINE_M = 50.0
"""Circles up to this are named to ten metres, wider ones to a hundred: eight figures promise no more."""


def grid_reference(latitude: float, longitude: float, radius_m: float) -> str:
    """``SE 2915 3345`` (10 m) or ``SE 291 334`` (100 m); empty outside Great Britain and Man."""
    if _in_ireland(latitude, longitude):
        return ""
    easting, northing = to_grid(latitude, longitude)
    if not (math.isfinite(easting) and math.isfinite(northing)):
        return ""
    try:
        found: str = xy_to_bng(easting, northing, "10m" if radius_m <= FINE_M else "100m").bng_ref_formatted
    except BNGExtentError:
        return ""
    return found if is_land_square(found[:2]) else ""


def _in_ireland(latitude: float, longitude: float) -> bool:
    """Ireland has a grid of its own; Galloway, Kintyre and Islay, which are nearest, have the British."""
    return longitude < -5.42 and 51.2 < latitude < (55.25 if longitude > -5.95 else 55.45)
