"""The words about a clue that can say whose place it is, or that nobody is there: its own sentence."""

from __future__ import annotations

import re

WINDOW_CHARACTERS = 110

_SENTENCE_END = re.compile(r"[.!?;\n\r](?=\s|$)|\s[-–—]\s|\b(?:but|ond|however)\b", re.IGNORECASE)

_STILL_THERE = re.compile(
    r"\b(?:still|(?:he|she|they|it|who|somebody|someone|people|kids|baby)"
    r"(?:['’]?s| is| are|['’]?re)?(?: all)?)"
    r" (?:in |on )?(?:there|inside|fire|burning|alight|trapped|in the (?:house|flat|car|building))\b"
    r"|\b(?:dal|o hyd) (?:yno|i mewn|ar dân)|\byno o hyd\b",
    re.IGNORECASE,
)


def words_before(text: str, start: int) -> str:
    """From the start of the sentence, or of what follows "but", to the clue; bounded."""
    window = text[max(0, start - WINDOW_CHARACTERS) : start]
    begin = 0
    for end in _SENTENCE_END.finditer(window):
        begin = end.end()
    return window[begin:]


def somebody_is_still_there(text: str, end: int) -> bool:
    """True for "I left X but he is still there": what is left behind is where the trouble is."""
    return _STILL_THERE.search(text, end, end + WINDOW_CHARACTERS) is not None


def words_after(text: str, end: int) -> str:
    """From the clue to the end of its sentence; bounded."""
    window = text[end : end + WINDOW_CHARACTERS // 2]
    found = _SENTENCE_END.search(window)
    return window[: found.start()] if found else window
