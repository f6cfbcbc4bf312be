"""The Welsh of every sentence the record keeps in English: none is missing; own words have none."""

from __future__ import annotations

import itertools
import random
import re
import string
from pathlib import Path

import pytest

from intake import outcomes
from intake.console.welsh import in_welsh
from intake.control_room import ASKED, ControlRoom, RoomId, Service, ServiceState
from intake.feeds import Hold, Outcome, TryBuddy, next_step
from intake.locate import noting
from intake.locate.text import TextLocator
from intake.location import CallerLocation
from intake.register import check_register
from intake.routing import saying as routing
from intake.routing.decision import STAYS_RULE, with_room
from intake.routing.grounds import rule_text, write_policy
from intake.routing.policy import Rule
from intake.routing.reroute import ReroutingRules, weigh
from intake.routing.wording import border_words
from intake.sentences import JOINT, Reader, Sentence, Wording
from intake.settings import TransfersSettings
from intake.triage import check_added, load_added, load_triage, suggest_service
from intake.triage import saying as triage
from tests.callers import NOON
from tests.desk import CONFIG, register, welsh

TABLES = {
    "routing": routing.SAYING,
    "triage": triage.SAYING,
    "outcomes": outcomes.SAYING,
    "notes": noting.NOTES,
}
READERS = {"routing": "reasons", "outcomes": "reasons", "triage": "suggestions", "notes": "notes"}
ENTRIES = [(name, key) for name, table in TABLES.items() for key in table.keys]

# English words that no Welsh sentence has; names, callers' words and figures are taken out before.
ENGLISH = re.compile(
    r"\b(the|of|and|is|are|was|with|which|this|it|no|not|or|by|for|place|area|within|room|there|says|said)\b"
)


def samples(table: Wording, key: str, language: int = 0) -> dict[str, str]:
    """A value for each that the entry names, of its kind."""
    known = {"service": "mountain-rescue", "through": "police", "country": "Ireland", "state": "Unstaffed"}
    known |= {"slip": "a nought for the letter O", "island": "Isle of Man"}
    known |= {
        "why": "no location is known",
        "because": load_added(CONFIG).rules_said()["mountain"][0],
        "radius": "35 m",
    }
    english = table.english(key)
    names = [name for _, name, _, _ in string.Formatter().parse(english) if name]
    return {name: known.get(name, f"X{number}") for number, name in enumerate(names)}


@pytest.mark.parametrize(("name", "key"), ENTRIES)
def test_every_entry_is_read_back_with_its_values(name: str, key: str) -> None:
    table = TABLES[name]
    values = samples(table, key)
    said = getattr(welsh(), READERS[name])(table.en(key, **values))
    assert said, "nothing reads it"
    for value in values.values():
        if value.startswith("X"):
            assert value in said
    left = re.sub(r"X\d", "", said)
    assert not ENGLISH.search(left), left


def test_rules_of_the_configuration_say_something_in_both() -> None:
    routes, beside = register().rules_said().values(), load_added(CONFIG).rules_said().values()
    assert (len(routes), len(beside)) == (10, 9)
    for rules, read in ((routes, welsh().reasons), (beside, welsh().suggestions)):
        for english, said in rules:
            assert read(english) == said != english
            assert not ENGLISH.search(said), said


def everywhere() -> list[CallerLocation | None]:
    """Towns, borders, coasts, seas, other countries, and numbers that are no place."""
    spots = [
        (53.8, -1.55), (51.45, -2.6), (53.41, -2.3), (50.54, -4.94), (50.2, -5.9), (54.0, -4.5),
        (53.35, -6.26),
        (49.2, -2.1), (49.45, -2.55), (50.95, 1.86), (51.2, 2.9), (48.9, 0.5), (56.5, -7.4), (51.48, -3.18),
        (53.06, -4.08), (54.6, -5.93), (55.0, -7.3), (57.0, -4.0), (40.7, -74.0), (91.0, 0.0),
        (float("nan"), 0.0),
    ]  # fmt: skip
    radii = (5.0, 300.0, 3_000.0, 20_000.0, 80_000.0, -1.0)
    made: list[CallerLocation | None] = [None]
    for (latitude, longitude), radius_m in itertools.product(spots, radii):
        made.append(CallerLocation(latitude=latitude, longitude=longitude, uncertainty_m=radius_m))
    chance = random.Random(4)
    made += [
        CallerLocation(
            latitude=chance.uniform(49.5, 59),
            longitude=chance.uniform(-8, 2),
            uncertainty_m=chance.uniform(5, 9_000),
        )
        for _ in range(150)
    ]
    return made


