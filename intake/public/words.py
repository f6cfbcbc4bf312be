"""The words of the location link's page in every language, loaded whole or not at all."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from intake.errors import BadConfiguration
from intake.phrases import DEFAULT_LANGUAGE, LANGUAGES, WORDS_A_SENTENCE
from intake.settings_table import read_table, read_toml

FILE = "phrases/link_page.toml"

VALUES: Mapping[str, str] = {
    "rough": "distance",
    "good": "distance",
    "fair": "distance",
    "sharing": "distance",
    "last": "time",
    "metres": "number",
    "kilometres": "number",
}
"""The words that name a value, and which; every other word names none."""

SPOKEN = [
    "looking",
    "rough",
    "good",
    "fair",
    "sharing",
    "last",
    "stopped",
    "again",
    "share",
    "metres",
    "kilometres",
    "denied",
    "unavailable",
    "timeout",
    "insecure",
    "offline",
    "busy",
    "back",
    "sending",
    "received",
    "ended",
    "heading",
    "finished_heading",
]
"""What the page's script says; it goes along with the page."""

WRITTEN = [
    "title",
    "banner",
    "private",
    "once",
    "live",
    "share",
    "allow",
    "stop",
    "box",
    "hint",
    "send",
    "empty",
    "too_long",
    "not_taken",
    "no_link",
    "forged",
    "guessing",
    "expired",
    "replaced",
    "closed",
    "other_page",
    "finished",
    "trouble_heading",
]
"""What stands in the page itself."""

KEYS = frozenset(SPOKEN) | frozenset(WRITTEN)


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """Who has read the words of a language; unreviewed ones are shown as such to operators."""

    reviewed: bool
    reviewer: str
    date: str


class PageWords:
    """Every word in every language; made by `load_words`, so that none is missing."""

    def __init__(self, texts: Mapping[str, Mapping[str, str]], reviews: Mapping[str, Review]):
        self._texts = texts
        self.reviews = reviews

    def spoken(self, language: str) -> str:
        """The language the page has of the one asked for."""
        return language if language in self._texts else DEFAULT_LANGUAGE

    def of(self, language: str) -> Mapping[str, str]:
        return self._texts[self.spoken(language)]


def load_words(config_dir: Path) -> PageWords:
    """Raises BadConfiguration with every problem of the file."""
    problems: list[str] = []
    tree = read_toml(config_dir / FILE, problems, FILE) or {}
    reviews = {one: _review(tree, one, problems) for one in LANGUAGES}
    table = tree.get("words", {})
    problems += [f"{FILE}: words.{key}: unknown" for key in sorted(set(table) - KEYS)]
    texts: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    for key in sorted(KEYS):
        entry = table.get(key, {})
        problems += [f"{FILE}: words.{key}.{one}: no such language" for one in set(entry) - set(LANGUAGES)]
        for language in LANGUAGES:
            text = entry.get(language)
            where = f"{FILE}: words.{key}.{language}"
            problems += [f"{where}: {problem}" for problem in _problems_of(key, text)]
            texts[language][key] = str(text)
    if problems:
        raise BadConfiguration(problems)
    return PageWords(texts, reviews)


def _review(tree: Mapping[str, Any], language: str, problems: list[str]) -> Review:
    where = f"{FILE}: review.{language}"
    try:
        review = read_table(tree.get("review", {}).get(language, {}), Review, where)
        date.fromisoformat(review.date)
    except BadConfiguration as error:
        problems += error.problems
    except ValueError:
        problems.append(f"{where}: date is not YYYY-MM-DD")
    else:
        if review.reviewed and not review.reviewer:
            problems.append(f"{where}: is marked reviewed and names no reviewer")
        return review
    return Review(reviewed=False, reviewer="", date="")


def _problems_of(key: str, text: Any) -> list[str]:
    if not isinstance(text, str) or not text.strip():
        return ["missing or empty"]
    try:
        named = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        return [f"braces do not match: {error}"]
    wanted = [VALUES[key]] if key in VALUES else []
    problems = [] if named == wanted else [f"must name {wanted or 'no value'}, and names {named}"]
    for sentence in re.split(r"(?<=[.!?])\s+", text):
        if (count := len(sentence.split())) > WORDS_A_SENTENCE:
            problems.append(f"a sentence has {count} words, more than {WORDS_A_SENTENCE}: {sentence!r}")
    return problems
