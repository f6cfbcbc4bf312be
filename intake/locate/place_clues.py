"""Junctions, marker posts, roads and place names of a text in one reading. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from intake.locate.gazetteer import Gazetteer
from intake.locate.junctions import find_junctions
from intake.locate.marker_posts import find_marker_posts
from intake.locate.place_names import find_place_names
from intake.locate.roads import find_roads
from intake.location import CallerLocation, Clue


def find_place_clues(
    text: str, gazetteer: Gazetteer | None, near: Sequence[CallerLocation] = ()
) -> Iterator[Clue]:
    """The most exact kind first, so that the road inside a junction is dropped by whoever drops overlaps.

    Without a gazetteer roads, junctions and posts are found all the same, without places. ``near`` are
    places the text tells by other means; they narrow a name that several places bear.
    """
    places = list(find_place_names(text, gazetteer, near)) if gazetteer is not None else []
    yield from find_junctions(text, places)
    yield from find_marker_posts(text, places)
    yield from find_roads(text, places)
    yield from places
