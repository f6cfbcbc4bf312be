"""The words about a clue that can say whose place it is, or that nobody is there: its own sentence."""

from __future__ import annotations

import re

WINDOW_CHARACTERS = 110

_SENTENCE_END = re.compile(r"[.!?;\n\r](?=\s|$)|\s[-–—]\s|\b(?:but|ond|however)\b", re.IGNORECASE)


def words_before(text: str, start: int) -> str:
    """From the start of the sentence, or of what follows "but", to the clue; bounded."""
    window = text[max(0, start - WINDOW_CHARACTERS) : start]
    begin = 0
    for end in _SENTENCE_END.finditer(window):
        begin = end.end()
    return window[begin:]


def words_after(text: str, end: int) -> str:
    """From the clue to the end of its sentence; bounded."""
    window = text[end : end + WINDOW_CHARACTERS // 2]
    found = _SENTENCE_END.search(window)
    return window[: found.start()] if found else window
