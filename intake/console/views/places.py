"""What is made of a contact's places, as the console answers with it. Pure: the time is passed in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from intake.locate.contradictions import tie_key
from intake.locate.fusion import Answer, Fusion
from intake.locate.naming import grid_reference, plus_code
from intake.locate.sources import SOURCES
from intake.location import CallerLocation, LocationSource, Reading
from intake.sentences import Sentence
from intake.store.contacts import StoredLocation

READ_LIMIT = 12
ACCEPTS = "accepts "
ACCEPTED = re.compile(rf"{ACCEPTS}([0-9a-f-]{{1,60}}): ")
"""How the note of a choice begins that is one of the hypotheses: its id, and its source behind."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A circle: WGS84 degrees, latitude before longitude; ``radius_m`` is scaled to 95 %.

    ``whose``: caller, incident, or empty where nobody said. ``shape`` is what was stated; GeoJSON draws it.
    ``accepts`` is the id of the hypothesis that a handler's choice is a copy of.
    """

    latitude: float
    longitude: float
    radius_m: float
    source: str
    method: str
    positioned_at: datetime | None
    clue: str | None
    note: str | None
    whose: str = ""
    shape: str = "circle"
    accepts: str = ""


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A position as it is read aloud. ``grid`` names 10 m on the
    grid ``grid_kind``, os or irish; both are empty off them."""

    grid: str
    grid_kind: str
    plus_code: str


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """What age adds to a radius: metres a second, up to ``most_m``."""

    m_s: float
    most_m: float


class FusedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One of the hypotheses, by its ``id``; ``radius_m`` is at 95 % as of now, ``why`` why it answers."""

    id: str
    latitude: float
    longitude: float
    radius_m: float
    source: str
    why: Sentence
    named: Named


class PlaceSetAside(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    why: Sentence


class FusedView(msgspec.Struct, frozen=True, kw_only=True):
    """Where the caller is and where the incident is, each None where nothing says. ``acts_on`` is whose
    place routing uses: ``incident``, ``caller``, or empty where they are one. ``in_doubt`` keeps the
    contact from going by itself. ``warnings`` are in words, English and Welsh (unreviewed). ``grows`` says
    of each source that ages how fast, for the page to count on between two answers."""

    acts_on: str
    caller: FusedPlace | None
    incident: FusedPlace | None
    apart_m: float | None
    in_doubt: bool
    rides_m_s: float
    warnings: tuple[Sentence, ...]
    set_aside: tuple[PlaceSetAside, ...]
    grows: Mapping[str, Growth] = {}


class ReadPlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """One place that typed words name; ``clue`` are those words, ``kind`` what they were read as."""

    latitude: float
    longitude: float
    radius_m: float
    kind: str
    clue: str
    named: Named
    note: str = ""


class ReadPlacesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The places, none or several, and the words that tell a place but none that is known here.
    ``welsh`` gives for each note of ours its Welsh, where it has any."""

    places: list[ReadPlaceView]
    unknown: list[str]
    welsh: Mapping[str, str] = {}


def fused_view(fusion: Fusion, stored: Sequence[StoredLocation]) -> FusedView:
    ids: dict[bytes, str] = {}
    for one in stored:
        ids.setdefault(tie_key(one.location), one.id)
    return FusedView(
        acts_on=fusion.acts_on.value,
        caller=_fused_place(fusion.caller, ids),
        incident=_fused_place(fusion.incident, ids),
        apart_m=None if fusion.apart_m is None else round(fusion.apart_m),
        in_doubt=fusion.in_doubt,
        rides_m_s=round(fusion.pace_m_s, 1),
        warnings=fusion.warnings,
        set_aside=tuple(PlaceSetAside(id=ids[tie_key(one.place)], why=one.why) for one in fusion.set_aside),
        grows=_growth(one.location for one in stored),
    )


def _growth(places: Iterable[CallerLocation]) -> dict[str, Growth]:
    sources = {place.source for place in places}
    return {
        source.value: Growth(m_s=model.speed_m_s, most_m=model.furthest_m)
        for source in sorted(sources)
        if (model := SOURCES[source]).speed_m_s
    }


def named(latitude: float, longitude: float) -> Named:
    grid, kind = grid_reference(latitude, longitude)
    return Named(grid=grid, grid_kind=kind, plus_code=plus_code(latitude, longitude))


def read_places(reading: Reading) -> ReadPlacesAnswer:
    """What was read in typed words. A denied clue is read too: nobody types "not Leeds" to find a place."""
    found = [
        ReadPlaceView(
            latitude=one.latitude,
            longitude=one.longitude,
            radius_m=round(one.radius_m(), 1),
            kind=clue.kind.value,
            clue=clue.words,
            named=named(one.latitude, one.longitude),
            note=one.note or clue.note,
        )
        for clue in reading.clues
        for one in clue.hypotheses
    ]
    unknown = [clue.note or clue.words for clue in reading.clues if not clue.hypotheses]
    return ReadPlacesAnswer(places=found[:READ_LIMIT], unknown=unknown[:READ_LIMIT])


def _fused_place(answer: Answer | None, ids: dict[bytes, str]) -> FusedPlace | None:
    if answer is None:
        return None
    return FusedPlace(
        id=ids[tie_key(answer.place)],
        latitude=answer.place.latitude,
        longitude=answer.place.longitude,
        radius_m=round(answer.radius_m, 1),
        source=answer.place.source.value,
        why=answer.why,
        named=named(answer.place.latitude, answer.place.longitude),
    )


def place(location: CallerLocation) -> Place:
    return Place(
        latitude=location.latitude,
        longitude=location.longitude,
        radius_m=round(location.radius_m(), 1),
        source=location.source.value,
        method=location.method.value,
        positioned_at=location.positioned_at,
        clue=location.clue,
        note=location.note,
        whose=location.whose.value,
        shape=type(location.shape).__name__.lower() if location.shape else "circle",
        accepts=_accepted(location),
    )


def _accepted(location: CallerLocation) -> str:
    found = ACCEPTED.match(location.note or "") if location.source is LocationSource.HANDLER else None
    return found[1] if found else ""
