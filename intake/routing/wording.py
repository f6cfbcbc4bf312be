"""What a handler reads where a border is near: who else may answer, how likely, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Callable

from intake.location import STATED_CONFIDENCE_PCT
from intake.routing.decision import RoutingDecision
from intake.routing.place import PlaceKind
from intake.routing.saying import SAYING
from intake.sentences import Sentence

ALTERNATIVES_NAMED = 3


def border_words(decision: RoutingDecision, name: Callable[[str], str]) -> Sentence | None:
    """Two sentences, or None where no border is near. Shares are of the circle, without what lies at
    sea or abroad; a room within reach of the disc only is named as such."""
    odds = decision.candidates
    if decision.place != PlaceKind.BORDER or not odds:
        return None
    shares = [(name(one.room_id), 100 * one.probability / (STATED_CONFIDENCE_PCT / 100)) for one in odds]
    first, *others = (_chance(*share) for share in shares[: 1 + ALTERNATIVES_NAMED])
    if len(shares) > 1 + ALTERNATIVES_NAMED:
        others.append(SAYING.say("more", count=len(shares) - 1 - ALTERNATIVES_NAMED))
    if not others:
        return SAYING.say("edge_of", first=first)
    listed = Sentence(", ".join(one.en for one in others), ", ".join(one.cy for one in others))
    return SAYING.say("near_border", first=first, others=listed, advice=SAYING.say(_advice(decision)))


def _advice(decision: RoutingDecision) -> str:
    best = decision.candidates[0]
    if decision.room_id == best.room_id and best.probability >= 0.5:
        return "send_and_say"
    return "too_close" if decision.is_default else "likeliest"


def _chance(room: str, percent: float) -> Sentence:
    if percent < 0.5:
        return SAYING.say("within_reach", room=room)
    return SAYING.say("share", room=room, percent=f"{percent:.0f}")
