"""Each geocoder's wire format over real HTTP, and what a service that fails comes to."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from intake import metrics
from intake.errors import LookupFailed
from intake.locate.geocoding.guard import Guarded
from intake.location import CallerLocation, ClueKind, LocationSource, Whose
from intake.simulate.geocoder import ALL_PROVIDERS, GeocoderApi
from tests.behind_doors import eventually
from tests.geocoders import HOUSE, geocoder, postcode, question, stand_in, what3words

OSM = "© OpenStreetMap contributors, ODbL 1.0"
LS1_4AP = postcode("LS1 4AP", 53.8010, -1.5510)


@pytest.fixture
async def api() -> AsyncIterator[GeocoderApi]:
    made = stand_in()
    await made.start()
    yield made
    await made.close()


@pytest.fixture(params=ALL_PROVIDERS)
async def service(request: pytest.FixtureRequest, api: GeocoderApi) -> AsyncIterator[Guarded]:
    made = geocoder(api, request.param)
    yield made
    await made.close()


async def ask(api: GeocoderApi, words: str, provider: str = "nominatim") -> tuple[CallerLocation, ...]:
    service = geocoder(api, provider)
    try:
        return await service.find(question(words))
    finally:
        await service.close()


async def failure_of(service: Guarded, words: str = "14 Acacia Avenue Leeds") -> LookupFailed:
    with pytest.raises(LookupFailed) as failed:
        await service.find(question(words))
    return failed.value


def outcomes(provider: str, outcome: str) -> float:
    return metrics.LOOKUPS.labels(provider=provider, outcome=outcome)._value.get()


# -- what is found -----------------------------------------------------------------------------------


async def test_every_provider_finds_a_house_with_its_words_and_its_attribution(service: Guarded) -> None:
    (found,) = await service.find(question("14 Acacia Avenue, Leeds"))
    assert (found.latitude, found.longitude) == (HOUSE.latitude, HOUSE.longitude)
    assert found.source is LocationSource.TEXT_ADDRESS
    assert found.uncertainty_m == 40 and found.confidence_pct == 95
    assert (found.clue, found.clue_start, found.clue_end) == ("14 Acacia Avenue, Leeds", 7, 30)
    assert found.note is not None and found.note.startswith("house: 14")
    attribution = "Contains OS data © Crown copyright" if service.name == "os_places" else OSM
    assert f"found by {service.name}, {attribution}" in found.note


async def test_every_provider_says_that_it_knows_no_such_place(service: Guarded) -> None:
    assert await service.find(question("1 Nowhere Lane, Atlantis")) == ()


@pytest.mark.parametrize("provider", ["nominatim", "photon", "pelias"])
async def test_a_street_and_a_town_get_the_radius_of_what_they_are(api: GeocoderApi, provider: str) -> None:
    (street,) = await ask(api, "Long Street, Leeds", provider)
    assert street.uncertainty_m == pytest.approx(640, abs=5)
    (town,) = await ask(api, "somewhere in Leeds", provider)
    assert town.uncertainty_m == pytest.approx(9_000, rel=0.02)


async def test_a_number_that_is_not_in_their_data_is_only_its_street(service: Guarded) -> None:
    (found,) = await service.find(question("15 14th floor Acacia Avenue, Leeds"))
    assert found.uncertainty_m == 500
    assert "the house number is not in their data, theirs is 14: the street" in (found.note or "")


async def test_of_two_towns_of_one_name_neither_is_chosen(service: Guarded) -> None:
    places = await service.find(question("3 Bridge Street, Newport"))
    assert len(places) == 2
    for place in places:
        assert place.confidence_pct == 47.5 and place.radius_m() > 80
        assert "one of 2 places so named: ask which" in (place.note or "")


async def test_what_is_known_around_tells_two_towns_apart(service: Guarded) -> None:
    fix = CallerLocation(latitude=51.59, longitude=-2.99, uncertainty_m=900)
    (found,) = await service.find(question("3 Bridge Street, Newport", near=fix))
    assert found.latitude == 51.588 and found.confidence_pct == 95
    assert "of 2 places so named the one near what else is known" in (found.note or "")


async def test_a_postcode_in_the_text_that_contradicts_the_house_is_said(service: Guarded) -> None:
    agreed = await service.find(question("14 Acacia Avenue Leeds", postcodes=(LS1_4AP,)))
    assert "one of them is wrong" not in (agreed[0].note or "")
    far = postcode("LS2 7EW", 53.83, -1.50)
    (found,) = await service.find(question("14 Acacia Avenue Leeds", postcodes=(far,)))
    assert "this address has the postcode LS1 4AP, the text says LS2 7EW: one of them is wrong" in (
        found.note or ""
    )
    assert found.confidence_pct == 47.5


async def test_an_answer_without_a_postcode_is_compared_by_distance(api: GeocoderApi) -> None:
    service = geocoder(api, "photon")
    york = postcode("LS1 4AP", 53.801, -1.551)
    (found,) = await service.find(question("9 Mill Lane York", postcodes=(york,)))
    assert "km from the postcode LS1 4AP in the text: one of them is wrong" in (found.note or "")
    await service.close()


async def test_a_reckoned_number_and_a_weak_match_are_wider_and_say_so(api: GeocoderApi) -> None:
    (found,) = await ask(api, "9 Mill Lane York", "pelias")
    assert found.uncertainty_m == 300  # 150 m, doubled
    assert "reckoned from its neighbours" in (found.note or "") and "weak match (0.60" in (found.note or "")


@pytest.mark.parametrize(("rpc", "radius_m"), [("1", 40), ("2", 40), ("4", 500), ("5", 300), ("9", 1000)])
async def test_ordnance_survey_says_how_well_a_point_is_known(
    api: GeocoderApi, rpc: str, radius_m: float
) -> None:
    api.addresses = [msgspec.structs.replace(HOUSE, rpc=rpc)]
    (found,) = await ask(api, "14 Acacia Avenue Leeds", "os_places")
    assert found.uncertainty_m == radius_m


async def test_another_country_is_said_in_words_and_kept(api: GeocoderApi) -> None:
    api.ignores_countries = True
    for provider in ("nominatim", "photon", "pelias"):
        (muff,) = await ask(api, "5 Shore Road Muff", provider)
        assert "this is in Ireland, outside the UK" in (muff.note or "") and muff.uncertainty_m == 40
        (perth,) = await ask(api, "7 Hay Street Perth", provider)
        assert "in Australia, outside the UK and its seas" in (perth.note or "")
        # So wide that it names no place: it cannot win over a phone's wide fix.
        assert perth.uncertainty_m > 14_000_000


async def test_nominatim_is_asked_for_these_islands_only_and_told_who_asks(api: GeocoderApi) -> None:
    assert await ask(api, "7 Hay Street Perth") == ()
    assert api.asked[-1]["countrycodes"] == "gb,ie,im,je,gg"


async def test_whose_place_it_is_goes_with_it(api: GeocoderApi) -> None:
    service = geocoder(api)
    asked = question("14 Acacia Avenue Leeds")
    asked = msgspec.structs.replace(asked, clue=msgspec.structs.replace(asked.clue, whose=Whose.INCIDENT))
    assert (await service.find(asked))[0].whose is Whose.INCIDENT
    await service.close()


# -- what3words --------------------------------------------------------------------------------------


async def three(api: GeocoderApi, text: str) -> tuple[CallerLocation, ...]:
    service = what3words(api)
    try:
        return await service.find(question(text, ClueKind.WHAT3WORDS))
    finally:
        await service.close()


@pytest.mark.parametrize(
    "written",
    ["///index.home.raft", "https://w3w.co/Index.Home.Raft", "index . home。raft"],
)
async def test_three_words_are_their_square_and_the_fix_they_were_read_from(
    api: GeocoderApi, written: str
) -> None:
    (found,) = await three(api, written)
    assert found.source is LocationSource.TEXT_W3W
    assert found.uncertainty_m == pytest.approx(22.1, abs=0.3) and found.confidence_pct == 95
    assert found.note == "near Bayswater, London; found by what3words"


async def test_words_one_letter_away_are_named_and_doubted(api: GeocoderApi) -> None:
    (found,) = await three(api, "///filled.count.soap")
    assert "words one letter away are in Leeds, West Yorkshire (///filled.count.soaps): read them back" in (
        found.note or ""
    )
    assert found.confidence_pct == 75


async def test_a_far_country_is_flagged_and_cannot_win(api: GeocoderApi) -> None:
    (found,) = await three(api, "///daring.lion.race")
    assert "in the country AU, outside the UK and its seas" in (found.note or "")
    assert "ask for the words again" in (found.note or "") and found.uncertainty_m > 14_000_000


async def test_words_of_no_square_are_refused_for_good_and_never_guessed(api: GeocoderApi) -> None:
    service = what3words(api, rest_after_failures=1)
    for text in ("///filed.count.soap", "///only.two"):
        with pytest.raises(LookupFailed) as refused:
            await service.find(question(text, ClueKind.WHAT3WORDS))
        assert refused.value.permanent
    assert service.may_ask  # bad words are no fault of the service
    await service.close()


async def test_without_its_suggestions_a_square_is_still_a_square(api: GeocoderApi) -> None:
    api.trouble_of_suggestions = "error"
    (found,) = await three(api, "///filled.count.soap")
    assert "which words are one letter away was not told" in (found.note or "")


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("quota", "the service says: our quota is used up"),
        ("refuse_key", "the service refuses our key"),
        ("too_many", "the service says: too many questions"),
    ],
)
async def test_a_used_up_quota_or_a_refused_key_is_left_alone_at_once(
    api: GeocoderApi, trouble: str, reason: str
) -> None:
    api.trouble, service = trouble, what3words(api)
    with pytest.raises(LookupFailed) as failed:
        await service.find(question("///filled.count.soap", ClueKind.WHAT3WORDS))
    assert failed.value.reason == reason and failed.value.retry_after_s >= 30
    assert service.may_ask == 0
    await service.close()


# -- what fails --------------------------------------------------------------------------------------


TROUBLES = {
    "error": "failed",
    "garbage": "failed",
    "html": "failed",
    "odd_shape": "garbage",
    "too_many": "rate_limited",
    "refuse_key": "refused_key",
    "quota": "quota",
    "endless": "failed",
    "redirect": "failed",
    "cut_off": "failed",
}
"""What is done to a question, and what the metrics call it."""


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_no_answer_of_a_service_is_more_than_a_failed_lookup(
    api: GeocoderApi, service: Guarded, trouble: str
) -> None:
    api.trouble = trouble
    asked_before, counted = len(api.asked), outcomes(service.name, TROUBLES[trouble])
    failure = await failure_of(service)
    assert not failure.permanent
    assert outcomes(service.name, TROUBLES[trouble]) == counted + 1
    assert "acacia" not in str(failure).lower() and "acacia" not in repr(failure).lower()
    assert len(api.asked) == asked_before + 1  # a redirect was not followed
    assert failure.__cause__ is None and failure.__suppress_context__


ODD = (
    None,
    "",
    "x",
    "NaN",
    -1,
    1e308,
    91,
    [],
    {},
    [[]],
    {"x": None},
    True,
    "\udc80",
    "\x1b[2J\n",
    "a" * 100_000,
    "9" * 400,
    float("nan"),
)


def spoilt(answer: Any, chance: random.Random) -> Any:
    """The answer with one of its values replaced, left out or doubled."""
    path: list[tuple[Any, Any]] = []
    here = answer
    while isinstance(here, dict | list) and here and (not path or chance.random() < 0.85):
        key = chance.choice(list(here) if isinstance(here, dict) else range(len(here)))
        path.append((here, key))
        here = here[key]
    if not path:
        return chance.choice(ODD)
    container, key = path[-1]
    if isinstance(container, list) and chance.random() < 0.2:
        container.append(container[key])
    elif chance.random() < 0.3:
        del container[key]
    else:
        container[key] = chance.choice(ODD)
    return answer


@pytest.mark.parametrize("name", [*ALL_PROVIDERS, "what3words"])
async def test_whatever_is_wrong_in_an_answer_it_is_a_place_or_a_failed_lookup(
    api: GeocoderApi, name: str
) -> None:
    chance = random.Random(20260301)
    api.spoil = lambda answer: spoilt(answer, chance)
    asked, how = "3 Bridge Street, Newport", {"rest_after_failures": 10_000, "cache_answers": 1}
    if name == "what3words":
        asked, service = "///filled.count.soap", what3words(api, **how)
    else:
        service = geocoder(api, name, **how)
    failed = found = 0
    for number in range(250):
        kind = ClueKind.WHAT3WORDS if name == "what3words" else ClueKind.ADDRESS
        words = asked if kind is ClueKind.WHAT3WORDS else f"{asked} {number % 9}"
        service._cache.clear()
        try:
            places = await service.find(question(words, kind))
        except LookupFailed:
            failed += 1
            continue
        found += 1
        for place in places:
            assert (place.note or "").isprintable() and len(place.note or "") <= 1000
            assert -90 <= place.latitude <= 90 and -180 <= place.longitude <= 180
            assert math.isfinite(place.uncertainty_m) and place.uncertainty_m >= 20
            assert 0 < place.confidence_pct <= 95
            msgspec.json.encode(place)  # it can be stored
    assert failed > 10 and found > 10
    await service.close()


async def test_one_that_hangs_is_given_up_in_time(api: GeocoderApi) -> None:
    api.trouble, service = "hang", geocoder(api, timeout_s=0.2)
    started = time.monotonic()
    failure = await failure_of(service)
    assert failure.reason == "no answer in time" and time.monotonic() - started < 15
    await service.close()


async def test_one_that_is_not_there(api: GeocoderApi) -> None:
    service = geocoder(api, base_url="http://127.0.0.1:9")
    assert (await failure_of(service)).reason == "the service cannot be reached"
    await service.close()


async def test_after_so_many_failures_it_is_left_alone_and_then_tried_once(api: GeocoderApi) -> None:
    now_s = 1000.0
    service = geocoder(api, monotonic=lambda: now_s, rest_after_failures=3, rest_s=30)
    api.trouble = "error"
    with capture_logs() as logs:
        for _ in range(3):
            assert service.may_ask == 2
            await failure_of(service)
    assert [line["event"] for line in logs] == ["lookups_rest"]
    assert service.may_ask == 0
    assert metrics.LOOKUPS_RESTING.labels(provider="nominatim")._value.get() == 1
    asked = len(api.asked)
    assert (await failure_of(service)).retry_after_s == 30
    assert len(api.asked) == asked  # it was not asked

    now_s += 31
    assert service.may_ask == 1
    await failure_of(service)
    assert service.may_ask == 0
    now_s += 31
    api.trouble = ""
    assert await service.find(question("14 Acacia Avenue Leeds"))
    assert service.may_ask == 2
    assert metrics.LOOKUPS_RESTING.labels(provider="nominatim")._value.get() == 0
    await service.close()


async def test_a_cancelled_question_is_neither_a_failure_nor_a_success(api: GeocoderApi) -> None:
    now_s = 1000.0
    service = geocoder(api, monotonic=lambda: now_s, rest_after_failures=1, rest_s=30, timeout_s=5)
    api.trouble = "error"
    await failure_of(service)
    now_s, api.trouble = 1031.0, "hang"
    trying = asyncio.create_task(service.find(question("14 Acacia Avenue Leeds")))

    async def is_asked() -> bool:
        return api.under_way == 1

    await eventually(is_asked)
    assert service.may_ask == 0  # one tries, nobody else
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    assert service.may_ask == 1
    api.trouble = ""
    await service.find(question("14 Acacia Avenue Leeds"))
    await service.close()


# -- cache and rate ----------------------------------------------------------------------------------


async def test_answers_are_kept_for_a_while_and_so_is_that_there_is_none(api: GeocoderApi) -> None:
    now_s = 1000.0
    service = geocoder(api, monotonic=lambda: now_s, cache_found_s=60, cache_nothing_s=10)
    for text in ("14 Acacia Avenue, Leeds", "14  ACACIA avenue, leeds", "1 Nowhere Lane, Atlantis"):
        await service.find(question(text))
    assert len(api.asked) == 2
    await service.find(question("1 Nowhere Lane, Atlantis"))
    assert len(api.asked) == 2
    now_s += 11
    await service.find(question("1 Nowhere Lane, Atlantis"))
    await service.find(question("14 Acacia Avenue, Leeds"))
    assert len(api.asked) == 3
    now_s += 61
    await service.find(question("14 Acacia Avenue, Leeds"))
    assert len(api.asked) == 4
    await service.close()


async def test_the_cache_is_bounded_and_failures_are_not_in_it(api: GeocoderApi) -> None:
    service = geocoder(api, cache_answers=5)
    for number in range(20):
        await service.find(question(f"{number} Nowhere Lane, Atlantis"))
    assert len(service._cache) == 5
    api.trouble = "error"
    await failure_of(service)
    api.trouble = ""
    assert await service.find(question("14 Acacia Avenue Leeds"))
    await service.close()


async def test_a_known_answer_gets_the_doubts_of_its_own_question(api: GeocoderApi) -> None:
    service = geocoder(api)
    near = postcode("LS1 4AP", 53.8010, -1.5510)
    other = postcode("LS2 7EW", 53.8011, -1.5511)
    (first,) = await service.find(question("14 Acacia Avenue Leeds", postcodes=(near,)))
    (second,) = await service.find(question("14 Acacia Avenue Leeds", postcodes=(other,)))
    assert len(api.asked) == 1
    assert "is wrong" not in (first.note or "") and "is wrong" in (second.note or "")
    await service.close()


async def test_no_more_is_asked_than_the_rate_and_the_places_allow(api: GeocoderApi) -> None:
    service = geocoder(api, requests_per_s=5, at_once=3)
    assert service.may_ask == 3
    started = time.monotonic()
    await asyncio.gather(*(service.find(question(f"{n} Nowhere Lane")) for n in range(8)))
    assert time.monotonic() - started > 0.5  # five at once, three more at five a second
    assert service.may_ask <= 1
    await service.close()


async def test_three_words_cost_two_requests_of_the_rate(api: GeocoderApi) -> None:
    service = what3words(api, requests_per_s=4, at_once=5)
    assert service.may_ask == 2
    await service.find(question("///index.home.raft", ClueKind.WHAT3WORDS))
    assert [one["path"] for one in api.asked] == ["/v3/convert-to-coordinates", "/v3/autosuggest"]
    assert service.may_ask == 1
    await service.close()


# -- nobody's address in logs or figures ---------------------------------------------------------------


async def test_neither_logs_nor_metrics_hold_an_address_or_a_key(
    api: GeocoderApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        for provider in ALL_PROVIDERS:
            service = geocoder(api, provider, rest_after_failures=1)
            await service.find(question("14 Acacia Avenue Leeds"))
            api.trouble = "error"
            await failure_of(service, "15 Acacia Avenue Leeds")
            api.trouble = ""
            await service.close()
    said = caplog.text + repr(logs) + generate_latest(metrics.REGISTRY).decode()
    assert "lookups_rest" in said  # something was said
    assert "acacia" not in said.lower() and "stand-in-key" not in said
