"""What we say to callers by ourselves: stock replies in English and Welsh, loaded whole or not at all."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from intake.control_room import Service
from intake.errors import BadConfiguration
from intake.settings_table import read_table, read_toml

LANGUAGES = ("en", "cy")
DEFAULT_LANGUAGE = "en"

PHRASES: Mapping[str, frozenset[str]] = {
    "received": frozenset(),
    "received_located": frozenset(),
    "received_ask_location": frozenset(),
    "busy_located": frozenset(),
    "busy_ask_location": frozenset(),
    "major_located": frozenset(),
    "major_ask_location": frozenset(),
    "silent_received": frozenset(),
    "seen_by_person": frozenset(),
    "ask_location": frozenset(),
    "ask_what": frozenset(),
    "ask_border": frozenset(),
    "ask_which_place": frozenset({"name"}),
    "ask_where_on_road": frozenset({"road"}),
    "sent_to_service": frozenset({"service"}),
    "accepted_by_service": frozenset({"service"}),
    "could_not_take": frozenset(),
    "closed": frozenset(),
    "link_once": frozenset({"url"}),
    "link_live": frozenset({"url"}),
    "link_silent": frozenset({"url"}),
}
"""Each id with the values its text must name."""

FIRST_REPLIES = (
    "received",
    "received_located",
    "received_ask_location",
    "busy_located",
    "busy_ask_location",
    "major_located",
    "major_ask_location",
    "silent_received",
)
"""What a caller may get first: it has to say that this is a prototype."""
PROTOTYPE_WORDS = {"en": "prototype", "cy": "prototeip"}

WORDS_A_SENTENCE = 15
QUESTIONS_A_TEXT = 1


class Phrase(msgspec.Struct, frozen=True, kw_only=True):
    """One text with who reviewed it; unreviewed texts are shown as such to operators."""

    id: str
    text: str
    date: str
    reviewed: bool = False
    reviewer: str = ""


class Phrases:
    """Every phrase in every language; made by `load_phrases`, so none is missing."""

    def __init__(
        self, texts: Mapping[str, Mapping[str, Phrase]], services: Mapping[str, Mapping[Service, str]]
    ):
        self._texts = texts
        self._services = services

    def text(self, phrase_id: str, language: str, **values: str) -> str:
        """The text in ``language``, or in English where we do not speak it. KeyError for an unknown id
        or a value not given: both are mistakes of ours."""
        return self._texts[self._spoken(language)][phrase_id].text.format(**values)

    def service_name(self, service: Service, language: str) -> str:
        """As it stands inside a sentence: "the police", "yr heddlu"."""
        return self._services[self._spoken(language)][service]

    def phrase(self, phrase_id: str, language: str) -> Phrase:
        """One text with who reviewed it, in ``language`` or in English; KeyError for an unknown id."""
        return self._texts[self._spoken(language)][phrase_id]

    def unreviewed(self) -> tuple[tuple[str, str], ...]:
        """``(language, id)`` of each text that no reviewer has signed."""
        return tuple(
            (language, phrase.id)
            for language, phrases in self._texts.items()
            for phrase in phrases.values()
            if not phrase.reviewed
        )

    def _spoken(self, language: str) -> str:
        return language if language in self._texts else DEFAULT_LANGUAGE


def load_phrases(config_dir: Path) -> Phrases:
    """Raises BadConfiguration with every problem of every language."""
    problems: list[str] = []
    texts: dict[str, dict[str, Phrase]] = {}
    services: dict[str, dict[Service, str]] = {}
    for language in LANGUAGES:
        where = f"phrases/{language}.toml"
        table = read_toml(config_dir / "phrases" / f"{language}.toml", problems, where)
        if table is None:
            continue
        if table.get("language") != language:
            problems.append(f"{where}: language must be {language!r}")
        services[language] = _services(table.get("services"), where, problems)
        texts[language] = _phrases(table.get("phrase"), where, language, problems)
    if problems:
        raise BadConfiguration(problems)
    return Phrases(texts, services)


def check_phrases(config_dir: Path) -> list[str]:
    """Every error in the phrase files; empty when they would load."""
    try:
        load_phrases(config_dir)
    except BadConfiguration as error:
        return error.problems
    return []


def _services(table: Any, where: str, problems: list[str]) -> dict[Service, str]:
    names = table if isinstance(table, dict) else {}
    known = {service.word: service for service in Service}
    problems += [f"{where}: services.{word}: unknown service" for word in names if word not in known]
    problems += [
        f"{where}: services.{word}: missing or empty"
        for word in known
        if not isinstance(names.get(word), str) or not names[word].strip()
    ]
    return {known[word]: name for word, name in names.items() if word in known}


def _phrases(entries: Any, where: str, language: str, problems: list[str]) -> dict[str, Phrase]:
    phrases: dict[str, Phrase] = {}
    for number, entry in enumerate(entries if isinstance(entries, list) else [], 1):
        try:
            phrase = read_table(entry if isinstance(entry, dict) else {}, Phrase, f"{where}: phrase {number}")
        except BadConfiguration as error:
            problems += error.problems
            continue
        problem_where = f"{where}: {phrase.id}"
        if phrase.id in phrases:
            problems.append(f"{problem_where}: stands there twice")
        problems += [f"{problem_where}: {problem}" for problem in _problems_of(phrase, language)]
        phrases[phrase.id] = phrase
    problems += [f"{where}: {phrase_id}: missing" for phrase_id in PHRASES if phrase_id not in phrases]
    return phrases


def length_problems(text: str) -> list[str]:
    """Why a text is too much for a frightened reader; empty for nothing."""
    problems = []
    for sentence in re.split(r"(?<=[.!?])\s+", text):
        count = len(sentence.split())
        if count > WORDS_A_SENTENCE:
            problems.append(f"a sentence has {count} words, more than {WORDS_A_SENTENCE}: {sentence!r}")
    if text.count("?") > QUESTIONS_A_TEXT:
        problems.append(f"asks more than {QUESTIONS_A_TEXT} question")
    return problems


def _problems_of(phrase: Phrase, language: str) -> list[str]:
    problems = _value_problems(phrase) + length_problems(phrase.text)
    if phrase.id in FIRST_REPLIES and PROTOTYPE_WORDS[language] not in phrase.text.lower():
        problems.append(f"a first reply must say {PROTOTYPE_WORDS[language]!r}")
    if phrase.reviewed and not phrase.reviewer:
        problems.append("is marked reviewed and names no reviewer")
    try:
        date.fromisoformat(phrase.date)
    except ValueError:
        problems.append(f"date {phrase.date!r} is not YYYY-MM-DD")
    return problems


def _value_problems(phrase: Phrase) -> list[str]:
    """Texts are data: a value is a plain name, so that no text reaches into an object."""
    needed = PHRASES.get(phrase.id)
    if needed is None:
        return ["unknown id"]
    try:
        parts = list(string.Formatter().parse(phrase.text))
    except ValueError as error:
        return [f"braces do not match: {error}"]
    named = {name for _, name, _, _ in parts if name is not None}
    problems = [f"unknown value {{{name}}}" for name in sorted(named - needed)]
    problems += [f"value {{{name}}} is missing" for name in sorted(needed - named)]
    problems += [
        f"value {{{n}}} takes no format" for _, n, spec, conversion in parts if n and (spec or conversion)
    ]
    return problems
