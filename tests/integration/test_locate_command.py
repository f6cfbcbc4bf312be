"""`intake locate`: every clue of a text with its hypotheses and the fused answer, as tables and as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from intake.__main__ import main
from tests.postcode_data import built_once

CONFIG = Path(__file__).parents[2] / "config"
TEXT = "im in Padstow, not at LS6 2XT any more. fire at LS1 4AP, ///filled.count.soap, my mum is in Newport"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_once(tmp_path_factory)


def locate(data: Path, *arguments: str) -> int:
    return main(["locate", *arguments, "--data", str(data), "--config", str(CONFIG)])


def as_json(data: Path, text: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert locate(data, text, "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_every_clue_is_shown_with_what_is_made_of_it(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert locate(data, TEXT) == 0
    shown = capsys.readouterr()
    for words in ("place_name", "postcode", "what3words", "denied", "caller", "incident", "text_postcode"):
        assert words in shown.out
    assert "Newport, Gwent" in shown.out
    assert "routing goes by the incident's place" in shown.out
    assert shown.err == ""


def test_json_holds_the_same_for_programs(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = as_json(data, TEXT, capsys)
    clues = {clue["words"]: clue for clue in answer["clues"]}
    for clue in clues.values():
        assert TEXT[clue["start"] : clue["end"]] == clue["words"]
    assert clues["LS6 2XT"]["negated"]
    assert clues["LS6 2XT"]["hypotheses"] == []
    assert clues["///filled.count.soap"]["hypotheses"] == []
    (fire,) = clues["LS1 4AP"]["hypotheses"]
    assert (fire["latitude"], fire["longitude"]) == pytest.approx((53.7955, -1.5557), abs=0.001)
    assert (fire["source"], fire["whose"]) == ("text_postcode", "incident")
    assert 75 <= fire["radius_m"] <= 250
    assert len(clues["Newport"]["options"]) == len(clues["Newport"]["hypotheses"]) >= 5
    assert answer["caller"]["words"] == "Padstow"
    assert answer["incident"]["words"] == "LS1 4AP"
    assert answer["acts_on"] == "incident"
    assert any("km" in warning for warning in answer["warnings"])


def test_a_text_without_a_place_is_answered_too(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert locate(data, "help me") == 0
    assert "no clue to a place" in capsys.readouterr().out
    answer = as_json(data, "help me", capsys)
    assert (answer["clues"], answer["caller"], answer["incident"]) == ([], None, None)


def test_clues_that_place_nobody_say_so(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert locate(data, "not at LS6 2XT any more") == 0
    assert "no place to act on" in capsys.readouterr().out


def test_markup_and_control_characters_of_a_text_reach_no_terminal(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "at LS1\n4AP [bold]x[/bold] \x1b[31m 53.79981,\u202e -1.54911 ///filled.count.soap"
    assert locate(data, text) == 0
    out = capsys.readouterr().out
    assert "\x1b[31m" not in out
    assert "\u202e" not in out
    assert "LS1 4AP" in out


@pytest.mark.parametrize("arguments", [[], [""], ["  \n"]])
def test_no_text_is_misuse(data: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert locate(data, *arguments) == 2
    shown = capsys.readouterr()
    assert "give a text" in shown.err
    assert shown.out == ""


def test_without_the_files_it_reads_what_it_can_says_so_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert locate(tmp_path, "LS1 4AP or 53.79981, -1.54911", "--json") == 1
    shown = capsys.readouterr()
    answer = json.loads(shown.out)
    assert [clue["kind"] for clue in answer["clues"]] == ["latlon"]
    assert "intake data" in shown.err
    assert "intake data" in answer["degraded"]


def test_a_text_comes_by_standard_input_whatever_its_bytes(data: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "intake", "locate", "-", "--json", "--data", data, "--config", CONFIG],
        input=b"\xff\xfe t\xc3\xa2n yn LS1 4AP",
        capture_output=True,
        check=True,
    )
    (clue,) = json.loads(done.stdout)["clues"]
    assert (clue["words"], clue["whose"]) == ("LS1 4AP", "incident")
    assert done.stderr == b""