def test_every_decision_anywhere_has_its_reason_in_welsh() -> None:
    router = register()
    heard = set()
    for location, service in itertools.product(everywhere(), Service):
        decision = router.route(service, location)
        moved = [with_room(decision, "national"), with_room(decision, "hm-coastguard", STAYS_RULE)]
        for one in (decision, *moved):
            said = welsh().reasons(one.reason)
            assert said, one.reason
            assert not ENGLISH.search(bare(said)), said
        heard.add((decision.rule_id, decision.place))
        border = border_words(decision, lambda room: router.room(room).name)
        if border is not None:
            assert border.en.startswith(("Near a border", "At the edge")), border
            assert border.cy.startswith(("Ger ffin", "Ar ymyl")), border
            assert not ENGLISH.search(bare(border.cy)), border.cy
    assert {rule for rule, _ in heard} == set(router.rules_said()), "each rule has decided something"
    assert {place for _, place in heard} == {"land", "border", "shore", "sea", "foreign", "none"}


def bare(text: str) -> str:
    """Without the names of rooms, which are English in Welsh too."""
    names = [name for room in register().rooms.values() for name in (room.name, room.id)]
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "")
    return text


def test_why_a_service_is_suggested() -> None:
    words = load_triage(CONFIG).service_words
    for text in (
        "police please, not an ambulance",
        "there is smoke and flames",
        "heddlu os gwelwch yn dda",
        "no police, no ambulance, send the fire brigade",
    ):
        found = suggest_service(text, words)
        assert found is not None
        said = welsh().suggestions(found.reason)
        assert said.startswith(("gofynnwyd am: “", "disgrifiwyd: “")), (found.reason, said)
        assert not ENGLISH.search(re.sub("“[^”]*”", "", said)), said
    assert welsh().suggestions("set by ada") == "gosodwyd gan ada"
    added = load_added(CONFIG)
    for text in ("a man fell on the track at the train station", "ar y mynydd", "stuck in the mud, the tide"):
        for one in added.suggest([text], "shore", ""):
            said = welsh().suggestions(one.reason)
            assert said and not ENGLISH.search(re.sub("“[^”]*”", "", said)), (one.reason, said)


def test_a_place_that_changed() -> None:
    router, rules = register(), ReroutingRules()
    leeds = CallerLocation(latitude=53.8, longitude=-1.55, uncertainty_m=20.0)
    wide = CallerLocation(latitude=53.8, longitude=-1.55, uncertainty_m=2_000.0)
    bristol = CallerLocation(latitude=51.45, longitude=-2.6, uncertainty_m=20.0)
    for before, now in ((None, leeds), (wide, leeds), (leeds, bristol)):
        change = weigh(
            router, rules, Service.POLICE, router.route(Service.POLICE, leeds).room_id, before, now
        )
        assert (
            change.news and welsh().reasons(change.news) and not ENGLISH.search(welsh().reasons(change.news))
        )


def test_why_a_room_has_it_not() -> None:
    rooms = [
        ControlRoom(
            id=RoomId("one"),
            name="Room One",
            services=(),
            areas=(),
            telephone=number,
            state=state,
            buddy=buddy,
        )
        for number in ("01632 960001", "")
        for state in ServiceState
        for buddy in (None, RoomId("two"))
    ]
    heard = set()
    for outcome, room in itertools.product(Outcome, rooms):
        step = next_step(
            TransfersSettings(),
            outcome=outcome,
            room=room,
            at_buddy=False,
            attempts=1,
            waited_s=300.0,
            now=NOON,
            jitter=0.5,
        )
        assert isinstance(step, Hold | TryBuddy)
        said = welsh().reasons(step.reason)
        assert said.startswith("Room One: ") and not ENGLISH.search(said), (step.reason, said)
        heard.add(step.reason)
    assert len(heard) > len(Outcome)


def test_somebodys_own_words_have_no_welsh() -> None:
    for own in ("the ambulance is ours, ask for them", "gosodwyd", "", "x" * 5_000, "; " * 30, "a; b; c"):
        assert welsh().reasons(own) == ""
    assert in_welsh(welsh().reasons, ["mine", "no location is known", "no location is known"]) == {
        "no location is known": "nid oes lleoliad hysbys"
    }
    quoted = welsh().reasons("rejected by the room: busy; try (the map says X (no location is known))")
    assert quoted == "gwrthodwyd gan yr ystafell: busy; try (the map says X (no location is known))"


