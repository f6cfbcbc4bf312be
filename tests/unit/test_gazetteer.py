"""The list of places: what it finds by name, what it refuses, and that its files fit their manifest."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from intake.locate.gazetteer import Gazetteer, GazetteerMissing, shares_of
from intake.locate.gazetteer_names import without_article
from intake.locate.place_mutations import unmutated
from intake.locate.place_words import name_key, words_of

FOLDER = Path(__file__).parents[2] / "config" / "gazetteer"


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load(FOLDER)


def test_files_are_those_of_the_manifest_with_their_licences() -> None:
    manifest = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    assert len(manifest["sha256"]) == 5
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name
    assert all(
        source["package"] and source["licence"] and source["attribution"] for source in manifest["sources"]
    )
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(word in readme for word in ("CC BY 4.0", "SCOWL", "Crown copyright"))
    for name, what in (("places.csv", "places"), ("areas.csv", "counties")):
        rows = len((FOLDER / name).read_text(encoding="utf-8").splitlines()) - 1
        assert f"{rows:,} {what}" in readme
    assert (FOLDER / "licences" / "CC-BY-4.0.txt").stat().st_size > 10_000


def test_every_place_is_where_places_can_be(gazetteer: Gazetteer) -> None:
    assert len(gazetteer) > 6_000
    for key in ("leeds", "caerdydd", "padstow", "gwent", "cornwall", "lerwick", "st helier", "belfast"):
        (place, *_) = gazetteer.named(key)
        assert 49 <= place.latitude <= 61
        assert -11 <= place.longitude <= 2
        assert place.radius_m >= 1_500


def test_big_places_reach_far_and_small_ones_do_not(gazetteer: Gazetteer) -> None:
    radius_m = {name: gazetteer.named(name)[0].radius_m for name in ("london", "leeds", "padstow")}
    assert radius_m["london"] > 25_000
    assert 8_000 < radius_m["leeds"] < 20_000
    assert radius_m["padstow"] < 6_000


def test_a_point_only_for_a_name_that_means_one_place(gazetteer: Gazetteer) -> None:
    assert gazetteer.point("Newport") is None
    assert gazetteer.point("Nowhere") is None
    assert gazetteer.point("Newport, Isle of Wight") == (50.70146, -1.29124)
    assert gazetteer.point("Newport, Gwent") == (51.58774, -2.99835)
    assert gazetteer.point("leeds") == gazetteer.point("Leeds, West Yorkshire")
    assert gazetteer.point("Caerdydd") == gazetteer.point("Cardiff")


def test_shares_are_chances() -> None:
    places = Gazetteer.load(FOLDER).named("newport")
    shares = shares_of(places)
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("birminham", "birmingham"),
        ("birmimgham", "birmingham"),
        ("edinbrugh", "edinburgh"),
        ("wolverhamptonn", "wolverhampton"),
        ("leds", None),
        ("birminhm", None),  # two letters
        ("landing", None),  # a word
        ("starting", None),
        ("bradford", None),  # itself
        ("brimingham", "birmingham"),
    ],
)
def test_one_slip_in_a_long_name_is_read_and_words_are_not(
    gazetteer: Gazetteer, word: str, name: str | None
) -> None:
    assert gazetteer.slipped(word) == name


def test_a_slip_as_near_to_two_names_is_nobody_s(gazetteer: Gazetteer) -> None:
    both = Gazetteer(
        [
            (gazetteer.named(key)[0], (wrong,), ())
            for key, wrong in (("leeds", "abcdefgh"), ("york", "abcdefgi"))
        ],
        {},
        frozenset(),
        frozenset(),
    )
    assert both.slipped("abcdefgx") is None
    assert both.slipped("abcdefh") == "abcdefgh"


@pytest.mark.parametrize(
    ("word", "before", "name"),
    [
        ("nghaerdydd", "yng", "caerdydd"),
        ("mangor", "ym", "bangor"),
        ("mhwllheli", "ym", "pwllheli"),
        ("nolgellau", "yn", "dolgellau"),
        ("nhywyn", "yn", "tywyn"),
        ("ngwent", "yng", "gwent"),
        ("gaerdydd", "i", "caerdydd"),
        ("fangor", "o", "bangor"),
        ("fachynlleth", "i", "machynlleth"),
        ("ddolgellau", "o", "dolgellau"),
        ("lanelli", "i", "llanelli"),
        ("rydaman", "o", "rhydaman"),
        ("chaerdydd", "a", "caerdydd"),
        ("phwllheli", "gyda", "pwllheli"),
    ],
)
def test_mutations_are_undone(word: str, before: str, name: str) -> None:
    assert name in unmutated(word, before)


def test_nothing_is_undone_where_nothing_mutates() -> None:
    assert unmutated("fangor", "the") == []
    assert "llanelli" not in unmutated("llanelli", "i")


def test_names_are_one_however_they_are_written() -> None:
    assert len({name_key(name) for name in ("St. Asaph", "Saint Asaph", "st-asaph", "ST ASAPH")}) == 1
    assert name_key("Penarlâg") == "penarlag"
    assert [word.joins for word in words_of("Leeds, York and St. Asaph")] == [False, False, True, True, True]
    assert list(without_article(["Y Fenni", "Yr Wyddgrug", "Y Bont Faen Fach", "Bala"])) == [
        "Fenni",
        "Wyddgrug",
    ]


@pytest.mark.parametrize("name", ["places.csv", "areas.csv", "careful_names.csv", "near_words.txt"])
def test_a_list_that_cannot_be_read_is_said_to_be_missing(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "gazetteer"
    shutil.copytree(FOLDER, folder)
    (folder / name).write_bytes(b"\xff\xfe broken")
    with pytest.raises(GazetteerMissing, match="intake gazetteer"):
        Gazetteer.load(folder)
    (folder / name).unlink()
    with pytest.raises(GazetteerMissing, match="intake gazetteer"):
        Gazetteer.load(folder)
