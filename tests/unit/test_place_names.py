"""Places by name: several of one name, what narrows them, where offsets put them, and any text at all."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.locate.gazetteer import Gazetteer
from intake.locate.place_clues import find_place_clues
from intake.locate.place_names import find_place_names
from intake.locate.questions import question_of
from intake.location import CallerLocation, Clue, ClueKind, LocationSource
from intake.phrases import Phrases, load_phrases

CONFIG = Path(__file__).parents[2] / "config"
PADSTOW = (50.53885, -4.93664)


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load(CONFIG / "gazetteer")


@pytest.fixture(scope="module")
def phrases() -> Phrases:
    return load_phrases(CONFIG)


def only(text: str, gazetteer: Gazetteer, kind: ClueKind = ClueKind.PLACE_NAME) -> Clue:
    (clue,) = [clue for clue in find_place_clues(text, gazetteer) if clue.kind is kind]
    return clue


def metres(place: CallerLocation, latitude: float, longitude: float) -> float:
    east = (place.longitude - longitude) * math.cos(math.radians(latitude))
    return 111_195 * math.hypot(place.latitude - latitude, east)


def test_a_name_of_several_places_is_several_hypotheses_and_a_question(
    gazetteer: Gazetteer, phrases: Phrases
) -> None:
    clue = only("help, newport", gazetteer)
    assert len(clue.hypotheses) == len(clue.options) >= 6
    assert clue.options[0] == "Newport, Gwent"
    assert "Newport, Isle of Wight" in clue.options
    assert sum(place.confidence_pct for place in clue.hypotheses) == pytest.approx(95, abs=1)
    assert clue.hypotheses[0].confidence_pct == max(place.confidence_pct for place in clue.hypotheses)
    assert question_of(phrases, clue, "en").startswith("Which Newport?")
    assert question_of(phrases, clue, "cy").startswith("Pa Newport?")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Newport, Gwent", "Newport, Gwent"),
        ("in Newport, Sir Benfro", "Newport, Pembrokeshire"),
        ("newport on the Isle of Wight", "Newport, Isle of Wight"),
        ("Newport near Cowes", "Newport, Isle of Wight"),
        ("ym Mangor ger Caernarfon", "Bangor, Gwynedd"),
        ("Bangor, Northern Ireland", "Bangor, Ards and North Down"),
    ],
)
def test_words_of_the_text_narrow_a_name_and_the_note_says_so(
    gazetteer: Gazetteer, text: str, label: str
) -> None:
    clue = next(iter(find_place_names(text, gazetteer)))
    assert [place.note for place in clue.hypotheses] == [label]
    assert "of this name the one" in clue.note
    assert clue.options == ()


def test_a_place_found_by_other_means_narrows_too(gazetteer: Gazetteer) -> None:
    ryde = CallerLocation(
        latitude=50.73, longitude=-1.16, uncertainty_m=100, source=LocationSource.TEXT_POSTCODE
    )
    (clue,) = find_place_names("newport PO33 1AA", gazetteer, [ryde])
    assert [place.note for place in clue.hypotheses] == ["Newport, Isle of Wight"]


def test_a_far_place_narrows_nothing(gazetteer: Gazetteer) -> None:
    wick = CallerLocation(
        latitude=58.44, longitude=-3.09, uncertainty_m=100, source=LocationSource.TEXT_POSTCODE
    )
    (clue,) = find_place_names("newport", gazetteer, [wick])
    assert len(clue.hypotheses) > 1


def test_a_large_place_is_meant_and_its_small_namesakes_are_said(gazetteer: Gazetteer) -> None:
    clue = only("im in St Helens", gazetteer)
    assert len(clue.hypotheses) == 1
    assert clue.hypotheses[0].confidence_pct == 95
    assert clue.note == "there is also St. Helens, Isle of Wight"


def test_a_slip_is_said_and_doubted(gazetteer: Gazetteer) -> None:
    right, wrong = only("in Birmingham", gazetteer), only("in Birminham", gazetteer)
    assert wrong.words == "Birminham"
    assert "one letter differs" in wrong.note
    assert wrong.hypotheses[0].uncertainty_m == pytest.approx(1.5 * right.hypotheses[0].uncertainty_m)


@pytest.mark.parametrize(
    ("text", "north_m", "east_m"),
    [
        ("3 miles north of Padstow", 4_828, 0),
        ("5 km south west of Padstow", -3_535, -3_535),
        ("5 km SW of Padstow", -3_535, -3_535),
        ("2km to the east of Padstow", 0, 2_000),
        ("dwy filltir i'r gogledd o Padstow", 3_219, 0),
        ("in Padstow", 0, 0),
        ("2 miles from Padstow", 0, 0),
    ],
)
def test_offsets_move_the_circle(gazetteer: Gazetteer, text: str, north_m: float, east_m: float) -> None:
    (place,) = only(text, gazetteer).hypotheses
    latitude = PADSTOW[0] + north_m / 111_195
    longitude = PADSTOW[1] + east_m / 111_195 / math.cos(math.radians(PADSTOW[0]))
    assert metres(place, latitude, longitude) < 60


def test_offsets_only_ever_widen(gazetteer: Gazetteer) -> None:
    plain = only("in Padstow", gazetteer).hypotheses[0].uncertainty_m
    for words in ("near", "off", "3 miles north of", "2 miles from", "outside", "north of", "ger"):
        (place,) = only(f"{words} Padstow", gazetteer).hypotheses
        assert place.uncertainty_m > plain, words
    assert only("off Padstow", gazetteer).note.endswith("the sea may be meant")


def test_between_two_towns_is_one_circle_that_holds_both_centres(gazetteer: Gazetteer) -> None:
    first, second = find_place_names("somewhere between Bodmin and Liskeard", gazetteer)
    assert first.hypotheses[0].latitude == second.hypotheses[0].latitude
    for name in ("Bodmin", "Liskeard"):
        point = gazetteer.point(name)
        assert point is not None
        assert metres(first.hypotheses[0], *point) < first.hypotheses[0].uncertainty_m


def test_a_road_has_a_place_only_beside_a_town(gazetteer: Gazetteer, phrases: Phrases) -> None:
    alone = only("crash on the A38", gazetteer, ClueKind.ROAD)
    assert alone.hypotheses == ()
    assert question_of(phrases, alone, "en").startswith("Where on the A38?")
    assert question_of(phrases, alone, "cy").startswith("Ble ar yr A38?")
    town, road = (
        only("on the A38 near Bodmin", gazetteer, kind) for kind in (ClueKind.PLACE_NAME, ClueKind.ROAD)
    )
    assert road.hypotheses[0].source is LocationSource.TEXT_ROAD
    assert road.hypotheses[0].uncertainty_m > town.hypotheses[0].uncertainty_m
    assert question_of(phrases, road, "en") == ""
    unlinked = only("on the A38. my brother lives in Bodmin", gazetteer, ClueKind.ROAD)
    assert unlinked.hypotheses == ()


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("M6 J15", "M6 J15"),
        ("junction 15 of the m6", "M6 J15"),
        ("M62 between J24 and J25", "M62 between J24 and J25"),
        ("A1(M) jct 47", "A1(M) J47"),
        ("M1 J23a", "M1 J23A"),
    ],
)
def test_junctions_are_told_in_one_form_and_never_placed(gazetteer: Gazetteer, text: str, note: str) -> None:
    clue = only(text, gazetteer, ClueKind.JUNCTION)
    assert clue.note.startswith(f"{note}:")
    assert clue.hypotheses == ()


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("marker post M5 137/2 A", "marker post M5 137.2 km; carriageway A"),
        ("M25 A 15.4", "marker post M25 15.4 km; carriageway A"),
        ("location sign m62 b 42.1", "marker post M62 42.1 km; carriageway B"),
        ("marker post 137.2", "marker post 137.2 km; the carriageway is not said; the road is not said"),
    ],
)
def test_marker_posts_are_told_in_one_form_and_never_placed(
    gazetteer: Gazetteer, text: str, note: str
) -> None:
    clue = only(text, gazetteer, ClueKind.MARKER_POST)
    assert clue.note.startswith(note)
    assert clue.hypotheses == ()


def test_without_a_list_roads_are_read_all_the_same() -> None:
    found = list(find_place_clues("on the A38 near Bodmin, past M5 J27", None))
    assert {clue.kind for clue in found} >= {ClueKind.ROAD, ClueKind.JUNCTION}
    assert not any(clue.hypotheses for clue in found)


PIECES = (
    "in near off between and Newport newport Bangor Leeds Bath reading 3 miles north of A38 M6 J15 (M) , . "
    "\n marker post 137/2 A yng Nghaerdydd Barry Gwent ger's St -- ’ & Birminham İ ﬁ 🚑 ß"
)
WORDS = st.sampled_from(PIECES.split(" "))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=14).map(" ".join)))
def test_any_text_is_read_and_each_clue_is_its_words(text: str) -> None:
    for clue in find_place_clues(text, LOADED):
        assert text[clue.start : clue.end] == clue.words
        for place in clue.hypotheses:
            assert 49 <= place.latitude <= 62
            assert -12 <= place.longitude <= 3
            assert 0 < place.confidence_pct <= 95
            assert (place.clue_start, place.clue_end) == (clue.start, clue.end)


LOADED = Gazetteer.load(CONFIG / "gazetteer")


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "between and ",
            "3 miles north of ",
            "M6 junction ",
            "A1",
            "j1 and j2 ",
            "Newport ",
            "marker post 1/",
        ),
        *(
            "on A38 Leeds ",
            "Bangor Newport Leeds ",
            "M1 , , , ",
            "yn Ng",
            "Stoke on ",
            "St ",
            "M6 at near by ",
        ),
        *("north ", "the coast of ", "1.5 miles ", "Birminham ", "[ ,", "Newport, Gwent, "),
    ],
)
def test_no_text_holds_the_reader_up(piece: str) -> None:
    """20,000 characters of the worst kind: measured in tenths of a second, bounded generously."""
    text = (piece * 20_000)[:20_000]
    started = time.process_time()
    list(find_place_clues(text, LOADED))
    assert time.process_time() - started < 5
