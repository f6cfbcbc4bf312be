"""Postcodes as people mistype and shorten them: what is put right, how doubtful, and what is left alone."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from intake.locate.national_grid import to_wgs84
from intake.locate.postcode import SLIP_DOUBT, find_postcodes
from intake.locate.postcode_file import PostcodeFile, inward_key, outward_key
from intake.locate.postcode_slips import readings
from intake.location import Clue, ClueKind, LocationSource
from tests.postcode_data import built_once


@pytest.fixture(scope="module")
def postcodes(tmp_path_factory: pytest.TempPathFactory) -> PostcodeFile:
    folder = built_once(tmp_path_factory)
    return PostcodeFile.open(folder)


def a_file_of(*known: tuple[str, str]) -> PostcodeFile:
    """A list of postcodes that do not exist, 100 m apart."""
    keys = sorted((outward_key(outward) or 0) + inward_key(inward) for outward, inward in known)
    rows = [keys, [400_000 + 100 * at for at in range(len(keys))], [300_000] * len(keys)]
    return PostcodeFile(np.array(rows, dtype=np.int32))


def only(text: str, postcodes: PostcodeFile) -> Clue:
    (clue,) = find_postcodes(text, postcodes)
    assert text[clue.start : clue.end] == clue.words
    return clue


SLIPS = [
    ("O for 0, inward", "at SW1A OAA", "SW1A", "0AA", "read as SW1A 0AA: the letter O for a nought"),
    ("O for 0, small", "in sw1a oaa pls", "SW1A", "0AA", "read as SW1A 0AA: the letter O for a nought"),
    ("O for 0, outward", "LS1O 3JR", "LS10", "3JR", "read as LS10 3JR: the letter O for a nought"),
    ("I for 1, outward", "LSI 4AP", "LS1", "4AP", "read as LS1 4AP: the letter I for a one"),
    ("I for 1, after postcode", "postcode lsi 4ap", "LS1", "4AP", "read as LS1 4AP: the letter I for a one"),
    ("0 for O", "0X4 4XS", "OX4", "4XS", "read as OX4 4XS: a nought for the letter O"),
    ("1 for I", "1P3 0SG", "IP3", "0SG", "read as IP3 0SG: a one for the letter I"),
    ("5 for S, outward", "L56 2XT", "LS6", "2XT", "read as LS6 2XT: a five for the letter S"),
    ("5 for S, inward", "TQ1 35W", "TQ1", "3SW", "read as TQ1 3SW: a five for the letter S"),
    ("S for 5, outward", "SE1S 1JX", "SE15", "1JX", "read as SE15 1JX: the letter S for a five"),
    ("joined", "SEI55QL", "SE15", "5QL", "read as SE15 5QL: the letter I for a one"),
    ("two slips", "LSI OAA? no LSI 4AP", "LS1", "4AP", "read as LS1 4AP: the letter I for a one"),
]


@pytest.mark.parametrize(
    ("text", "outward", "inward", "note"), [case[1:] for case in SLIPS], ids=[case[0] for case in SLIPS]
)
def test_a_slip_is_put_right_said_and_doubted(
    postcodes: PostcodeFile, text: str, outward: str, inward: str, note: str
) -> None:
    clue = [one for one in find_postcodes(text, postcodes) if one.kind is ClueKind.POSTCODE][-1]
    (place,) = clue.hypotheses
    true = postcodes.unit(outward, inward)
    assert true is not None
    latitude, longitude = to_wgs84(true.easting_m, true.northing_m)
    assert (place.latitude, place.longitude) == pytest.approx((latitude, longitude), abs=1e-6)
    assert clue.note == note == place.note
    exact = only(f"{outward} {inward}", postcodes).hypotheses[0]
    assert exact.note is None
    assert place.uncertainty_m >= SLIP_DOUBT * (exact.uncertainty_m - 5)


LEFT_ALONE = [
    "LS6 SHE fell off the wall",
    "she takes B12 ONE a day",
    "M25 OFF the slip road",
    "b12 one tablet",
    "at S8 SIT down",
    "IM OK NOW",
    "BS 4AB",
    "NO 4 IS ON FIRE",
    "is 5ok or so 1am",
    "QQ9 9ZZ",
    "A1 1 B2 2 C3 3",
    "sei5 5ql",
]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_only_looks_like_a_slip_is_no_whole_postcode(postcodes: PostcodeFile, text: str) -> None:
    assert not [clue for clue in find_postcodes(text, postcodes) if clue.kind is ClueKind.POSTCODE]


def test_a_slip_that_may_be_several_postcodes_is_all_of_them_or_none() -> None:
    both = only("EII 1AA", a_file_of(("EI1", "1AA"), ("E1I", "1AA")))
    assert [place.note for place in both.hypotheses] == [
        "read as EI1 1AA: the letter I for a one",
        "read as E1I 1AA: the letter I for a one",
    ] or len(both.hypotheses) == 2
    assert " or " in both.note
    (one,) = only("EII 1AA", a_file_of(("EI1", "1AA"))).hypotheses
    assert one.note == "read as EI1 1AA: the letter I for a one"
    assert not list(find_postcodes("EII 1AA", a_file_of(("E12", "1AA"))))


def test_a_postcode_as_written_is_never_read_as_another() -> None:
    known = a_file_of(("B50", "4AB"), ("BS0", "4AB"))
    for written in ("B50 4AB", "BS0 4AB"):
        clue = only(written, known)
        assert len(clue.hypotheses) == 1
        assert clue.note == ""


def test_fewest_slips_come_first_and_never_more_than_two() -> None:
    for marks in product("OI5S01E", repeat=4):
        slips = [len(one.slips) for one in readings("".join(marks), "1AA", with_words=False)]
        assert slips == sorted(slips)
        assert max(slips, default=0) <= 2
    assert not list(readings("LS1", "4AC", with_words=True))  # C never ends a postcode


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("LS1 4 area", "LS1 4"),
        ("near LS1 4.", "LS1 4"),
        ("postcode ls1 4", "ls1 4"),
        ("YO10 4 by the river", "YO10 4"),
        ("LS1 4 people hurt", "LS1"),
        ("LS1 40 people hurt", "LS1"),
    ],
)
def test_a_sector_is_read_where_its_figure_counts_nothing_else(
    postcodes: PostcodeFile, text: str, words: str
) -> None:
    clue = only(text, postcodes)
    assert (clue.kind, clue.words) == (ClueKind.OUTCODE, words)
    assert clue.hypotheses[0].source is LocationSource.TEXT_OUTCODE


@pytest.mark.parametrize(
    ("written", "low", "width"),
    [("LS1", 0, 6_760), ("PL28", 0, 6_760), ("PH33", 0, 6_760), ("SE15", 0, 6_760), ("YO10 4", 4 * 676, 676)],
)
def test_a_part_of_a_postcode_is_as_wide_as_the_postcodes_it_holds(
    postcodes: PostcodeFile, written: str, low: int, width: int
) -> None:
    """The circle holds 95 % of them, and one of half the width does not: it is their spread, no constant."""
    (place,) = only(f"postcode {written}", postcodes).hypotheses
    base = (outward_key(written.split(" ")[0]) or 0) + low
    held = slice(*np.searchsorted(postcodes._keys, np.array([base, base + width], dtype=np.int32)))
    easts, norths = postcodes._east[held], postcodes._north[held]
    distances = np.hypot(easts - np.median(easts), norths - np.median(norths))
    assert np.mean(distances <= place.radius_m()) >= 0.95
    assert np.mean(distances <= place.radius_m() / 2) < 0.95
