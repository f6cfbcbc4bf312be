"""How a reference room behaves: what it decides by itself, and how it can be told to fail."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Rule(StrEnum):
    """Who decides: a rule after ``delay_s``, or a person at the page."""

    ACCEPT = "accept"
    REJECT = "reject"
    HAND = "hand"


class Mode(StrEnum):
    """How it answers its feed. DIE stores, then drops the line without a word: the nastiest kind."""

    NORMAL = "normal"
    SLOW = "slow"
    REFUSE = "refuse"
    GARBAGE = "garbage"
    DIE = "die"
    EXIT = "exit"
    """As DIE, and the whole process ends. Only the command may be told so."""
    FORGET = "forget"
    """Answers as if it had stored, and has not."""


class Behaviour(msgspec.Struct, kw_only=True):
    """The one thing about a room that may be changed while it runs."""

    rule: Rule = Rule.ACCEPT
    delay_s: float = 1.0
    mode: Mode = Mode.NORMAL
    slow_s: float = 5.0
    rejection: str = "Rejected by the rule this reference room runs."
