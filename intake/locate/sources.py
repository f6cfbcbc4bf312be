"""How each source of a place is believed: the one table, printed in README.md beside this file."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from intake.location import LocationSource, Whose

WALKING_M_S = 1.5
WALKED_MOST_M = 30_000.0
"""In an hour and a half of walking and driving few leave 30 km."""


class Kind(StrEnum):
    """What a source measures: where the phone is, or what somebody wrote, dropped or chose."""

    PHONE = "phone"
    PIN = "pin"
    TEXT = "text"
    PERSON = "person"


class SourceModel(NamedTuple):
    """``doubt`` multiplies a radius when hypotheses compete; ``speed_m_s`` grows it with age, up to
    ``furthest_m``; ``because`` says why. Names begin with the article, as sentences need them."""

    kind: Kind
    doubt: float
    speed_m_s: float
    furthest_m: float
    name: str
    name_cy: str
    because: str


def _phone(name: str, name_cy: str) -> SourceModel:
    because = "a measurement of where the phone is; people walk away from it"
    return SourceModel(Kind.PHONE, 1.0, WALKING_M_S, WALKED_MOST_M, name, name_cy, because)


def _text(doubt: float, name: str, name_cy: str, because: str) -> SourceModel:
    return SourceModel(Kind.TEXT, doubt, 0.0, 0.0, name, name_cy, because)


_FINGER = "places do not walk; one slip of the finger is another place"
_HOME = "places do not walk; it may be a person's home rather than where they are"

SOURCES: dict[LocationSource, SourceModel] = {
    LocationSource.CHAT_LIVE: _phone("the live location", "y lleoliad byw"),
    LocationSource.DEVICE: _phone("the phone's fix", "y lleoliad gan y ffôn"),
    LocationSource.AML: _phone("the phone's AML fix", "y lleoliad AML gan y ffôn"),
    LocationSource.LINK: _phone("the location link's fix", "y lleoliad o'r ddolen"),
    LocationSource.LINK_LIVE: _phone("the location link's live fix", "y lleoliad byw o'r ddolen"),
    LocationSource.CHAT_PIN: SourceModel(
        Kind.PIN,
        1.2,
        WALKING_M_S,
        WALKED_MOST_M,
        "the sent pin",
        "y pin a anfonwyd",
        "may be dropped by hand on another place than one's own",
    ),
    LocationSource.TEXT_LATLON: _text(
        1.5, "the written latitude and longitude", "y lledred a'r hydred a ysgrifennwyd", _FINGER
    ),
    LocationSource.TEXT_PLUSCODE: _text(1.5, "the written plus code", "y cod plws a ysgrifennwyd", _FINGER),
    LocationSource.TEXT_GRID: _text(
        1.5, "the written grid reference", "y cyfeirnod grid a ysgrifennwyd", _FINGER
    ),
    LocationSource.TEXT_POSTCODE: _text(2.0, "the typed postcode", "y cod post a deipiwyd", _HOME),
    LocationSource.TEXT_OUTCODE: _text(
        2.0, "the typed postcode district", "yr ardal cod post a deipiwyd", _HOME
    ),
    LocationSource.TEXT_W3W: _text(
        2.0, "the three words", "y tri gair", "one word misheard is another country"
    ),
    LocationSource.TEXT_PLACE: _text(2.0, "the typed place", "y lle a deipiwyd", "names repeat and spread"),
    LocationSource.TEXT_ROAD: _text(2.0, "the typed road", "y ffordd a deipiwyd", "roads are long"),
    LocationSource.TEXT_ADDRESS: _text(2.0, "the typed address", "y cyfeiriad a deipiwyd", _HOME),
    LocationSource.HANDLER: SourceModel(
        Kind.PERSON,
        1.0,
        0.0,
        0.0,
        "the handler's choice",
        "y dewis gan y sawl sy'n ateb",
        "a person weighed everything; it outranks all others",
    ),
}


def whose_is(source: LocationSource, stated: Whose) -> Whose:
    """What was said, or for a phone's own measurement the caller: it locates the phone and nothing else."""
    if stated is Whose.UNSAID and SOURCES[source].kind is Kind.PHONE:
        return Whose.CALLER
    return stated


def source_table() -> str:
    """The table of README.md, in Markdown."""
    head = "| source | doubt | grows by | at most | because |\n|---|---|---|---|---|\n"
    rows = (
        f"| `{source.value}`: {model.name} | ×{model.doubt:g} "
        f"| {f'{model.speed_m_s:g} m/s' if model.speed_m_s else 'nothing'} "
        f"| {f'{model.furthest_m / 1000:g} km' if model.furthest_m else ''} | {model.because} |"
        for source, model in SOURCES.items()
    )
    return head + "\n".join(rows)
