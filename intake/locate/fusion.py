"""From all hypotheses to one answer: where the caller is, where the incident is, which of them to act on.

A pure function of the hypotheses and the time. The choice, for the caller and for the incident apart:

1. A handler's own choice outranks everything; the latest of several. One that says of neither whose it
   is stands for both.
2. Otherwise the smallest *weighed radius*: the radius at 95 % (RFC 7459), grown by age at the walking
   speed, times the doubt of its source (sources.py).
3. Ties go to the later fix, then to every field of it: the order of arrival never matters.

The best one answers with its own circle: agreement narrows nothing, because two fixes of one phone share
their errors (README.md). Words that may mean several places ("Newport") answer only where another source
agrees with exactly one of them, and then with no more certainty than that source has.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
import numpy as np

from intake.locate.ageing import as_of, at_s, pace_m_s, radius_now_m
from intake.locate.contradictions import (
    MARGIN_M,
    Contradiction,
    distance_between_m,
    find_contradictions,
    is_place,
    sayings,
    tie_key,
)
from intake.locate.shape_circle import WGS84
from intake.locate.sources import SOURCES, whose_is
from intake.locate.wording import km, length, say
from intake.location import CallerLocation, LocationSource, Whose
from intake.sentences import Sentence


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One of the hypotheses, unchanged (law 14). ``radius_m`` is at 95 % as of the time asked about;
    ``weighed_m`` is what it competed by, the measure of certainty; ``why`` says why it won."""

    place: CallerLocation
    radius_m: float
    weighed_m: float
    why: Sentence


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    place: CallerLocation
    why: Sentence


class Fusion(msgspec.Struct, frozen=True, kw_only=True):
    """What is made of all hypotheses at ``at``. ``acts_on`` is whose place routing uses: the incident's
    where one is known, else the caller's; and the caller's where the incident's is only the wider place
    the caller is in ("fire in Leeds" from a phone in Leeds). ``apart_m`` is the distance between the two
    where their circles miss each other. Every hypothesis is an answer or set aside with its reason.
    """

    at: datetime
    caller: Answer | None
    incident: Answer | None
    set_aside: tuple[SetAside, ...]
    contradictions: tuple[Contradiction, ...]
    apart_m: float | None
    pace_m_s: float

    @property
    def best(self) -> Answer | None:
        """The place to act on."""
        if self.incident is None or (self.caller is not None and _holds(self.incident, self.caller)):
            return self.caller
        return self.incident

    @property
    def acts_on(self) -> Whose:
        if self.best is None or self.incident == self.caller:
            return Whose.UNSAID
        return Whose.INCIDENT if self.best is self.incident else Whose.CALLER

    @property
    def place_now(self) -> CallerLocation | None:
        """The place to act on as a circle at 95 %, aged to ``at``: what routing is asked with."""
        return None if self.best is None else as_of(self.best.place, self.at, self.pace_m_s)

    @property
    def used(self) -> tuple[CallerLocation, ...]:
        """The answers' hypotheses, the one to act on first."""
        answers = (self.best, self.incident, self.caller)
        return tuple({tie_key(one.place): one.place for one in answers if one is not None}.values())

    @property
    def in_doubt(self) -> bool:
        """Places contradict, or caller and incident are far apart: a person decides, no machine."""
        return bool(self.contradictions) or self.apart_m is not None

    @property
    def warnings(self) -> tuple[Sentence, ...]:
        """What a handler is to be told of the places, most serious first."""
        split = () if self.apart_m is None else (say("split", km=km(self.apart_m)),)
        return (*split, *(one.said for one in self.contradictions))


class _Candidate(NamedTuple):
    place: CallerLocation
    own_m: float
    weighed_m: float
    singled_out: bool = False

    @property
    def order(self) -> tuple[float, float, float, bytes]:
        return self.weighed_m, self.own_m, -at_s(self.place), tie_key(self.place)


class _Side(NamedTuple):
    answer: Answer | None
    set_aside: list[SetAside]


def fuse(hypotheses: Iterable[CallerLocation], now: datetime) -> Fusion:
    """Total: numbers that are no place are set aside. Equal hypotheses count once; ``now`` is aware."""
    known = list({tie_key(place): place for place in reversed(list(hypotheses))}.values())
    usable = [place for place in known if is_place(place)]
    aside = [SetAside(place=place, why=say("no_place")) for place in known if not is_place(place)]
    pace = pace_m_s(usable, now)
    sides = {
        side: _decide([place for place in usable if side in _sides_of(place)], side, now, pace)
        for side in (Whose.CALLER, Whose.INCIDENT)
    }
    caller, incident = sides[Whose.CALLER].answer, sides[Whose.INCIDENT].answer
    answers = {tie_key(one.place) for one in (caller, incident) if one is not None}
    told = {
        tie_key(one.place): one
        for side in sides.values()
        for one in side.set_aside
        if tie_key(one.place) not in answers
    }
    return Fusion(
        at=now,
        caller=caller,
        incident=incident,
        set_aside=tuple(sorted([*aside, *told.values()], key=lambda one: tie_key(one.place))),
        contradictions=find_contradictions(usable, pace),
        apart_m=_apart_m(caller, incident),
        pace_m_s=pace,
    )


