"""What is doubtful in a service's answer, in words: another country, another postcode. Pure."""

from __future__ import annotations

import re

from pyproj import Geod

from intake.location import LocationSource
from intake.ports import PlaceQuestion

HOME = "gb"
NEIGHBOURS = {"ie": "Ireland", "im": "the Isle of Man", "je": "Jersey", "gg": "Guernsey"}
"""Countries whose callers a British mast may carry: their places keep their radius."""
HOME_WATERS = (48.8, -14.0, 61.6, 3.2)
"""South, west, north, east of the UK and its seas, for answers that name no country."""

NOTE_CHARACTERS = 1_000

# A circle round this point holds every place of the UK (Scilly to Shetland) with its nearer seas.
_MIDDLE, _REACH_M = (54.6, -3.6), 750_000.0
_POSTCODE_MARGIN_M = 500.0
_WGS84 = Geod(ellps="WGS84")
_NUMBER = re.compile(r"(?<![\w.])\d{1,4}[a-z]?(?![\w.])", re.IGNORECASE | re.ASCII)


def printable(text: str) -> str:
    """A service's words on one line, cut, without what a terminal or a document would take for a command."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= NOTE_CHARACTERS else f"{line[: NOTE_CHARACTERS - 2]} …"


def house_numbers(words: str) -> frozenset[str]:
    """Every number in the words that may be a house's, in small letters: "Flat 2, 14a High St" has two."""
    return frozenset(number.lower() for number in _NUMBER.findall(words))


def is_far(latitude: float, longitude: float, country_code: str) -> bool:
    """Whether a place is neither in the UK and its seas nor in a neighbour's land."""
    if country_code:
        return country_code not in (HOME, *NEIGHBOURS)
    south, west, north, east = HOME_WATERS
    return not (south <= latitude <= north and west <= longitude <= east)


def country_doubt(latitude: float, longitude: float, country_code: str, country: str) -> str:
    """Empty at home; else where it is, in words."""
    if is_far(latitude, longitude, country_code):
        where = country or (f"the country {country_code.upper()}" if country_code else "another country")
        return f"this is in {where}, outside the UK and its seas: probably not where help is needed"
    if country_code in NEIGHBOURS:
        return f"this is in {country or NEIGHBOURS[country_code]}, outside the UK"
    return ""


def widened_m(metres: float, latitude: float, longitude: float, country_code: str) -> float:
    """The radius in metres, for a far place so wide that it holds the whole UK.

    Who reaches 999 is here nearly always, and a circle that claims 95 % must hold them; a small circle
    abroad would also win over a phone's wide fix.
    """
    if not is_far(latitude, longitude, country_code):
        return metres
    _, _, away_m = _WGS84.inv(longitude, latitude, _MIDDLE[1], _MIDDLE[0])
    return float(away_m) + _REACH_M


def postcode_doubt(
    question: PlaceQuestion, latitude: float, longitude: float, radius_m: float, postcode: str
) -> str:
    """Empty, or how the answer contradicts the postcodes in the text."""
    written = [place for place in question.postcodes if place.source is LocationSource.TEXT_POSTCODE]
    if not written:
        return ""
    names = {_squeezed(place.clue or ""): place.clue or "" for place in written}
    if postcode:
        if _squeezed(postcode) in names:
            return ""
        said = " and ".join(names.values())
        return f"this address has the postcode {postcode}, the text says {said}: one of them is wrong"
    gaps = []
    for place in written:
        _, _, metres = _WGS84.inv(longitude, latitude, place.longitude, place.latitude)
        gaps.append((float(metres) - place.radius_m() - radius_m, float(metres), place.clue or ""))
    over_m, metres, name = min(gaps)
    if over_m <= _POSTCODE_MARGIN_M:
        return ""
    return f"this is {metres / 1000:.1f} km from the postcode {name} in the text: one of them is wrong"


def _squeezed(postcode: str) -> str:
    return "".join(postcode.split()).upper()
