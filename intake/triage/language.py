"""Welsh or English, from words that only one of them has."""

from __future__ import annotations

from collections.abc import Mapping

from intake.triage.phrase_match import tokens_of

DEFAULT_LANGUAGE = "en"


def guess_language(text: str, words: Mapping[str, frozenset[str]]) -> str:
    """The language to answer in: two different words of its own, or one in a text of three words at most."""
    said = [token for token in tokens_of(text) if token[0].isalpha()]
    for language, own in words.items():
        distinct = {token for token in said if token in own}
        if len(distinct) >= 2 or (distinct and len(said) <= 3):
            return language
    return DEFAULT_LANGUAGE
