"""Services beside the one asked for: what adds them, and every trap that must not."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from intake.control_room import ASKED, Service
from intake.errors import BadConfiguration
from intake.location import CallerLocation
from intake.triage import check_added, load_added, load_triage, suggest_service
from intake.triage.added import AddedServices
from intake.triage.phrase_match import Negation
from tests.desk import CONFIG, register

ADDED = load_added(CONFIG)
RAIL, MOUNTAIN, CAVE, LOWLAND, COAST = (
    Service.RAIL_POLICE,
    Service.MOUNTAIN_RESCUE,
    Service.CAVE_RESCUE,
    Service.LOWLAND_RESCUE,
    Service.COASTGUARD,
)

ADDS = [
    (RAIL, "a man is being attacked on the train to leeds"),
    (RAIL, "someone on the track near the bridge"),
    (RAIL, "platform 9, he has a knife"),
    (RAIL, "assault at kings cross platform 4"),
    (RAIL, "van hit the railway bridge"),
    (RAIL, "Kids throwing stones at trains"),
    (RAIL, "car stuck on a level crossing"),
    (RAIL, "she collapsed in the carriage, coach C"),
    (RAIL, "fight on the tube"),
    (RAIL, "smoke at the train station"),
    (RAIL, "child fell between the train and the platform"),
    (RAIL, "person walking along the railway line"),
    (RAIL, "mae dyn ar y cledrau"),
    (RAIL, "ymosod ar y trên i Gaerdydd"),
    (RAIL, "rhywun ar y rheilffordd"),
    (RAIL, "dw i ar y platfform"),
    (RAIL, "rwy yn yr orsaf drenau"),
    (MOUNTAIN, "we are stuck on crib goch"),
    (MOUNTAIN, "my friend fell on the mountain and cannot walk"),
    (MOUNTAIN, "climber hanging off the crag"),
    (MOUNTAIN, "lost near the summit in cloud"),
    (MOUNTAIN, "avalanche in the gully"),
    (MOUNTAIN, "hillwalker with a broken ankle"),
    (MOUNTAIN, "we need mountain rescue"),
    (MOUNTAIN, "dan ni'n sownd ar y mynydd"),
    (MOUNTAIN, "wedi syrthio ar yr wyddfa"),
    (CAVE, "two cavers overdue"),
    (CAVE, "he fell down a mineshaft"),
    (CAVE, "trapped in a cave, water rising"),
    (CAVE, "potholing party stuck"),
    (CAVE, "mae o yn yr ogof"),
    (LOWLAND, "my dad has dementia and has wandered off"),
    (LOWLAND, "my son has gone missing from the campsite"),
    (LOWLAND, "we are lost in the woods"),
    (LOWLAND, "mam ar goll ers y bore"),
    (COAST, "dog walker stuck in the mud"),
    (COAST, "someone over the cliff"),
    (COAST, "cut off by the tide"),
    (COAST, "plentyn ar y traeth"),
]

TRAPS = [
    "sorry I lost my train of thought",
    "I am training for a marathon and my chest hurts",
    "my trainer collapsed in the gym",
    "he stole my trainers",
    "I train at the gym in town",
    "we were going to train the dog",
    "my life is a train wreck",
    "the toy train is on fire",
    "everything is on track",
    "we are back on track",
    "I lost track of time",
    "he has a track record of violence",
    "he is wearing a track suit",
    "he is in a tracksuit",
    "crash at the race track",
    "crash on the test track",
    "i need to train my dog, it bit someone",
    "there is a mountain of rubbish on fire",
    "she collapsed on the running track",
    "tractor overturned on the farm track",
    "please track my phone",
    "police should track him down",
    "he hit me because of the sound track",
    "I was scammed on a trading platform",
    "fell off her platform shoes",
    "blackmail on a social media platform",
    "explosion on the oil platform",
    "his feeding tube came out",
    "test tube of acid broke",
    "fire on the dual carriageway",
    "someone stole my mountain bike",
    "I have a mountain of debt and want to die",
    "fire in Mountain Ash",
    "child fell off the climbing frame",
    "he fell over and hit his head",
    "the roof is about to cave in",
    "he is in his man cave and won't come out",
    "the ceiling caved in",
    "car hit a pothole",
    "nick cave concert, fight outside",
    "my phone is missing",
    "my cat has gone missing",
    "I miss my mum",
    "parcel went missing from the porch",
    "fight at Beach Road",
    "can you tide me over",
    "not on a train, I am in a car",
    "there is no train here",
    "help me please",
    "mae fy ffôn ar goll",
    "someone nicked my beic mynydd",
    "the bus is on fire",
    "I tripped on the stairs",
    "ambulance please my husband is not breathing",
]


def suggested(text: str, where: str = "unknown", country: str = "") -> set[Service]:
    return {one.service for one in ADDED.suggest([text], where, country)}


@pytest.mark.parametrize(("service", "text"), ADDS, ids=[text for _, text in ADDS])
def test_words_add_a_service(service: Service, text: str) -> None:
    assert service in suggested(text)


@pytest.mark.parametrize("text", TRAPS)
def test_traps_add_nothing(text: str) -> None:
    assert suggested(text) == set()


def test_without_its_ignored_phrases_the_traps_spring() -> None:
    """Negative control of the list of traps."""
    bare = AddedServices([msgspec.structs.replace(rule, ignored={}) for rule in ADDED.rules], Negation())
    sprung = [text for text in TRAPS if bare.suggest([text], "unknown", "")]
    assert len(sprung) >= 25


def test_every_suggestion_says_why() -> None:
    (one,) = ADDED.suggest(["he is on the train"], "inland", "england")
    assert (one.service, one.rule_id, one.leads) == (RAIL, "rail", False)
    assert one.reason == (
        "“on the train”: railways are the British Transport Police's, beside the police of the area"
    )


def test_a_rail_place_never_takes_the_place_of_another_service() -> None:
    triage = load_triage(CONFIG)
    seen = suggest_service("a man with a knife on the train", triage.service_words)
    assert seen is not None and seen.service is Service.POLICE
    assert not ASKED.count(RAIL)
    assert suggested("a man with a knife on the train") == {RAIL}


def test_there_are_no_transport_police_in_northern_ireland() -> None:
    assert suggested("fight on the train", "inland", "scotland") == {RAIL}
    assert suggested("fight on the train", "inland", "northern-ireland") == set()


def test_at_sea_no_land_rescue_is_suggested_and_the_coastguard_leads() -> None:
    (one,) = ADDED.suggest(["we were on the train, then the cave, on the mountain"], "sea", "")
    assert (one.service, one.leads) == (COAST, True)


def test_by_the_shore_the_coastguard_is_offered_beside_without_a_word() -> None:
    (one,) = ADDED.suggest(["he fell over"], "shore", "wales")
    assert (one.service, one.leads, one.rule_id) == (COAST, False, "coast-by-place")
    assert suggested("he fell over", "inland", "wales") == set()


def test_far_from_the_sea_mud_is_no_matter_for_the_coastguard() -> None:
    assert suggested("stuck in the mud", "inland", "england") == set()
    assert suggested("stuck in the mud") == {COAST}


PLACES = [
    ("Leeds", 53.797, -1.541, 30, ("inland", "england")),
    ("Belfast", 54.597, -5.930, 30, ("inland", "northern-ireland")),
    ("Crib Goch", 53.0755, -4.0535, 50, ("inland", "wales")),
    ("Blackpool beach", 53.8150, -3.0560, 30, ("shore", "england")),
    ("the Irish Sea", 53.7, -5.2, 100, ("sea", "")),
    ("Dublin", 53.35, -6.26, 100, ("abroad", "ireland")),
]


@pytest.mark.parametrize(("name", "lat", "lon", "radius", "setting"), PLACES, ids=[row[0] for row in PLACES])
def test_the_router_says_what_kind_of_place_it_is(
    name: str, lat: float, lon: float, radius: float, setting: tuple[str, str]
) -> None:
    place = CallerLocation(latitude=lat, longitude=lon, uncertainty_m=radius)
    assert register().setting(place) == setting
    assert register().setting(None) == ("unknown", "")


SPOILT = [
    ('service = "transport-police"', 'service = "tramp-police"', "unknown service 'tramp-police'"),
    ('id = "mountain"', 'id = "rail"', "two rules are named 'rail'"),
    ('where = ["shore", "sea"]', 'where = ["shore", "moon"]', "moon"),
    ('because = "cave', 'beacuse = "cave', "beacuse"),
    ("[negation]", "[negations]", "unknown table 'negations'"),
    ('"man cave", ', '"man cave", "caver", ', "'caver' stands in phrases and in ignored"),
    ("cy = []", 'fr = ["grotte"]', "the languages are en, cy"),
    ('"caver", ', '"?", ', "has no word in it"),
    ("[[added]]", "[[added", "cannot be read"),
]


@pytest.mark.parametrize(("old", "new", "problem"), SPOILT, ids=[row[2] for row in SPOILT])
def test_a_spoilt_file_is_refused_with_the_reason(tmp_path: Path, old: str, new: str, problem: str) -> None:
    shutil.copy(CONFIG / "added_services.toml", tmp_path)
    file = tmp_path / "added_services.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    assert any(problem in one for one in check_added(tmp_path))
    with pytest.raises(BadConfiguration):
        load_added(tmp_path)
