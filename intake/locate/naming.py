"""A position as people read it aloud: OS or Irish grid reference, plus code. Pure."""

from __future__ import annotations

from functools import cache

from openlocationcode import openlocationcode
from osbng.errors import BNGExtentError
from osbng.indexing import xy_to_bng
from pyproj import Transformer

from intake.routing.projection import to_grid

OS, IRISH = "os", "irish"
_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
_SQUARE_M = 100_000
_SIDE_M = 500_000


def grid_reference(latitude: float, longitude: float) -> tuple[str, str]:
    """Eight figures (10 m) and which grid they are on, ``os`` or ``irish``; empty texts off both."""
    if is_irish(latitude, longitude):
        return (found, IRISH) if (found := _irish(latitude, longitude)) else ("", "")
    easting, northing = to_grid(latitude, longitude)
    try:
        return str(xy_to_bng(easting, northing, "10m").bng_ref_formatted), OS
    except (BNGExtentError, ValueError, OverflowError):
        return "", ""


def is_irish(latitude: float, longitude: float) -> bool:
    """On or about the island of Ireland, where maps and people use the Irish grid."""
    if not (51.2 <= latitude <= 55.5 and -11.0 <= longitude < -5.35):
        return False
    # Islay, Jura and Kintyre; Rathlin is west of them.
    return not (latitude > 55.2 and longitude > -6.0)


def plus_code(latitude: float, longitude: float) -> str:
    """Ten digits: a cell of some 14 m."""
    return str(openlocationcode.encode(latitude, longitude, 10))


def _irish(latitude: float, longitude: float) -> str:
    easting, northing = _to_irish().transform(latitude, longitude)
    if not (0 <= easting < _SIDE_M and 0 <= northing < _SIDE_M):
        return ""
    letter = _LETTERS[(4 - int(northing // _SQUARE_M)) * 5 + int(easting // _SQUARE_M)]
    return f"{letter} {int(easting % _SQUARE_M) // 10:04d} {int(northing % _SQUARE_M) // 10:04d}"


@cache
def _to_irish() -> Transformer:
    return Transformer.from_crs("EPSG:4326", "EPSG:29902")
