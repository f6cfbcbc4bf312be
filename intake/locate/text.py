"""Every clue to a place in a message's text, as hypotheses; the `Locator` of the intake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import structlog

from intake.locate.coordinates import find_coordinates
from intake.locate.grid_reference import find_grid_references
from intake.locate.map_link import find_map_links
from intake.locate.plus_code import find_plus_codes
from intake.locate.postcode import find_postcodes
from intake.locate.postcode_file import PostcodeFile, PostcodesMissing
from intake.location import CallerLocation

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

    def read(self, text: str) -> tuple[CallerLocation, ...]:
        """Hypotheses in the order of their words; ``clue_start``/``clue_end`` are offsets into ``text``.

        Where clues overlap the more exact kind wins: a pair of numbers inside a link is the link's.
        A place said twice is one hypothesis.
        """
        taken: list[tuple[int, int]] = []
        found: dict[tuple[str, float, float], CallerLocation] = {}
        for clue in self._clues(text[:TEXT_LIMIT_CHARACTERS]):
            start, end = clue.clue_start or 0, clue.clue_end or 0
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            taken.append((start, end))
            found.setdefault((clue.source, clue.latitude, clue.longitude), clue)
            if len(taken) >= CLUE_LIMIT:
                break
        return tuple(sorted(found.values(), key=lambda clue: clue.clue_start or 0))

    def _clues(self, text: str) -> Iterator[CallerLocation]:
        yield from find_map_links(text)
        yield from find_coordinates(text)
        yield from find_plus_codes(text)
        yield from find_grid_references(text)
        yield from find_postcodes(text, self._postcodes)
