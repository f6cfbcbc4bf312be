"""Sentences in English and Welsh from one table each, and the Welsh of what was once written in English.

The record is English: decisions are sealed with their reasons, contacts and log events keep theirs, and a
year later they are read again. The Welsh is never kept. It is made where a sentence is shown, by reading the
English back: which entry of the table says this, with which values. What no table says, somebody's own
words among it, has no Welsh and stays as it is.

In a table a value named ``why`` or ``because`` is a sentence of its own, ``what`` may be one, ``own`` is
somebody's own words; values named in ``Reader.names`` are words of a closed list, with their Welsh; every
other stands as it was written. Sentences are strung together by "; ".
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec

JOINT = "; "
LIMIT_CHARACTERS = 2_000
_PIECES = 24
_SENTENCES = ("why", "because")
_MAYBE_SENTENCE = "what"
_LONG = (*_SENTENCES, _MAYBE_SENTENCE, "own")
_DEEP = 3

Values = Mapping[str, str]


class Sentence(msgspec.Struct, frozen=True):
    """The same in both languages."""

    en: str
    cy: str


class Wording:
    """A table: by key the English and the Welsh, with ``{values}``.

    Both say the same values, or ``ValueError``.
    """

    def __init__(self, table: Mapping[str, tuple[str, str]]):
        self._table = dict(table)
        for key, said in self._table.items():
            first, second = (sorted(_names(text)) for text in said)
            if first != second or not all(said):
                raise ValueError(f"{key}: both languages must say something, and the same values")
        self._patterns = [(key, _pattern(english)) for key, (english, _) in self._table.items()]

    @property
    def keys(self) -> Sequence[str]:
        return list(self._table)

    def english(self, key: str) -> str:
        """With its ``{values}``."""
        return self._table[key][0]

    def say(self, key: str, **values: str | int | Sentence) -> Sentence:
        """KeyError for an unknown key or a value not given: both are mistakes of ours."""
        english, welsh = self._table[key]
        both = {name: one for name, one in values.items() if isinstance(one, Sentence)}
        return Sentence(
            english.format(**values | {name: one.en for name, one in both.items()}),
            welsh.format(**values | {name: one.cy for name, one in both.items()}),
        )

    def en(self, key: str, **values: str | int) -> str:
        """As it is written into the record."""
        return self._table[key][0].format(**values)

    def says(self, key: str, text: str) -> bool:
        """Whether this entry may have said the text."""
        return any(one == key and pattern.fullmatch(text) for one, pattern in self._patterns)

    def read(self, text: str) -> Iterator[tuple[str, Values]]:
        """Every entry that may have said this: its Welsh, still with its ``{values}``, and those."""
        for key, pattern in self._patterns:
            if (found := pattern.fullmatch(text)) is not None:
                yield self._table[key][1], found.groupdict()


class Reader:
    """Reads English back and says it in Welsh. ``names`` gives for a value's name its words' Welsh.

    ``beside_names``: among the sentences stand names of their own ("Newport, Gwent; 3 places of this name"),
    which stay as they are.
    """

    def __init__(
        self,
        wordings: Sequence[Wording],
        names: Mapping[str, Mapping[str, str]],
        *,
        beside_names: bool = False,
    ):
        self._beside_names = beside_names
        self._wordings = tuple(wordings)
        self._names = names
        self.welsh: Callable[[str], str] = lru_cache(maxsize=4_096)(self._welsh)

    def _welsh(self, text: str) -> str:
        """Empty where no table says this."""
        said = self._read(text, _DEEP) if 0 < len(text) <= LIMIT_CHARACTERS else None
        return "" if said is None or (self._beside_names and said == text) else said

    def _read(self, text: str, deep: int) -> str | None:
        pieces = text.split(JOINT)
        return self._string(pieces, 0, deep) if deep and len(pieces) <= _PIECES else None

    def _string(self, pieces: Sequence[str], start: int, deep: int) -> str | None:
        """The sentences from a piece on; the longest entry first, for one may hold a joint."""
        for end in range(len(pieces), start, -1):
            one = self._one(JOINT.join(pieces[start:end]), deep)
            if one is None and self._beside_names and end == start + 1:
                one = pieces[start]
            if one is None:
                continue
            if end == len(pieces):
                return one
            if (rest := self._string(pieces, end, deep)) is not None:
                return one + JOINT + rest
        return None

    def _one(self, text: str, deep: int) -> str | None:
        for wording in self._wordings:
            for welsh, values in wording.read(text):
                said = {name: self._value(name, value, deep) for name, value in values.items()}
                if None not in said.values():
                    return welsh.format(**said)
        return None

    def _value(self, name: str, value: str, deep: int) -> str | None:
        if name in _SENTENCES:
            return self._read(value, deep - 1)
        if name == _MAYBE_SENTENCE:
            return self._read(value, deep - 1) or value
        if name in self._names:
            said = [self._names[name].get(one) for one in value.split(", ")]
            return ", ".join(one for one in said if one) if all(said) else None
        return value


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _pattern(english: str) -> re.Pattern[str]:
    """A value of a sentence may hold joints, any other may not: it ends where the next sentence begins."""
    made = ""
    for literal, name, _, _ in string.Formatter().parse(english):
        made += re.escape(literal)
        if name in _LONG:
            made += f"(?P<{name}>.+)"
        elif name:
            made += f"(?P<{name}>(?:(?!{JOINT}).)+?)"
    return re.compile(made, re.DOTALL)
