"""Motorway marker posts and driver location signs: "M5 137/2 A", "M25 A 15.4". Pure.

Both give the road, the distance in kilometres from a point that our data do not know, and the
carriageway. They are kept and shown in one form; the operators of the roads can place them, we cannot.
A is as a rule the carriageway away from London, on the M25 clockwise, and B the other; J, K, L and M
are slip roads (the signs' own letters).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from intake.locate.noting import NOTES
from intake.locate.roads import ROAD, beside, road_of
from intake.location import Clue, ClueKind
from intake.sentences import JOINT

FURTHEST_KM = 700.0
"""The A1 ends near here; no post counts further."""
CARRIAGEWAYS = {
    "A": NOTES.en("carriageway_a"),
    "B": NOTES.en("carriageway_b"),
    "J": NOTES.en("slip_j"),
    "K": NOTES.en("slip_k"),
    "L": NOTES.en("slip_l"),
    "M": NOTES.en("slip_m"),
}
_CUE = (
    r"(?:(?:km |emergency |motorway |distance )?marker(?: ?post)?s?|mp|location sign"
    r"|driver(?:'s)? location sign|dls|blue sign|the sign|sign|post|postyn(?: marcio)?|arwydd(?: lleoliad)?)"
)
_SAYS = r"(?:[ ](?:says|said|reads|number|no|is|near me|here|at|yw|rhif|for)){0,2}[ .:=,-]{0,3}"
_KM = r"(?P<km>\d{1,3})[ ]?(?P<point>[./])[ ]?(?P<tenth>\d)(?![\d/])"
_SIDE = r"(?P<{0}>[ABJKLM])(?![A-Z\d'])"
_WITH_ROAD = re.compile(
    rf"(?<![A-Z\d£$€#/.@:-]){ROAD}[ ,]{{1,2}}(?:(?:at|near|by|{_CUE})[ ]{{1,2}}){{0,2}}"
    rf"(?:{_SIDE.format('before')}[ ]{{0,2}})?{_KM}(?:[ ]?(?:km)?[ ]?{_SIDE.format('after')})?",
    re.IGNORECASE | re.ASCII,
)
_WITH_CUE = re.compile(
    rf"\b(?P<cue>{_CUE}){_SAYS}(?:{ROAD}[ ,]{{1,2}})?(?:{_SIDE.format('before')}[ ]{{0,2}})?{_KM}"
    rf"(?:[ ]?(?:km)?[ ]?{_SIDE.format('after')})?",
    re.IGNORECASE | re.ASCII,
)
_WEAK_CUE = re.compile(r"(?:the sign|sign|post|blue sign|arwydd)", re.IGNORECASE)
_NOT_KM_AFTER = re.compile(
    r"[ ]?(?:%|stone|mg|ml|kg|lbs?|feet|ft|p\b|am\b|pm\b|mph|degrees|°)", re.IGNORECASE
)


def find_marker_posts(text: str, places: Sequence[Clue] = ()) -> Iterator[Clue]:
    """Every post with a road, or with a word that names it. ``places`` are the place names of the text."""
    last = -1
    for match in sorted(
        (*_WITH_ROAD.finditer(text), *_WITH_CUE.finditer(text)), key=lambda one: (one.end(), one.start())
    ):
        start = match.start("class") if match["class"] else match.start("before" if match["before"] else "km")
        if start < last or not _is_meant(text, match):
            continue
        last = match.end()
        yield beside(_clue(text, match, start), text, places)


def _is_meant(text: str, match: re.Match[str]) -> bool:
    if float(f"{match['km']}.{match['tenth']}") > FURTHEST_KM or _NOT_KM_AFTER.match(text, match.end()):
        return False
    if match["class"]:
        # "A3 4/5" is a page; a post of a single figure is written with its carriageway.
        is_sided = bool(match["before"] or match["after"])
        is_named = match["class"].upper() == "M" or "cue" in match.groupdict()
        return is_sided or is_named or (match["point"] == "/" and len(match["km"]) >= 2)
    # "the sign says 15.4" may be a price; a carriageway's letter, or the word marker, makes it a post.
    is_weak = _WEAK_CUE.fullmatch(match["cue"]) is not None
    return not is_weak or bool(match["before"] or match["after"])


def _clue(text: str, match: re.Match[str], start: int) -> Clue:
    side = (match["before"] or match["after"] or "").upper()
    road = road_of(match).name if match["class"] else ""
    parts = [NOTES.en("marker_post", post=f"{road} {match['km']}.{match['tenth']}".strip())]
    parts += [CARRIAGEWAYS[side]] if side else [NOTES.en("no_carriageway")]
    parts += [] if road else [NOTES.en("no_road")]
    return Clue(
        kind=ClueKind.MARKER_POST,
        words=text[start : match.end()],
        start=start,
        end=match.end(),
        note=NOTES.en("post", what=JOINT.join(parts)),
    )
