"""Every clue to a place in a message's text; the `Locator` of the intake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog

from intake.locate.coordinates import find_coordinates
from intake.locate.grid_reference import find_grid_references
from intake.locate.map_link import find_map_links
from intake.locate.plus_code import find_plus_codes
from intake.locate.postcode import find_postcodes
from intake.locate.postcode_file import PostcodeFile, PostcodesMissing
from intake.location import CallerLocation, Clue, ClueKind, LocationSource, Reading

log = structlog.get_logger()

TEXT_LIMIT_CHARACTERS = 20_000
"""Read from the start; a longer text is an email with a trail, and its news stands on top."""
CLUE_LIMIT = 64
"""More places than this is a list, not a caller's whereabouts."""


class TextLocator:
    """Reads postcodes, grid references, latitude/longitude, plus codes and map links.

    Pure once made: no network, no clock, and no text makes it raise. ``degraded`` is empty, or
    says which kind of clue it cannot read and what to do.
    """

    def __init__(self, postcodes: PostcodeFile | None, *, degraded: str = ""):
        self._postcodes = postcodes
        self.degraded = degraded

    @classmethod
    def load(cls, folder: Path) -> TextLocator:
        """With the postcode file in ``folder``; without it the intake starts all the same, degraded."""
        try:
            return cls(PostcodeFile.open(folder))
        except PostcodesMissing as error:
            log.error("postcodes_missing", reason=str(error))
            return cls(None, degraded=str(error))

    def read(self, text: str) -> Reading:
        """The clues in the order of their words; ``start``/``end`` are offsets into ``text``.

        Where clues overlap the more exact kind wins: a pair of numbers inside a link is the link's.
        """
        found: list[Clue] = []
        for clue in self._clues(text[:TEXT_LIMIT_CHARACTERS]):
            if any(clue.start < other.end and other.start < clue.end for other in found):
                continue
            found.append(clue)
            if len(found) >= CLUE_LIMIT:
                break
        return Reading(clues=tuple(sorted(found, key=lambda clue: clue.start)))

    def _clues(self, text: str) -> Iterator[Clue]:
        yield from _as_clues(ClueKind.MAP_LINK, find_map_links(text))
        yield from _as_clues(ClueKind.LATLON, find_coordinates(text))
        yield from _as_clues(ClueKind.PLUS_CODE, find_plus_codes(text))
        yield from _as_clues(ClueKind.OS_GRID, find_grid_references(text))
        yield from _as_clues(ClueKind.POSTCODE, find_postcodes(text, self._postcodes))


def _as_clues(kind: ClueKind, places: Iterable[CallerLocation]) -> Iterator[Clue]:
    for place in places:
        is_outcode = place.source is LocationSource.TEXT_OUTCODE
        yield Clue(
            kind=ClueKind.OUTCODE if is_outcode else kind,
            words=place.clue or "",
            start=place.clue_start or 0,
            end=place.clue_end or 0,
            hypotheses=(place,),
            note=place.note or "",
        )
