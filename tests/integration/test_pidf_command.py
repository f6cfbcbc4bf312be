"""`intake locate --pidf FILE`: a document's places beside what a text says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from intake.__main__ import main
from intake.locate.pidf_lo_out import write
from intake.location import CallerLocation

BERWICK = CallerLocation(latitude=55.7700, longitude=-2.0000, uncertainty_m=50)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "place.xml"
    path.write_bytes(write([BERWICK], entity="tel:+447700900123"))
    return path


def locate(*words: str) -> int:
    return main(["locate", "--data", "/nowhere", *words])  # the postcodes are not needed here


def test_a_document_is_read_and_weighed_against_the_text(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locate("I am at 53.79650, -1.54780", "--pidf", str(document), "--json")
    answer = json.loads(capsys.readouterr().out)
    assert answer["document"]["entity"] == "tel:+447700900123"
    assert [place["latitude"] for place in answer["document"]["places"]] == [55.77]
    (warning,) = answer["warnings"]
    assert "the written latitude and longitude" in warning and "km from the phone's fix" in warning


def test_a_document_needs_no_text(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locate("--pidf", str(document))
    printed = capsys.readouterr().out
    assert "document of tel:+447700900123" in printed and "caller: 55.77000, -2.00000, ±50 m" in printed


def test_a_document_that_cannot_be_read_says_why(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document.write_bytes(b'<!DOCTYPE x [<!ENTITY a "b">]>' + document.read_bytes())
    assert locate("--pidf", str(document)) == 1
    assert "DOCTYPE" in capsys.readouterr().err
    assert locate("--pidf", str(tmp_path / "none.xml")) == 1
    assert "No such file" in capsys.readouterr().err
    document.write_bytes(b"<a/>" + b" " * 70_000)
    assert locate("--pidf", str(document)) == 1
    assert "more than" in capsys.readouterr().err
