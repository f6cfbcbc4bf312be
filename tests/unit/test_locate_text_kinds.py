"""Grid letters, three words, short plus codes, written degrees, silent links and addresses, one by one."""

from __future__ import annotations

import pytest
from pyproj import Geod

from intake.locate.address import find_addresses
from intake.locate.coordinates import find_coordinates
from intake.locate.grid_reference import find_grid_references
from intake.locate.irish_grid import find_irish_grid_references
from intake.locate.map_link import WITHOUT_A_PLACE, find_map_links, find_silent_map_links
from intake.locate.plus_code import find_plus_codes
from intake.locate.text import TextLocator
from intake.locate.what3words import find_what3words
from intake.location import Clue, ClueKind

TOWNS = {"Leeds": (53.79648, -1.54785), "Newcastle upon Tyne": (54.97328, -1.61396)}


def off_m(clue: Clue, latitude: float, longitude: float) -> float:
    (place,) = clue.hypotheses
    return float(Geod(ellps="WGS84").inv(place.longitude, place.latitude, longitude, latitude)[2])


# Belfast City Hall and Slieve Donard's top by their published coordinates, to the size of the square.
IRISH = [
    ("irish grid J 338 740", "J 338 740", 54.5965, -5.9301, 150),
    ("Irish Grid Ref: j338740", "j338740", 54.5965, -5.9301, 150),
    ("OSNI J 35800 27700", "J 35800 27700", 54.1804, -5.9206, 60),
    ("grid ref C 454 167", "C 454 167", 54.9963, -7.2907, 150),
    ("fell in the Mournes, J 358 277, one hurt", "J 358 277", 54.1804, -5.9206, 150),
    ("irish grid O 15 34", "O 15 34", 53.349, -6.265, 1_500),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words", "latitude", "longitude", "tolerance_m"), IRISH)
def test_an_irish_grid_reference_is_its_square(
    text: str, words: str, latitude: float, longitude: float, tolerance_m: float
) -> None:
    (clue,) = find_irish_grid_references(text)
    assert (clue.kind, clue.words, text[clue.start : clue.end]) == (ClueKind.IRISH_GRID, words, words)
    assert off_m(clue, latitude, longitude) <= tolerance_m


@pytest.mark.parametrize(
    "text",
    ["ward J 338 740", "H 12 34", "form C 1234", "grid ref SE 298 333", "J 338 740", "grid ref A 12 34",
     "irish grid I 123 456", "irish grid J 338 7", "in Belfast, flat H 12 34", "irish grid J 3387407"],
)  # fmt: skip
def test_a_letter_and_figures_are_no_irish_grid_without_its_words(text: str) -> None:
    assert not list(find_irish_grid_references(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("grid ref S E 298 333", "S E 298 333"),
        ("NGR: s e 298333", "s e 298333"),
        ("os ref SE:298 333", "SE:298 333"),
        ("at SE29803330", "SE29803330"),
        ("cyfeirnod grid: SH 609 543", "SH 609 543"),
    ],
)
def test_a_grid_references_letters_may_stand_apart(text: str, words: str) -> None:
    (clue,) = find_grid_references(text)
    assert clue.words == words
    assert len(clue.hypotheses) == 1


@pytest.mark.parametrize(
    "text", ["S E 298 333", "unit T A 123 456", "grid ref S A 298 333", "the S E 298333"]
)
def test_letters_apart_need_the_words(text: str) -> None:
    assert not list(find_grid_references(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("///filled.count.soap", "///filled.count.soap"),
        ("help ///Filled.Count.Soap.", "///Filled.Count.Soap"),
        ("/// filled.count.soap ok", "/// filled.count.soap"),
        ("what3words filled.count.soap", "filled.count.soap"),
        ("What 3 Words address is: filled . count . soap", "filled . count . soap"),
        ("w3w=//filled.count.soap", "//filled.count.soap"),
        ("my three words are filled.count.soap", "filled.count.soap"),
        ("tri gair: dringo.mynydd.eira", "dringo.mynydd.eira"),
        ("https://w3w.co/filled.count.soap", "https://w3w.co/filled.count.soap"),
        ("what3words.com/filled.count.soap?alias=x", "what3words.com/filled.count.soap"),
        ("https://what3words.com/afrique.été.où", "https://what3words.com/afrique.été.où"),
        ("///дом.снег.лес", "///дом.снег.лес"),
    ],
)
def test_three_words_are_kept_and_never_placed(text: str, words: str) -> None:
    clues = list(find_what3words(text))
    assert words in [clue.words for clue in clues]
    (clue,) = TextLocator(None).read(text).clues
    assert (clue.kind, clue.words, clue.hypotheses) == (ClueKind.WHAT3WORDS, words, ())
    assert "only the what3words service knows" in clue.note


@pytest.mark.parametrize(
    "text",
    ["filled.count.soap", "www.example.com", "https://www.example.com/a.b.c", "what3words is not working",
     "///filled.count", "///a.b.c.d.e.f", "file:///etc.conf.d", "three words: I love you", "http://w3w.example.org/one.two.three",
     "what3words 1.2.3", "me@some.body.example"],
)  # fmt: skip
def test_dots_alone_are_not_three_words(text: str) -> None:
    assert not list(find_what3words(text))


@pytest.mark.parametrize(
    ("text", "words", "latitude", "longitude"),
    [
        ("QFW2+2V Leeds", "QFW2+2V Leeds", 53.7951, -1.5478),
        ("at QFW2+2V, Leeds now", "QFW2+2V, Leeds", 53.7951, -1.5478),
        ("X9FQ+9C Newcastle upon Tyne pls", "X9FQ+9C Newcastle upon Tyne", 54.9734, -1.6114),
    ],
)
def test_a_short_plus_code_is_the_cell_nearest_its_town(
    text: str, words: str, latitude: float, longitude: float
) -> None:
    (clue,) = find_plus_codes(text, TOWNS.get)
    assert clue.words == words
    assert off_m(clue, latitude, longitude) < 400
    assert clue.note.startswith("short plus code: 9C")


@pytest.mark.parametrize("text", ["QFW2+2V", "QFW2+2V Sometown", "QFW2+2V. Leeds"])
def test_a_short_plus_code_without_a_known_town_is_kept_and_asked_about(text: str) -> None:
    for near in (None, TOWNS.get):
        (clue,) = find_plus_codes(text, near)
        assert (clue.words, clue.hypotheses) == ("QFW2+2V", ())
        assert "ask for the town" in clue.note


@pytest.mark.parametrize("text", ["2222+22", "call 2345+678", "3+2", "A2CC+22", "CCCC+CC", "GPS+WX"])
def test_a_sum_is_no_plus_code(text: str) -> None:
    assert not list(find_plus_codes(text, TOWNS.get))


@pytest.mark.parametrize(
    ("text", "latitude", "longitude"),
    [
        ("54.5973 north 5.9301 west", 54.5973, -5.9301),
        ("54.5973 degrees N, 5.9301 degrees W", 54.5973, -5.9301),
        ("north 54.5973 west 5.9301", 54.5973, -5.9301),
        ("52 degrees 12 minutes 18 seconds north, 0 degrees 7 minutes 18 seconds east", 52.205, 0.12167),
        ("52 deg 12.3 min N 0 deg 7.3 min E", 52.205, 0.12167),
        ("long: -5.93012 lat: 54.59728", 54.59728, -5.93012),
        ("lledred 53.22745, hydred -4.12932", 53.22745, -4.12932),
        ("53.2274 gogledd, 4.1293 gorllewin", 53.2274, -4.1293),
        ("33.8568 de 151.2153 dwyrain", -33.8568, 151.2153),
        ("37.77493, -122.41942", 37.77493, -122.41942),
    ],
)
def test_degrees_in_words_and_labels_turned_round(text: str, latitude: float, longitude: float) -> None:
    (clue,) = find_coordinates(text)
    assert clue.words == text
    assert off_m(clue, latitude, longitude) < 2


def test_longitude_first_is_noticed_and_said() -> None:
    (clue,) = find_coordinates("-1.54911, 53.79981")
    assert off_m(clue, 53.79981, -1.54911) < 1
    assert "longitude stands first" in clue.note
    assert clue.note == clue.hypotheses[0].note


@pytest.mark.parametrize(
    "text",
    [
        "the ratio was 3.14159, 2.71828",
        "lat 95.12345 long 12.12345",
        "e.g. 12.34567 north",
        "20.5 north and 30.5 easter eggs",
    ],
)
def test_numbers_that_are_no_place(text: str) -> None:
    assert not list(find_coordinates(text))


@pytest.mark.parametrize(
    "text",
    ["https://maps.app.goo.gl/AbCdEf123", "goo.gl/maps/xyz123", "https://maps.apple.com/p/AbC.dEf",
     "https://www.google.com/maps/place/Leeds+Station", "https://waze.com/ul/hgcw8x"],
)  # fmt: skip
def test_a_map_link_that_hides_its_place_is_shown_and_never_opened(text: str) -> None:
    assert not list(find_map_links(text))
    (clue,) = find_silent_map_links(text)
    assert (clue.words, clue.hypotheses, clue.note) == (text, (), WITHOUT_A_PLACE)


@pytest.mark.parametrize(
    "text", ["https://example.org/maps", "https://www.google.com/search?q=fire", "see www.example.com"]
)
def test_another_link_is_no_map(text: str) -> None:
    assert not list(find_silent_map_links(text))


def test_googles_pin_in_degrees_minutes_and_seconds_is_read() -> None:
    link = "https://www.google.com/maps/place/53%C2%B048'02.9%22N+1%C2%B032'56.8%22W/@50.0,-3.0,17z"
    (clue,) = find_map_links(link)
    assert off_m(clue, 53.80081, -1.54911) < 2


def named(text: str, *names: str) -> list[Clue]:
    return [
        Clue(kind=ClueKind.PLACE_NAME, words=name, start=text.index(name), end=text.index(name) + len(name))
        for name in names
    ]


@pytest.mark.parametrize(
    ("text", "towns", "words"),
    [
        ("fire at 12 High Street, Wigan", ["Wigan"], "12 High Street, Wigan"),
        ("14a mill lane wigan", ["wigan"], "14a mill lane wigan"),
        ("Flat 3, 18 Queen Street, Cardiff now", ["Cardiff"], "Flat 3, 18 Queen Street, Cardiff"),
        ("27 Kirkstall Road, Burley, Leeds", ["Leeds"], "27 Kirkstall Road, Burley, Leeds"),
        ("101-103 High St. Lincoln", ["Lincoln"], "101-103 High St. Lincoln"),
        ("3 The Green, Thame", ["Thame"], "3 The Green, Thame"),
        ("12 Stryd Fawr, Bala", ["Bala"], "12 Stryd Fawr, Bala"),
        ("5 Ffordd y Coleg yn Bangor", ["Bangor"], "5 Ffordd y Coleg yn Bangor"),
        ("9 Leeds Road, Bradford", ["Leeds", "Bradford"], "9 Leeds Road, Bradford"),
    ],
)
def test_an_address_is_a_numbered_street_and_its_town(text: str, towns: list[str], words: str) -> None:
    ((clue, street_end),) = find_addresses(text, named(text, *towns))
    assert clue.words == words
    assert clue.hypotheses == ()
    assert clue.start < street_end <= text.index(towns[-1])


@pytest.mark.parametrize(
    ("text", "towns"),
    [
        ("12 High Street", []),
        ("High Street, Wigan", ["Wigan"]),
        ("2 men on Station Road Wigan", ["Wigan"]),
        ("in 5 minutes at High Street Wigan", ["Wigan"]),
        ("12 High Street. My mum is in Wigan", ["Wigan"]),
        ("call 01632 960123 Park Road then phone my brother, he is in Wigan", ["Wigan"]),
        ("20 pints of Best Hill Ale in Wigan", ["Wigan"]),
    ],
)
def test_a_street_alone_and_a_count_of_people_are_no_address(text: str, towns: list[str]) -> None:
    assert not list(find_addresses(text, named(text, *towns)))


def test_the_postcode_inside_an_address_stays_a_clue_of_its_own() -> None:
    text = "im at 12 High Street, BT1 5GS"
    address, postcode = TextLocator(None).read(text).clues
    assert (address.kind, address.words) == (ClueKind.ADDRESS, "12 High Street, BT1 5GS")
    assert (postcode.kind, postcode.words) == (ClueKind.POSTCODE, "BT1 5GS")
    assert address.whose == postcode.whose == "caller"
