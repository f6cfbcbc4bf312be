"""Services beside the one asked for: suggested by words and place, each with its reason. Pure.

A suggestion never takes a service away: the British Transport Police come beside the police of the area,
never instead. A person sees it and chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from intake.control_room import Service
from intake.triage.phrase_match import Negation, PhraseMatcher, quoted
from intake.triage.saying import SAYING

Where = Literal["inland", "shore", "sea", "abroad", "unknown"]
Country = Literal["england", "wales", "scotland", "northern-ireland"]


class AddedRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[added]]`` of ``config/added_services.toml``.

    It holds where the place is one of ``where`` and, when its country is known, one of ``countries``
    (left out: any). Without ``phrases`` the place alone is enough. ``ignored`` are phrases with the same
    words and another meaning. ``leads_at`` names where this service goes before the one asked for.
    """

    id: str
    service: str
    because: str
    because_cy: str
    where: tuple[Where, ...]
    countries: tuple[Country, ...] = ()
    leads_at: tuple[Where, ...] = ()
    phrases: dict[str, list[str]] = {}
    ignored: dict[str, list[str]] = {}


class AddedSuggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A service to think of, the rule that says so, and why in words. ``leads`` is true where it goes
    before the service asked for; every other one goes beside it."""

    service: Service
    rule_id: str
    reason: str
    leads: bool


class AddedServices:
    """The rules, ready to be asked."""

    def __init__(self, rules: Sequence[AddedRule], negation: Negation):
        self._rules = [(rule, Service.from_word(rule.service), _matcher(rule, negation)) for rule in rules]

    def rules_said(self) -> dict[str, tuple[str, str]]:
        """By rule what it says to the handler, English and Welsh."""
        return {rule.id: (rule.because, rule.because_cy) for rule, _, _ in self._rules}

    def suggest(self, texts: Iterable[str], where: str, country: str) -> tuple[AddedSuggestion, ...]:
        """By everything a caller said and the place it is; one suggestion a service, in the rules' order.

        ``where`` and ``country`` are as ``ports.Router.setting`` gives them.
        """
        said = list(texts)
        found: dict[Service, AddedSuggestion] = {}
        for rule, service, matcher in self._rules:
            if where not in rule.where or (rule.countries and country and country not in rule.countries):
                continue
            phrases = [
                one.phrase
                for text in said
                for one in (matcher.find(text) if matcher else ())
                if one.value and not one.denied
            ]
            if matcher is not None and not phrases:
                continue
            # The marks stand in the table, so that no other sentence is taken for one of these.
            words = quoted(phrases).removeprefix("“").removesuffix("”")
            suggestion = AddedSuggestion(
                service=service,
                rule_id=rule.id,
                reason=SAYING.en("said", quoted=words, because=rule.because) if words else rule.because,
                leads=where in rule.leads_at,
            )
            before = found.get(service)
            if before is None or (suggestion.leads and not before.leads):
                found[service] = suggestion
        return tuple(found.values())


def _matcher(rule: AddedRule, negation: Negation) -> PhraseMatcher[bool] | None:
    """None for a rule that asks for no words."""
    if not rule.phrases:
        return None
    phrases = {phrase: True for listed in rule.phrases.values() for phrase in listed}
    phrases |= {phrase: False for listed in rule.ignored.values() for phrase in listed}
    return PhraseMatcher(phrases, negation)
