"""Agreements: each condition that makes one hold, both languages, and files that are refused."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from intake.commands import check
from intake.commands.check import problems_in
from intake.control_room import Service
from intake.errors import BadConfiguration
from intake.triage import AddedServices, Agreement, check_added, load_added
from intake.triage.phrase_match import Negation
from tests.desk import CONFIG, welsh

FIRE, AMBULANCE, POLICE = Service.FIRE, Service.AMBULANCE, Service.POLICE
DAY = date(2026, 11, 23)
YORKSHIRE = {AMBULANCE: "ambulance-yorkshire"}
AGREEMENTS = [rule for rule in load_added(CONFIG).rules if isinstance(rule, Agreement)]

TERMS = {
    "id": "beside",
    "name": "Beside",
    "name_cy": "Ochr yn ochr",
    "service": "fire",
    "asked": ("ambulance",),
    "because": "they agreed",
    "because_cy": "cytunwyd",
    "where": ("inland", "unknown"),
    "reviewed": date(2026, 1, 1),
    "until": DAY,
}


def proposed(
    text: str = "help",
    where: str = "inland",
    country: str = "england",
    asked: dict[Service, str] | None = None,
    today: date | None = DAY,
    **terms: object,
) -> list[str]:
    if "room" in terms:
        terms["asked"] = (TERMS["service"],)
    rules = [Agreement(**{**TERMS, **terms})]  # type: ignore[arg-type]
    found = AddedServices(rules, Negation()).suggest(
        [text], where, country, YORKSHIRE if asked is None else asked, today
    )
    return [one.service.word for one in found]


def test_it_holds_for_the_service_asked_for_alone() -> None:
    assert proposed() == ["fire"]
    assert proposed(asked={}) == []
    assert proposed(asked={POLICE: "police-west-yorkshire"}) == []
    assert proposed(asked={POLICE: "police-west-yorkshire", **YORKSHIRE}) == ["fire"]


def test_it_holds_where_its_rooms_would_get_it() -> None:
    assert proposed(rooms=("ambulance-yorkshire", "ambulance-welsh")) == ["fire"]
    assert proposed(rooms=("ambulance-welsh",)) == []
    # The room of another service is no party to it.
    beside = {AMBULANCE: "ambulance-london", POLICE: "ambulance-yorkshire"}
    assert proposed(rooms=("ambulance-yorkshire",), asked=beside) == []


def test_it_holds_at_its_places_and_in_its_countries() -> None:
    assert proposed(where="shore") == []
    assert proposed(where="unknown", country="") == ["fire"]
    assert proposed(countries=("wales",)) == []
    assert proposed(countries=("wales",), country="wales") == ["fire"]


def test_it_holds_to_the_end_of_its_last_day() -> None:
    assert proposed(until=DAY) == ["fire"]
    assert proposed(until=date(2026, 11, 22)) == []
    assert proposed(today=None) == []  # who does not say the day is proposed nothing


def test_it_holds_by_words_in_both_languages_and_not_when_they_are_denied() -> None:
    words = {"phrases": {"en": ["not breathing"], "cy": ["ddim yn anadlu"]}}
    assert proposed("he is not breathing", **words) == ["fire"]
    assert proposed("dydy o ddim yn anadlu", **words) == ["fire"]
    assert proposed("he fell", **words) == []
    negation = Negation(words=["no"], between=["a"])
    rule = Agreement(**{**TERMS, "phrases": {"en": ["weapon"], "cy": ["arf"]}})  # type: ignore[arg-type]
    told = AddedServices([rule], negation)
    assert told.suggest(["a weapon"], "inland", "", YORKSHIRE, DAY)
    assert not told.suggest(["no weapon"], "inland", "", YORKSHIRE, DAY)


def test_another_room_is_proposed_until_the_map_says_it_itself() -> None:
    terms = {"rooms": ("fire-kent",), "room": "fire-essex"}
    assert proposed(asked={FIRE: "fire-kent"}, **terms) == ["fire"]
    assert proposed(asked={FIRE: "fire-essex"}, **terms) == []
    assert proposed(asked={FIRE: "fire-suffolk"}, **terms) == []


SHIPPED = [
    ("my dad is in cardiac arrest", YORKSHIRE, "co-responding-cardiac"),
    ("mae'r galon wedi stopio", {AMBULANCE: "ambulance-welsh"}, "co-responding-cardiac"),
    ("he was stabbed", {AMBULANCE: "ambulance-london"}, "police-with-ambulance"),
    ("mae ganddo gyllell", {AMBULANCE: "ambulance-welsh"}, "police-with-ambulance"),
    ("lorry on fire on the Dartford Crossing", {FIRE: "fire-kent"}, "crossing-north-side"),
    ("tân ar bont Dartford", {FIRE: "fire-kent"}, "crossing-north-side"),
]


@pytest.mark.parametrize(("text", "asked", "agreement"), SHIPPED, ids=[row[0] for row in SHIPPED])
def test_the_examples_that_are_shipped(text: str, asked: dict[Service, str], agreement: str) -> None:
    (one,) = load_added(CONFIG).suggest([text], "inland", "england", asked, DAY)
    assert one.rule_id == agreement and one.agreement is not None
    assert one.beside == tuple(asked) and not one.leads
    said = welsh().suggestions(one.reason)
    assert said and said.endswith(one.agreement.because_cy)


NOT = [
    ("my dad is in cardiac arrest", {AMBULANCE: "ambulance-london"}),
    ("my dad is in cardiac arrest", {POLICE: "police-west-yorkshire"}),
    ("the baby is not breathing well", YORKSHIRE),
    ("I had my flu shot and feel faint", YORKSHIRE),
    ("cut with a bread knife", YORKSHIRE),
    ("wn i ddim, dwi ddim yn gwybod", YORKSHIRE),
    ("car on fire in Maidstone", {FIRE: "fire-kent"}),
]


@pytest.mark.parametrize(("text", "asked"), NOT, ids=[f"{text} {list(of.values())}" for text, of in NOT])
def test_what_the_examples_do_not_hold_for(text: str, asked: dict[Service, str]) -> None:
    assert load_added(CONFIG).suggest([text], "inland", "england", asked, DAY) == ()


def test_every_shipped_one_says_that_it_is_an_example() -> None:
    assert len(AGREEMENTS) == 3
    for one in AGREEMENTS:
        assert "(example)" in one.name and "(enghraifft)" in one.name_cy
    head = (CONFIG / "agreements.toml").read_text("utf-8")
    assert "EVERY AGREEMENT IN THIS FILE IS AN ILLUSTRATION" in head


SPOILT = [
    ('service = "fire"', 'service = "fier"', "unknown service 'fier'"),
    ('asked = ["ambulance"]', 'asked = ["ambulence"]', "unknown service 'ambulence'"),
    ('asked = ["ambulance"]', "asked = []", "name, name_cy and asked must not be empty"),
    ('asked = ["ambulance"]', 'asked = ["fire"]', "'fire' is asked for already"),
    ('"ambulance-welsh"', '"ambulance-narnia"', "no room 'ambulance-narnia' in control_rooms.toml"),
    ('"ambulance-welsh"', '"fire-kent"', "room 'fire-kent' does not answer for ambulance"),
    ('room = "fire-essex"', 'room = "police-essex"', "room 'police-essex' does not answer for fire"),
    ('room = "fire-essex"', 'room = "fire-kent"', "room 'fire-kent' stands in rooms, too"),
    ('rooms = ["fire-kent"]', "rooms = []", "room needs rooms"),
    ('asked = ["fire"]', 'asked = ["fire", "police"]', "asked must be 'fire' alone"),
    ("until = 2036-08-31", "until = 2025-08-31", "is before reviewed"),
    ("until = 2036-08-31", 'until = "for ever"', "until"),
    ("until = 2036-08-31\n", "", "until"),
    ('name_cy = "Cyd', 'nome_cy = "Cyd', "nome_cy"),
    ('because_cy = "gall', 'because = "gall', "cannot be read"),
    ('where = ["inland", "shore"]', 'where = ["moon"]', "moon"),
    ('where = ["inland", "shore"]', 'where = ["inland"]\nleads_at = ["inland"]', "leads_at"),
    ('id = "co-responding-cardiac"', 'id = "rail"', "two rules are named 'rail'"),
    ("[[agreement]]", "[services]\n\n[[agreement]]", "unknown table 'services'"),
    ('"no pulse", ', '"?", ', "has no word in it"),
]


def spoil(folder: Path, *changes: tuple[str, str]) -> None:
    for name in ("added_services.toml", "agreements.toml", "control_rooms.toml"):
        shutil.copy(CONFIG / name, folder)
    file = folder / "agreements.toml"
    text = file.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text, "utf-8")


@pytest.mark.parametrize(("old", "new", "problem"), SPOILT, ids=[f"{row[1]} {row[2]}" for row in SPOILT])
def test_a_spoilt_file_is_refused_with_the_reason(tmp_path: Path, old: str, new: str, problem: str) -> None:
    spoil(tmp_path, (old, new))
    found = check_added(tmp_path)
    assert any(problem in one and "agreements.toml" in one for one in found), found
    with pytest.raises(BadConfiguration):
        load_added(tmp_path)


def test_every_error_is_listed_at_once(tmp_path: Path) -> None:
    spoil(tmp_path, *((old, new) for old, new, _ in (SPOILT[0], SPOILT[4], SPOILT[6], SPOILT[10])))
    (tmp_path / "added_services.toml").write_text(
        re.sub("where = .*", 'where = ["moon"]', (CONFIG / "added_services.toml").read_text("utf-8"), count=1)
    )
    found = "\n".join(check_added(tmp_path))
    for expected in ("moon", "'fier'", "ambulance-narnia", "police-essex", "is before reviewed"):
        assert expected in found, found


def test_a_missing_file_is_refused_and_none_at_all_is_said_so(tmp_path: Path) -> None:
    spoil(tmp_path)
    (tmp_path / "agreements.toml").unlink()
    assert any(one.startswith("agreements.toml: cannot be read") for one in check_added(tmp_path))
    (tmp_path / "agreements.toml").write_text("agreement = []\n")
    assert check_added(tmp_path) == []
    assert not [one for one in load_added(tmp_path).rules if isinstance(one, Agreement)]


def test_intake_check_lists_it_and_names_what_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    spoil(
        config,
        ("until = 2036-08-31", "until = 2020-01-02"),
        ("reviewed = 2026-09-01", "reviewed = 2020-01-01"),
    )
    monkeypatch.setattr(check, "problems_in", lambda *_: iter(()))
    args = check.argparse.Namespace(config=config)
    assert check.run(args) == 0
    assert "note: agreement 'co-responding-cardiac' ended on 2020-01-02" in capsys.readouterr().out
    monkeypatch.undo()
    spoil(config, SPOILT[0][:2])
    data = {"INTAKE_DATA_DIR": str(CONFIG.parent / "var" / "data")}
    assert "agreements.toml: co-responding-cardiac: unknown service 'fier'" in "\n".join(
        problems_in(config, data)
    )
