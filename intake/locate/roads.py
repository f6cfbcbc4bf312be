"""Numbered roads in a text: "A38 near Bodmin", "ar yr A470", "A1(M) southbound". Pure.

No registry package holds where Britain's roads run, so a road alone is a clue without a place: it is
kept and shown, and asked about. With a town beside it ("A38 near Bodmin", "the A55 at Conwy") it is a
circle around the town, wide enough for the road to be in it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from intake.locate.noting import NOTES
from intake.location import CallerLocation, Clue, ClueKind, LocationSource

AROUND_FACTOR, AROUND_M = 1.5, 5_000.0
"""On a road "near" a town is as far as the next town's sign: wider than near the town itself."""
LINK_CHARACTERS = 40
"""A town so far from the road's number, in the same sentence and with a linking word, is the road's."""

ROAD = (
    r"(?P<class>[MAB])(?P<gap>[ -]?)(?P<number>\d{1,4})(?:[ ]?(?P<motorway>\(M\)|M(?![A-Z\d]))"
    r"|(?![A-Z\d.:/,][A-Z\d]|[A-Z\d]))"
)
_ROAD = re.compile(rf"(?<![A-Z\d£$€#/.@:-])(?:{ROAD})", re.IGNORECASE | re.ASCII)

_BEFORE = re.compile(
    r"(?:\b(?:the|on|off|onto|along|down|up|via|from|to|joining|near|at|by|ar|ar yr|yr|oddi ar|road|rd"
    r"|ffordd|lon|heol|junction|of|crossing|under|over|beside|and|or|between|towards|through))[ ]{1,2}$",
    re.IGNORECASE,
)
_ON_A_ROAD = re.compile(
    r"(?:\b(?:on|off|onto|along|down|up|via|joining|ar|ar yr|oddi ar|junction of)[ ](?:the[ ])?|\bthe[ ])$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"[ ,]{1,2}(?:(?:north|south|east|west)[ -]?bound|[nsew]/?b\b|clockwise|anti-?clockwise"
    r"|motorway|traffordd|road|slip|hard shoulder|lay-?by|services|roundabout|j\d|jct|junction|cyffordd"
    r"|dual|between|near|towards|just|at|bridge|by|heading|crash|ger|rhwng|i gyfeiriad|about|outside|in|into"
    r"|before|past|after|from|is|yn|north|south|east|west)\b",
    re.IGNORECASE,
)
_MOTORWAY_NUMBERS = """
1 2 3 4 5 6 8 9 11 12 18 20 22 23 25 26 27 32 40 42 45 48 49 50 53 54 55 56 57 58 60 61 62 65 66 67 69 73
74 77 80 90 180 181 271 275 602 606 621 876 898
"""
_MOTORWAYS = frozenset(_MOTORWAY_NUMBERS.split())
"""Motorways of Great Britain and Northern Ireland, from general knowledge. Only of these is the bare number
taken for a road without a word beside it: an M16 is a rifle."""
_NOT_A_ROAD_BEFORE = re.compile(
    r"\b(?:vitamin|vit|room|flat|unit|gate|seat|ward|bay|page|size|paper|model|ref|reference|order|number|no"
    r"|flight|bus|route|apartment|apt|block|bed|platform|locker|row|stand|level|grade|sheet|plot|type|group|hepatitis|hep"
    r"|audi|samsung|galaxy|bmw|mercedes|code|question|form|box|pitch|booth|key|batch|case|log|crime|cubicle"
    r"|zone|temp|temperature|battery|chip|desk|table|aisle|space|grave|bench)"
    r"(?:[ ](?:is|was|no|number|code))?(?:[ ]the)?[ .:#]{1,3}$",
    re.IGNORECASE,
)
_NOT_A_ROAD_AFTER = re.compile(
    r"[ -]{1,2}(?:paper|sheet|steak|sauce|bolt|screw|nut|bus|vitamin|tablets?|injection|deficien\w{1,4}|size"
    r"|form|ward|battery|batteries|macbook|chip|envelope|poster|carbine|rifle|print(?:er)?|flyer|note ?book"
    r"|pad"
    r"|\d)",
    re.IGNORECASE,
)
_PLATE_AFTER = re.compile(r"[ ][A-Z]{3}(?![A-Za-z\d])", re.ASCII)
_LINK = re.compile(
    r"[ ,]{0,2}(?:(?:north|south|east|west)[ -]?bound|[nsew]b|dual carriageway|road|somewhere|just|about"
    r"|roundabout|bypass|slip road|motorway|hard shoulder|traffordd|[\d.]{1,4}[ ]?(?:miles?|km|m)"
    r"|(?:north|south|east|west)|[ ,])*"
    r"(?:near|at|in|by|outside|past|before|after|around|close to|nr|into|towards|between|of|ger|yn|ym|yng"
    r"|wrth|rhwng|i mewn i|heibio|coming into|going into|from)[ ](?:the[ ])?",
    re.IGNORECASE,
)
_LINK_BEFORE = re.compile(
    r"(?:[ ,]{1,3}|[ ,]{0,2}(?:bypass|roundabout|turn off|junction|exit|side|end|stretch|section|part)"
    r"[ ,]{0,2})?"
    r"(?:[ ]?(?:on|off|by|ar|just off|onto|along|of|near|at)[ ])?(?:the[ ]|yr[ ])?",
    re.IGNORECASE,
)


class Road(NamedTuple):
    """A road number as written at ``text[start:end]``; ``name`` is how it is signed: ``A1(M)``."""

    name: str
    start: int
    end: int

    @property
    def is_motorway(self) -> bool:
        return self.name.startswith("M") or self.name.endswith("(M)")


def find_roads(text: str, places: Sequence[Clue] = ()) -> Iterator[Clue]:
    """Every road number that is meant as one. ``places`` are the place names found in the same text."""
    for match in _ROAD.finditer(text):
        road = road_of(match)
        if is_meant(text, match):
            yield beside(road_clue(text, road), text, places)


def road_of(match: re.Match[str]) -> Road:
    """From a match of `ROAD`."""
    name = f"{match['class'].upper()}{int(match['number'])}"
    return Road(f"{name}(M)" if match["motorway"] else name, *match.span())


def road_clue(text: str, road: Road) -> Clue:
    return Clue(
        kind=ClueKind.ROAD,
        words=text[road.start : road.end],
        start=road.start,
        end=road.end,
        note=NOTES.en("road", road=road.name),
    )


def is_meant(text: str, match: re.Match[str]) -> bool:
    """Precision first: A4 is paper, B12 a vitamin, M5 a bolt. Short numbers need a word of roads beside."""
    start, end = match.span()
    head = text[max(0, start - 24) : start]
    if match["number"].startswith("0") or _NOT_A_ROAD_BEFORE.search(head):
        return False
    if _NOT_A_ROAD_AFTER.match(text, end) or _PLATE_AFTER.match(text, end):
        return False
    if match["gap"] and not (match["class"].isupper() and _ON_A_ROAD.search(head)):
        return False  # "a 12 year old"
    if match["motorway"]:
        return True
    is_said = _BEFORE.search(head) is not None or _AFTER.match(text, end) is not None
    kind, digits = match["class"].upper(), len(match["number"])
    if kind == "M":
        is_bare = match["class"].isupper() and match["number"] in _MOTORWAYS
        return digits <= 3 and (is_said or is_bare)
    if digits >= 3:
        return is_said or match["class"].isupper()
    if kind == "B":
        return False  # the B roads have three and four figures
    # "crash A46": a capital amid small letters, and two figures; A1 to A9 name too many other things.
    is_marked = match["class"].isupper() and (is_said or (digits == 2 and not text.isupper()))
    return _ON_A_ROAD.search(head) is not None or is_marked


def beside(clue: Clue, text: str, places: Sequence[Clue]) -> Clue:
    """The clue with a circle around each place that the text links to it, or as it is."""
    # Places stand in the order of their words: only those within reach are looked at.
    first = bisect_left(places, clue.start - LINK_CHARACTERS, key=lambda place: place.end)
    last = bisect_right(places, clue.end + LINK_CHARACTERS, key=lambda place: place.start)
    near = places[first:last]
    linked = next((place for place in near if place.hypotheses and _is_linked(text, clue, place)), None)
    if linked is None:
        return clue
    hypotheses = tuple(_around(clue, place) for place in linked.hypotheses)
    note = NOTES.en("around", what=clue.note.split(":")[0], town=linked.words)
    return msgspec.structs.replace(clue, hypotheses=hypotheses, options=linked.options, note=note)


def _is_linked(text: str, clue: Clue, place: Clue) -> bool:
    if clue.end <= place.start <= clue.end + LINK_CHARACTERS:
        return _LINK.fullmatch(text, clue.end, place.start) is not None
    if place.end <= clue.start <= place.end + LINK_CHARACTERS:
        return _LINK_BEFORE.fullmatch(text, place.end, clue.start) is not None
    return False


def _around(clue: Clue, place: CallerLocation) -> CallerLocation:
    return msgspec.structs.replace(
        place,
        uncertainty_m=round(place.uncertainty_m * AROUND_FACTOR + AROUND_M, 1),
        source=LocationSource.TEXT_ROAD,
        clue=clue.words,
        clue_start=clue.start,
        clue_end=clue.end,
        note=NOTES.en("by", road=clue.words, town=str(place.clue)),
    )
