"""Who is seen first: explicit rules, the first true one wins and is named."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from intake.contact import Priority
from intake.control_room import Service
from intake.triage.phrase_match import PhraseMatcher, quoted


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that a rule may ask about one message. ``service`` is chosen or suggested.

    ``crash``: the caller's phone says by AML that it felt a car crash.
    """

    text: str = ""
    channel: str = ""
    service: Service | None = None
    silent: bool = False
    old: bool = False
    defect: bool = False
    automatic: bool = False
    crash: bool = False


class PriorityRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule; a condition that is None or empty is true. ``words`` names lists of phrases."""

    id: str
    reason: str
    priority: Priority
    words: frozenset[str] = frozenset()
    service: frozenset[Service] = frozenset()
    channel: frozenset[str] = frozenset()
    silent: bool | None = None
    old: bool | None = None
    defect: bool | None = None
    automatic: bool | None = None
    crash: bool | None = None

    @property
    def is_catch_all(self) -> bool:
        flags = (self.silent, self.old, self.defect, self.automatic, self.crash)
        return not (self.words or self.service or self.channel) and all(flag is None for flag in flags)

    def is_true(self, facts: Facts, lists_said: frozenset[str]) -> bool:
        return (
            (not self.words or bool(self.words & lists_said))
            and (not self.service or facts.service in self.service)
            and (not self.channel or facts.channel in self.channel)
            and self.silent in (None, facts.silent)
            and self.old in (None, facts.old)
            and self.defect in (None, facts.defect)
            and self.automatic in (None, facts.automatic)
            and self.crash in (None, facts.crash)
        )


class PriorityRules:
    """The rules in order, the last one without conditions, and the phrases they ask about."""

    def __init__(self, rules: Sequence[PriorityRule], matcher: PhraseMatcher[frozenset[str]]):
        if not rules or not rules[-1].is_catch_all:
            raise ValueError("the last priority rule must have no conditions")
        self.rules = tuple(rules)
        self.matcher = matcher


class PriorityVerdict(msgspec.Struct, frozen=True, kw_only=True):
    priority: Priority
    rule_id: str
    reason: str


def prioritise(facts: Facts, rules: PriorityRules) -> PriorityVerdict:
    """The verdict of the first true rule; its reason quotes the words that made it true."""
    said = [found for found in rules.matcher.find(facts.text) if not found.denied]
    lists_said = frozenset().union(*(found.value for found in said))
    for rule in rules.rules[:-1]:
        if rule.is_true(facts, lists_said):
            words = quoted(found.phrase for found in said if found.value & rule.words)
            reason = f"{rule.reason}: {words}" if words else rule.reason
            return PriorityVerdict(priority=rule.priority, rule_id=rule.id, reason=reason)
    last = rules.rules[-1]
    return PriorityVerdict(priority=last.priority, rule_id=last.id, reason=last.reason)
