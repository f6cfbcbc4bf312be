"""Irish grid references in a text: one letter and figures, where the words around them leave no doubt."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache

from pyproj import Transformer

from intake.locate.clue import HANDHELD_FIX_M, clue_at, clue_location
from intake.locate.national_grid import DATUM_SHIFT_M
from intake.location import Clue, ClueKind, LocationSource

_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
"""Five rows of five squares of 100 km from the north-west, without I."""
_SQUARE_M = 100_000
_WITH_LAND = "BCDFGHJLMNOQRSTVWX"
_NORTHERN = "CDGHJ"
"""The squares that hold Northern Ireland: without the words "Irish grid" only these are believed."""

_REFERENCE = re.compile(
    rf"(?<![0-9A-Za-z])([{_WITH_LAND}])"
    r"[ \t]{0,2}(?:(\d{2,5})[ \t,/]{1,2}(\d{2,5})|(\d{4}|\d{6}|\d{8}|\d{10}))"
    r"(?![0-9A-Za-z]|[.,]\d)",
    re.IGNORECASE | re.ASCII,
)
_IRISH_CUE = re.compile(
    r"\b(?:irish|NI|northern ireland|OSNI|OSi|gwyddelig)(?:\s{1,2}(?:national\s{1,2})?grid)?"
    r"(?:\s{1,2}ref(?:erence)?)?[\s.:=]{0,3}(?:is|at|yw)?[\s.:=]{0,2}$",
    re.IGNORECASE | re.ASCII,
)
_GRID_CUE = re.compile(
    r"\b(?:grid(?:\s{1,2}ref(?:erence)?)?|map\s{1,2}ref(?:erence)?|cyfeirnod(?:\s{1,2}grid)?)"
    r"[\s.:=]{0,3}(?:is|at|yw)?[\s.:=]{0,2}$",
    re.IGNORECASE | re.ASCII,
)
_IN_NORTHERN_IRELAND = re.compile(
    r"\b(?:northern ireland|ulster|belfast|(?:london)?derry|mournes?|slieve|sperrins?|lough|glens of antrim"
    r"|causeway|fermanagh|tyrone|antrim|armagh|co(?:unty|\.)?\s(?:down|antrim|armagh|tyrone|derry|fermanagh))\b",
    re.IGNORECASE | re.ASCII,
)


@cache
def _to_wgs84() -> Transformer:
    # EPSG:29902, TM65 / Irish Grid. Made when first asked for: most texts never do.
    return Transformer.from_crs("EPSG:29902", "EPSG:4326")


def find_irish_grid_references(text: str) -> Iterator[Clue]:
    """Each reference of 4 to 10 figures as the circle about its square.

    A letter and figures are a ward, a shelf or a form: they count after "Irish grid" or "OSNI"; in the
    squares of Northern Ireland also after "grid ref", or as a capital before two groups in a text
    that names a place there.
    """
    for match in _REFERENCE.finditer(text):
        letter, east, north, joined = match.groups()
        if joined is not None:
            east, north = joined[: len(joined) // 2], joined[len(joined) // 2 :]
        if len(east) != len(north) or not _is_meant(text, match, grouped=joined is None):
            continue
        side_m = 10 ** (5 - len(east))
        row, column = divmod(_LETTERS.index(letter.upper()), 5)
        easting_m = column * _SQUARE_M + (int(east) + 0.5) * side_m
        northing_m = (4 - row) * _SQUARE_M + (int(north) + 0.5) * side_m
        latitude, longitude = _to_wgs84().transform(easting_m, northing_m)
        radius_m = max(HANDHELD_FIX_M, side_m / math.sqrt(2) + DATUM_SHIFT_M)
        place = clue_location(text, match.span(), latitude, longitude, radius_m, LocationSource.TEXT_GRID)
        yield clue_at(ClueKind.IRISH_GRID, text, match.span(), [place], "Irish grid, EPSG:29902")


def _is_meant(text: str, match: re.Match[str], *, grouped: bool) -> bool:
    start = match.start()
    window = max(0, start - 40)
    if _IRISH_CUE.search(text, window, start):
        return True
    if match[1].upper() not in _NORTHERN:
        return False
    if _GRID_CUE.search(text, window, start):
        return True
    is_written_as_one = grouped and match[1].isupper() and len(match[2]) >= 3
    around = text[max(0, start - 200) : match.end() + 200]
    return is_written_as_one and _IN_NORTHERN_IRELAND.search(around) is not None
