"""House number, street and town or postcode in a text: kept for a geocoder, never placed from here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec.structs import replace

from intake.locate.clue import clue_at
from intake.locate.noting import NOTES
from intake.location import Clue, ClueKind

_FLAGS = re.IGNORECASE
_NUMBER = (
    r"(?<![\w.,/+\-])(?:(?:flat|apartment|apt|unit|room|fflat)\s?\w{1,4},?\s{1,2})?"
    r"\d{1,4}[a-h]?(?:\s?[-–/]\s?\d{1,4}[a-h]?)?,?\s{1,2}"
)
_ENGLISH_TYPES = (
    "street|st|road|rd|avenue|ave|lane|ln|drive|dr|close|crescent|cres|way|place|court|ct|gardens|gdns|grove"
    "|terrace|terr|hill|square|sq|row|walk|green|mews|parade|rise|view|park|dock|docks|wharf|quay|approach|broadway"
    "|embankment|gate|bank|fold|yard|villas|cottages|estate|crossway|circus|mount|vale|meadow|meadows|croft|side|end"
)
_WORD = r"[^\W\d_][\w'’.\-]{0,24}"
_NOT_OF_A_NAME = (
    r"(?:on|in|at|near|from|to|and|or|is|are|was|were|men|man|women|people|of us|mins?|minutes?|hours?|miles?"
    r"|pints?|pills?|tablets?|cars?|kids|year|years|yr|yrs|old|am|pm|by|off|with|my|his|her"
    r"|the left|outside|down|up)"
)
_ENGLISH = re.compile(
    rf"({_NUMBER})((?:(?!{_NOT_OF_A_NAME}\b){_WORD}\s{{1,2}}){{1,3}}?)({_ENGLISH_TYPES})\b\.?", _FLAGS
)
_WELSH = re.compile(
    rf"({_NUMBER})((?:stryd|heol|hewl|ffordd|lôn|lon|rhodfa|maes|bryn|clos|llys|rhes|teras|tre|coedlan|cilgant)\s{{1,2}}"
    rf"(?:(?:y|yr|yng|uchaf)\s{{1,2}})?{_WORD}(?:\s{{1,2}}(?!(?:yn|yng|ym|ger)\b){_WORD}){{0,1}}?)(?=[\s,.])",
    _FLAGS,
)
# Between a street and its town may stand a district or two: "27 Kirkstall Road, Headingley, Leeds".
_TO_ANCHOR = re.compile(
    rf"[\s,]{{1,3}}(?:(?:in|yn|yng|ym)\s{{1,2}})?(?:{_WORD}(?:\s{_WORD})?,\s{{0,2}}){{0,2}}", _FLAGS
)
_ANCHORS = frozenset({ClueKind.POSTCODE, ClueKind.OUTCODE, ClueKind.PLACE_NAME})
_GAP_CHARACTERS = 45

_COMMA = re.compile(r"\s{0,2},\s{0,2}(?=[^\W\d_])")

NOTE = NOTES.en("address")


def find_towns_after_streets(
    text: str, clues: Sequence[Clue], find: Callable[[str], Iterable[Clue]]
) -> Iterator[Clue]:
    """Names that are also words ("12 Stryd Fawr, Bala"): behind a street and a comma a name is a town's.

    ``find`` reads place names and wants evidence for those: it is given "in " before the name.
    """
    for pattern in (_ENGLISH, _WELSH):
        for match in pattern.finditer(text):
            comma = _COMMA.match(text, match.end())
            if comma is None or any(
                clue.start < comma.end() + 3 and match.end() < clue.end for clue in clues
            ):
                continue
            words = text[comma.end() : comma.end() + _GAP_CHARACTERS].partition("\n")[0]
            yield from (_moved(clue, comma.end() - 3) for clue in find(f"in {words}") if clue.start == 3)


def _moved(clue: Clue, by: int) -> Clue:
    places = tuple(
        replace(place, clue_start=(place.clue_start or 0) + by, clue_end=(place.clue_end or 0) + by)
        for place in clue.hypotheses
    )
    return replace(clue, start=clue.start + by, end=clue.end + by, hypotheses=places)


def find_addresses(text: str, clues: Sequence[Clue]) -> Iterator[tuple[Clue, int]]:
    """Each numbered street that one of ``clues`` (a postcode, a place) follows, and where the street ends.

    The clues inside stay clues of their own, but for place names inside the street's name: 9 Leeds
    Road is not in Leeds. A street without a town stands in a thousand towns: none.
    """
    anchors = sorted((clue for clue in clues if clue.kind in _ANCHORS), key=lambda clue: clue.start)
    if not anchors:
        return
    end_before = 0
    for pattern in (_ENGLISH, _WELSH):
        for match in pattern.finditer(text):
            end = _end(text, match.end(), anchors)
            if end is not None and match.start() >= end_before:
                yield clue_at(ClueKind.ADDRESS, text, (match.start(), end), note=NOTE), match.end()
                end_before = end


def _end(text: str, street_end: int, anchors: Sequence[Clue]) -> int | None:
    """Where the last of the towns and postcodes after a street ends; None where none follows."""
    end: int | None = None
    here = street_end
    for anchor in anchors:
        if anchor.start < here:
            continue
        gap = text[here : anchor.start]
        if len(gap) > _GAP_CHARACTERS or not _TO_ANCHOR.fullmatch(gap):
            break
        end = here = anchor.end
    return end
