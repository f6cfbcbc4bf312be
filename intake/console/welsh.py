"""The Welsh of what the record says in English, for a desk in Welsh (``intake.sentences``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from intake import outcomes
from intake.console.wording import load_words
from intake.control_room import Service, ServiceState
from intake.locate import noting
from intake.routing import saying as routing
from intake.routing.router import RegionalRouter
from intake.sentences import Reader, Wording
from intake.triage import AddedServices
from intake.triage import saying as triage

InWelsh = Callable[[str], str]
"""An English sentence to its Welsh, empty where there is none."""


def _nothing(_text: str) -> str:
    return ""


class Welsh(NamedTuple):
    """One reader for each kind of text, so that nobody's words are taken for a sentence of another kind:
    ``reasons`` of decisions, transfers and states, ``suggestions`` of services, ``notes`` on places."""

    reasons: InWelsh = _nothing
    suggestions: InWelsh = _nothing
    notes: InWelsh = _nothing


def welsh_of(router: RegionalRouter, added: AddedServices) -> Welsh:
    """Reads what routing, triage, hand-overs and the locator write, and the rules of the configuration."""
    words = load_words()["cy"]
    services = {one.word: words[f"handover.service_{one.word.replace('-', '_')}"] for one in Service}
    spoken = {word.replace("-", " "): said for word, said in services.items()}
    states = {one.value: words[f"handover.room_state_{one.value}"] for one in ServiceState}
    names = {"service": services | spoken, "through": services, "country": router.countries_said()}
    rules, beside = Wording(router.rules_said()), Wording(added.rules_said())
    return Welsh(
        reasons=Reader([rules, routing.SAYING, outcomes.SAYING], names | {"state": states}).welsh,
        suggestions=Reader([beside, triage.SAYING], names).welsh,
        notes=Reader([noting.NOTES], noting.NAMES, beside_names=True).welsh,
    )


def in_welsh(welsh: InWelsh, texts: Iterable[str]) -> dict[str, str]:
    """Each text that has Welsh, with it; what is somebody's own words is left out."""
    return {text: said for text in dict.fromkeys(texts) if (said := welsh(text))}
