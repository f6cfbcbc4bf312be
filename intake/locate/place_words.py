"""Names and texts as bare words, so that "St. Asaph", "st-asaph" and "SAINT ASAPH" are one name. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ`][^\W\d_]+)*|&")
_APOSTROPHES = re.compile(r"['’ʼ`]")
_SAME = {"saint": "st", "&": "and"}
_GAP = re.compile(r"[ .–-]{1,3}")
"""What may stand between two words of one name: never a comma, a line end or a number."""


class Word(NamedTuple):
    """One word of a text, ``text[start:end]``, with its bare form; ``joins`` says that the word before it
    stands near enough to belong to the same name."""

    bare: str
    start: int
    end: int
    joins: bool


def bare(word: str) -> str:
    """Small letters, no accents, no apostrophes: ``penarlag`` for ``Penarlâg``, ``kings`` for ``King's``."""
    small = word.lower()
    if not small.isalpha():
        small = _APOSTROPHES.sub("", small)
    if not small.isascii():
        parts = unicodedata.normalize("NFKD", small)
        small = "".join(part for part in parts if not unicodedata.combining(part))
    return _SAME.get(small, small)


def words_of(text: str) -> list[Word]:
    """The words of a text in order. Linear in its length."""
    return list(_words(text))


def name_key(name: str) -> str:
    """The key a name is found by, its bare words: ``stoke on trent`` for ``Stoke-on-Trent``."""
    return " ".join(word.bare for word in _words(name))


def _words(text: str) -> Iterator[Word]:
    last = -1
    for match in _WORD.finditer(text):
        start, end = match.span()
        gap = start - last if last >= 0 else 0
        joins = (
            text[last] in " -.–"
            if gap == 1
            else 0 < gap <= 3 and _GAP.fullmatch(text, last, start) is not None
        )
        yield Word(bare(match[0]), start, end, joins)
        last = end