def test_a_sentence_that_is_changed_or_a_word_that_is_missing_is_not_translated() -> None:
    """Negative control: what the tests above would see if a table lacked something."""
    reason = (
        register()
        .route(Service.POLICE, CallerLocation(latitude=53.8, longitude=-1.55, uncertainty_m=9.0))
        .reason
    )
    names = {"service": {}, "through": {}, "country": {}, "state": {}}
    without_rules = Reader([routing.SAYING], names).welsh
    assert welsh().reasons(reason) and not without_rules(reason)
    assert not welsh().reasons(reason.replace("lies in", "is in"))
    assert not Reader([routing.SAYING], names).welsh(routing.SAYING.en("abroad", country="Ireland"))


def test_a_table_in_which_the_languages_differ_is_refused() -> None:
    for table in ({"a": ("one {x}", "un")}, {"a": ("one", "")}, {"a": ("one {x}", "un {y}")}):
        with pytest.raises(ValueError, match="both languages"):
            Wording(table)


def test_values_may_be_sentences() -> None:
    table = Wording({"at": ("at {what}", "yn {what}")})
    assert table.say("at", what=Sentence("home", "gartref")) == Sentence("at home", "yn gartref")
    assert JOINT.join(["a", "b"]) == "a; b"


@pytest.mark.parametrize("file", ["route_policy.toml", "added_services.toml"])
def test_a_rule_without_welsh_is_not_loaded(tmp_path: Path, file: str) -> None:
    for one in CONFIG.iterdir():
        (tmp_path / one.name).symlink_to(one)
    text = (CONFIG / file).read_text("utf-8")
    (tmp_path / file).unlink()
    (tmp_path / file).write_text(re.sub(r'because_cy = ".*"\n', "", text, count=1), "utf-8")
    problems = check_register(tmp_path) + check_added(tmp_path)
    assert any("because_cy" in one for one in problems), problems


def test_the_welsh_of_a_rule_is_no_part_of_what_a_decision_stands_on() -> None:
    rules = [
        Rule(id="all", priority=0, action="national", because="x", because_cy=said) for said in ("y", "z")
    ]
    assert "because_cy" not in rule_text(rules[0])
    assert write_policy(rules[:1]) == write_policy(rules[1:])


def test_notes_on_places() -> None:
    """What a text is read as: each note in Welsh, with the caller's own words and names as they are."""
    locator = TextLocator.load(Path("var/none"), CONFIG / "gazetteer")
    heard = set()
    for text in (
        "crash on the M1 J45, M62 by Leeds",
        "marker post M5 B 15.4 and marker post A 20.1",
        "we are in Newport", "near Newport, Gwent", "5 miles north of Leeds", "off Padstow",
        "3 miles from Leeds",
        "between Leeds and Bradford", "LS1 4AP", "LSI 4AP", "postcode LS1 99ZZ", "IM1 1AA", "BT1 1AA", "LS1",
        "///filled.count.soap", "14 Acacia Avenue, Leeds", "9C5M+2X Leeds", "9C5M+2X",
        "maps.app.goo.gl/abc123", "https://www.google.com/maps?q=53.8,-1.55", "geo:53.8,-1.55",
        "https://www.google.com/maps/@53.8,-1.55,15z", "-1.5500, 53.8000",
    ):  # fmt: skip
        for clue in locator.read(text).clues:
            notes = {clue.note, *(place.note or "" for place in clue.hypotheses)} - {""}
            heard |= {
                key
                for note in notes
                for piece in note.split(JOINT)
                for key in noting.NOTES.keys
                if noting.NOTES.says(key, piece)
            }
            own = {
                word.lower()
                for option in (text, *clue.options, "of and")
                for word in re.findall(r"\w+", option)
            }
            for note in notes:
                said = welsh().notes(note) or note
                left = " ".join(word for word in re.findall(r"\w+", said) if word.lower() not in own)
                assert not ENGLISH.search(left), (note, said)
    assert len(heard) > 12, heard


def test_the_four_services_people_ask_for_have_welsh_names() -> None:
    assert all(welsh().suggestions(triage.SAYING.en("declined", service=one.word)) for one in ASKED)
