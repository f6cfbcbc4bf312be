"""What a handler says with a few keys: short texts in English and Welsh, loaded whole or not at all."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, Literal

import msgspec

from intake.errors import BadConfiguration
from intake.phrases import DEFAULT_LANGUAGE, LANGUAGES, length_problems
from intake.settings_table import read_table, read_toml

FILE = "phrases/stock_replies.toml"

NEEDED = frozenset(
    {
        "where",
        "which_town",
        "awake",
        "breathing",
        "danger_now",
        "safe_to_text",
        "interpreter",
        "help_coming",
        "stay",
        "leave",
        "call_999",
        "link",
        "closing",
        "silent_need",
    }
)
"""What no file may be without."""

GIVES_AWAY = re.compile(
    r"999|112|police|heddlu|ambulance|ambiwlans|\bfire|\btân|emergency|argyfwng|danger|perygl|safe|diogel"
    r"|hurt|anaf",
    re.IGNORECASE,
)
"""Words that no silent reply may show to whoever reads over the caller's shoulder."""

_SHORTCUT = re.compile(r"/[a-z0-9][a-z0-9-]{0,19}")


class StockText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One text with who reviewed it, and when it was written or last reviewed."""

    text: str
    date: str
    reviewed: bool = False
    reviewer: str = ""


class StockReply(msgspec.Struct, frozen=True, kw_only=True):
    """One reply in every language; ``silent`` ones are neutral, for callers who must not be found out."""

    id: str
    shortcut: str
    group: Literal["ask", "tell", "silent"]
    en: StockText
    cy: StockText

    def said_in(self, language: str) -> StockText:
        """The text in ``language``, or in English where we do not speak it."""
        spoken: StockText = getattr(self, spoken_for(language))
        return spoken


def spoken_for(language: str) -> str:
    """The language of ours that answers for one: ``cy-GB`` is Welsh, what we do not speak is English."""
    root = re.split(r"[-_]", language.strip().lower())[0]
    return root if root in LANGUAGES else DEFAULT_LANGUAGE


def load_stock_replies(config_dir: Path) -> tuple[StockReply, ...]:
    """In the file's order; raises BadConfiguration with every problem."""
    problems: list[str] = []
    table = read_toml(config_dir / FILE, problems, FILE)
    found: list[StockReply] = []
    entries = (table or {}).get("reply")
    for number, entry in enumerate(entries if isinstance(entries, list) else [], 1):
        try:
            found.append(
                read_table(entry if isinstance(entry, dict) else {}, StockReply, _where(entry, number))
            )
        except BadConfiguration as error:
            problems += error.problems
    for reply in found:
        problems += [f"{FILE}: {reply.id}: {problem}" for problem in _problems_of(reply)]
    for name in ("id", "shortcut"):
        values = [getattr(reply, name) for reply in found]
        problems += [f"{FILE}: {name} {one!r} stands there twice" for one in sorted(_twice(values))]
    if table is not None:
        missing = sorted(NEEDED - {reply.id for reply in found})
        problems += [f"{FILE}: {one}: missing" for one in missing]
    if problems:
        raise BadConfiguration(problems)
    return tuple(found)


def check_stock_replies(config_dir: Path) -> list[str]:
    """Every error in the file; empty when it would load."""
    try:
        load_stock_replies(config_dir)
    except BadConfiguration as error:
        return error.problems
    return []


def _where(entry: Any, number: int) -> str:
    named = entry.get("id") if isinstance(entry, dict) else None
    return f"{FILE}: {named}" if isinstance(named, str) else f"{FILE}: reply {number}"


def _twice(values: list[str]) -> set[str]:
    return {one for one in values if values.count(one) > 1}


def _problems_of(reply: StockReply) -> list[str]:
    problems = []
    if not _SHORTCUT.fullmatch(reply.shortcut):
        problems.append(f"shortcut {reply.shortcut!r} is not `/` and a word in small letters")
    for language in LANGUAGES:
        said: StockText = getattr(reply, language)
        found = length_problems(said.text)
        if not said.text.strip():
            found.append("is empty")
        if "{" in said.text or "}" in said.text:
            found.append("takes no values: a handler sends it as it stands")
        if said.reviewed and not said.reviewer:
            found.append("is marked reviewed and names no reviewer")
        if reply.group == "silent":
            found += _giving_away(said.text)
        try:
            date.fromisoformat(said.date)
        except ValueError:
            found.append(f"date {said.date!r} is not YYYY-MM-DD")
        problems += [f"{language}: {problem}" for problem in found]
    return problems


def _giving_away(text: str) -> list[str]:
    found = [f"names {one[0]!r}: a silent reply gives nothing away" for one in GIVES_AWAY.finditer(text)]
    if "?" in text and not ("1" in text and "2" in text):
        found.append("asks without numbers to answer with")
    return found
