"""Service, priority, language and silence from words and rules, each with its reason."""

# ruff: noqa: E501 - tables of cases are read across

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.contact import CallerUri, ChannelKind, InboundMessage, Priority
from intake.control_room import Service
from intake.errors import BadConfiguration
from intake.triage import (
    Facts,
    check_triage,
    guess_language,
    is_old,
    is_silent_55,
    load_triage,
    prioritise,
    suggest_service,
)

CONFIG = Path(__file__).parents[2] / "config"
TRIAGE = load_triage(CONFIG)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MESSAGE = InboundMessage(channel=ChannelKind("sms"), provider_id="SM1", caller=CallerUri("tel:+447700900123"))

# label, text, service, whether asked for by name
SUGGESTED = [
    ("named", "Ambulance please", "ambulance", True),
    ("fire", "fire at LS1 4AP", "fire", False),
    ("brigade", "send the fire brigade", "fire", True),
    ("coast guard in two words", "coast guard!!", "coastguard", True),
    ("Welsh ambulance", "dw i angen ambiwlans plîs", "ambulance", True),
    ("Welsh fire", "mae tân yn y tŷ", "fire", False),
    ("Welsh fire, soft mutation", "mae'r tŷ ar dân", "fire", False),
    ("Welsh fire brigade, mutated", "galwch y frigâd dân", "fire", True),
    ("Welsh fire, accent as its own mark", "ta\u0302n", "fire", False),
    ("Welsh police after 'r", "Mae angen yr heddlu'r funud", "police", True),
    ("Welsh coastguard", "gwylwyr y glannau os gwelwch yn dda", "coastguard", True),
    ("Welsh coastguard, mutated", "i wylwyr y glannau", "coastguard", True),
    ("fall", "my neighbour has had a fall", "ambulance", False),
    ("Welsh fall, nasal mutation", "mae mam wedi cwympo", "ambulance", False),
    ("bleeding", "he's bleeding badly", "ambulance", False),
    ("burning", "smell of burning and smoke next door", "fire", False),
    ("out to sea", "a paddleboarder is drifting out to sea off Padstow", "coastguard", False),
    ("Welsh paddleboarder", "padlfyrddiwr allan i'r môr", "coastguard", False),
    ("break-in", "There’s a break-in next door", "police", False),
    ("Welsh break-in", "mae lladron wedi torri i mewn", "police", False),
    ("named outweighs described", "there is blood but send the police", "police", True),
    ("negation", "not the police, an ambulance", "ambulance", True),
    ("Welsh negation", "nid yr heddlu, ambiwlans", "ambulance", True),
    ("negation with words between", "I do not need an ambulance just police", "police", True),
    ("negation of something else", "I'm not ok need police", "police", True),
    ("a phrase that holds its own not", "he is not breathing", "ambulance", False),
    ("a police car can burn", "police car on fire", "fire", False),
    ("another script around it", "помогите ambulance 🚑", "ambulance", True),
]
NOT_SUGGESTED = [
    ("nothing said", "hello?"),
    ("55", "55"),
    ("tan is until", "dw i yma tan bump"),
    ("negated", "there is no fire"),
    ("Welsh negated", "dim angen ambiwlans"),
    ("part of a word", "I was fired from the policeshop"),
    ("a building", "I am outside the police station"),
]


@pytest.mark.parametrize(
    ("text", "service", "asked"), [case[1:] for case in SUGGESTED], ids=[case[0] for case in SUGGESTED]
)
def test_words_suggest_a_service_with_their_reason(text: str, service: str, asked: bool) -> None:
    suggestion = suggest_service(text, TRIAGE.service_words)
    assert suggestion is not None
    assert suggestion.service.word == service
    assert suggestion.asked is asked
    assert suggestion.reason.startswith("asked for: “" if asked else "described: “")


@pytest.mark.parametrize("text", [case[1] for case in NOT_SUGGESTED], ids=[case[0] for case in NOT_SUGGESTED])
def test_other_words_suggest_nothing(text: str) -> None:
    assert suggest_service(text, TRIAGE.service_words) is None


def test_further_services_and_declined_ones_are_told() -> None:
    suggestion = suggest_service("ambulance, there is smoke too. not the police", TRIAGE.service_words)
    assert suggestion is not None
    assert suggestion.others == (Service.FIRE,)
    assert suggestion.declined == (Service.POLICE,)
    assert suggestion.reason == "asked for: “ambulance”; said no to: police"


