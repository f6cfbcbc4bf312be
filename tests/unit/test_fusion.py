"""One answer of many hypotheses: laws over any input, each with a wrong fusion that must break it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from intake.locate.contradictions import tie_key
from intake.locate.fusion import Answer, Fusion, fuse, weighed_radius_m
from intake.locate.shape_circle import WGS84
from intake.location import CallerLocation, LocationSource, Whose

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
S = LocationSource
LEEDS = CallerLocation(latitude=53.7955, longitude=-1.5557, uncertainty_m=20, positioned_at=NOW)


def place(base: CallerLocation = LEEDS, **changes: Any) -> CallerLocation:
    return msgspec.structs.replace(base, **changes)


_numbers = st.sampled_from([53.79, 53.8, 53.81, 50.5, 90.0, -90.0])
_broken = st.sampled_from([math.nan, math.inf, -math.inf, 91.0, 999.0])
_ages = st.sampled_from([None, *(NOW - timedelta(seconds=s) for s in (-3600, 0, 20, 60, 600, 9000))])
_places = st.builds(
    CallerLocation,
    latitude=_numbers,
    longitude=st.sampled_from([-1.5, -1.51, -1.55, 179.9999, -179.9999, 0.0]),
    uncertainty_m=st.sampled_from([0.0, 10.0, 90.0, 500.0, 20_000.0, 900_000.0]),
    confidence_pct=st.sampled_from([0.0, 38.0, 68.0, 95.0, 99.0, 100.0]),
    source=st.sampled_from([one for one in S if one is not S.HANDLER]),
    positioned_at=_ages,
    clue=st.sampled_from([None, "Newport"]),
    clue_start=st.sampled_from([None, 3]),
    whose=st.sampled_from(Whose),
)
_anything = st.one_of(
    _places,
    _places.map(lambda one: place(one, source=S.HANDLER)),
    st.builds(lambda one, bad: place(one, latitude=bad), _places, _broken),
    st.builds(lambda one, bad: place(one, uncertainty_m=-bad), _places, _broken),
    _places.map(lambda one: place(one, confidence_pct=math.nan)),
)
Fuse = Callable[[Iterable[CallerLocation], datetime], Fusion]


def key(fusion: Fusion) -> bytes:
    return msgspec.json.encode(fusion)


# -- the laws ------------------------------------------------------------------------------------------


def order_matters(fusing: Fuse, places: list[CallerLocation], seed: int) -> bool:
    shuffled = random.Random(seed).sample(places, len(places))
    return key(fusing(places, NOW)) != key(fusing(shuffled, NOW))


def counts_twice(fusing: Fuse, places: list[CallerLocation]) -> bool:
    once = fusing(places, NOW)
    if key(fusing([*places, *places], NOW)) != key(once):
        return True
    answers = list(once.used)
    again = fusing(answers, NOW)
    return {tie_key(one) for one in again.used} != {tie_key(one) for one in answers}


def worse_made_surer(fusing: Fuse, places: list[CallerLocation], another: CallerLocation) -> bool:
    """Whether a hypothesis worse than an answer made that answer, or one in its stead, more certain."""
    before, after = fusing(places, NOW), fusing([*places, another], NOW)
    for was, now in ((before.caller, after.caller), (before.incident, after.incident)):
        if was is None or weighed_radius_m(another, NOW) <= was.weighed_m:
            continue
        if now is None:
            continue  # nothing is known any more: that is not more certain
        if now.weighed_m < was.weighed_m or (now.place == was.place and now.radius_m < was.radius_m):
            return True
    return False


@settings(deadline=None)
@given(places=st.lists(_anything, max_size=7), seed=st.integers(0, 99))
def test_the_order_of_arrival_does_not_matter(places: list[CallerLocation], seed: int) -> None:
    assert not order_matters(fuse, places, seed)


@settings(deadline=None)
@given(places=st.lists(_anything, max_size=6))
def test_fusing_again_changes_nothing(places: list[CallerLocation]) -> None:
    assert not counts_twice(fuse, places)


@settings(deadline=None, max_examples=200)
@given(places=st.lists(_places, min_size=1, max_size=6), another=_places)
def test_a_worse_hypothesis_never_makes_the_answer_more_certain(
    places: list[CallerLocation], another: CallerLocation
) -> None:
    assert not worse_made_surer(fuse, places, another)


@settings(deadline=None)
@given(places=st.lists(_anything, max_size=6))
def test_every_hypothesis_answers_or_is_set_aside_with_a_reason(places: list[CallerLocation]) -> None:
    """Total over broken input: nothing raises, nothing is lost, no answer is no place."""
    fusion = fuse(places, NOW)
    told = [tie_key(one) for one in fusion.used] + [tie_key(one.place) for one in fusion.set_aside]
    assert sorted(told) == sorted({tie_key(one) for one in places})
    assert all(one.why.en and one.why.cy for one in fusion.set_aside)
    for answer in (fusion.caller, fusion.incident):
        if answer is not None:
            assert any(answer.place is one for one in places)
            assert abs(answer.place.latitude) <= 90 and answer.radius_m >= 0
    assert (fusion.best is None) == (fusion.place_now is None)


@settings(deadline=None)
@given(places=st.lists(_places, max_size=6), chosen=_places, later_s=st.integers(1, 9))
def test_a_handlers_latest_choice_outranks_all(
    places: list[CallerLocation], chosen: CallerLocation, later_s: int
) -> None:
    first = place(chosen, source=S.HANDLER, positioned_at=NOW, uncertainty_m=1.0, whose=Whose.UNSAID)
    last = place(first, latitude=52.0, uncertainty_m=9_000.0, positioned_at=NOW + timedelta(seconds=later_s))
    fusion = fuse([last, *places, first], NOW + timedelta(seconds=20))
    assert fusion.best is not None and fusion.best.place is last
    assert fusion.best.why.en == "chosen by a handler"
    assert fusion.apart_m is None  # a person chose for both


@settings(deadline=None)
@given(places=st.lists(_places, max_size=5), later_s=st.floats(0, 1e6))
def test_age_never_narrows_an_answer(places: list[CallerLocation], later_s: float) -> None:
    """The same hypothesis is never surer later; another may answer instead, but none surer than it was."""
    before, after = fuse(places, NOW), fuse(places, NOW + timedelta(seconds=later_s))
    if before.caller and after.caller and before.caller.place == after.caller.place:
        assert after.caller.weighed_m >= before.caller.weighed_m


# -- negative controls: a wrong fusion breaks each law ---------------------------------------------------


def narrowing(places: Iterable[CallerLocation], now: datetime) -> Fusion:
    """Agreement taken for independence: every further hypothesis makes the circle smaller."""
    known = list(places)
    fusion = fuse(known, now)
    return msgspec.structs.replace(
        fusion, caller=_narrowed(fusion.caller, len(known)), incident=_narrowed(fusion.incident, len(known))
    )


def _narrowed(answer: Answer | None, count: int) -> Answer | None:
    if answer is None:
        return None
    less = math.sqrt(count)
    return msgspec.structs.replace(answer, radius_m=answer.radius_m / less, weighed_m=answer.weighed_m / less)


def last_come(places: Iterable[CallerLocation], now: datetime) -> Fusion:
    """Whoever speaks last is believed."""
    return fuse(list(places)[-1:], now)


def naming(places: Iterable[CallerLocation], now: datetime) -> Fusion:
    """The first of several Newports is taken."""
    return fuse([place(one, clue_start=None) for one in places], now)


_lists = st.lists(_places, min_size=2, max_size=4)
SEARCH = settings(max_examples=600, deadline=None, database=None, phases=[Phase.generate])


@pytest.mark.parametrize(
    "broken",
    [
        lambda one: order_matters(last_come, one, 1),
        lambda one: worse_made_surer(narrowing, one[:-1], one[-1]),
        lambda one: counts_twice(narrowing, one),
    ],
)
def test_a_wrong_fusion_breaks_the_laws(broken: Callable[[list[CallerLocation]], bool]) -> None:
    try:
        find(
            _lists,
            broken,
            settings=settings(max_examples=600, deadline=None, database=None, phases=[Phase.generate]),
        )
    except NoSuchExample:
        pytest.fail("the law cannot tell a wrong fusion from a right one")


# -- whose place -----------------------------------------------------------------------------------------

FIRE = place(
    latitude=53.8500, source=S.TEXT_POSTCODE, uncertainty_m=150, clue="LS16 1AA", whose=Whose.INCIDENT
)


def test_the_incidents_place_is_acted_on_where_one_is_known() -> None:
    fusion = fuse([LEEDS, FIRE], NOW)
    assert fusion.caller is not None and fusion.caller.place is LEEDS
    assert fusion.best is not None and fusion.best.place is FIRE and fusion.acts_on is Whose.INCIDENT
    assert fusion.apart_m == pytest.approx(6_060, rel=0.01) and fusion.in_doubt
    assert fusion.contradictions == ()  # different things do not contradict each other
    assert [said.en for said in fusion.warnings] == ["the incident's place is 6.1 km from the caller's own"]
    assert "6.1 km" in fusion.warnings[0].cy


def test_without_an_incidents_place_the_callers_is_acted_on() -> None:
    fusion = fuse([LEEDS], NOW)
    assert fusion.acts_on is Whose.CALLER and not fusion.in_doubt
    assert fuse([], NOW).acts_on is Whose.UNSAID and fuse([], NOW).place_now is None


def test_a_caller_beside_the_incident_is_no_doubt() -> None:
    near = place(FIRE, latitude=53.7965)
    assert fuse([LEEDS, near], NOW).apart_m is None
    assert not fuse([LEEDS, near], NOW).in_doubt


def test_the_wider_place_the_caller_is_in_says_no_more_than_the_callers_own() -> None:
    """ "Fire in Leeds" from a phone in Leeds: act on the phone's fix. A place of its own stays one."""
    leeds = place(FIRE, latitude=53.7997, source=S.TEXT_PLACE, uncertainty_m=8_000, clue="Leeds")
    fusion = fuse([LEEDS, leeds], NOW)
    assert fusion.best is not None and fusion.best.place is LEEDS and fusion.acts_on is Whose.CALLER
    assert fusion.incident is not None and fusion.incident.place is leeds  # shown all the same
    assert not fusion.in_doubt
    for own in (
        place(leeds, uncertainty_m=400),  # the phone is beside it, not in it
        place(leeds, latitude=53.90, uncertainty_m=8_000),  # another town
        place(leeds, source=S.HANDLER),  # a person's choice
    ):
        chosen = fuse([LEEDS, own], NOW)
        assert chosen.best is not None and chosen.best.place is own
    rough = place(LEEDS, uncertainty_m=30_000)
    chosen = fuse([rough, leeds], NOW)
    assert chosen.best is not None and chosen.best.place is leeds  # the phone knows less


