"""The register names everybody, covers the whole map, and refuses bad files with every error at once."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from intake.boundaries.districts import TERRITORIAL
from intake.control_room import Service
from intake.errors import BadConfiguration, NotFound
from intake.register import check_register, load_auto_transfer, load_register

CONFIG = Path(__file__).parents[2] / "config"
Edit = Callable[[str, str, str], None]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the committed configuration to spoil."""
    for name in ("control_rooms.toml", "route_policy.toml", "neighbours.toml"):
        shutil.copy(CONFIG / name, tmp_path / name)
    shutil.copytree(CONFIG / "boundaries", tmp_path / "boundaries")
    return tmp_path


@pytest.fixture
def edit(config: Path) -> Edit:
    def replace(name: str, old: str, new: str) -> None:
        text = (config / name).read_text()
        assert old in text, f"{name} has no {old!r}"
        (config / name).write_text(text.replace(old, new, 1))

    return replace


def test_the_committed_configuration_is_whole() -> None:
    assert check_register(CONFIG) == []


def test_every_service_of_the_country_has_its_room() -> None:
    router = load_register(CONFIG)
    counts = dict.fromkeys(Service, 0)
    for room in router.rooms.values():
        if room.id != router.default_room:
            for service in room.services:
                counts[service] += 1
    own = {Service.POLICE: 45, Service.FIRE: 49, Service.AMBULANCE: 14, Service.COASTGUARD: 1}
    assert counts == dict.fromkeys(Service, 0) | own | {Service.RAIL_POLICE: 1}
    with (CONFIG / "boundaries" / "lad25_services.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for service in TERRITORIAL:
        named = {area for room in router.rooms.values() if service in room.services for area in room.areas}
        assert named == {row[service.word] for row in rows}


def test_every_telephone_number_is_for_drama_and_nobody_elses() -> None:
    numbers = [room.telephone for room in load_register(CONFIG).rooms.values()]
    assert all(number.startswith("01632 960") and len(number) == 12 for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_every_room_but_the_default_has_a_buddy_for_its_service() -> None:
    router = load_register(CONFIG)
    for room in router.rooms.values():
        if room.id == router.default_room:
            continue
        assert room.buddy is not None
        assert set(room.services) <= set(router.room(room.buddy).services)


def test_an_unknown_room_is_not_found() -> None:
    with pytest.raises(NotFound, match="police-atlantis"):
        load_register(CONFIG).room("police-atlantis")


def test_feeds_may_be_given_from_outside() -> None:
    url = "http://127.0.0.1:9/mait"
    router = load_register(CONFIG, feed_urls={"fire-west-yorkshire": url})
    assert router.room("fire-west-yorkshire").feed_url == url
    assert router.room("fire-kent").feed_url == ""
    with pytest.raises(BadConfiguration, match="fire-atlantis"):
        load_register(CONFIG, feed_urls={"fire-atlantis": url})
    with pytest.raises(BadConfiguration, match="must be https"):
        load_register(CONFIG, feed_urls={"fire-kent": "http://example.org/mait"})


KENT = 'id = "fire-kent"\nname = "Kent Fire and Rescue Service"\nservices = ["fire"]\nareas = ["kent"]'
ROOMS, POLICY, TABLE = "control_rooms.toml", "route_policy.toml", "boundaries/lad25_services.csv"
EXCEPTIONS, ABROAD = "boundaries/exceptions.toml", "neighbours.toml"

SPOILT = [
    (ROOMS, KENT, KENT.replace('["kent"]', '["kant"]'), "unknown fire area 'kant'"),
    (ROOMS, KENT, KENT.replace('["kent"]', '["kant"]'), "no fire room answers for kent"),
    (ROOMS, KENT, KENT.replace('["kent"]', "[]"), "room fire-kent has no area"),
    (ROOMS, KENT, KENT.replace('["fire"]', "[]"), "room fire-kent answers for no service"),
    (ROOMS, KENT, KENT.replace('["fire"]', '["fyre"]'), "unknown service 'fyre'"),
    (ROOMS, KENT, KENT.replace("fire-kent", "fire-essex"), "room fire-essex stands there twice"),
    (ROOMS, KENT, KENT.replace('["kent"]', '["kent", "essex"]'), "both answer for fire in essex"),
    (ROOMS, KENT, KENT + '\nfeed_url = "http://example.org/"', "must be https"),
    (ROOMS, KENT, KENT + '\nfeed_url = "https:///nowhere"', "must be https"),
    (ROOMS, KENT, KENT + "\nfeed_ulr = 3", "feed_ulr"),
    (ROOMS, 'buddy = "fire-cornwall"', 'buddy = "fire-lyonesse"', "buddy 'fire-lyonesse' does not exist"),
    (ROOMS, 'buddy = "fire-cornwall"', 'buddy = "fire-isles-of-scilly"', "is its own buddy"),
    (ROOMS, 'buddy = "fire-cornwall"', 'buddy = "police-kent"', "does not answer for the same services"),
    (ROOMS, 'default_room = "national"', 'default_room = "nobody"', "default_room 'nobody'"),
    (ROOMS, 'services = ["coastguard"]', 'services = ["fire"]', "no room answers for the coastguard"),
    (ROOMS, "[[room]]", "[[room", "cannot be read"),
    (POLICY, 'action = "area"', 'action = "police-atlantis"', 'neither "area" nor a room'),
    (POLICY, 'place = "none"', 'place = "moon"', "moon"),
    (POLICY, 'id = "abroad"', 'id = "no-place"', "rule no-place stands there twice"),
    (POLICY, "priority = 80", "priority = 90", "share priority 90"),
    (POLICY, "priority = 80", "priority = -1", "priorities start at 0"),
    (POLICY, "min_probability = 0.5", "min_probability = 50", "not within 0 to 1"),
    (POLICY, "min_probability = 0.5", "min_probabilty = 0.5", "min_probabilty"),
    (POLICY, "lead = 0.5", "lead = 5", "rerouting: lead 5.0 is not within 0 to 1"),
    (POLICY, "moved_m = 250", "moved_m = 0", "rerouting: moved_m must be more than 0"),
    (POLICY, "told_every_s = 60", "tell_every_s = 60", "tell_every_s"),
    (
        ROOMS,
        'areas = ["great-britain"]',
        'areas = ["great-brittany"]',
        "unknown transport-police area 'great-brittany'",
    ),
    (POLICY, "priority = 0\n", 'priority = 0\nplace = "sea"\n', "lowest priority"),
    (
        POLICY,
        'priority = 0\naction = "national"',
        'priority = 0\naction = "fire-kent"',
        "catch-all must go to",
    ),
    (POLICY, 'services = ["police", ', 'services = ["polise", ', "polise"),
    (POLICY, "max_age_s = 300\n", "", "max_age_s"),
    (TABLE, "E06000001,cleveland,cleveland,north-east\n", "", "E06000001 of the map has no row"),
    (TABLE, "E06000001,cleveland,", "E06000001,,", "E06000001 lacks a service area"),
    (TABLE, "E06000002,", "E06000001,", "E06000001 stands there twice"),
    (TABLE, "N09000001,psni,", "N09000001,garda,", "Northern Ireland"),
    (TABLE, "lad25,police,fire,ambulance", "lad,police,fire,ambulance", "the columns must be"),
    (EXCEPTIONS, '"north-west"', '"north-pole"', "unknown ambulance area 'north-pole'"),
    (EXCEPTIONS, '"ambulance"', '"ambulanse"', "unknown service 'ambulanse'"),
    (EXCEPTIONS, '"E07000037"', '"E07009999"', "unknown district 'E07009999'"),
    (ABROAD, 'code = "IE"', 'code = "IR"', "no neighbour IE"),
    (ABROAD, 'code = "IE"', 'code = "IM"', "neighbour IM stands there twice"),
    (ABROAD, '["112", "999"]', '["911"]', "numbers must be of 112, 999"),
    (ABROAD, "Ffoniwch 112 neu 999", "Ffoniwch 112", "advice_cy does not name 112 and 999"),
    (ABROAD, "advice_en = ", "advise_en = ", "advise_en"),
]


@pytest.mark.parametrize(("name", "old", "new", "words"), SPOILT, ids=[row[3] for row in SPOILT])
def test_a_bad_file_is_refused_and_says_what_and_where(
    config: Path, edit: Edit, name: str, old: str, new: str, words: str
) -> None:
    edit(name, old, new)
    problems = check_register(config)
    assert any(words in problem for problem in problems), problems
    assert any(name.rsplit("/", 1)[-1] in problem for problem in problems), problems
    with pytest.raises(BadConfiguration):
        load_register(config)


def test_every_error_is_listed_at_once(config: Path, edit: Edit) -> None:
    edit(ROOMS, KENT, KENT.replace('["kent"]', '["kant"]'))
    edit(ROOMS, 'buddy = "fire-cornwall"', 'buddy = "fire-lyonesse"')
    edit(POLICY, 'place = "none"', 'place = "moon"')
    edit(TABLE, "E06000002,", "E06000001,")
    problems = "\n".join(check_register(config))
    for words in ("kant", "lyonesse", "moon", "stands there twice", "E06000002 of the map has no row"):
        assert words in problems


@pytest.mark.parametrize(
    "name", ["areas.npz", "inland.npz", "manifest.json", "lad25_services.csv", "exceptions.toml"]
)
def test_a_missing_or_damaged_map_is_refused(config: Path, name: str) -> None:
    path = config / "boundaries" / name
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert check_register(config)
    path.unlink()
    assert check_register(config)
    path.write_bytes(content)
    assert check_register(config) == []


def test_a_map_other_than_the_manifests_is_refused(config: Path) -> None:
    """A sound file, but not the one whose sources the manifest names."""
    shutil.copy(config / "boundaries" / "inland.npz", config / "boundaries" / "areas.npz")
    assert any("make boundaries" in problem for problem in check_register(config))


def test_missing_files_are_named(tmp_path: Path) -> None:
    problems = "\n".join(check_register(tmp_path))
    for name in (ROOMS, POLICY, "lad25_services.csv", "exceptions.toml", "boundaries"):
        assert name in problems
    with pytest.raises(BadConfiguration, match=r"route_policy\.toml"):
        load_auto_transfer(tmp_path)


def test_the_map_version_changes_with_the_table(config: Path, edit: Edit) -> None:
    before = load_register(config).map_version
    edit(TABLE, "E06000010,humberside,humberside,yorkshire", "E06000010,humberside,humberside,east-midlands")
    assert load_register(config).map_version != before
