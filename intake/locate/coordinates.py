"""Latitude and longitude written in a text: decimal pairs, degrees and minutes, labelled numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from intake.locate.clue import clue_at, clue_location, written_radius_m
from intake.locate.noting import NOTES
from intake.location import Clue, ClueKind, LocationSource

_FLAGS = re.IGNORECASE | re.ASCII
_DECIMAL = r"[-+−–]?\d{1,3}\.\d{1,15}"
_BEFORE = r"(?<![0-9A-Za-z.])"
_AFTER = r"(?![0-9A-Za-z]|\.\d)"

_NORTH_SOUTH = r"(?:(N(?:orth)?|S(?:outh)?|gogledd|de)(?![A-Za-z]))"
_EAST_WEST = r"(?:(E(?:ast)?|W(?:est)?|dwyrain|gorllewin)(?![A-Za-z]))"
_DEGREES = r"(?:\s?(?:[°º]|deg(?:ree)?s?\.?))?"

_PAIR = re.compile(
    rf"{_BEFORE}({_DECIMAL}){_DEGREES}\s?{_NORTH_SOUTH}?(?:[ \t]{{0,2}}[,;/~][ \t]{{0,2}}|[ \t]{{1,3}})"
    rf"({_DECIMAL}){_DEGREES}\s?{_EAST_WEST}?{_AFTER}",
    _FLAGS,
)
_LATITUDE = rf"\b(?:lat(?:itude|\.)?|lledred)[\s:=]{{0,4}}({_DECIMAL}){_DEGREES}\s?{_NORTH_SOUTH}?"
_LONGITUDE = rf"\b(?:l(?:on|ng|ong|ongitude)|hydred)\.?[\s:=]{{0,4}}({_DECIMAL}){_DEGREES}\s?{_EAST_WEST}?"
_BETWEEN = r"[\s,;&/]{0,4}(?:and\s|a\s)?"
_LABELLED = re.compile(f"{_LATITUDE}{_BETWEEN}{_LONGITUDE}{_AFTER}", _FLAGS)
_LABELLED_TURNED = re.compile(f"{_LONGITUDE}{_BETWEEN}{_LATITUDE}{_AFTER}", _FLAGS)
_PREFIXED_PAIR = re.compile(
    rf"(?<![0-9A-Za-z]){_NORTH_SOUTH}\s{{0,2}}(\d{{1,3}}\.\d{{1,15}}){_DEGREES}[\s,;/]{{0,4}}"
    rf"{_EAST_WEST}\s{{0,2}}(\d{{1,3}}\.\d{{1,15}}){_DEGREES}{_AFTER}",
    _FLAGS,
)
_ANGLE = (
    r"(\d{{1,3}})(?:\s{{0,2}}(?:[°º:]|deg(?:ree)?s?\.?)\s{{0,2}}|\s{{1,2}})"
    r"(?:(\d{{1,2}}(?:\.\d{{1,8}})?)"
    r"(?:\s{{0,2}}(?:min(?:ute)?s?\.?|['′’´:m])\s{{0,2}}|\s{{1,2}}|(?={end})))"
    r"(?:(\d{{1,2}}(?:\.\d{{1,8}})?)\s{{0,2}}(?:[\"″”]|''|′′|’’|sec(?:ond)?s?\.?|s)?\s{{0,2}})?"
)
_SUFFIXED = re.compile(
    rf"{_BEFORE}{_ANGLE.format(end='[NSGD]')}{_NORTH_SOUTH}[\s,;/]{{0,4}}"
    rf"{_ANGLE.format(end='[EWGD]')}{_EAST_WEST}(?![0-9A-Za-z])",
    _FLAGS,
)
_PREFIXED = re.compile(
    rf"(?<![0-9A-Za-z])([NS])\s{{0,2}}{_ANGLE.format(end='[^0-9]')}[\s,;/]{{0,4}}"
    rf"([EW])\s{{0,2}}{_ANGLE.format(end='(?![0-9])')}(?![0-9A-Za-z])",
    _FLAGS,
)
_CUE = re.compile(
    r"(?:\bgps|\bcoord\w{0,9}|\blocation|\bposition|\blat\w{0,6}|\bgeo|\blledred|\bcyfesurynnau|\blleoliad|\bsafle)"
    r"[^0-9]{0,15}$",
    _FLAGS,
)
_ELSE_IN_LINE = re.compile(r"[^\s(\[:,-][^\n]*$")
_MORE_NUMBERS = re.compile(r"[ \t]{0,2}[,;][ \t]{0,2}[-+−]?\d", re.ASCII)
_DECIMALS_AT_HOME, _DECIMALS_ABROAD = 3, 4
"""Two bare decimals are prices or percentages. Three leave a place open by 130 m: believed without a
label in and about the British Isles; elsewhere four, and nothing before them in their line."""


def find_coordinates(text: str) -> Iterator[Clue]:
    """Each written coordinate; the last written digit gives the radius."""
    for match in _LABELLED.finditer(text):
        yield from _decimal(text, match, *match.groups())
    for match in _LABELLED_TURNED.finditer(text):
        yield from _decimal(text, match, match[3], match[4], match[1], match[2])
    for match in _PREFIXED_PAIR.finditer(text):
        yield from _decimal(text, match, match[2], match[1], match[4], match[3])
    for match in _PAIR.finditer(text):
        if _is_plain_pair_a_place(text, match):
            yield from _decimal(text, match, *match.groups())
    for match in _SUFFIXED.finditer(text):
        groups = match.groups()
        yield from _sexagesimal(text, match, groups[0:3], groups[3], groups[4:7], groups[7])
    for match in _PREFIXED.finditer(text):
        groups = match.groups()
        yield from _sexagesimal(text, match, groups[1:4], groups[0], groups[5:8], groups[4])


def _is_plain_pair_a_place(text: str, match: re.Match[str]) -> bool:
    first, north_south, second, east_west = match.groups()
    if north_south and east_west:
        return True
    decimals = min(len(first.partition(".")[2]), len(second.partition(".")[2]))
    if _CUE.search(text, max(0, match.start() - 40), match.start()):
        return decimals >= 2
    latitude, longitude = _signed(first, north_south), _signed(second, east_west)
    if _is_british_isles(latitude, longitude) or _is_british_isles(longitude, latitude):
        return decimals >= _DECIMALS_AT_HOME
    is_fraction = abs(latitude) < 1 or abs(longitude) < 1
    is_in_a_list = _MORE_NUMBERS.match(text, match.end()) is not None
    stands_alone = not _ELSE_IN_LINE.search(text, max(0, match.start() - 40), match.start())
    return decimals >= _DECIMALS_ABROAD and stands_alone and not is_fraction and not is_in_a_list


def _is_british_isles(latitude: float, longitude: float) -> bool:
    """Roughly, with the seas about them."""
    return 48 <= latitude <= 62 and -15 <= longitude <= 5


def _decimal(
    text: str, match: re.Match[str], first: str, north_south: str | None, second: str, east_west: str | None
) -> Iterator[Clue]:
    latitude = _signed(first, north_south)
    longitude = _signed(second, east_west)
    note = None
    if not (north_south or east_west) and _is_british_isles(longitude, latitude):
        # In the Indian Ocean as written, in the British Isles the other way round (GeoJSON order).
        latitude, longitude, note = (
            longitude,
            latitude,
            NOTES.en("swapped"),
        )
    step_deg = 10.0 ** -min(len(first.partition(".")[2]), len(second.partition(".")[2]))
    radius_m = written_radius_m(step_deg, latitude)
    place = clue_location(
        text, match.span(), latitude, longitude, radius_m, LocationSource.TEXT_LATLON, note=note
    )
    if place is not None:
        yield clue_at(ClueKind.LATLON, text, match.span(), [place], note or "")


def _signed(number: str, hemisphere: str | None) -> float:
    value = float(number.replace("−", "-").replace("–", "-"))
    return -abs(value) if _is_south_or_west(hemisphere or "") else value


def _is_south_or_west(hemisphere: str) -> bool:
    return hemisphere.lower().startswith(("s", "de", "w", "gorllewin"))


def _sexagesimal(
    text: str,
    match: re.Match[str],
    latitude_parts: tuple[str | None, ...],
    north_south: str,
    longitude_parts: tuple[str | None, ...],
    east_west: str,
) -> Iterator[Clue]:
    north = _angle(latitude_parts)
    east = _angle(longitude_parts)
    if north is None or east is None:
        return
    latitude = -north[0] if _is_south_or_west(north_south) else north[0]
    longitude = -east[0] if _is_south_or_west(east_west) else east[0]
    radius_m = written_radius_m(max(north[1], east[1]), latitude)
    place = clue_location(text, match.span(), latitude, longitude, radius_m, LocationSource.TEXT_LATLON)
    if place is not None:
        yield clue_at(ClueKind.LATLON, text, match.span(), [place])


def _angle(parts: tuple[str | None, ...]) -> tuple[float, float] | None:
    """(degrees, degrees that the last written place counts), or None for 60 minutes and more."""
    degrees, minutes, seconds = parts
    if degrees is None or minutes is None or float(minutes) >= 60 or float(seconds or 0) >= 60:
        return None
    if seconds is not None and "." in minutes:
        return None
    last, unit_deg = (seconds, 1 / 3600) if seconds is not None else (minutes, 1 / 60)
    step_deg = unit_deg * 10.0 ** -len(last.partition(".")[2])
    return int(degrees) + float(minutes) / 60 + float(seconds or 0) / 3600, step_deg