def test_a_handler_may_place_the_caller_alone() -> None:
    said = place(latitude=52.0, source=S.HANDLER, whose=Whose.CALLER)
    fusion = fuse([LEEDS, FIRE, said], NOW)
    assert fusion.caller is not None and fusion.caller.place is said
    assert fusion.best is not None and fusion.best.place is FIRE


# -- names that mean several places ------------------------------------------------------------------------


def newports() -> list[CallerLocation]:
    clue = {
        "source": S.TEXT_PLACE,
        "clue": "Newport",
        "clue_start": 5,
        "clue_end": 12,
        "uncertainty_m": 3_000.0,
    }
    where = [(51.588, -2.998), (50.701, -1.291), (52.769, -2.379)]
    return [place(latitude=lat, longitude=lon, **clue) for lat, lon in where]


def test_an_ambiguous_name_is_never_guessed() -> None:
    fusion = fuse(newports(), NOW)
    assert fusion.best is None
    assert {one.why.en for one in fusion.set_aside} == {
        "one of 3 places these words may mean, and nothing says which"
    }
    assert fusion.contradictions == ()  # alternatives of each other
    assert naming(newports(), NOW).best is not None  # negative control


def test_another_source_singles_one_out_and_lends_no_certainty() -> None:
    cell = place(latitude=51.6, longitude=-3.0, uncertainty_m=9_000)
    fusion = fuse([*newports(), cell], NOW)
    assert fusion.caller is not None and fusion.caller.place.latitude == 51.588
    assert fusion.caller.weighed_m == pytest.approx(9_000)
    assert "another source agrees" in fusion.caller.why.en
    assert fusion.contradictions == ()


