"""Full plus codes (Open Location Code) in a text, decoded offline."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from openlocationcode import openlocationcode

from intake.locate.clue import HANDHELD_FIX_M, METRES_PER_DEGREE, clue_location
from intake.location import CallerLocation, LocationSource

# The first character is a latitude band and the second a longitude band, both of 20 degrees; the
# whole world is taken. A short code ("VC2C+2V Leeds") needs a named place: not here.
_FULL_CODE = re.compile(
    r"(?<![0-9A-Za-z+])([2-9CFGHJMPQRVWX]{8})(?:\+|%2B)([2-9CFGHJMPQRVWX]{2,7})?(?![0-9A-Za-z+])",
    re.IGNORECASE | re.ASCII,
)


def find_plus_codes(text: str) -> Iterator[CallerLocation]:
    """Each full code as the circle about its cell."""
    for match in _FULL_CODE.finditer(text):
        code = f"{match[1]}+{match[2] or ''}".upper()
        if not openlocationcode.isFull(code):
            continue
        cell = openlocationcode.decode(code)
        latitude, longitude = cell.latitudeCenter, cell.longitudeCenter
        height_m = (cell.latitudeHi - cell.latitudeLo) * METRES_PER_DEGREE
        width_m = (cell.longitudeHi - cell.longitudeLo) * METRES_PER_DEGREE * math.cos(math.radians(latitude))
        radius_m = max(HANDHELD_FIX_M, math.hypot(height_m, width_m) / 2)
        found = clue_location(text, match.span(), latitude, longitude, radius_m, LocationSource.TEXT_PLUSCODE)
        if found is not None:
            yield found
