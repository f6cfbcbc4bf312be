"""Services and rooms beside the one asked for: by words, place and agreements, with reasons. Pure.

A suggestion never takes a service away: the British Transport Police come beside the police of the area,
never instead. A person sees it and chooses; nothing of it is ever sent by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

import msgspec

from intake.control_room import Service
from intake.triage.phrase_match import Negation, PhraseMatcher, quoted
from intake.triage.saying import SAYING

Where = Literal["inland", "shore", "sea", "abroad", "unknown"]
Country = Literal["england", "wales", "scotland", "northern-ireland"]


class SuggestionRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What both files' rules have in common.

    It holds where the place is one of ``where`` and, when its country is known, one of ``countries``
    (left out: any). Without ``phrases`` the place alone is enough. ``ignored`` are phrases with the same
    words and another meaning.
    """

    id: str
    service: str
    because: str
    because_cy: str
    where: tuple[Where, ...]
    countries: tuple[Country, ...] = ()
    phrases: dict[str, list[str]] = {}
    ignored: dict[str, list[str]] = {}


class AddedRule(SuggestionRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[added]]`` of ``config/added_services.toml``. ``leads_at`` names where this service goes
    before the one asked for."""

    leads_at: tuple[Where, ...] = ()


class Agreement(SuggestionRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[[agreement]]`` of ``config/agreements.toml``: what services or rooms have agreed to propose.

    It holds while one of the services ``asked`` is asked for and, where ``rooms`` are named, one of those
    would get it; to the end of the day ``until``. With ``room`` that room is proposed for the service
    asked for, else ``service`` is proposed beside it.
    """

    name: str
    name_cy: str
    asked: tuple[str, ...]
    rooms: tuple[str, ...] = ()
    room: str = ""
    reviewed: date
    until: date

    def beside(self, asked: Mapping[Service, str], today: date | None) -> tuple[Service, ...]:
        """Of the services asked for those it stands beside; none where it does not hold."""
        if today is None or today > self.until:
            return ()
        mine = [service for service in asked if service.word in self.asked]
        return tuple(
            service
            for service in mine
            if (not self.rooms or asked[service] in self.rooms) and asked[service] != self.room
        )


class AddedSuggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A service to think of, the rule that says so, and why in words. ``leads`` is true where it goes
    before the service asked for; every other one goes beside it. By an ``agreement`` it stands ``beside``
    these services."""

    service: Service
    rule_id: str
    reason: str
    leads: bool = False
    agreement: Agreement | None = None
    beside: tuple[Service, ...] = ()


class _Ready(NamedTuple):
    rule: SuggestionRule
    service: Service
    matcher: PhraseMatcher[bool] | None


class AddedServices:
    """The rules, ready to be asked."""

    def __init__(self, rules: Sequence[SuggestionRule], negation: Negation):
        self.rules = tuple(rules)
        self._ready = [
            _Ready(rule, Service.from_word(rule.service), _matcher(rule, negation)) for rule in rules
        ]

    def rules_said(self) -> dict[str, tuple[str, str]]:
        """By rule what it says to the handler, English and Welsh."""
        return {rule.id: (rule.because, rule.because_cy) for rule in self.rules}

    def ended(self, today: date) -> list[Agreement]:
        """The agreements that hold no more."""
        return [rule for rule in self.rules if isinstance(rule, Agreement) and rule.until < today]

    def suggest(
        self,
        texts: Iterable[str],
        where: str,
        country: str,
        asked: Mapping[Service, str] | None = None,
        today: date | None = None,
    ) -> tuple[AddedSuggestion, ...]:
        """By everything a caller said and the place it is; in the rules' order, one a service or agreement.

        ``where`` and ``country`` are as ``ports.Router.setting`` gives them; ``asked`` names for each
        service asked for the room that would get it. Without ``today`` no agreement is known to hold.
        """
        said = list(texts)
        found: dict[tuple[Service, str], AddedSuggestion] = {}
        for rule, service, matcher in self._ready:
            if where not in rule.where or (rule.countries and country and country not in rule.countries):
                continue
            agreement = rule if isinstance(rule, Agreement) else None
            beside = agreement.beside(asked or {}, today) if agreement else ()
            if agreement and not beside:
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
                leads=isinstance(rule, AddedRule) and where in rule.leads_at,
                agreement=agreement,
                beside=beside,
            )
            key = (service, rule.id if agreement else "")
            before = found.get(key)
            if before is None or (suggestion.leads and not before.leads):
                found[key] = suggestion
        return tuple(found.values())


def _matcher(rule: SuggestionRule, negation: Negation) -> PhraseMatcher[bool] | None:
    """None for a rule that asks for no words."""
    if not rule.phrases:
        return None
    phrases = {phrase: True for listed in rule.phrases.values() for phrase in listed}
    phrases |= {phrase: False for listed in rule.ignored.values() for phrase in listed}
    return PhraseMatcher(phrases, negation)