def test_repeating_a_word_adds_no_weight() -> None:
    suggestion = suggest_service("smoke smoke smoke smoke, someone fell, blood", TRIAGE.service_words)
    assert suggestion is not None
    assert suggestion.service is Service.AMBULANCE


# label, facts, rule, priority
JUDGED = [
    ("silent", Facts(silent=True, old=True, automatic=True), "silent-55", 1),
    ("automatic", Facts(text="out of office: on fire", automatic=True), "automatic", 3),
    ("defect", Facts(text="[unreadable]", defect=True), "unreadable", 2),
    ("old", Facts(text="fire", service=Service.FIRE, old=True), "old", 3),
    ("old and dying", Facts(text="he is not breathing", old=True), "old-life-at-risk", 2),
    ("life at risk", Facts(text="she can't breathe"), "life-at-risk", 1),
    ("Welsh life at risk", Facts(text="dyw e ddim yn anadlu"), "life-at-risk", 1),
    ("denied", Facts(text="nobody trapped. no gun"), "life-at-risk", 1),
    ("all denied", Facts(text="no gun, no knife"), "anything-else", 2),
    ("not urgent", Facts(text="this is not urgent", service=Service.POLICE), "says-not-urgent", 3),
    ("fire", Facts(text="fire", service=Service.FIRE), "fire-or-sea", 1),
    ("sea", Facts(service=Service.COASTGUARD), "fire-or-sea", 1),
    ("nothing known", Facts(), "anything-else", 2),
]


@pytest.mark.parametrize(
    ("facts", "rule_id", "priority"), [case[1:] for case in JUDGED], ids=[case[0] for case in JUDGED]
)
def test_the_first_true_rule_is_named(facts: Facts, rule_id: str, priority: int) -> None:
    verdict = prioritise(facts, TRIAGE.priority_rules)
    assert (verdict.rule_id, verdict.priority) == (rule_id, priority)
    assert verdict.reason


def test_the_reason_quotes_the_words() -> None:
    verdict = prioritise(Facts(text="he is not breathing"), TRIAGE.priority_rules)
    assert verdict.reason == "its words say a life is at risk: “not breathing”"


@given(
    facts=st.builds(
        Facts,
        text=st.text(max_size=40),
        channel=st.text(max_size=5),
        service=st.sampled_from([None, *Service]),
        silent=st.booleans(),
        old=st.booleans(),
        defect=st.booleans(),
        automatic=st.booleans(),
    )
)
def test_every_message_has_a_verdict(facts: Facts) -> None:
    verdict = prioritise(facts, TRIAGE.priority_rules)
    assert verdict.priority in Priority
    assert verdict == prioritise(facts, TRIAGE.priority_rules)
    if facts.silent:
        assert verdict.rule_id == "silent-55"


@pytest.mark.parametrize("text", ["55", " 55 ", "5 5", "55.", "“55”", "５５", "5-5\n", "55!!"])
def test_55_is_the_silent_solution(text: str) -> None:
    assert is_silent_55(text)


@pytest.mark.parametrize(
    "text", ["", "5", "555", "55 High Street", "155", "0055", "5x5", "55" * 30, "5" + " " * 99 + "5"]
)
def test_other_numbers_are_not(text: str) -> None:
    assert not is_silent_55(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("mae tân yn y tŷ", "cy"),
        ("ambiwlans!", "cy"),
        ("Dw i angen help", "cy"),
        ("gwylwyr y glannau os gwelwch yn dda", "cy"),
        ("fire in the house", "en"),
        ("near the Heddlu station in Bangor today", "en"),
        ("", "en"),
        ("au secours", "en"),
    ],
)
def test_the_language_to_answer_in(text: str, language: str) -> None:
    assert guess_language(text, TRIAGE.language_words) == language


def test_old_is_measured_from_sent_to_received() -> None:
    assert is_old(NOW - timedelta(seconds=901), NOW, 900)
    assert not is_old(NOW - timedelta(seconds=900), NOW, 900)
    assert not is_old(NOW + timedelta(hours=1), NOW, 900)
    assert not is_old(None, NOW, 900)


def test_a_chosen_service_outranks_words() -> None:
    message = msgspec.structs.replace(MESSAGE, text="police! smoke!", service=Service.AMBULANCE)
    seen = TRIAGE.assess(message, received_at=NOW, old_after_s=900)
    assert (seen.service, seen.service_reason, seen.service_stated) == (
        Service.AMBULANCE,
        "chosen by the caller",
        True,
    )
    assert seen.other_services == (Service.POLICE, Service.FIRE)


