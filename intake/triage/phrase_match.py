"""Find listed phrases in a text: the longest at each place, each told apart from its denial."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

import msgspec

V = TypeVar("V")

TEXT_LIMIT_CHARACTERS = 20_000
MARKS_LIMIT = 30

# A Welsh "'r" or "'n" is a word of its own ("eisiau'r heddlu"); an English "n't" is not.
_TOKEN = re.compile(r"[^\W_]+(?:'(?:t|s|re|ve|ll|d|m)(?![^\W_]))?|[.,;:!?\n]")
_BREAKS = frozenset(".,;:!?\n")
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "´": "'", "`": "'"})


class Negation(msgspec.Struct, frozen=True, kw_only=True):
    """A phrase is denied by one of ``words`` before it, with only words of ``between`` in the gap."""

    words: frozenset[str] = frozenset()
    between: frozenset[str] = frozenset()


class PhraseFound(NamedTuple, Generic[V]):
    phrase: str
    value: V
    position: int
    denied: bool


def tokens_of(text: str) -> list[str]:
    """Words in lower case and the marks that end a clause, in order; bounded."""
    # NFC, for a circumflex may come as a mark of its own.
    composed = unicodedata.normalize("NFC", _few_marks(text[:TEXT_LIMIT_CHARACTERS]))
    return _TOKEN.findall(composed.translate(_APOSTROPHES).lower())


def _few_marks(text: str) -> str:
    """The text without the marks beyond ``MARKS_LIMIT`` in a row (UAX #15 §13, Stream-Safe): composing takes
    time by the square of them, and 20,000 of them would hold up every other message for seconds."""
    if text.isascii():
        return text
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MARKS_LIMIT:
            kept.append(character)
    return "".join(kept)


def words_of(phrase: str) -> tuple[str, ...]:
    """The words of a listed phrase, without marks."""
    return tuple(token for token in tokens_of(phrase) if token not in _BREAKS)


class PhraseMatcher(Generic[V]):
    """Made once from ``phrase → value``; finding is linear in the text."""

    def __init__(self, phrases: Mapping[str, V], negation: Negation):
        self._negation = negation
        self._by_first_word: dict[str, list[tuple[tuple[str, ...], str, V]]] = {}
        for phrase, value in phrases.items():
            words = words_of(phrase)
            if words:
                self._by_first_word.setdefault(words[0], []).append((words, phrase, value))
        for entries in self._by_first_word.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def find(self, text: str) -> list[PhraseFound[V]]:
        """Every phrase said, in order; a word serves one phrase only."""
        tokens = tokens_of(text)
        found: list[PhraseFound[V]] = []
        position = 0
        while position < len(tokens):
            entry = self._longest_at(tokens, position)
            if entry is None:
                position += 1
                continue
            words, phrase, value = entry
            found.append(PhraseFound(phrase, value, position, self._is_denied(tokens, position)))
            position += len(words)
        return found

    def _longest_at(self, tokens: list[str], position: int) -> tuple[tuple[str, ...], str, V] | None:
        for entry in self._by_first_word.get(tokens[position], ()):
            words = entry[0]
            if tuple(tokens[position : position + len(words)]) == words:
                return entry
        return None

    def _is_denied(self, tokens: list[str], position: int) -> bool:
        for before in reversed(tokens[max(0, position - 6) : position]):
            if before in self._negation.words:
                return True
            if before in _BREAKS or before not in self._negation.between:
                return False
        return False


def quoted(phrases: Iterable[str]) -> str:
    """The phrases once each, in order, for a reason that a person reads."""
    return ", ".join(f"“{phrase}”" for phrase in dict.fromkeys(phrases))
