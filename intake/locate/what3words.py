"""Three words of what3words in a text: recognised and kept. Only their own service knows the place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from intake.locate.clue import clue_at
from intake.locate.noting import NOTES
from intake.location import Clue, ClueKind

NOTE = NOTES.en("three_words")

_FLAGS = re.IGNORECASE
_WORD = r"[^\W\d_]{2,24}"
_DOT = r"\s?[.。｡・·．]\s?"
_TIGHT_DOT = r"[.。｡・·．]"
_END = rf"(?!\w|{_TIGHT_DOT}\w)"
_THREE = rf"{_WORD}{_TIGHT_DOT}{_WORD}{_TIGHT_DOT}{_WORD}{_END}"
# With spaces about the dots only behind a marker: "ok . so . what" is hesitation.
_THREE_LOOSE = rf"{_WORD}{_DOT}{_WORD}{_DOT}{_WORD}{_END}"

_LINK = re.compile(
    rf"(?:https?://)?(?<![\w.])(?:www\.)?(?:w3w\.co|what3words\.com|map\.what3words\.com)/(?:///)?{_THREE}",
    _FLAGS,
)
_SLASHES = re.compile(rf"(?<![:/\w])/{{3,4}}\s?{_THREE}", _FLAGS)
_MARKED = re.compile(
    r"\b(?:w3w|what\s?(?:3|three)\s?words?|(?:3|three)\s?words|(?:tri|3)\s?gair)\b"
    r"(?:\s?(?:address|location|code|is|are|for us|for me|says|yw|ydi|ydy)\b){0,3}[\s:=\-–]{0,4}"
    rf"((?:/{{1,4}}\s?)?{_THREE_LOOSE})",
    _FLAGS,
)


def find_what3words(text: str) -> Iterator[Clue]:
    """Each address after ``///``, in a link, or after a word that announces it ("w3w", "tri gair").

    Never guessed: one letter away is another county. ``a.b.c`` alone may be a web address.
    """
    for pattern, group in ((_LINK, 0), (_SLASHES, 0), (_MARKED, 1)):
        for match in pattern.finditer(text):
            yield clue_at(ClueKind.WHAT3WORDS, text, match.span(group), note=NOTE)
