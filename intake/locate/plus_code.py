"""Plus codes (Open Location Code) in a text: full ones, and short ones beside the name of a town."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

from openlocationcode import openlocationcode

from intake.locate.clue import HANDHELD_FIX_M, METRES_PER_DEGREE, clue_at, clue_location
from intake.locate.noting import NOTES
from intake.location import CallerLocation, Clue, ClueKind, LocationSource

Near = Callable[[str], tuple[float, float] | None]
"""Latitude and longitude of a town by its name; None where it is unknown or there are several."""

# The first character is a latitude band and the second a longitude band, both of 20 degrees; the
# whole world is taken.
_FULL_CODE = re.compile(
    r"(?<![0-9A-Za-z+])([2-9CFGHJMPQRVWX]{8})(?:\+|%2B)([2-9CFGHJMPQRVWX]{2,7})?(?![0-9A-Za-z+])",
    re.IGNORECASE | re.ASCII,
)
_SHORT_CODE = re.compile(
    r"(?<![0-9A-Za-z+])([2-9CFGHJMPQRVWX]{4}|[2-9CFGHJMPQRVWX]{6})\+([2-9CFGHJMPQRVWX]{2,3})(?![0-9A-Za-z+])",
    re.IGNORECASE | re.ASCII,
)
_TOWN = re.compile(r"[ \t]{0,2},?[ \t]{1,2}(?:(?:in|near|yn)[ \t])?([^\W\d_][\w'’.\- ]{1,40})")
_TOWN_WORDS = 4


def find_plus_codes(text: str, near: Near | None = None) -> Iterator[Clue]:
    """Each full code as the circle about its cell; a short one only as the cell nearest its town."""
    for match in _FULL_CODE.finditer(text):
        code = f"{match[1]}+{match[2] or ''}".upper()
        if openlocationcode.isFull(code):
            yield clue_at(ClueKind.PLUS_CODE, text, match.span(), [_cell(text, match.span(), code)])
    for match in _SHORT_CODE.finditer(text):
        if any(mark.isalpha() for mark in match[0]) and any(mark.isdigit() for mark in match[0]):
            yield _short(text, match, near)


def _short(text: str, match: re.Match[str], near: Near | None) -> Clue:
    code = match[0].upper()
    # Of a code of six characters before the plus the first two are left out, of four the first four.
    for name, end in _towns_after(text, match.end()):
        point = near(name) if near is not None else None
        if point is not None:
            span = (match.start(), end)
            whole = openlocationcode.recoverNearest(code, *point)
            note = NOTES.en("short_plus", code=whole, town=name)
            return clue_at(ClueKind.PLUS_CODE, text, span, [_cell(text, span, whole, note)], note)
    note = NOTES.en("short_plus_alone")
    return clue_at(ClueKind.PLUS_CODE, text, match.span(), note=note)


def _towns_after(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Up to four words after the code, the longest run first, each with where it ends."""
    following = _TOWN.match(text, start)
    if following is None:
        return
    words = list(re.finditer(r"[^\s]+", following[1]))[:_TOWN_WORDS]
    for last in reversed(words):
        name = following[1][: last.end()].rstrip(" .,'’-")
        yield name, following.start(1) + len(name)


def _cell(text: str, span: tuple[int, int], code: str, note: str | None = None) -> CallerLocation | None:
    cell = openlocationcode.decode(code)
    latitude, longitude = cell.latitudeCenter, cell.longitudeCenter
    height_m = (cell.latitudeHi - cell.latitudeLo) * METRES_PER_DEGREE
    width_m = (cell.longitudeHi - cell.longitudeLo) * METRES_PER_DEGREE * math.cos(math.radians(latitude))
    radius_m = max(HANDHELD_FIX_M, math.hypot(height_m, width_m) / 2)
    return clue_location(text, span, latitude, longitude, radius_m, LocationSource.TEXT_PLUSCODE, note=note)