def test_a_fix_far_from_every_newport_contradicts_the_name() -> None:
    (told,) = fuse([*newports(), LEEDS], NOW).contradictions
    assert told.said.en.startswith("the typed place (Newport) is 12") and "the phone's fix" in told.said.en


# -- calibration -----------------------------------------------------------------------------------------

TRUTH = (53.7955, -1.5557)
Circle = tuple[float, float, float]


def held_pct(shared: float, circle_of: Callable[[list[CallerLocation]], Circle]) -> float:
    """How often the truth lies within the circle, over 1,000 callers with three fixes of one phone each.

    ``shared`` is the part of their variance that the fixes have in common: the same sky, the same walls.
    """
    chance, held = random.Random(7), 0
    for _ in range(1_000):
        common = [chance.gauss(0, math.sqrt(shared)) for _ in range(2)]
        fixes = [_fix(chance, shared, common, source) for source in (S.DEVICE, S.AML, S.LINK)]
        latitude, longitude, radius_m = circle_of(fixes)
        _, _, off_m = WGS84.inv(longitude, latitude, TRUTH[1], TRUTH[0])
        held += off_m <= radius_m
    return held / 10


def _fix(chance: random.Random, shared: float, common: list[float], source: S) -> CallerLocation:
    sigma_m = chance.choice([5.0, 12.0, 60.0])
    east, north = (sigma_m * (part + chance.gauss(0, math.sqrt(1 - shared))) for part in common)
    longitude, latitude, _ = WGS84.fwd(TRUTH[1], TRUTH[0], 90, east)
    longitude, latitude, _ = WGS84.fwd(longitude, latitude, 0, north)
    true_68_m = sigma_m * math.sqrt(-2 * math.log(0.32))
    return place(
        latitude=latitude, longitude=longitude, uncertainty_m=true_68_m, confidence_pct=68, source=source
    )


def answered(fixes: list[CallerLocation]) -> Circle:
    best = fuse(fixes, NOW).best
    assert best is not None
    return best.place.latitude, best.place.longitude, best.radius_m


def pooled(fixes: list[CallerLocation]) -> Circle:
    """What a text book makes of independent fixes: their weighed mean, with a smaller circle."""
    weights = [1 / one.radius_m() ** 2 for one in fixes]
    latitude = sum(one.latitude * weight for one, weight in zip(fixes, weights, strict=True)) / sum(weights)
    longitude = sum(one.longitude * weight for one, weight in zip(fixes, weights, strict=True)) / sum(weights)
    return latitude, longitude, 1 / math.sqrt(sum(weights))


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.9])
def test_the_answers_circle_holds_the_truth_as_often_as_it_says(shared: float) -> None:
    assert 94.0 <= held_pct(shared, answered) <= 98.5


def test_a_circle_narrowed_by_agreement_would_not() -> None:
    """Why agreement narrows nothing, and the negative control of the calibration above."""
    assert held_pct(0.0, pooled) >= 94.0  # right only for errors that have nothing in common
    assert held_pct(0.9, pooled) < 90.0
