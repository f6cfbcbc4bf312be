"""What to do when a room has not confirmed: again with back-off, then its buddy, then a person. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from intake.control_room import ControlRoom, RoomId, ServiceState
from intake.outcomes import SAYING, telephone
from intake.sentences import JOINT
from intake.settings import TransfersSettings


class Outcome(StrEnum):
    """How an attempt ended without a confirmation. UNKNOWN: the room may have it; resend the same id."""

    UNKNOWN = "unknown"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    GARBAGE = "garbage"
    NEVER = "never"
    """The room will not take this document however often: it calls it invalid, too large, in conflict."""
    NO_FEED = "no_feed"
    FORGOTTEN = "forgotten"
    """Asked for its verdict, the room does not know the message, though it confirmed it: send it again."""


class RetryAt(msgspec.Struct, frozen=True, tag=True):
    """The same room again, with the same message id."""

    at: datetime


class TryBuddy(msgspec.Struct, frozen=True, tag=True):
    """The room that logs for this one, now; the reason goes into the log and onto the desk."""

    room_id: RoomId
    reason: str


class Hold(msgspec.Struct, frozen=True, tag=True):
    """No room has it: a person decides. Never the end of the transfer."""

    reason: str


NextStep = RetryAt | TryBuddy | Hold

_DOWN = (ServiceState.UNSTAFFED, ServiceState.SCHEDULED_MAINTENANCE, ServiceState.UNREACHABLE)
_SHORTEST_S = 0.1  # never at once: a room that fails fast must not be hammered
_DOUBLINGS_MOST = 30  # 2**30 seconds is past any max_retry_s, and keeps the power small


def next_step(
    patience: TransfersSettings,
    *,
    outcome: Outcome,
    room: ControlRoom,
    at_buddy: bool,
    attempts: int,
    waited_s: float,
    now: datetime,
    jitter: float,
) -> NextStep:
    """What follows an attempt at ``room`` that brought no confirmation.

    ``attempts`` counts those made at this room, from 1; ``waited_s`` runs from the transfer's making,
    over both rooms; ``jitter`` is in [0, 1). A buddy's own buddy is never tried: two rooms that fail
    need a person, not a third guess.
    """
    if outcome in (Outcome.NEVER, Outcome.NO_FEED):
        return Hold(_said(room, SAYING.en(_WORDS[outcome]), telephone(room.telephone)))
    buddy = None if at_buddy else room.buddy
    if buddy is not None and (room.state in _DOWN or waited_s >= patience.buddy_after_s):
        if room.state in _DOWN:
            return TryBuddy(buddy, SAYING.en("room_is", room=room.name, state=room.state.value))
        return TryBuddy(buddy, _said(room, _lasting(outcome, waited_s)))
    if buddy is None and waited_s >= patience.hold_after_s:
        return Hold(_said(room, _lasting(outcome, waited_s), telephone(room.telephone)))
    limit_s = (patience.hold_after_s if buddy is None else patience.buddy_after_s) - waited_s
    wait_s = max(_SHORTEST_S, min(back_off_s(patience, attempts, jitter), limit_s))
    return RetryAt(now + timedelta(seconds=wait_s))


def _said(room: ControlRoom, *why: str) -> str:
    return SAYING.en("room_does", room=room.name, why=JOINT.join(why))


def _lasting(outcome: Outcome, waited_s: float) -> str:
    return SAYING.en("lasting", why=SAYING.en(_WORDS[outcome]), seconds=f"{waited_s:.0f}")


def back_off_s(patience: TransfersSettings, attempts: int, jitter: float) -> float:
    """Seconds to wait after the given number of attempts: doubled each time, spread over the upper half."""
    return _doubled_s(patience.first_retry_s, patience.max_retry_s, attempts - 1, jitter)


def next_ask_at(patience: TransfersSettings, *, asked: int, now: datetime, jitter: float) -> datetime:
    """When to ask a room that confirmed and has not decided for its verdict, having asked so often."""
    longest_s = max(patience.max_retry_s, patience.verdict_wait_s)
    return now + timedelta(seconds=_doubled_s(patience.verdict_wait_s, longest_s, asked, jitter))


def _doubled_s(first_s: float, longest_s: float, doublings: int, jitter: float) -> float:
    grown_s = first_s * 2.0 ** min(max(doublings, 0), _DOUBLINGS_MOST)
    return min(longest_s, grown_s) * (0.5 + jitter / 2)


_WORDS = {
    Outcome.UNKNOWN: "no_answer",
    Outcome.UNREACHABLE: "out_of_reach",
    Outcome.REFUSED: "refuses",
    Outcome.GARBAGE: "garbage",
    Outcome.NEVER: "never",
    Outcome.NO_FEED: "no_feed",
    Outcome.FORGOTTEN: "forgotten",
}
