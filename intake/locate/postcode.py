"""UK postcodes in a text: whole ones, and the district alone where the words around it leave no doubt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from intake.locate.clue import clue_location
from intake.locate.national_grid import DATUM_SHIFT_M, to_wgs84
from intake.locate.postcode_file import GridCircle, PostcodeFile
from intake.location import CallerLocation, LocationMethod, LocationSource

_FLAGS = re.IGNORECASE | re.ASCII
_BEFORE = r"(?<![0-9A-Za-z_])"
_AFTER = r"(?![0-9A-Za-z_])"
_OUTWARD = r"[A-Z]{1,2}\d[A-Z\d]?"

# The last two letters are never C I K M O V (Royal Mail PAF), so "M6 2am" cannot match. The letter O
# is often typed for the nought before them; a full stop never parts the halves, or w3.org is in Acton.
_UNIT = re.compile(
    rf"{_BEFORE}({_OUTWARD})(?:[ \t\r\n\u00a0+\-]|%20){{0,2}}([\dO][ABD-HJLNP-UW-Z]{{2}}){_AFTER}", _FLAGS
)
_DISTRICT = re.compile(rf"{_BEFORE}({_OUTWARD}){_AFTER}", _FLAGS)
_ORDINALS = frozenset({"1ST", "2ND", "3RD"})

_POSTCODE_CUE = re.compile(
    r"\b(?:post\s?-?code|post\s?code\s{1,2}is|cod\s{1,2}post|postal\s{1,2}(?:code|district)|zip(?:\s?code)?)"
    r"(?:\s{1,2}(?:is|of|area|starts|begins|yw|ydi|with)){0,2}[\s:=]{1,3}$",
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


_PLATE_AFTER = re.compile(r"[ \t][A-Z]{3}(?![0-9A-Za-z])", re.ASCII)
"""AB12 CDE is a car."""


class _Island(NamedTuple):
    """A postcode area without coordinates in our data, as the circle that holds all of it."""

    latitude: float
    longitude: float
    radius_m: float
    name: str


_ISLANDS = {
    "BT": _Island(54.64, -6.75, 95_000.0, "Northern Ireland"),
    "IM": _Island(54.23, -4.53, 30_000.0, "Isle of Man"),
    "JE": _Island(49.21, -2.13, 12_000.0, "Jersey"),
    "GY": _Island(49.52, -2.45, 35_000.0, "Guernsey, Alderney or Sark"),
}


def find_postcodes(text: str, postcodes: PostcodeFile | None) -> Iterator[CallerLocation]:
    """Whole postcodes first, then districts. Without the file only the islands' areas are known."""
    for match in _UNIT.finditer(text):
        if not _is_floor_number(text, match):
            yield from _unit(text, match, postcodes)
    for match in _DISTRICT.finditer(text):
        yield from _district(text, match, postcodes)


def _unit(text: str, match: re.Match[str], postcodes: PostcodeFile | None) -> Iterator[CallerLocation]:
    outward, inward = match[1].upper(), match[2].upper().replace("O", "0", 1)
    if (island := _ISLANDS.get(outward[:2])) is not None:
        yield from _island(text, match, island)
        return
    if postcodes is None:
        return
    if (circle := postcodes.unit(outward, inward)) is not None:
        yield from _circle(text, match, circle, LocationSource.TEXT_POSTCODE, None)
    elif not _is_surely_postcode(text, match):
        return  # "s8 6gb" is a telephone
    elif (circle := postcodes.sector(outward, inward[0])) is not None:
        note = f"no such postcode in our list: the sector {outward} {inward[0]}"
        yield from _circle(text, match, circle, LocationSource.TEXT_OUTCODE, note)
    elif (circle := postcodes.district(outward)) is not None:
        note = f"no such postcode in our list: the district {outward}"
        yield from _circle(text, match, circle, LocationSource.TEXT_OUTCODE, note)


def _is_surely_postcode(text: str, match: re.Match[str]) -> bool:
    window = max(0, match.start() - 40)
    return match[0].isupper() or any(
        cue.search(text, window, match.start()) for cue in (_POSTCODE_CUE, _PLACE_CUE)
    )


def _is_floor_number(text: str, match: re.Match[str]) -> bool:
    """True for "N1 3rd floor": an ordinal in small letters, apart, with words after it."""
    inward = match[2]
    is_ordinal = inward.upper() in _ORDINALS or inward[1:].upper() == "TH"
    is_apart = len(match[0]) > len(match[1]) + len(inward)
    return is_ordinal and not inward.isupper() and is_apart and text[match.end() :].lstrip()[:1].isalpha()


def _district(text: str, match: re.Match[str], postcodes: PostcodeFile | None) -> Iterator[CallerLocation]:
    outward = match[1].upper()
    if not _is_meant_as_district(text, match):
        return
    if (island := _ISLANDS.get(outward[:2])) is not None:
        yield from _island(text, match, island)
        return
    circle = postcodes.district(outward) if postcodes is not None else None
    if circle is not None:
        note = f"postcode district {outward} alone"
        yield from _circle(text, match, circle, LocationSource.TEXT_OUTCODE, note)


def _is_meant_as_district(text: str, match: re.Match[str]) -> bool:
    """Precision before recall: M6 is a motorway, B12 a vitamin, E10 petrol.

    After "postcode" anything goes. Two letters need capitals or a word of place before them
    ("in se1"). One letter needs a word of place or its city, and M only its city.
    """
    start, end = match.span()
    outward = match[1].upper()
    window = max(0, start - 40)
    if _POSTCODE_CUE.search(text, window, start):
        return True
    if outward in _NOT_A_DISTRICT or _ROAD_AFTER.match(text, end):
        return False
    has_place_cue = _PLACE_CUE.search(text, window, start) is not None
    if outward[1].isalpha():
        return has_place_cue or (match[1].isupper() and not _PLATE_AFTER.match(text, end))
    city = _CITY_CUE.get(outward[0])
    if city is not None and city.search(text, window, start):
        return True
    return has_place_cue and outward[0] != "M" and match[1].isupper()


def _circle(
    text: str, match: re.Match[str], circle: GridCircle, source: LocationSource, note: str | None
) -> Iterator[CallerLocation]:
    latitude, longitude = to_wgs84(circle.easting_m, circle.northing_m)
    found = clue_location(
        text,
        match.span(),
        latitude,
        longitude,
        circle.radius_m + DATUM_SHIFT_M,
        source,
        method=LocationMethod.DERIVED,
        note=note,
    )
    if found is not None:
        yield found


def _island(text: str, match: re.Match[str], island: _Island) -> Iterator[CallerLocation]:
    found = clue_location(
        text,
        match.span(),
        island.latitude,
        island.longitude,
        island.radius_m,
        LocationSource.TEXT_OUTCODE,
        method=LocationMethod.DERIVED,
        note=f"{island.name}: the postcode is not in our data, only the area it belongs to",
    )
    if found is not None:
        yield found
