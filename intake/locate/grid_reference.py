"""Ordnance Survey grid references in a text: the square they name is the uncertainty."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from osbng import BNGReference

from intake.locate.clue import HANDHELD_FIX_M, clue_at, clue_location
from intake.locate.national_grid import DATUM_SHIFT_M, to_wgs84
from intake.location import Clue, ClueKind, LocationSource

# The 100 km squares that hold land or inshore water of Great Britain and Man. The others are sea
# hundreds of kilometres out: letters before digits there are a reference number, not a place.
_SQUARES = "H[PTUWXYZ]|N[ABCDFGHJKLMNORSTUWXYZ]|OV|S[CDEHJKMNOPRSTUVWXYZ]|T[AFGLMQRV]"

_REFERENCE = re.compile(
    rf"(?<![0-9A-Za-z])(?:({_SQUARES})|([HNOST])[ \t]([A-Z]))"
    r"[\s:,]{0,2}(?:(\d{1,5})[ \t,/]{1,2}(\d{1,5})|(\d{2}|\d{4}|\d{6}|\d{8}|\d{10}))"
    r"(?![0-9A-Za-z]|[.,]\d)",
    re.IGNORECASE | re.ASCII,
)
_CUE = re.compile(
    r"(?:\bgrid(?:\s{1,2}(?:ref(?:erence)?|square))?|\bOS(?:GB)?(?:\s{1,2}ref(?:erence)?)?|\bN\.?G\.?R"
    r"|\bmap\s{1,2}ref(?:erence)?|\bcyfeirnod(?:\s{1,2}grid)?)"
    r"[\s.:=]{0,3}(?:is|at|yw|ydi|no)?[\s.:=]{0,2}$",
    re.IGNORECASE | re.ASCII,
)
_ENGLISH_WORDS = frozenset({"NO", "SO", "ST", "NR"})
"""Squares that are also words before numbers: "ref no 123456", "so 100 200", "St 1234"."""


_SQUARE = re.compile(_SQUARES)


def is_land_square(letters: str) -> bool:
    """Whether a 100 km square holds land or inshore water of Great Britain or Man."""
    return _SQUARE.fullmatch(letters) is not None


def find_grid_references(text: str) -> Iterator[Clue]:
    """Each reference of 2 to 10 figures as the circle about its square.

    Six figures or more stand alone, in capitals or not. Four need capitals and two groups
    ("TQ 30 80") or the words "grid ref" before them; two always need those words (SE12 is also a
    postcode district). Prefixes that are English words need capitals and two groups, or the words;
    letters set apart ("S E 298 333") need the words.
    """
    for match in _REFERENCE.finditer(text):
        square, first, second, east, north, joined = match.groups()
        if joined is None and len(east) != len(north):
            continue
        figures = joined if joined is not None else east + north
        has_cue = _CUE.search(text, max(0, match.start() - 40), match.start()) is not None
        if square is None:
            square = first + second
            if not has_cue or not _SQUARE.fullmatch(square.upper()):
                continue
        elif not has_cue and not _stands_alone(square, len(figures), grouped=joined is None):
            continue
        reference = BNGReference(square.upper() + figures)
        side_m = reference.resolution_metres
        latitude, longitude = to_wgs84(*reference.bng_to_xy(position="centre"))
        radius_m = max(HANDHELD_FIX_M, side_m / math.sqrt(2) + DATUM_SHIFT_M)
        place = clue_location(text, match.span(), latitude, longitude, radius_m, LocationSource.TEXT_GRID)
        yield clue_at(ClueKind.OS_GRID, text, match.span(), [place])


def _stands_alone(square: str, figure_count: int, *, grouped: bool) -> bool:
    if square.upper() in _ENGLISH_WORDS or figure_count == 4:
        return square.isupper() and grouped and figure_count >= 4
    return figure_count >= 6
