"""Stock replies: whole in both languages, short, true about being a prototype."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from intake.control_room import Service
from intake.errors import BadConfiguration
from intake.phrases import FIRST_REPLIES, LANGUAGES, PHRASES, check_phrases, load_phrases

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(CONFIG / "phrases", tmp_path / "phrases")
    return tmp_path


def change(copy: Path, language: str, old: str, new: str) -> None:
    path = copy / "phrases" / f"{language}.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_phrases_load() -> None:
    assert check_phrases(CONFIG) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("phrase_id", list(PHRASES))
def test_every_phrase_can_be_said(language: str, phrase_id: str) -> None:
    text = load_phrases(CONFIG).text(phrase_id, language, **dict.fromkeys(PHRASES[phrase_id], "SERVICE"))
    assert text.strip()
    assert "{" not in text
    assert ("SERVICE" in text) == bool(PHRASES[phrase_id])


@pytest.mark.parametrize("service", list(Service))
def test_a_service_has_a_name_in_each_language(service: Service) -> None:
    phrases = load_phrases(CONFIG)
    assert phrases.service_name(service, "en") != phrases.service_name(service, "cy")


def test_a_language_we_do_not_speak_is_answered_in_english() -> None:
    phrases = load_phrases(CONFIG)
    assert phrases.text("ask_what", "pl") == phrases.text("ask_what", "en")


def test_the_silent_reply_is_neutral() -> None:
    phrases = load_phrases(CONFIG)
    for language in LANGUAGES:
        text = phrases.text("silent_received", language)
        assert (
            re.search(r"999|112|police|heddlu|emergency|argyfwng|danger|perygl", text, re.IGNORECASE) is None
        )
        assert "1" in text
        assert "2" in text


def test_welsh_is_marked_unreviewed() -> None:
    assert {("cy", phrase_id) for phrase_id in PHRASES} <= set(load_phrases(CONFIG).unreviewed())


def test_a_missing_welsh_string_is_refused(copy: Path) -> None:
    change(copy, "cy", 'id = "ask_location"', 'id = "ask_locatoin"')
    with pytest.raises(BadConfiguration):
        load_phrases(copy)
    problems = check_phrases(copy)
    assert "phrases/cy.toml: ask_location: missing" in problems
    assert "phrases/cy.toml: ask_locatoin: unknown id" in problems


@pytest.mark.parametrize("phrase_id", FIRST_REPLIES)
def test_a_first_reply_that_hides_the_prototype_is_refused(copy: Path, phrase_id: str) -> None:
    path = copy / "phrases" / "en.toml"
    blocks = path.read_text(encoding="utf-8").split("[[phrase]]")
    blocks = [
        b.replace("prototype", "service") if f'id = "{phrase_id}"\n' in b and i else b
        for i, b in enumerate(blocks)
    ]
    path.write_text("[[phrase]]".join(blocks), encoding="utf-8")
    assert any(p.startswith(f"phrases/en.toml: {phrase_id}: a first reply") for p in check_phrases(copy))


BROKEN = [
    ("long sentence", "Call or text 999 now", " ".join(["word"] * 16), "a sentence has 16 words"),
    ("second question", "What has happened?", "What? Where?", "more than 1 question"),
    ("value dropped", "sent this to {service}", "sent this on", "value {service} is missing"),
    ("value nobody fills", "What has happened?", "What, {name}?", "unknown value {name}"),
    ("reaching into an object", "sent this to {service}", "sent {service.__class__}", "unknown value"),
    ("braces", "What has happened?", "What { has", "braces do not match"),
    ("service name", 'fire = "the fire service"', 'fire = ""', "services.fire: missing"),
    ("unknown service", 'fire = "the fire service"', 'fyre = "x"', "services.fyre: unknown"),
    ("date", 'date = "2026-03-01"', 'date = "March"', "is not YYYY-MM-DD"),
    ("reviewed by nobody", "reviewed = false", "reviewed = true", "names no reviewer"),
    ("typing", "reviewed = false", "reviewd = false", "unknown setting"),
    ("language", 'language = "en"', 'language = "fr"', "language must be"),
    ("not TOML", "[services]", "[services", "cannot be read"),
]


@pytest.mark.parametrize(
    ("old", "new", "told"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_a_broken_file_is_refused_with_its_reason(copy: Path, old: str, new: str, told: str) -> None:
    change(copy, "en", old, new)
    assert any(told in problem for problem in check_phrases(copy))


def test_all_errors_are_listed_at_once(copy: Path) -> None:
    change(copy, "en", "What has happened?", "What? Where?")
    change(copy, "cy", 'id = "closed"', 'id = "shut"')
    (told_en, *told_cy) = check_phrases(copy)
    assert told_en.startswith("phrases/en.toml")
    assert len(told_cy) == 2
