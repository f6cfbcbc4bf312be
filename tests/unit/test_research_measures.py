"""Each research definition by itself, with figures worked by hand."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from intake.research import measures
from intake.research.measures import Fix, Moments, Step, Wait

T1 = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
LATER = T1 + timedelta(hours=2)


def at(seconds: float) -> datetime:
    return T1 + timedelta(seconds=seconds)


def test_each_wait_is_the_difference_of_its_two_moments() -> None:
    moments = Moments(
        received_at=T1,
        stored_at=at(0.02),
        claimed_at=at(12),
        first_reply_at=at(31),
        routed_at=at(40),
        accepted_at=at(56),
        closed_at=at(600),
    )
    assert measures.time_to_acknowledge(moments) == Wait(0.02, True)
    assert measures.time_to_answer(moments, LATER) == Wait(12, True)
    assert measures.time_to_first_human_reply(moments, LATER) == Wait(31, True)
    assert measures.hand_over(moments, LATER) == Wait(16, True)


def test_what_has_not_happened_is_censored_at_close_or_at_the_reading() -> None:
    waiting = Moments(received_at=T1)
    closed = Moments(received_at=T1, closed_at=at(900))
    assert measures.time_to_answer(waiting, LATER) == Wait(7200, False)
    assert measures.time_to_answer(closed, LATER) == Wait(900, False)
    assert measures.time_to_first_human_reply(closed, LATER) == Wait(900, False)
    assert measures.time_to_acknowledge(waiting) is None
    assert measures.hand_over(waiting, LATER) is None
    routed = Moments(received_at=T1, routed_at=at(10))
    assert measures.hand_over(routed, at(25)) == Wait(15, False)


def test_what_happened_after_the_close_is_censored_at_the_close() -> None:
    assert measures.time_to_answer(Moments(received_at=T1, claimed_at=at(950), closed_at=at(900)), LATER) == (
        900,
        False,
    )


@pytest.mark.parametrize(
    ("radius_m", "expected"), [(50, Wait(900, False)), (100, Wait(18, True)), (1000, Wait(0, True))]
)
def test_time_to_location_is_the_first_fix_good_enough(radius_m: float, expected: Wait) -> None:
    moments = Moments(received_at=T1, closed_at=at(900))
    fixes = [Fix(at(40), 90), Fix(at(18), 100), Fix(at(-5), 800), Fix(at(1000), 10)]
    assert measures.time_to_location(moments, fixes, radius_m, LATER) == expected


@pytest.mark.parametrize(
    ("wait", "band"),
    [
        (Wait(0, True), "10 s or less"),
        (Wait(10, True), "10 s or less"),
        (Wait(10.01, True), "over 10 s to 60 s"),
        (Wait(60, True), "over 10 s to 60 s"),
        (Wait(60.5, True), "over 60 s"),
        (Wait(5, False), "not answered"),
    ],
)
def test_police_bands_meet_at_ten_and_sixty_seconds(wait: Wait, band: str) -> None:
    assert measures.police_band(wait) == band
    assert band in measures.POLICE_BANDS


@pytest.mark.parametrize(
    ("radius_m", "band"),
    [
        (50, "50 m or less"),
        (50.1, "over 50 m to 100 m"),
        (100, "over 50 m to 100 m"),
        (1000, "over 100 m to 1 km"),
        (1001, "over 1 km"),
        (None, "no location"),
    ],
)
def test_radius_bands(radius_m: float | None, band: str) -> None:
    assert measures.radius_band(radius_m) == band
    assert band in measures.RADIUS_BANDS


def test_ofcom_intervals_start_on_the_quarter_hour() -> None:
    assert measures.answer_speed_interval(T1 + timedelta(minutes=44, seconds=59, microseconds=1)) == (
        T1 + timedelta(minutes=30)
    )


def test_mean_and_nearest_rank_percentiles() -> None:
    values = [15, 20, 35, 40, 50]
    assert measures.mean(values) == 32
    # The nearest-rank example of the textbooks: ranks ⌈0.05·5⌉, ⌈0.3·5⌉, ⌈0.4·5⌉, ⌈0.5·5⌉, ⌈1·5⌉.
    assert [measures.percentile(values, q) for q in (0.05, 0.3, 0.4, 0.5, 1)] == [15, 20, 20, 35, 50]
    assert [measures.percentile(range(1, 101), q) for q in measures.QUANTILES] == [50, 90, 95, 99]


REMISSION = [
    *[Wait(6, True)] * 3,
    *(Wait(weeks, True) for weeks in (7, 10, 13, 16, 22, 23)),
    *(Wait(weeks, False) for weeks in (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)),
]
"""Remission times in weeks, 6-MP arm (Freireich et al. 1963): the worked example of the textbooks."""


def test_kaplan_meier_is_the_hand_worked_textbook_example() -> None:
    steps = measures.kaplan_meier(REMISSION)
    # 18/21, ×16/17, ×14/15, ×11/12, ×10/11, ×6/7, ×5/6
    assert [step.seconds for step in steps] == [6, 7, 10, 13, 16, 22, 23]
    assert [round(step.waiting, 4) for step in steps] == [
        0.8571,
        0.8067,
        0.7529,
        0.6902,
        0.6275,
        0.5378,
        0.4482,
    ]
    assert measures.waited_by(steps, 0.5) == 23
    assert measures.waited_by(steps, 0.9) is None


def test_dropping_the_censored_waits_would_flatter() -> None:
    ended = [wait.seconds for wait in REMISSION if wait.ended]
    median = measures.waited_by(measures.kaplan_meier(REMISSION), 0.5)
    assert median is not None and measures.percentile(ended, 0.5) < median


def test_restricted_mean_is_the_area_under_the_curve() -> None:
    steps = measures.kaplan_meier([Wait(2, True), Wait(4, False), Wait(6, True), Wait(9, False)])
    assert steps == [Step(2, 0.75), Step(6, 0.375)]
    assert measures.restricted_mean(steps, 9) == 2 * 1 + 4 * 0.75 + 3 * 0.375
    assert measures.restricted_mean(steps, 5) == 2 * 1 + 3 * 0.75


@pytest.mark.parametrize("seed", range(20))
def test_without_censoring_kaplan_meier_is_the_plain_statistics(seed: int) -> None:
    values = [float(random.Random(seed + i).randrange(200)) for i in range(150)]
    steps = measures.kaplan_meier(Wait(value, True) for value in values)
    for quantile in measures.QUANTILES:
        assert measures.waited_by(steps, quantile) == measures.percentile(values, quantile)
    assert measures.restricted_mean(steps, max(values)) == pytest.approx(measures.mean(values))
