"""One look at one message: service, priority, language and silence, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from intake.contact import InboundMessage, Priority
from intake.control_room import Service
from intake.triage.language import DEFAULT_LANGUAGE, guess_language
from intake.triage.priority import Facts, PriorityRules, PriorityVerdict, prioritise
from intake.triage.saying import STATED
from intake.triage.service import ServiceSuggestion, ServiceWords, suggest_service
from intake.triage.signs import is_old, is_silent_55

ANSWERED_LANGUAGES = ("en", "cy")


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What one message suggests. ``service_stated`` tells a field the caller filled from words read.

    ``old`` contacts are never sent on by themselves. A contact's priority is the highest of its
    messages' (the smallest number), so that a later "thanks" lowers nothing.
    """

    service: Service | None
    service_reason: str
    service_stated: bool
    other_services: tuple[Service, ...]
    priority: Priority
    priority_rule: str
    priority_reason: str
    language: str
    silent: bool
    old: bool


class Triage(msgspec.Struct, frozen=True, kw_only=True):
    """The words and rules of ``config/``, loaded and checked; everything it answers is pure."""

    service_words: ServiceWords
    priority_rules: PriorityRules
    language_words: Mapping[str, frozenset[str]]

    def assess(
        self, message: InboundMessage, *, received_at: datetime, defect: str = "", old_after_s: float
    ) -> Assessment:
        """``defect`` is why a parser failed, empty when none did; times are aware UTC."""
        silent = message.silent or is_silent_55(message.text)
        old = is_old(message.sent_at, received_at, old_after_s)
        suggestion = None if defect else suggest_service(message.text, self.service_words)
        service, reason = _service(message, suggestion)
        verdict = prioritise(
            Facts(
                text=message.text,
                channel=message.channel,
                service=service,
                silent=silent,
                old=old,
                defect=bool(defect),
                automatic=message.automatic,
            ),
            self.priority_rules,
        )
        return Assessment(
            service=service,
            service_reason=reason,
            service_stated=message.service is not None,
            other_services=tuple(s for s in _spoken_for(suggestion) if s is not service),
            priority=verdict.priority,
            priority_rule=verdict.rule_id,
            priority_reason=verdict.reason,
            language=self._language(message),
            silent=silent,
            old=old,
        )

    def felt_crash(self) -> PriorityVerdict | None:
        """How urgent a contact is whose phone felt a car crash, whatever its words; None if no rule asks."""
        verdict = prioritise(Facts(crash=True), self.priority_rules)
        asked = (rule.crash for rule in self.priority_rules.rules if rule.id == verdict.rule_id)
        return verdict if any(asked) else None

    def _language(self, message: InboundMessage) -> str:
        """What the caller writes outranks what the device is set to."""
        guessed = guess_language(message.text, self.language_words)
        stated = message.language.lower().replace("_", "-").partition("-")[0]
        if guessed == DEFAULT_LANGUAGE and stated in ANSWERED_LANGUAGES:
            return stated
        return guessed


def _service(message: InboundMessage, suggestion: ServiceSuggestion | None) -> tuple[Service | None, str]:
    if message.service is not None:
        return message.service, STATED
    if suggestion is None:
        return None, ""
    return suggestion.service, suggestion.reason


def _spoken_for(suggestion: ServiceSuggestion | None) -> tuple[Service, ...]:
    return () if suggestion is None else (suggestion.service, *suggestion.others)
