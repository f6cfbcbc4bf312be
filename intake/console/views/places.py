"""What is made of a contact's places, as the console answers with it. Pure: the time is passed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from intake.locate.contradictions import tie_key
from intake.locate.fusion import Answer, Fusion
from intake.locate.wording import Sentence
from intake.location import CallerLocation
from intake.store.contacts import StoredLocation


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A circle: WGS84 degrees, latitude before longitude; ``radius_m`` is scaled to 95 %.

    ``whose``: caller, incident, or empty where nobody said. ``shape`` is what was stated; GeoJSON draws it.
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


class FusedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One of the hypotheses, by its ``id``; ``radius_m`` is at 95 % as of now, ``why`` why it answers."""

    id: str
    latitude: float
    longitude: float
    radius_m: float
    source: str
    why: Sentence


class PlaceSetAside(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    why: Sentence


class FusedView(msgspec.Struct, frozen=True, kw_only=True):
    """Where the caller is and where the incident is, each None where nothing says. ``acts_on`` is whose
    place routing uses: ``incident``, ``caller``, or empty where they are one. ``in_doubt`` keeps the
    contact from going by itself. ``warnings`` are in words, English and Welsh (unreviewed)."""

    acts_on: str
    caller: FusedPlace | None
    incident: FusedPlace | None
    apart_m: float | None
    in_doubt: bool
    rides_m_s: float
    warnings: tuple[Sentence, ...]
    set_aside: tuple[PlaceSetAside, ...]


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
    )


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
    )
