"""WGS84 degrees to the grids control rooms read: OS National Grid, and the Irish Grid in Northern Ireland."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pyproj import Transformer

NATIONAL_GRID = "OSGB National Grid"
IRISH_GRID = "Irish Grid"

_WGS84, _OSGB36, _TM65 = 4326, 27700, 29902
_IRISH_SQUARES = "VWXYZQRSTULMNOPFGHJKABCDE"  # 100 km squares, from the south-west, five a row; no I


class GridPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A place on one grid: whole metres east and north, and the square the doubt allows as text.

    True to 5 m only: the seven-parameter shift is used, not the OSTN15 grid.
    """

    system: str
    easting_m: int
    northing_m: int
    reference: str


def grid_position(latitude: float, longitude: float, radius_m: float) -> GridPosition | None:
    """The place on its grid; None where neither grid reaches (far sea, abroad).

    The reference names a square no finer than the radius: 10 m at best, since 1 m would claim more
    than the conversion has, then 100 m, 1 km and 10 km.
    """
    irish = on_irish_grid(latitude, longitude)
    easting, northing = _transformer(_TM65 if irish else _OSGB36).transform(latitude, longitude)
    widest_e, widest_n = (500_000, 500_000) if irish else (700_000, 1_300_000)
    if not (math.isfinite(easting) and 0 <= easting < widest_e and 0 <= northing < widest_n):
        return None
    reference = _irish_reference if irish else _national_reference
    return GridPosition(
        system=IRISH_GRID if irish else NATIONAL_GRID,
        easting_m=math.floor(easting),
        northing_m=math.floor(northing),
        reference=reference(easting, northing, _square_m(radius_m)),
    )


def on_irish_grid(latitude: float, longitude: float) -> bool:
    """Whether the island of Ireland's grid is the one used here: EPSG:29902's area of use.

    That rectangle holds the Mull of Kintyre too, which is Scotland's: north of 55.2° and east of
    6.0° W, past Torr Head, is taken out.
    """
    inside = 51.39 <= latitude <= 55.43 and -10.56 <= longitude <= -5.34
    kintyre = latitude > 55.2 and longitude > -6.0
    return inside and not kintyre


def _square_m(radius_m: float) -> int:
    return next((size for size in (10_000, 1_000, 100) if radius_m >= size), 10)


def _national_reference(easting: float, northing: float, square_m: int) -> str:
    from osbng import xy_to_bng  # noqa: PLC0415 - 0.4 s, paid by the first document only

    return str(xy_to_bng(easting, northing, square_m).bng_ref_formatted)


def _irish_reference(easting: float, northing: float, square_m: int) -> str:
    letter = _IRISH_SQUARES[int(northing // 100_000) * 5 + int(easting // 100_000)]
    digits = 5 - int(math.log10(square_m))
    east, north = (int(metres % 100_000) // square_m for metres in (easting, northing))
    return f"{letter} {east:0{digits}d} {north:0{digits}d}"


@cache
def _transformer(epsg: int) -> Transformer:
    from pyproj import Transformer  # noqa: PLC0415 - 0.1 s, paid by the first document only

    # A "ballpark" shift would be 120 m wrong without saying so.
    return Transformer.from_crs(_WGS84, epsg, allow_ballpark=False)