def test_one_look_gives_all() -> None:
    message = msgspec.structs.replace(MESSAGE, text="55", sent_at=NOW - timedelta(hours=2), language="cy-GB")
    seen = TRIAGE.assess(message, received_at=NOW, old_after_s=900)
    assert (seen.silent, seen.old, seen.priority, seen.priority_rule) == (
        True,
        True,
        Priority.IMMEDIATE,
        "silent-55",
    )
    assert (seen.service, seen.language) == (None, "cy")


def test_an_unreadable_message_suggests_no_service_from_our_own_words() -> None:
    message = msgspec.structs.replace(MESSAGE, text="[unreadable message: fire in the parser]")
    seen = TRIAGE.assess(message, received_at=NOW, defect="our parser failed", old_after_s=900)
    assert (seen.service, seen.priority_rule) == (None, "unreadable")


@given(text=st.text(st.characters(codec=None), max_size=300))
def test_no_text_makes_it_raise(text: str) -> None:
    TRIAGE.assess(msgspec.structs.replace(MESSAGE, text=text), received_at=NOW, old_after_s=900)


def test_a_long_text_is_bounded() -> None:
    message = msgspec.structs.replace(MESSAGE, text="not the fire " * 200_000)
    started_s = time.process_time()
    TRIAGE.assess(message, received_at=NOW, old_after_s=900)
    assert time.process_time() - started_s < 0.2


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("service_words.toml", "priorities.toml"):
        shutil.copy(CONFIG / name, tmp_path / name)
    return tmp_path


BROKEN = [
    ("catch-all with a condition", "priorities.toml", 'id = "anything-else"', 'id = "x"\nold = true', "the last rule must have no conditions"),
    ("rule that hides the rest", "priorities.toml", 'silent = true\n', "\n", "hides every rule after it"),
    ("unknown list", "priorities.toml", 'words = ["not_urgent"]', 'words = ["calm"]', "no list of words is named 'calm'"),
    ("unknown service", "priorities.toml", '["fire", "coastguard"]', '["fyre"]', "unknown service 'fyre'"),
    ("priority out of range", "priorities.toml", "priority = 3", "priority = 4", "priority 4 is none of 1, 2, 3"),
    ("misspelt condition", "priorities.toml", "silent = true", "silnet = true", "silnet: unknown setting"),
    ("two of a name", "priorities.toml", 'id = "old"', 'id = "automatic"', "two rules are named 'automatic'"),
    ("wrong type", "priorities.toml", "old = true", 'old = "sometimes"', "Expected `bool"),
    ("not TOML", "priorities.toml", "[words]", "[words", "cannot be read"),
    ("word in two groups", "service_words.toml", '"paramedic", ', '"paramedic", "police", ', "stands in two groups"),
    ("no such service", "service_words.toml", 'service = "ambulance"', 'service = "plumber"', "unknown service 'plumber'"),
    ("no such kind", "service_words.toml", '\nkind = "asked"', '\nkind = "begged"', "Invalid enum value 'begged'"),
    ("weight", "service_words.toml", "weight = 4", "weight = 40", "weight 40 is not between"),
    ("language", "service_words.toml", 'language = "en"', 'language = "kw"', "language 'kw' is none of"),
    ("empty phrase", "service_words.toml", '"paramedic", ', '"...", ', "has no word in it"),
    ("unknown table", "service_words.toml", "[negation]", "[negatoin]", "unknown table 'negatoin'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "told"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_a_broken_file_is_refused_with_its_reason(
    copy: Path, file: str, old: str, new: str, told: str
) -> None:
    text = (copy / file).read_text(encoding="utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    assert any(told in problem for problem in check_triage(copy)), check_triage(copy)
    with pytest.raises(BadConfiguration):
        load_triage(copy)


def test_all_errors_of_both_files_are_listed_at_once(tmp_path: Path) -> None:
    (tmp_path / "service_words.toml").write_text(
        '[[group]]\nlanguage="kw"\nkind="asked"\nphrases=["x"]\nservice="y"\n'
    )
    (tmp_path / "priorities.toml").write_text(
        '[[rule]]\nid="a"\nreason="b"\npriority=9\nold=true\nwords=["z"]\n'
    )
    assert len(check_triage(tmp_path)) == 5


def test_missing_files_are_named(tmp_path: Path) -> None:
    assert [problem.partition(":")[0] for problem in check_triage(tmp_path)] == [
        "service_words.toml",
        "priorities.toml",
    ]
