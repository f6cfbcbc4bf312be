"""Places named in a text: "in Padstow", "yng Nghaerdydd", "3 miles north of Keswick". Pure.

A name that several places bear becomes several hypotheses, each with the chance that it is meant as
its confidence, and options for the question "Which Newport?". A county, a nation, or another place in
the same text narrows them; `note` says by what. Nothing is ever chosen without a reason in the text,
but for a name that is 98 times in 100 one large place's: then the others are said in `note`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from intake.locate.clue import clue_location
from intake.locate.gazetteer import CERTAIN_SHARE, NATIONS, Gazetteer, Match, Place, shares_of
from intake.locate.noting import NOTES
from intake.locate.place_evidence import Setting, before, has_cue, is_meant, is_refused, setting_of
from intake.locate.place_mutations import unmutated
from intake.locate.place_offsets import Circle, between, distance_m, moved, offset_before, widened
from intake.locate.place_words import words_of
from intake.location import (
    STATED_CONFIDENCE_PCT,
    CallerLocation,
    Clue,
    ClueKind,
    LocationMethod,
    LocationSource,
)

MOST_HYPOTHESES = 8
"""Of a name like Newtown the largest are offered; `note` gives the number of all."""
SLIP_FACTOR = 1.5
"""A misspelt name is read with this much more doubt."""
NARROWING_M, NARROWING_FACTOR = 40_000.0, 2.5
"""Another place of the text narrows a name to the one within 40 km of it, if the next is 2.5 times as far."""
MOST_SURE = 8
"""So many other places are looked at; a text of more is no caller's."""
_NEAR_WORDS = frozenset({"near", "nr", "outside", "around", "ger", "close", "by", "towards", "toward", "tua"})
_LABEL_GAP = frozenset({"", "in", "on", "yn", "ym", "yng", "ar", "near", "ger"})
_TYPO_POPULOUS = 50_000


class _Found(NamedTuple):
    """A match with what its reading took."""

    match: Match
    note: str
    slipped: bool
    nation: str = ""


def find_place_names(text: str, gazetteer: Gazetteer, near: Sequence[CallerLocation] = ()) -> Iterator[Clue]:
    """Every place named in ``text``. ``near`` are places found in it by other means, which may narrow."""
    words = words_of(text)
    setting = setting_of(text, words)
    found = _matches(setting, gazetteer)
    labels = _labels(setting, found, gazetteer)
    taken: list[tuple[_Found, str]] = []
    for at, one in enumerate(found):
        if one.nation or at in labels.used:
            continue
        if one.slipped and not _is_slip_meant(setting, one.match):
            continue
        if is_meant(setting, one.match, gazetteer, is_labelled=at in labels.of):
            taken.append((one, labels.of.get(at, "")))
    yield from _clues(setting, taken, labels.nations, near)


class _Labels(NamedTuple):
    """Areas that qualify a name: index of the name → area, the indices used up, and nations named."""

    of: dict[int, str]
    used: set[int]
    nations: set[str]


def _matches(setting: Setting, gazetteer: Gazetteer) -> list[_Found]:
    """Every name from left to right, the longest first, whether it is meant or not."""
    found: list[_Found] = []
    words, at = setting.words, 0
    while at < len(words):
        one = _match_at(setting, gazetteer, at)
        if one is None:
            at += 1
            continue
        found.append(one)
        at = one.match.last + 1
    return found


def _match_at(setting: Setting, gazetteer: Gazetteer, at: int) -> _Found | None:
    words = setting.words
    match = gazetteer.longest(words, at)
    if match is not None:
        return _Found(match, "", False, NATIONS.get(match.key, ""))
    word = words[at].bare
    preceding = before(setting, at)
    for original in unmutated(word, preceding) if preceding else ():
        match = gazetteer.longest(words, at, original)
        if match is not None and match.key in gazetteer.welsh_keys:
            return _Found(match, f"{_said(setting, match)} is {match.key.title()}, mutated", False)
    slipped = gazetteer.slipped(word)
    tail = setting.text[words[at].start + 1 : words[at].end]
    if slipped is None or not (tail.islower() or tail.isupper()):
        return None
    match = Match(at, at, slipped, gazetteer.named(slipped))
    return _Found(match, f"read as {match.places[0].name}: one letter differs", True)


