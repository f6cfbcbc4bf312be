"""UK postcodes in a text: whole ones, slips and all, and districts where the words leave no doubt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from intake.locate.clue import clue_at, clue_location
from intake.locate.national_grid import DATUM_SHIFT_M, to_wgs84
from intake.locate.noting import NOTES
from intake.locate.postcode_file import GridCircle, PostcodeFile
from intake.locate.postcode_slips import Meant, readings
from intake.locate.postcode_words import (
    announces,
    is_floor_number,
    is_meant_as_district,
    is_meant_as_sector,
    is_surely_postcode,
)
from intake.location import CallerLocation, Clue, ClueKind, LocationMethod, LocationSource

_FLAGS = re.IGNORECASE | re.ASCII
_BEFORE = r"(?<![0-9A-Za-z_])"
_AFTER = r"(?![0-9A-Za-z_])"

# Any letters and figures of a postcode's length: `readings` says which of them are one. A full stop
# never parts the halves, or w3.org is in Acton.
_UNIT = re.compile(
    rf"{_BEFORE}([A-Z0-9]{{2,4}})((?:[ \t\r\n\u00a0+\-]|%20){{0,2}})([0-9OIS][A-Z5]{{2}}){_AFTER}", _FLAGS
)
_DISTRICT = re.compile(
    rf"{_BEFORE}([A-Z]{{1,2}}\d[A-Z\d]?)(?:[ \t]{{1,2}}(\d)(?![0-9A-Za-z_.,:/]\d|[0-9A-Za-z_]))?", _FLAGS
)
_DISTRICT_END = re.compile(_AFTER)

SLIP_DOUBT = 2.0
"""What a corrected slip multiplies the radius by: the right postcode is mostly one of the same street."""
MOST_MEANINGS = 3
"""More postcodes than this that it may have been are no help to anybody: then it is none."""


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


def find_postcodes(text: str, postcodes: PostcodeFile | None) -> Iterator[Clue]:
    """Whole postcodes first, then districts. Without the file only the islands' areas are known.

    Slips (O for 0, I for 1, S for 5, and back) are put right where the list then knows the postcode:
    the note says so, the radius is doubled, and several possible meanings are several hypotheses.
    """
    position = 0
    while (match := _UNIT.search(text, position)) is not None:
        clue = _unit(text, match, postcodes)
        if clue is not None:
            yield clue
        # "is SE1 5QL": what looked like halves may hide the start of the true ones.
        position = match.end() if clue is not None or not match[2] else match.start(3)
    for match in _DISTRICT.finditer(text):
        yield from _district(text, match, postcodes)


def _unit(text: str, match: re.Match[str], postcodes: PostcodeFile | None) -> Clue | None:
    outward, parting, inward = match.groups()
    if is_floor_number(text, inward, match.end(), is_apart=bool(parting)):
        return None
    meanings = list(readings(outward.upper(), inward.upper(), with_words=announces(text, match.start())))
    if not meanings:
        return None
    exact = meanings[0] if not meanings[0].slips else None
    is_sure = is_surely_postcode(text, *match.span())
    if (island := _ISLANDS.get(meanings[0].outward[:2])) is not None and (exact or is_sure):
        return _island(text, match.span(), ClueKind.POSTCODE, island)
    if postcodes is None:
        return None
    if exact is not None and (circle := postcodes.unit(exact.outward, exact.inward)) is not None:
        return clue_at(ClueKind.POSTCODE, text, match.span(), [_circle(text, match.span(), circle)])
    # "s8 6gb" is a telephone, and a slip is not looked for in every "so 1ok".
    if not is_sure:
        return None
    return _slipped(text, match, meanings, postcodes) or (
        _nearest_known(text, match, exact, postcodes) if exact is not None else None
    )


def _slipped(text: str, match: re.Match[str], meanings: list[Meant], postcodes: PostcodeFile) -> Clue | None:
    """The known postcodes with the fewest slips; None where there is none, or too many."""
    for slips in sorted({len(one.slips) for one in meanings if one.slips}):
        known = [
            (one, circle)
            for one in meanings
            if len(one.slips) == slips and (circle := postcodes.unit(one.outward, one.inward)) is not None
        ]
        if len(known) > MOST_MEANINGS:
            return None
        if known:
            places = [
                _circle(
                    text, match.span(), circle._replace(radius_m=SLIP_DOUBT * circle.radius_m), note=one.note
                )
                for one, circle in known
            ]
            note = "; or ".join(one.note for one, _ in known)
            return clue_at(ClueKind.POSTCODE, text, match.span(), places, note)
    return None


def _nearest_known(text: str, match: re.Match[str], exact: Meant, postcodes: PostcodeFile) -> Clue | None:
    """The sector or district of a postcode that our list does not hold."""
    circle = postcodes.sector(exact.outward, exact.inward[0])
    part = f"sector {exact.outward} {exact.inward[0]}"
    if circle is None:
        circle, part = postcodes.district(exact.outward), f"district {exact.outward}"
    if circle is None:
        return None
    note = NOTES.en("no_postcode", part=part)
    place = _circle(text, match.span(), circle, LocationSource.TEXT_OUTCODE, note)
    return clue_at(ClueKind.OUTCODE, text, match.span(), [place], note)


def _district(text: str, match: re.Match[str], postcodes: PostcodeFile | None) -> Iterator[Clue]:
    start, end = match.span(1)
    if not _DISTRICT_END.match(text, end):
        return
    written, digit = match.groups()
    outward = written.upper()
    is_sector = digit is not None and is_meant_as_sector(text, start, match.end())
    # With its figure it is no road: "M6 4" is one all the same.
    if not is_meant_as_district(text, written, start, match.end() if is_sector else end):
        return
    if (island := _ISLANDS.get(outward[:2])) is not None:
        yield _island(text, (start, end), ClueKind.OUTCODE, island)
        return
    if postcodes is None:
        return
    if is_sector and (circle := postcodes.sector(outward, digit)) is not None:
        span, note = (start, match.end()), NOTES.en("sector_alone", sector=f"{outward} {digit}")
    elif (circle := postcodes.district(outward)) is not None:
        span, note = (start, end), NOTES.en("district_alone", district=outward)
    else:
        return
    place = _circle(text, span, circle, LocationSource.TEXT_OUTCODE, note)
    yield clue_at(ClueKind.OUTCODE, text, span, [place], note)


def _circle(
    text: str,
    span: tuple[int, int],
    circle: GridCircle,
    source: LocationSource = LocationSource.TEXT_POSTCODE,
    note: str | None = None,
) -> CallerLocation | None:
    latitude, longitude = to_wgs84(circle.easting_m, circle.northing_m)
    return clue_location(
        text,
        span,
        latitude,
        longitude,
        circle.radius_m + DATUM_SHIFT_M,
        source,
        method=LocationMethod.DERIVED,
        note=note,
    )


def _island(text: str, span: tuple[int, int], kind: ClueKind, island: _Island) -> Clue:
    note = NOTES.en("island", island=island.name)
    place = clue_location(
        text,
        span,
        island.latitude,
        island.longitude,
        island.radius_m,
        LocationSource.TEXT_OUTCODE,
        method=LocationMethod.DERIVED,
        note=note,
    )
    return clue_at(kind, text, span, [place], note)
