"""What is made of hypotheses, on one page: the place to act on, its doubt now, and what contradicts it.

The console and the hand-over take this module as it is; the reasons stand in fusion.py,
contradictions.py, ageing.py and sources.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from intake.locate.ageing import as_of, radius_now_m
from intake.locate.contradictions import find_contradictions
from intake.locate.fusion import Answer, Fusion, fuse, weighed_radius_m
from intake.locate.sources import SOURCES
from intake.location import CallerLocation

__all__ = [
    "SOURCES",
    "Answer",
    "Fusion",
    "as_of",
    "choose_best",
    "contradictions",
    "fuse",
    "radius_now_m",
    "weighed_radius_m",
]


def choose_best(hypotheses: Iterable[CallerLocation], now: datetime) -> CallerLocation | None:
    """The hypothesis to act on, itself and unchanged (law 14): the incident's where one is known, else the
    caller's; None when there is none, or only numbers and names that are no one place.

    Its radius is as it was measured; `as_of` gives what its age has made of it.
    """
    best = fuse(hypotheses, now).best
    return None if best is None else best.place


def contradictions(hypotheses: Iterable[CallerLocation]) -> tuple[str, ...]:
    """What cannot all be true, in English: "the typed postcode (LS1 4AP) is 212 km from the phone's fix"."""
    return tuple(found.said.en for found in find_contradictions(hypotheses))
