"""The Welsh of what the record says in English, for a desk in Welsh (``intake.sentences``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from intake import outcomes
from intake.console.wording import load_words
from intake.control_room import Service, ServiceState
from intake.routing import saying as routing
from intake.routing.router import RegionalRouter
from intake.sentences import Reader, Wording
from intake.triage import AddedServices
from intake.triage import saying as triage

Welsh = Callable[[str], str]
"""An English sentence to its Welsh, empty where there is none."""


def no_welsh(_text: str) -> str:
    """Where no register is at hand."""
    return ""


def welsh_of(router: RegionalRouter, added: AddedServices) -> Welsh:
    """Reads what routing, triage and hand-overs write, and the rules of the configuration."""
    words = load_words()["cy"]
    services = {one.word: words[f"handover.service_{one.word.replace('-', '_')}"] for one in Service}
    spoken = {word.replace("-", " "): said for word, said in services.items()}
    rules = {f"route {name}": said for name, said in router.rules_said().items()}
    rules |= {f"added {name}": said for name, said in added.rules_said().items()}
    names = {
        "service": services | spoken,
        "through": services,
        "country": router.countries_said(),
        "state": {one.value: words[f"handover.room_state_{one.value}"] for one in ServiceState},
    }
    tables = [routing.SAYING, triage.SAYING, outcomes.SAYING]
    return Reader([Wording(rules), *tables], names).welsh


def in_welsh(welsh: Welsh, texts: Iterable[str]) -> Mapping[str, str]:
    """Each text that has Welsh, with it; what is somebody's own words is left out."""
    return {text: said for text in dict.fromkeys(texts) if (said := welsh(text))}
