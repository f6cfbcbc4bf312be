"""Motorway junctions in a text: "M6 J15", "junction 24 of the M62", "M4 C33". Pure.

No registry package holds where junctions are, and none is written here from memory: a junction is a
clue without a place, with its road and number made plain for the handler, and a question ready for the
next town. With a town beside it, it is a circle around the town like any road.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from intake.locate.noting import NOTES
from intake.locate.roads import ROAD, Road, beside, road_of
from intake.location import Clue, ClueKind

HIGHEST_JUNCTION = 62
"""What is above is no junction: the longest numbering we know of, on the A14, ends about here."""

_J = r"(?:junctions?|jctns?|jcts?|juncs?|jns?|j|cyffordd|cyff)[ .:-]{0,2}"
_NUMBER = r"(?P<{0}>\d{{1,2}}[A-D]?)(?![A-Z\d])"
_BOTH = rf"{_NUMBER.format('one')}(?:[ ]?(?:and|to|&|-|–|/|a|ac|or)[ ]?(?:{_J})?{_NUMBER.format('other')})?"
_DIRECTION = r"(?:(?:north|south|east|west)[ -]?bound|[nsew]/?b|(?:anti-?)?clockwise|motorway|traffordd)"
_FILLER = (
    rf"(?:[ ,]{{1,2}}(?:{_DIRECTION}|at|near|by|between|just|past|before|after|off|exit|from|ger|rhwng|heibio"
    r"|wrth)){0,3}"
)
_ROAD_FIRST = re.compile(
    rf"(?<![A-Z\d£$€#/.@:-]){ROAD}{_FILLER}[ ,]{{0,2}}{_J}{_BOTH}", re.IGNORECASE | re.ASCII
)
_JUNCTION_FIRST = re.compile(
    rf"(?<![A-Z\d]){_J}{_BOTH}[ ,]{{0,2}}(?:(?:of|on|off|ar|o'?r|yr|from|for)[ ]{{1,2}})?"
    rf"(?:(?:the|yr)[ ]{{1,2}})?{ROAD}",
    re.IGNORECASE | re.ASCII,
)


def find_junctions(text: str, places: Sequence[Clue] = ()) -> Iterator[Clue]:
    """Every junction with its road. ``places`` are the place names found in the same text."""
    last = -1
    found = sorted(
        (*_ROAD_FIRST.finditer(text), *_JUNCTION_FIRST.finditer(text)),
        key=lambda match: (match.start(), -match.end()),
    )
    for match in found:
        if match.start() < last:
            continue
        clue = _clue(text, match)
        if clue is not None:
            last = match.end()
            yield beside(clue, text, places)


def _clue(text: str, match: re.Match[str]) -> Clue | None:
    road: Road = road_of(match)
    numbers = [number.upper() for number in (match["one"], match["other"]) if number]
    if any(not 1 <= int(number.rstrip("ABCD")) <= HIGHEST_JUNCTION for number in numbers):
        return None
    if match["gap"] and match["class"].islower():
        return None
    where = "between J" + " and J".join(numbers) if len(numbers) == 2 else f"J{numbers[0]}"
    return Clue(
        kind=ClueKind.JUNCTION,
        words=match[0],
        start=match.start(),
        end=match.end(),
        note=NOTES.en("junction", road=road.name, where=where),
    )
