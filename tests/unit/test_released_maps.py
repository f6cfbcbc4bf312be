"""Old maps stay loadable by their version, a changed file is refused, and what was built says from what."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import shapely

from intake.boundaries import build, ireland, manifest, packages, released, shapes
from intake.boundaries.postcodes import Postcodes
from intake.control_room import Service
from intake.errors import NotFound
from intake.location import CallerLocation
from intake.register import load_register

CONFIG = Path(__file__).parents[2] / "config"
BOUNDARIES = CONFIG / "boundaries"
FIRST = "onspd-2025-11.8768a0b4"
CALAIS = CallerLocation(latitude=50.95, longitude=1.85, uncertainty_m=20)
RATHLIN = CallerLocation(latitude=55.2930, longitude=-6.1970, uncertainty_m=20)


def test_the_first_map_is_kept_and_answers_as_it_did() -> None:
    """With its own mistake (Rathlin was Scotland's) and its one name for the whole Continent."""
    assert FIRST in released.versions(BOUNDARIES)
    old, new = load_register(CONFIG, map_version=FIRST), load_register(CONFIG)
    assert old.map_version == FIRST
    assert new.map_version == released.versions(BOUNDARIES)[0] != FIRST
    assert old.route(Service.POLICE, RATHLIN).room_id == "police-scotland"
    assert new.route(Service.POLICE, RATHLIN).room_id == "police-psni"
    assert old.route(Service.FIRE, CALAIS).abroad == "EU"
    assert new.route(Service.FIRE, CALAIS).abroad == "FR"


def test_every_kept_map_can_be_loaded() -> None:
    for version in released.versions(BOUNDARIES):
        area_map = released.load_version(BOUNDARIES, version)
        assert area_map.version == version
        assert len(area_map.codes) > 350


@pytest.mark.parametrize("version", ["onspd-2025-11.00000000", "../../etc", ""])
def test_a_map_that_was_not_kept_is_not_found(version: str) -> None:
    with pytest.raises(NotFound):
        released.load_version(BOUNDARIES, version)


def test_an_edited_old_map_is_not_taken_for_the_one_that_decided(tmp_path: Path) -> None:
    copy = tmp_path / "boundaries"
    shutil.copytree(BOUNDARIES, copy)
    table = copy / released.ARCHIVE / FIRST / "lad25_services.csv"
    table.write_text(table.read_text().replace("cleveland", "durham", 1))
    with pytest.raises(NotFound):
        released.load_version(copy, FIRST)


def test_keeping_copies_the_present_map_once_and_it_can_be_loaded_when_the_present_has_changed(
    tmp_path: Path,
) -> None:
    copy = tmp_path / "boundaries"
    shutil.copytree(BOUNDARIES, copy, ignore=shutil.ignore_patterns(released.ARCHIVE))
    present = released.version_of(copy)
    assert released.keep(copy) == released.keep(copy) == copy / released.ARCHIVE / present
    exceptions = copy / "exceptions.toml"
    exceptions.write_text(exceptions.read_text() + "\n# a later word\n")
    assert released.version_of(copy) != present
    assert released.load_version(copy, present).version == present


def test_a_map_without_one_of_its_files_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "boundaries"
    shutil.copytree(BOUNDARIES, copy, ignore=shutil.ignore_patterns(released.ARCHIVE))
    (copy / "ireland.npz").unlink()
    problems: list[str] = []
    assert released.read_map(copy, problems) is None
    assert problems == ["boundaries/ireland.npz is missing: run `make boundaries`"]


def test_the_manifest_names_source_version_licence_date_and_digest_of_every_input() -> None:
    stood = json.loads((BOUNDARIES / "manifest.json").read_text("utf-8"))
    assert len(stood["sources"]) == 4
    for source in stood["sources"]:
        for key in ("package", "registry", "version", "dated", "licence", "attribution", "holds"):
            assert source[key], (source["package"], key)
        assert source.get("sha256") or source.get("sha512")
    assert set(stood["sha256"]) == {"areas.npz", "inland.npz", "ireland.npz"}


def test_writing_the_manifest_again_changes_no_byte(tmp_path: Path) -> None:
    """And so every digest in it is that of the committed files and of the installed directory."""
    for name in (*manifest.OUTPUTS, *manifest.INPUTS):
        shutil.copy(BOUNDARIES / name, tmp_path / name)
    manifest.write_manifest(tmp_path)
    assert (tmp_path / "manifest.json").read_bytes() == (BOUNDARIES / "manifest.json").read_bytes()


def test_an_exception_splits_only_the_districts_it_names() -> None:
    codes = np.array(["SK1 1AA", "SK131AA", "SK131AB", "GU121AA"])
    districts = np.array(["E07000037", "E07000037", "E08000008", "E07000209"])
    places = Postcodes(codes, districts, np.zeros(4), np.zeros(4))
    assert build.labels(places, BOUNDARIES / "exceptions.toml").tolist() == [
        "E07000037",
        "E07000037:glossopdale",
        "E08000008",
        "E07000209",
    ]


def test_the_gates_of_ireland_share_one_border_and_come_out_the_same_twice(tmp_path: Path) -> None:
    land = {"NI": shapely.box(0, 0, 20_000, 20_000), "IE": shapely.box(0, -30_000, 20_000, 0)}
    for name in ("one.npz", "two.npz"):
        shapes.save(tmp_path / name, *build.irish_gates(land))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    names, (northern, southern) = shapes.load(tmp_path / "one.npz")
    assert names == ["NI", "IE"]
    assert northern.intersection(southern).area == 0
    assert northern.contains(shapely.Point(10_000, 10)) and southern.contains(shapely.Point(10_000, -10))
    assert northern.contains(shapely.Point(10_000, 20_900)), "inshore water is its land's"


def test_a_lake_and_a_land_border_are_no_shore() -> None:
    lake = shapely.box(4_000, 4_000, 6_000, 6_000)
    land = {
        "GBR": shapely.box(0, 0, 20_000, 20_000).difference(lake),
        "IRL": shapely.box(0, -20_000, 20_000, 0),
    }
    inland = build.inland_ground(land)
    assert inland.contains(shapely.Point(5_000, 5_000))
    assert inland.contains(shapely.Point(10_000, 0))
    assert not inland.contains(shapely.Point(200, 5_000))
    assert shapely.area(ireland.ground(land)) == pytest.approx(20_000 * 40_000, rel=1e-3)


def test_what_is_said_of_a_package_holds_its_digest_under_its_kind() -> None:
    assert "sha256" in packages.described(packages.COAST)
    assert "sha512" in packages.described(packages.OPEN_STREET_MAP)
