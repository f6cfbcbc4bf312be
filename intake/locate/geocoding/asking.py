"""From a clue to a question, and from a reading to one with what geocoders add."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from intake.errors import LookupFailed
from intake.location import CallerLocation, Clue, ClueKind, LocationSource, Reading
from intake.ports import Geocoder, PlaceQuestion


def question_of(clue: Clue, others: Iterable[Clue], near: CallerLocation | None = None) -> PlaceQuestion:
    """``others`` are the clues of the same text: its postcodes are held against the answer."""
    postcodes = (
        place
        for other in others
        if other.kind is ClueKind.POSTCODE and not other.is_negated
        for place in other.hypotheses
        if place.source is LocationSource.TEXT_POSTCODE
    )
    return PlaceQuestion(clue=clue, postcodes=tuple(postcodes), near=near)


async def look_up(reading: Reading, geocoders: Mapping[ClueKind, Geocoder]) -> Reading:
    """The reading with the places that geocoders know; a failure is said in its clue's note."""
    clues = []
    for clue in reading.clues:
        geocoder = geocoders.get(clue.kind)
        if geocoder is None or clue.hypotheses or clue.is_negated:
            clues.append(clue)
            continue
        try:
            places = await geocoder.find(question_of(clue, reading.clues))
        except LookupFailed as failure:
            clues.append(replace(clue, note=f"{clue.note}; {geocoder.name}: {failure.reason}"))
            continue
        said = "; ".join(place.note or "" for place in places) or f"{geocoder.name} knows no such place"
        clues.append(replace(clue, hypotheses=places, note=said))
    return Reading(clues=tuple(clues))