def _labels(setting: Setting, found: Sequence[_Found], gazetteer: Gazetteer) -> _Labels:
    """Which names have an area right behind them that fits: "Newport, Gwent", "Barry in Glamorgan"."""
    labels = _Labels({}, set(), {one.nation for one in found if one.nation})
    for at in range(len(found) - 1):
        one, other = found[at], found[at + 1]
        if not one.match.places or at in labels.used:
            continue
        area = _fitting_area(one.match.places, other, gazetteer)
        gap = setting.text[setting.words[one.match.last].end : setting.words[other.match.first].start]
        if (
            area
            and gap.strip(" ,\t\r\n").removesuffix("the").strip().lower() in _LABEL_GAP
            and len(gap) <= 12
        ):
            labels.of[at] = area
            labels.used.add(at + 1)
    return labels


def _fitting_area(places: Sequence[Place], other: _Found, gazetteer: Gazetteer) -> str:
    """The area or nation of ``other`` that some of ``places`` lie in, or empty."""
    if other.nation:
        return other.nation if any(place.country == other.nation for place in places) else ""
    areas = gazetteer.areas_called(other.match.key)
    # "Bangor, Newport" are two places; "Caerleon, Newport" is one in the other, and both are said.
    if any(not place.is_area for place in other.match.places):
        return ""
    return next((area for place in places for area in place.within if area in areas), "")


def _is_slip_meant(setting: Setting, match: Match) -> bool:
    is_capital = (
        setting.has_case and setting.text[setting.words[match.first].start].isupper() and match.first > 0
    )
    is_populous = bool(match.places) and match.places[0].population >= _TYPO_POPULOUS
    return (has_cue(setting, match) or is_capital or is_populous) and not is_refused(setting, match)


def _clues(
    setting: Setting,
    taken: Sequence[tuple[_Found, str]],
    nations: set[str],
    near: Sequence[CallerLocation],
) -> Iterator[Clue]:
    sure = [Circle(place.latitude, place.longitude, place.radius_m()) for place in near[:MOST_SURE]]
    meant = [_meant(one.match.places) for one, _ in taken]
    sure += [_circle(places[0]) for places in meant if len(places) == 1 and not places[0].is_area]
    sure = list(dict.fromkeys(sure))[:MOST_SURE]
    areas = {area.name for one, _ in taken for area in one.match.places if area.is_area}
    clues = [_clue(setting, one, label, areas | nations, sure) for one, label in taken]
    for at in range(len(clues) - 1):
        halfway = _halfway(setting, taken[at][0].match, taken[at + 1][0].match, clues[at], clues[at + 1])
        if halfway is not None:
            clues[at], clues[at + 1] = halfway
    yield from clues


def _clue(setting: Setting, one: _Found, label: str, areas: set[str], sure: Sequence[Circle]) -> Clue:
    match = one.match
    span = setting.words[match.first].start, setting.words[match.last].end
    places, note = _narrowed(match.places, label, areas, sure)
    shares = shares_of(places)
    offset = offset_before(setting.text, span[0])
    is_near = before(setting, match.first) in _NEAR_WORDS
    notes = [part for part in (one.note, note) if part]
    hypotheses = []
    for place, share in list(zip(places, shares, strict=True))[:MOST_HYPOTHESES]:
        circle = _circle(place)
        if one.slipped:
            circle = circle._replace(radius_m=circle.radius_m * SLIP_FACTOR)
        if offset is not None:
            circle = moved(circle, offset)
            notes = list(dict.fromkeys((*notes, circle.note))) if circle.note else notes
        elif is_near:
            circle = widened(circle)
        located = _located(setting.text, span, circle, place, share)
        hypotheses += [located] if located is not None else []
    return Clue(
        kind=ClueKind.PLACE_NAME,
        words=setting.text[span[0] : span[1]],
        start=span[0],
        end=span[1],
        hypotheses=tuple(hypotheses),
        options=tuple(place.label for place in places[:MOST_HYPOTHESES]) if len(places) > 1 else (),
        note="; ".join(notes),
    )


