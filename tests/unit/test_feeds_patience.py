"""Patience is a value: every failure has a next step, no transfer is left without one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.control_room import ControlRoom, RoomId, Service, ServiceState
from intake.errors import BadConfiguration
from intake.feeds import Hold, Outcome, RetryAt, TryBuddy, next_ask_at, next_step, shared_secrets
from intake.feeds.patience import back_off_s
from intake.settings import TransfersSettings

NOW = datetime(2026, 3, 1, 21, 4, 5, tzinfo=UTC)
POLICY = TransfersSettings(
    first_retry_s=1, max_retry_s=30, buddy_after_s=45, hold_after_s=180, verdict_wait_s=20
)
PASSING = [outcome for outcome in Outcome if outcome not in (Outcome.NEVER, Outcome.NO_FEED)]
jitters = st.floats(min_value=0, max_value=1, exclude_max=True)
waits = st.floats(min_value=0, max_value=1e7)
attempts_made = st.integers(min_value=1, max_value=1_000_000)


def room(buddy: str | None = "buddy", state: ServiceState = ServiceState.NORMAL) -> ControlRoom:
    return ControlRoom(
        id=RoomId("room"),
        name="The Room",
        services=(Service.FIRE,),
        areas=(),
        buddy=None if buddy is None else RoomId(buddy),
        telephone="01632 960001",
        state=state,
    )


def step(
    outcome: Outcome = Outcome.UNKNOWN,
    at: ControlRoom | None = None,
    at_buddy: bool = False,
    attempts: int = 1,
    waited_s: float = 0.0,
    jitter: float = 0.5,
) -> RetryAt | TryBuddy | Hold:
    return next_step(
        POLICY,
        outcome=outcome,
        room=at or room(),
        at_buddy=at_buddy,
        attempts=attempts,
        waited_s=waited_s,
        now=NOW,
        jitter=jitter,
    )


@given(
    outcome=st.sampled_from(Outcome),
    buddy=st.sampled_from(["buddy", None]),
    state=st.sampled_from(ServiceState),
    at_buddy=st.booleans(),
    attempts=attempts_made,
    waited_s=waits,
    jitter=jitters,
)
def test_every_failure_has_a_next_step_soon_enough(
    outcome: Outcome,
    buddy: str | None,
    state: ServiceState,
    at_buddy: bool,
    attempts: int,
    waited_s: float,
    jitter: float,
) -> None:
    got = step(outcome, room(buddy, state), at_buddy, attempts, waited_s, jitter)
    if isinstance(got, RetryAt):
        assert NOW < got.at <= NOW + timedelta(seconds=POLICY.max_retry_s)
        assert waited_s < (POLICY.buddy_after_s if buddy and not at_buddy else POLICY.hold_after_s)
        assert waited_s + (got.at - NOW).total_seconds() <= POLICY.hold_after_s + 0.1
    elif isinstance(got, TryBuddy):
        assert got.room_id == "buddy"
        assert not at_buddy
    else:
        assert "The Room" in got.reason


@given(jitter=jitters)
def test_a_dead_room_is_tried_again_then_its_buddy_then_a_person(jitter: float) -> None:
    waited_s, attempts, tried = 0.0, 0, 0
    while isinstance(got := step(attempts=attempts + 1, waited_s=waited_s, jitter=jitter), RetryAt):
        waited_s += (got.at - NOW).total_seconds()
        attempts += 1
        tried += 1
    assert isinstance(got, TryBuddy)
    assert waited_s == pytest.approx(POLICY.buddy_after_s, abs=0.11)
    assert tried >= 4
    attempts = 0
    while isinstance(
        got := step(at_buddy=True, attempts=attempts + 1, waited_s=waited_s, jitter=jitter), RetryAt
    ):
        waited_s += (got.at - NOW).total_seconds()
        attempts += 1
    assert isinstance(got, Hold)
    assert waited_s == pytest.approx(POLICY.hold_after_s, abs=0.11)


@given(attempts=attempts_made, jitter=jitters)
def test_back_off_doubles_within_its_spread_and_has_a_ceiling(attempts: int, jitter: float) -> None:
    ideal_s = min(POLICY.max_retry_s, POLICY.first_retry_s * 2 ** min(attempts - 1, 20))
    assert ideal_s / 2 <= back_off_s(POLICY, attempts, jitter) <= ideal_s


def test_jitter_spreads_rooms_that_failed_together() -> None:
    waits_s = {back_off_s(POLICY, 3, jitter / 10) for jitter in range(10)}
    assert len(waits_s) == 10


@pytest.mark.parametrize("outcome", [Outcome.NEVER, Outcome.NO_FEED])
def test_what_cannot_be_sent_goes_to_a_person_at_once(outcome: Outcome) -> None:
    assert isinstance(step(outcome), Hold)


@pytest.mark.parametrize("outcome", PASSING)
def test_everything_else_is_tried_again(outcome: Outcome) -> None:
    assert isinstance(step(outcome), RetryAt)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (ServiceState.NORMAL, RetryAt),
        (ServiceState.MAJOR_INCIDENT, RetryAt),
        (ServiceState.UNSTAFFED, TryBuddy),
        (ServiceState.SCHEDULED_MAINTENANCE, TryBuddy),
        (ServiceState.UNREACHABLE, TryBuddy),
    ],
)
def test_a_room_known_to_be_down_is_not_waited_for(state: ServiceState, kind: type) -> None:
    assert isinstance(step(at=room(state=state)), kind)
    assert isinstance(step(at=room(state=state), at_buddy=True), RetryAt), "a buddy's buddy is no third guess"


def test_holding_names_the_number_to_ring() -> None:
    got = step(at=room(buddy=None), waited_s=181)
    assert isinstance(got, Hold)
    assert "01632 960001" in got.reason


@given(asked=st.integers(min_value=0, max_value=10_000), jitter=jitters)
def test_a_room_that_does_not_decide_is_asked_for_ever(asked: int, jitter: float) -> None:
    wait_s = (next_ask_at(POLICY, asked=asked, now=NOW, jitter=jitter) - NOW).total_seconds()
    assert POLICY.verdict_wait_s / 2 <= wait_s <= POLICY.max_retry_s


def test_secrets_are_checked_all_at_once_and_never_repeated() -> None:
    assert shared_secrets({"a": "x" * 32, "b": "y" * 40 + " " + "z" * 32})["b"] == (b"y" * 40, b"z" * 32)
    with pytest.raises(BadConfiguration) as refused:
        shared_secrets({"a": "hunter2", "b": "", "c": "x" * 32})
    assert len(refused.value.problems) == 2
    assert "hunter2" not in str(refused.value)
