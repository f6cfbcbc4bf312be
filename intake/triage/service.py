"""Which service a text asks for or describes: a suggestion with its words, never a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from intake.control_room import Service
from intake.sentences import JOINT
from intake.triage.phrase_match import Negation, PhraseFound, PhraseMatcher, quoted
from intake.triage.saying import SAYING

ASKED_WEIGHT = 10


class WordKind(StrEnum):
    ASKED = "asked"
    DESCRIBED = "described"
    IGNORED = "ignored"


class ServiceWord(msgspec.Struct, frozen=True, kw_only=True):
    """What one phrase of ``config/service_words.toml`` stands for; ``service`` is None for ignored ones."""

    kind: WordKind
    service: Service | None
    weight: int
    language: str


class ServiceWords:
    """The phrases of all languages, ready to be looked for; several languages may be mixed in a text."""

    def __init__(self, phrases: dict[str, ServiceWord], negation: Negation):
        self.matcher = PhraseMatcher(phrases, negation)


class ServiceSuggestion(msgspec.Struct, frozen=True, kw_only=True):
    """``asked`` tells a service named from one inferred. ``others`` are further services the words
    speak for, strongest first. ``declined`` are services the caller said no to."""

    service: Service
    reason: str
    asked: bool
    others: tuple[Service, ...] = ()
    declined: tuple[Service, ...] = ()


def suggest_service(text: str, words: ServiceWords) -> ServiceSuggestion | None:
    """The service with the greatest weight of words, or None.

    A service named outweighs any description of another; a service declined by name ("not the
    police") is not suggested. Ties go to what was said first.
    """
    found = [phrase for phrase in words.matcher.find(text) if phrase.value.service is not None]
    declined = _services(phrase for phrase in found if phrase.denied and phrase.value.kind is WordKind.ASKED)
    said = [phrase for phrase in found if not phrase.denied and phrase.value.service not in declined]
    ranked = sorted(_services(said), key=lambda service: _rank(service, said))
    if not ranked:
        return None
    best = [phrase for phrase in said if phrase.value.service is ranked[0]]
    asked = [phrase.phrase for phrase in best if phrase.value.kind is WordKind.ASKED]
    said_how, phrases = ("asked", asked) if asked else ("described", [phrase.phrase for phrase in best])
    reason = SAYING.en(said_how, quoted=quoted(phrases))
    if declined:
        reason += JOINT + SAYING.en("declined", service=", ".join(service.word for service in declined))
    return ServiceSuggestion(
        service=ranked[0],
        reason=reason,
        asked=bool(asked),
        others=tuple(ranked[1:]),
        declined=declined,
    )


def _rank(service: Service, said: Sequence[PhraseFound[ServiceWord]]) -> tuple[bool, int, int]:
    own = [phrase for phrase in said if phrase.value.service is service]
    is_asked = any(phrase.value.kind is WordKind.ASKED for phrase in own)
    weights = {phrase.phrase: phrase.value.weight for phrase in own}
    return (not is_asked, -sum(weights.values()), own[0].position)


def _services(phrases: Iterable[PhraseFound[ServiceWord]]) -> tuple[Service, ...]:
    """Each service once, in the order of the words."""
    named = (phrase.value.service for phrase in phrases)
    return tuple(dict.fromkeys(service for service in named if service is not None))
