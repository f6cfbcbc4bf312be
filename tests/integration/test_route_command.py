"""`intake route`: one place explained, and files of places answered row by row whatever they hold."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import numpy as np
import pytest

from intake.__main__ import main

CONFIG = str(Path(__file__).parents[2] / "config")


def route(*arguments: str) -> int:
    return main(["route", *arguments, "--config", CONFIG])


def test_one_place_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert route("55.811", "-2.036", "--radius", "500", "--service", "police") == 0
    text = capsys.readouterr().out
    for words in (
        "police-scotland",
        "border-inside",
        "more likely there than not",
        "Northumbria Police",
        "Near a border: Police Scotland (",
        "onspd-2025-11.",
    ):
        assert words in text
    assert "fire" not in text


def test_without_a_service_all_four_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert route("53.797", "-1.541") == 0
    text = capsys.readouterr().out
    for words in ("police-west-yorkshire", "fire-west-yorkshire", "ambulance-yorkshire", "HM Coastguard"):
        assert words in text


def test_with_words_it_says_what_would_be_proposed_beside(capsys: pytest.CaptureFixture[str]) -> None:
    leeds = ("53.797", "-1.541", "--words", "cardiac arrest on the train")
    assert route(*leeds, "--service", "ambulance") == 0
    text = capsys.readouterr().out.partition("think of")[2]
    assert (
        "fire-west-yorkshire" in text and "agreement co-responding-cardiac, for ambulance; “cardiac" in text
    )
    assert "police-british-transport" in text
    assert route(*leeds, "--service", "police") == 0
    assert "agreement" not in capsys.readouterr().out  # no ambulance is asked for
    assert route("53.797", "-1.541", "--words", "he fell", "--service", "ambulance") == 0
    assert capsys.readouterr().out.partition("think of")[2].strip() == "nothing"
    assert route("--csv", "in.csv", "--words", "help") == 2


@pytest.mark.parametrize("arguments", [[], ["53.8"], ["53.8", "-1.5", "--csv", "in.csv"]])
def test_half_a_question_is_misuse(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert route(*arguments) == 2
    assert "--csv" in capsys.readouterr().err


def answers(tmp_path: Path, content: bytes, *options: str) -> list[dict[str, str]]:
    (tmp_path / "in.csv").write_bytes(content)
    assert route("--csv", str(tmp_path / "in.csv"), "--out", str(tmp_path / "out.csv"), *options) == 0
    with (tmp_path / "out.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_file_keeps_its_columns_and_gains_the_answers(tmp_path: Path) -> None:
    rows = answers(tmp_path, b"name,lat,lon,radius_m\nLeeds,53.797,-1.541,30\nPadstow,50.57,-4.98,\n")
    assert list(rows[0]) == [
        "name", "lat", "lon", "radius_m",
        "police_room", "police_probability", "police_rule",
        "fire_room", "fire_probability", "fire_rule",
        "ambulance_room", "ambulance_probability", "ambulance_rule",
        "coastguard_room", "coastguard_probability", "coastguard_rule",
        "error",
    ]  # fmt: skip
    leeds, padstow = rows
    assert (leeds["name"], leeds["police_room"], leeds["police_rule"]) == (
        "Leeds",
        "police-west-yorkshire",
        "inside",
    )
    assert float(leeds["fire_probability"]) == pytest.approx(0.95)
    assert (padstow["fire_room"], padstow["coastguard_room"]) == ("national", "coastguard")
    assert leeds["error"] == padstow["error"] == ""


def test_bad_rows_are_marked_and_stop_nothing(tmp_path: Path) -> None:
    long = b"9" * 200_000
    rows = answers(
        tmp_path,
        b"\xef\xbb\xbflat,lon,radius_m\nnorth,-1.5,10\n,,\n53.8,-1.5,10,extra\n91,0,10\n53.8\nnan,1,1\n\n53.8,-1.5,wide\n"
        + b"\xff\xfe,1,1\n"
        + long
        + b",1,1\n53.797,-1.541\n",
    )
    errors = [row["error"] for row in rows]
    assert len(rows) == 10
    expected = [
        "'north' is not a number",
        "lat is missing",
        "4 values for 3 columns",
        "not a latitude",
        "lon is missing",
        "not finite",
        "'wide' is not a number",
        "is not a number",
        "unreadable line",
    ]
    for error, words in zip(errors[:-1], expected, strict=True):
        assert words in error
    assert (rows[-1]["police_room"], rows[-1]["error"]) == ("police-west-yorkshire", "")


def test_a_file_without_the_columns_is_refused_with_what_it_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text("latitude,longitude\n1,2\n")
    assert route("--csv", str(tmp_path / "in.csv")) == 1
    assert "no column lat and lon" in capsys.readouterr().err
    assert route("--csv", str(tmp_path / "absent.csv")) == 1
    assert "absent.csv" in capsys.readouterr().err


def test_bad_configuration_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["route", "53.8", "-1.5", "--config", str(tmp_path)]) == 1
    assert "control_rooms.toml" in capsys.readouterr().err


def test_twenty_thousand_rows_take_seconds(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    lines = ["lat,lon,radius_m"]
    places = zip(random.uniform(50.5, 57.5, 20_000), random.uniform(-4, 1, 20_000), strict=True)
    lines.extend(
        f"{latitude:.5f},{longitude:.5f},{10 + index % 500}"
        for index, (latitude, longitude) in enumerate(places)
    )
    started = time.perf_counter()
    rows = answers(tmp_path, "\n".join(lines).encode())
    assert len(rows) == 20_000
    assert not any(row["error"] for row in rows)
    assert time.perf_counter() - started < 30  # about 3 s alone on this kind of machine