def _located(
    text: str, span: tuple[int, int], circle: Circle, place: Place, share: float
) -> CallerLocation | None:
    note = "; ".join(part for part in (place.label, circle.note) if part)
    located = clue_location(
        text,
        span,
        circle.latitude,
        circle.longitude,
        circle.radius_m,
        LocationSource.TEXT_PLACE,
        method=LocationMethod.DERIVED,
        note=note,
    )
    if located is None or share == 1.0:
        return located
    # The circle holds the truth only if this place of several is the one meant.
    return msgspec.structs.replace(located, confidence_pct=round(STATED_CONFIDENCE_PCT * share, 1))


def _meant(places: Sequence[Place]) -> Sequence[Place]:
    """One place, where nearly everybody who says its name means it; else all of them."""
    return places[:1] if places and shares_of(places)[0] >= CERTAIN_SHARE else places


def _narrowed(
    places: Sequence[Place], label: str, areas: set[str], sure: Sequence[Circle]
) -> tuple[Sequence[Place], str]:
    """Those of ``places`` that the rest of the text leaves, and in words why."""
    if len(places) < 2:
        return places, ""
    for said in (label, *sorted(areas)):
        inside = [place for place in places if said and said in (*place.within, place.country)]
        if inside and len(inside) < len(places):
            return inside, NOTES.en("text_says", count=len(places), area=said)
    if len(meant := _meant(places)) == 1:
        others = ", ".join(place.label for place in places[1:3])
        return meant, NOTES.en("also", others=others)
    nearest = _nearest(places, sure)
    if nearest is not None:
        return [nearest], NOTES.en("near_the_other", count=len(places))
    return places, NOTES.en("many", count=len(places))


def _nearest(places: Sequence[Place], sure: Sequence[Circle]) -> Place | None:
    for circle in sure:
        ranked = sorted((distance_m(_circle(place), circle), index) for index, place in enumerate(places))
        (first_m, index), (second_m, _) = ranked[0], ranked[1]
        if first_m <= NARROWING_M + circle.radius_m and second_m >= NARROWING_FACTOR * max(first_m, 10_000.0):
            return places[index]
    return None


def _halfway(
    setting: Setting, one: Match, other: Match, first: Clue, second: Clue
) -> tuple[Clue, Clue] | None:
    """Both clues with one circle, where the text says "between A and B" and neither is in doubt."""
    words = setting.words
    if before(setting, one.first) not in ("between", "rhwng") or other.first - one.last != 2:
        return None
    if words[one.last + 1].bare not in ("and", "a", "ac", "n") or len(first.hypotheses) != 1:
        return None
    if len(second.hypotheses) != 1:
        return None
    circle = between(_circle_of(first.hypotheses[0]), _circle_of(second.hypotheses[0]))
    note = NOTES.en("between", first=first.words, second=second.words)
    both = [_at(clue, circle, note) for clue in (first, second)]
    return both[0], both[1]


def _at(clue: Clue, circle: Circle, note: str) -> Clue:
    place = msgspec.structs.replace(
        clue.hypotheses[0],
        latitude=round(circle.latitude, 7),
        longitude=round(circle.longitude, 7),
        uncertainty_m=round(circle.radius_m, 1),
        confidence_pct=STATED_CONFIDENCE_PCT,
        note=note,
    )
    joined = "; ".join(part for part in (clue.note, note) if part)
    return msgspec.structs.replace(clue, hypotheses=(place,), note=joined)


def _circle(place: Place) -> Circle:
    return Circle(place.latitude, place.longitude, place.radius_m)


def _circle_of(place: CallerLocation) -> Circle:
    return Circle(place.latitude, place.longitude, place.radius_m())


def _said(setting: Setting, match: Match) -> str:
    return setting.text[setting.words[match.first].start : setting.words[match.last].end]
