"""What the words around letters and figures say of them: a postcode, or a motorway, a vitamin, a car."""

from __future__ import annotations

import re

_FLAGS = re.IGNORECASE | re.ASCII
_WINDOW_CHARACTERS = 40

_POSTCODE_CUE = re.compile(
    r"\b(?:post\s?-?codes?|post\s?code\s{1,2}is|cod\s{1,2}post|nghod\s{1,2}post|chod\s{1,2}post"
    r"|postal\s{1,2}(?:code|district)|zip(?:\s?code)?)"
    r"(?:\s{1,2}(?:is|its|here|of|area|starts|begins|district|yw|ydi|yma|with)){0,3}[\s:=]{1,3}$",
    _FLAGS,
)
_PLACE_CUE = re.compile(r"\b(?:in|at|near|around|from|yn|ym|yng|ger|wrth|o)[ \t]{1,2}$", _FLAGS)
_CITY_CUE = {
    "B": re.compile(r"\bbirmingham[ ,]{1,2}$", _FLAGS),
    "E": re.compile(r"\blondon[ ,]{1,2}$", _FLAGS),
    "G": re.compile(r"\bglasgow[ ,]{1,2}$", _FLAGS),
    "L": re.compile(r"\bliverpool[ ,]{1,2}$", _FLAGS),
    "M": re.compile(r"\b(?:manchester|salford)[ ,]{1,2}$", _FLAGS),
    "N": re.compile(r"\blondon[ ,]{1,2}$", _FLAGS),
    "S": re.compile(r"\bsheffield[ ,]{1,2}$", _FLAGS),
    "W": re.compile(r"\blondon[ ,]{1,2}$", _FLAGS),
}
_NOT_A_DISTRICT = frozenset({"CO2", "ME2", "ME3"})
"""Gas, "me too", "me three": only after the word postcode."""
_ROAD_AFTER = re.compile(
    r"[ \t]{0,2}(?:j\d|jct|junction|motorway|north|south|east|west|services|road|bus|petrol|platform|gate"
    r"|ward|\d)",
    _FLAGS,
)
_COUNT_AFTER = re.compile(r"[ \t]\d{1,2}[ \t]{1,2}[A-Z]{2}", _FLAGS)
"""LS1 4 people hurt: a number of its own, which a motorway's junction or lane would be too."""
_PLATE_AFTER = re.compile(r"[ \t][A-Z]{3}(?![0-9A-Za-z])", re.ASCII)
"""AB12 CDE is a car."""
_SECTOR_AFTER = re.compile(
    r"[ \t]{0,2}(?:$|[.,;:!?)\r\n]|(?:area|sector|postcode|district|ish|by|near|in|at|on|and|or|off|next"
    r"|behind|ger|wrth|yn)\b)",
    _FLAGS,
)
_ORDINALS = frozenset({"1ST", "2ND", "3RD"})


def announces(text: str, start: int) -> bool:
    """True where "postcode" or "cod post" stands before."""
    return _POSTCODE_CUE.search(text, max(0, start - _WINDOW_CHARACTERS), start) is not None


def is_surely_postcode(text: str, start: int, end: int) -> bool:
    """In capitals, or after a word of place or the word postcode; "s8 6gb" else is a telephone."""
    window = max(0, start - _WINDOW_CHARACTERS)
    return (
        text[start:end].isupper()
        or announces(text, start)
        or _PLACE_CUE.search(text, window, start) is not None
    )


def is_floor_number(text: str, inward: str, end: int, *, is_apart: bool) -> bool:
    """True for "N1 3rd floor": an ordinal in small letters, apart, with words after it."""
    is_ordinal = inward.upper() in _ORDINALS or inward[1:].upper() == "TH"
    return is_ordinal and not inward.isupper() and is_apart and text[end:].lstrip()[:1].isalpha()


def is_meant_as_sector(text: str, start: int, end: int) -> bool:
    """``text[start:end]`` is a district and one figure: "LS1 4 area", not "LS1 4 people hurt"."""
    return announces(text, start) or _SECTOR_AFTER.match(text, end) is not None


def is_meant_as_district(text: str, written: str, start: int, end: int) -> bool:
    """Precision before recall: M6 is a motorway, B12 a vitamin, E10 petrol.

    After "postcode" anything goes. Two letters need capitals or a word of place before them
    ("in se1"). One letter needs a word of place or its city, and M only its city.
    """
    outward = written.upper()
    window = max(0, start - _WINDOW_CHARACTERS)
    if announces(text, start):
        return True
    has_count_after = outward[1].isalpha() and _COUNT_AFTER.match(text, end) is not None
    if outward in _NOT_A_DISTRICT or (_ROAD_AFTER.match(text, end) and not has_count_after):
        return False
    has_place_cue = _PLACE_CUE.search(text, window, start) is not None
    if outward[1].isalpha():
        return has_place_cue or (written.isupper() and not _PLATE_AFTER.match(text, end))
    city = _CITY_CUE.get(outward[0])
    if city is not None and city.search(text, window, start):
        return True
    return has_place_cue and outward[0] != "M" and written.isupper()
