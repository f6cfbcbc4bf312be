"""What handlers say with a few keys: whole in both languages, short, plain, and neutral where it must be."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from intake.errors import BadConfiguration
from intake.phrases import LANGUAGES, load_phrases
from intake.stock_replies import (
    FILE,
    NEEDED,
    StockReply,
    check_stock_replies,
    load_stock_replies,
    spoken_for,
)

CONFIG = Path(__file__).parents[2] / "config"
GRADE_AT_NINE = 4.9
"""Flesch-Kincaid: a child of nine is in the American fourth grade."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / "phrases").mkdir()
    shutil.copy(CONFIG / FILE, tmp_path / FILE)
    return tmp_path


def change(copy: Path, old: str, new: str) -> list[str]:
    path = copy / FILE
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return check_stock_replies(copy)


def test_the_shipped_replies_load_and_none_is_missing() -> None:
    assert check_stock_replies(CONFIG) == []
    assert {reply.id for reply in load_stock_replies(CONFIG)} >= NEEDED


def syllables(word: str) -> int:
    """Groups of vowels, without a silent e or ed at the end: near enough for short words."""
    sounds = re.findall(r"[aeiouy]+", re.sub(r"(e|(?<=[^td])ed)$", "", word.lower()))
    return max(1, len(sounds))


def grade(text: str) -> float:
    sentences = [one for one in re.split(r"[.!?]+\s*", text) if one]
    words = re.findall(r"[A-Za-z']+", text)
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_a_child_of_nine_can_read_them_all() -> None:
    grades = {reply.id: round(grade(reply.en.text), 1) for reply in load_stock_replies(CONFIG)}
    assert {one: value for one, value in grades.items() if value > GRADE_AT_NINE} == {}


def test_the_measure_of_plain_words_finds_what_is_not_plain() -> None:
    assert grade("Please indicate your approximate geographical location immediately.") > GRADE_AT_NINE


def test_english_and_welsh_differ_and_welsh_is_marked_unreviewed() -> None:
    for reply in load_stock_replies(CONFIG):
        assert reply.en.text != reply.cy.text
        assert not reply.cy.reviewed


def silent() -> list[StockReply]:
    return [reply for reply in load_stock_replies(CONFIG) if reply.group == "silent"]


def test_silent_questions_are_answered_by_numbers() -> None:
    asking = [reply for reply in silent() if "?" in reply.en.text]
    assert len(asking) >= 5
    for reply in asking:
        for language in LANGUAGES:
            assert {"1", "2"} <= set(re.findall(r"\d", reply.said_in(language).text))


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("en", "en"), ("cy", "cy"), ("cy-GB", "cy"), ("CY", "cy"), ("pl", "en"), ("", "en"), ("cym", "en")],
)
def test_a_language_we_do_not_speak_is_answered_in_english(asked: str, spoken: str) -> None:
    assert spoken_for(asked) == spoken


BROKEN = [
    ("long sentence", 'text = "What has happened?"', f'text = "{"word " * 16}"', "a sentence has 16 words"),
    ("second question", 'text = "What has happened?"', 'text = "What? Where?"', "more than 1 question"),
    ("empty", 'text = "What has happened?"', 'text = ""', "is empty"),
    ("value", 'text = "What has happened?"', 'text = "What, {name}?"', "takes no values"),
    ("missing", 'id = "where"', 'id = "wheer"', "where: missing"),
    ("shortcut", 'shortcut = "/where"', 'shortcut = "where"', "is not `/` and a word"),
    ("shortcut twice", 'shortcut = "/town"', 'shortcut = "/where"', "'/where' stands there twice"),
    ("group", 'group = "ask"', 'group = "shout"', "Invalid enum value"),
    ("gives away", "Are you at home?", "Are the police there?", "names 'police'"),
    ("no numbers", "Are you at home? Reply 1 for yes or 2 for no.", "Are you at home?", "without numbers"),
    ("reviewed by nobody", "reviewed = false", "reviewed = true", "names no reviewer"),
    ("date", 'date = "2026-11-22"', 'date = "November"', "is not YYYY-MM-DD"),
    ("no Welsh", "[reply.cy]", "[reply.fr]", "unknown setting"),
    ("typing", "reviewed = false", "reviewd = false", "unknown field"),
    ("not TOML", "[[reply]]", "[[reply", "cannot be read"),
]


@pytest.mark.parametrize(
    ("old", "new", "told"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_a_broken_file_is_refused_with_its_reason(copy: Path, old: str, new: str, told: str) -> None:
    problems = change(copy, old, new)
    assert any(told in problem for problem in problems), problems
    with pytest.raises(BadConfiguration):
        load_stock_replies(copy)


def test_busy_and_major_replies_ask_where_only_where_no_place_is_known() -> None:
    phrases = load_phrases(CONFIG)
    for rule in ("busy", "major"):
        for language in LANGUAGES:
            assert "?" in phrases.text(f"{rule}_ask_location", language)
            assert "?" not in phrases.text(f"{rule}_located", language)
