"""What is measured of a contact: one function for each definition. Pure: moments in, seconds out.

The moments: t0 sent · t1 received · t2 stored · t3 queued · t4 first shown · t5 claimed · t6 first human
reply · t7 routed · t8 room accepted · t9 closed. A wait that had not ended when the contact closed, or
when the data were read, is *right-censored*: it lasted at least so long. Leaving such waits out would
make a service look quicker the more people it never answered.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

QUANTILES = (0.5, 0.9, 0.95, 0.99)
"""Beside the mean: what NHS England reports of call answer times."""

LOCATION_RADII_M = (50.0, 100.0, 1000.0)

NOT_ANSWERED = "not answered"
NOT_LOCATED = "no location"


class Moments(msgspec.Struct, frozen=True, kw_only=True):
    """t0 to t9 of one contact, aware UTC; None for what has not happened or is not known."""

    sent_at: datetime | None = None
    received_at: datetime
    stored_at: datetime | None = None
    queued_at: datetime | None = None
    first_shown_at: datetime | None = None
    claimed_at: datetime | None = None
    first_reply_at: datetime | None = None
    routed_at: datetime | None = None
    accepted_at: datetime | None = None
    closed_at: datetime | None = None


class Fix(NamedTuple):
    """One location hypothesis: when it reached us, and its 95 % radius in metres."""

    received_at: datetime
    radius_m: float


class Wait(NamedTuple):
    """Seconds waited; ``ended`` False means that nothing had happened by then (right-censored)."""

    seconds: float
    ended: bool


def time_to_acknowledge(moments: Moments) -> Wait | None:
    """t2 − t1; None where t2 is not known. Never censored: what is not stored is no contact."""
    if moments.stored_at is None:
        return None
    return Wait(_seconds(moments.received_at, moments.stored_at), True)


def time_to_answer(moments: Moments, read_at: datetime) -> Wait:
    """t5 − t1: a handler took the contact. An automatic reply is not an answer."""
    return _wait(moments.received_at, moments.claimed_at, moments.closed_at, read_at)


def time_to_first_human_reply(moments: Moments, read_at: datetime) -> Wait:
    """t6 − t1: the caller was written to by a person, which may be long after the claim."""
    return _wait(moments.received_at, moments.first_reply_at, moments.closed_at, read_at)


def time_to_location(moments: Moments, fixes: Iterable[Fix], radius_m: float, read_at: datetime) -> Wait:
    """First hypothesis with a 95 % radius of ``radius_m`` or less, − t1; censored at close.

    A fix that came before the first message (AML overtakes the text) counts as 0 s.
    """
    good = min((fix.received_at for fix in fixes if fix.radius_m <= radius_m), default=None)
    return _wait(moments.received_at, good, moments.closed_at, read_at)


def hand_over(moments: Moments, read_at: datetime) -> Wait | None:
    """t8 − t7: from the routing decision to the room's acceptance; None for what was never routed."""
    if moments.routed_at is None:
        return None
    return _wait(moments.routed_at, moments.accepted_at, moments.closed_at, read_at)


def police_band(answer: Wait) -> str:
    """The bands police forces report: ≤ 10 s, 10–60 s, > 60 s; a claim that never came is its own band."""
    if not answer.ended:
        return NOT_ANSWERED
    if answer.seconds <= 10:
        return "10 s or less"
    return "over 10 s to 60 s" if answer.seconds <= 60 else "over 60 s"


POLICE_BANDS = ("10 s or less", "over 10 s to 60 s", "over 60 s", NOT_ANSWERED)


def radius_band(best_radius_m: float | None) -> str:
    """The smallest 95 % radius a contact ever had; EENA asks for 50 m or less in 80 % of contacts."""
    if best_radius_m is None:
        return NOT_LOCATED
    if best_radius_m <= 50:
        return "50 m or less"
    if best_radius_m <= 100:
        return "over 50 m to 100 m"
    return "over 100 m to 1 km" if best_radius_m <= 1000 else "over 1 km"


RADIUS_BANDS = ("50 m or less", "over 50 m to 100 m", "over 100 m to 1 km", "over 1 km", NOT_LOCATED)


def answer_speed_interval(moment: datetime) -> datetime:
    """The start of the quarter of an hour that holds ``moment`` (Ofcom's answer-speed intervals)."""
    return moment.replace(minute=moment.minute - moment.minute % 15, second=0, microsecond=0)


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean of at least one value."""
    return math.fsum(values) / len(values)


def percentile(values: Sequence[float], quantile: float) -> float:
    """The smallest value with at least ``quantile`` of all values at or below it (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(round(quantile * len(ordered), 9)) - 1)]


class Step(NamedTuple):
    """From ``seconds`` on, ``waiting`` is the share of contacts estimated still to be waiting."""

    seconds: float
    waiting: float


def kaplan_meier(waits: Iterable[Wait]) -> list[Step]:
    """The product-limit estimate (Kaplan and Meier 1958): a step at each time at which a wait ended.

    A wait censored at the very time another ended is still at risk then, by the usual convention.
    """
    ordered = sorted(waits, key=lambda wait: wait.seconds)
    at_risk, waiting, steps, index = len(ordered), 1.0, list[Step](), 0
    while index < len(ordered):
        seconds = ordered[index].seconds
        tied = index
        while tied < len(ordered) and ordered[tied].seconds == seconds:
            tied += 1
        ended = sum(wait.ended for wait in ordered[index:tied])
        if ended:
            waiting *= 1 - ended / at_risk
            steps.append(Step(seconds, waiting))
        at_risk -= tied - index
        index = tied
    return steps


def waited_by(steps: Sequence[Step], quantile: float) -> float | None:
    """The time by which ``quantile`` of the waits had ended; None if so many never did.

    Without censoring this is ``percentile``.
    """
    return next((step.seconds for step in steps if step.waiting <= 1 - quantile + 1e-9), None)


def restricted_mean(steps: Sequence[Step], horizon_s: float) -> float:
    """Mean wait up to ``horizon_s``: the area under the Kaplan–Meier curve, seconds.

    Without censoring, and with the horizon at or after the last end, this is ``mean``.
    """
    area, since, waiting = 0.0, 0.0, 1.0
    for step in steps:
        if step.seconds >= horizon_s:
            break
        area += waiting * (step.seconds - since)
        since, waiting = step.seconds, step.waiting
    return area + waiting * (horizon_s - since)


def _wait(start: datetime, end: datetime | None, closed_at: datetime | None, read_at: datetime) -> Wait:
    if end is not None and (closed_at is None or end <= closed_at):
        return Wait(_seconds(start, end), True)
    return Wait(_seconds(start, closed_at or read_at), False)


def _seconds(start: datetime, end: datetime) -> float:
    # Two processes' clocks may differ by a little: a wait is never negative.
    return max(timedelta(0), end - start).total_seconds()
