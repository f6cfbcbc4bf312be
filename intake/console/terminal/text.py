"""Times and other people's text as a terminal may show them. What callers wrote is shown, never obeyed."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
_INVISIBLE = frozenset({"Cf", "Cc", "Zl", "Zp"})


def clock(moment: datetime | None, *, seconds: bool = True) -> str:
    """A moment as people in Britain read it, with GMT or BST written."""
    if moment is None:
        return ""
    return moment.astimezone(LONDON).strftime("%H:%M:%S %Z" if seconds else "%d %b %H:%M %Z")


def day(moment: datetime | None) -> str:
    """A day in Britain, in figures: the same in both languages."""
    return "" if moment is None else moment.astimezone(LONDON).strftime("%d/%m/%Y")


def waited(seconds: float) -> str:
    """``00:42``, ``12:05``, ``2 h 03``, ``3 d``."""
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60:02d}:{whole % 60:02d}"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d}"
    return f"{whole // 86400} d"


def visible(text: str) -> str:
    """Direction marks, zero-width and control characters by name: none may bend a terminal or an eye."""
    if text.isprintable():
        return text
    return "".join(
        f"⟨{unicodedata.name(one, f'U+{ord(one):04X}')}⟩"
        if unicodedata.category(one) in _INVISIBLE and one not in "\n\t"
        else one
        for one in text
    )


def inert_json(text: str) -> str:
    """The same JSON for a terminal: invisible characters as escapes, which every reader reads back."""
    return _escaped(text, lambda one: json.dumps(one)[1:-1])


def inert_xml(text: str) -> str:
    """The same XML for a terminal: invisible characters as references."""
    return _escaped(text, lambda one: f"&#x{ord(one):X};")


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(
        escape(one) if unicodedata.category(one) in _INVISIBLE and one not in "\n\r\t" else one
        for one in text
    )