def weighed_radius_m(location: CallerLocation, now: datetime) -> float:
    """What hypotheses are compared by: metres at 95 % as of ``now``, times the doubt of the source."""
    return radius_now_m(location, now) * SOURCES[location.source].doubt


def _sides_of(place: CallerLocation) -> tuple[Whose, ...]:
    """A handler's choice of neither is of both; words of neither are taken for the caller's."""
    if place.source is LocationSource.HANDLER and place.whose is Whose.UNSAID:
        return (Whose.CALLER, Whose.INCIDENT)
    return (Whose.INCIDENT,) if whose_is(place.source, place.whose) is Whose.INCIDENT else (Whose.CALLER,)


def _decide(places: Sequence[CallerLocation], side: Whose, now: datetime, pace: float) -> _Side:
    chosen = [place for place in places if place.source is LocationSource.HANDLER]
    if chosen:
        latest = max(chosen, key=lambda place: (at_s(place), tie_key(place)))
        answer = _answer(_Candidate(latest, 0.0, 0.0), now, pace, say("chosen"))
        others = (place for place in places if place is not latest)
        return _Side(answer, [SetAside(place=one, why=say(_outranked(one))) for one in others])
    candidates, aside = _candidates(places, now)
    if not candidates:
        return _Side(None, aside)
    best = min(candidates, key=lambda one: one.order)
    if best.singled_out:
        why = say("singled_out")
    else:
        why = say("best", count=len(candidates)) if len(candidates) > 1 else say("only")
    aside += [SetAside(place=one.place, why=_why_not(one, best)) for one in candidates if one is not best]
    return _Side(_answer(best, now, pace, why), aside)


def _outranked(place: CallerLocation) -> str:
    return "later_choice" if place.source is LocationSource.HANDLER else "handler_chose"


def _answer(best: _Candidate, now: datetime, pace: float, why: Sentence) -> Answer:
    radius_m = radius_now_m(best.place, now, pace)
    return Answer(place=best.place, radius_m=radius_m, weighed_m=best.weighed_m, why=why)


def _why_not(one: _Candidate, best: _Candidate) -> Sentence:
    gap_m = distance_between_m(one.place, best.place)
    if gap_m > one.place.radius_m() + best.place.radius_m() + MARGIN_M:
        return say("contradicts", km=km(gap_m))
    return say("less_certain", own=length(one.weighed_m), better=length(best.weighed_m))


def _candidates(places: Sequence[CallerLocation], now: datetime) -> tuple[list[_Candidate], list[SetAside]]:
    clear: list[_Candidate] = []
    several: list[tuple[CallerLocation, ...]] = []
    for saying in sayings(places):
        if len(saying) == 1:
            own_m = weighed_radius_m(saying[0], now)
            clear.append(_Candidate(saying[0], own_m, own_m))
        else:
            several.append(saying)
    aside: list[SetAside] = []
    singled_out: list[_Candidate] = []
    for saying in several:
        supports = [_support_m(place, clear, now) for place in saying]
        alone = sum(math.isfinite(support) for support in supports) == 1
        for place, support_m in zip(saying, supports, strict=True):
            if alone and math.isfinite(support_m):
                own_m = weighed_radius_m(place, now)
                singled_out.append(_Candidate(place, own_m, max(own_m, support_m), True))
            else:
                aside.append(SetAside(place=place, why=say("ambiguous", count=len(saying))))
    return [*clear, *singled_out], aside


def _support_m(place: CallerLocation, clear: Sequence[_Candidate], now: datetime) -> float:
    """The smallest weighed radius of those whose circle meets this one's; infinite where none does."""
    if not clear:
        return math.inf
    others = [one.place for one in clear]
    _, _, apart_m = WGS84.inv(
        np.full(len(others), place.longitude),
        np.full(len(others), place.latitude),
        np.array([one.longitude for one in others]),
        np.array([one.latitude for one in others]),
    )
    reach_m = place.radius_m() + np.array([radius_now_m(one, now) for one in others])
    weighed_m = np.array([one.weighed_m for one in clear])
    return float(np.min(np.where(apart_m <= reach_m, weighed_m, math.inf)))


def _holds(wide: Answer, narrow: Answer) -> bool:
    """Whether a less certain circle holds all of a more certain one."""
    if narrow.weighed_m >= wide.weighed_m:
        return False
    return distance_between_m(wide.place, narrow.place) + narrow.radius_m <= wide.radius_m


def _apart_m(caller: Answer | None, incident: Answer | None) -> float | None:
    if caller is None or incident is None:
        return None
    gap_m = distance_between_m(caller.place, incident.place)
    return gap_m if gap_m > caller.radius_m + incident.radius_m + MARGIN_M else None
