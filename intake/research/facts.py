"""Each contact reduced to what the tables need: an hour, four categories and its waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from intake.control_room import ASKED
from intake.location import CallerLocation
from intake.regions import is_territorial, region_of
from intake.research import measures
from intake.research.hours import hour_of
from intake.research.measures import Fix, Moments, Wait

NOT_SAID, OTHER = "not said", "other"
_WORDS = {service.value: service.word for service in ASKED}
SERVICES = (*_WORDS.values(), OTHER, NOT_SAID)


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One contact. ``waits`` holds each measure that applies to it; ``radius_m`` its best 95 % radius."""

    hour: datetime
    channel: str
    service: str
    region: str
    waits: Mapping[str, Wait]
    radius_m: float | None


def facts(
    contacts: Iterable[Any], fixes: Iterable[Any], decisions: Iterable[Any], read_at: datetime
) -> list[Fact]:
    """Rows of ``intake.store.research`` as facts; waits that go on are censored at ``read_at``."""
    fixes_of, room_of = defaultdict[str, list[Fix]](list), dict[str, str]()
    for row in fixes:
        location = msgspec.convert(row.location, CallerLocation)
        fixes_of[row.contact_id].append(Fix(row.received_at, location.radius_m()))
    for row in decisions:
        if is_territorial(row.service):
            room_of[row.contact_id] = row.room_id  # oldest first: the latest stands
    return [_fact(row, fixes_of.get(row.id, []), room_of.get(row.id), read_at) for row in contacts]


def _fact(row: Any, fixes: list[Fix], room_id: str | None, read_at: datetime) -> Fact:
    moments = Moments(**{name: getattr(row, name) for name in Moments.__struct_fields__})
    waits = {
        "acknowledge": measures.time_to_acknowledge(moments),
        "answer": measures.time_to_answer(moments, read_at),
        "first_reply": measures.time_to_first_human_reply(moments, read_at),
        "located_50m": measures.time_to_location(moments, fixes, 50, read_at),
        "located_100m": measures.time_to_location(moments, fixes, 100, read_at),
        "located_1km": measures.time_to_location(moments, fixes, 1000, read_at),
        "hand_over": measures.hand_over(moments, read_at),
    }
    return Fact(
        hour=hour_of(moments.received_at),
        channel=row.channel,
        service=_WORDS.get(row.service, OTHER) if row.service else NOT_SAID,
        region=region_of(room_id),
        waits={name: wait for name, wait in waits.items() if wait is not None},
        radius_m=min((fix.radius_m for fix in fixes), default=None),
    )
