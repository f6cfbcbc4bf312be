"""What a handler reads where a border is near: who else may answer, how likely, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Callable

from intake.location import STATED_CONFIDENCE_PCT
from intake.routing.decision import RoutingDecision
from intake.routing.place import PlaceKind

ALTERNATIVES_NAMED = 3


def border_words(decision: RoutingDecision, name: Callable[[str], str]) -> str:
    """Two sentences, or nothing where no border is near. Shares are of the circle, without what lies at
    sea or abroad; a room within reach of the disc only is named as such."""
    odds = decision.candidates
    if decision.place != PlaceKind.BORDER or not odds:
        return ""
    shares = [(name(one.room_id), 100 * one.probability / (STATED_CONFIDENCE_PCT / 100)) for one in odds]
    others = [_chance(*share) for share in shares[1 : 1 + ALTERNATIVES_NAMED]]
    more = len(shares) - 1 - len(others)
    if more > 0:
        others.append(f"{more} more")
    if not others:
        return f"At the edge of the area of {_chance(*shares[0])}; the rest of the circle is sea or abroad."
    first = _chance(*shares[0])
    if decision.room_id == odds[0].room_id and odds[0].probability >= 0.5:
        advice = "Send it there now and say which other room it may be"
    elif decision.is_default:
        advice = "Too close to tell: ask before sending, or send to the likeliest and say so"
    else:
        advice = "The likeliest of several: ask, and send meanwhile if a life is at risk"
    return f"Near a border: {first}, or {', '.join(others)}. {advice}."


def _chance(room: str, percent: float) -> str:
    return f"{room} ({percent:.0f} %)" if percent >= 0.5 else f"{room} (within reach)"
