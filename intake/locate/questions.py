"""The ready question for a clue that does not tell one place: "Which Newport?" Pure.

A handler sends it, or does not: nothing here is said to a caller by itself.
"""

from __future__ import annotations

import re
from collections import Counter

from intake.location import Clue, ClueKind
from intake.phrases import Phrases

_ROAD_NAME = re.compile(r"\b([MAB])[ -]?(\d{1,4})(?:[ ]?(\(M\)|M\b))?", re.IGNORECASE | re.ASCII)


def question_of(phrases: Phrases, clue: Clue, language: str) -> str:
    """What to ask in the caller's language, or empty where the clue tells a place or is denied."""
    if clue.is_negated:
        return ""
    if clue.options:
        return phrases.text("ask_which_place", language, name=_name(clue))
    if clue.kind in (ClueKind.ROAD, ClueKind.JUNCTION, ClueKind.MARKER_POST) and not clue.hypotheses:
        road = _ROAD_NAME.search(clue.words)
        if road is None:
            return phrases.text("ask_location", language)
        motorway = "(M)" if road[3] else ""
        return phrases.text("ask_where_on_road", language, road=f"{road[1].upper()}{road[2]}{motorway}")
    return ""


def _name(clue: Clue) -> str:
    """The name as most options have it: the caller's own words may be misspelt or mutated."""
    names = Counter(option.split(",")[0] for option in clue.options)
    name, count = names.most_common(1)[0]
    if count > 1:
        return name
    return clue.words.title() if clue.words.islower() else clue.words
