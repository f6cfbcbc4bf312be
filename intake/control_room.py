"""The services people ask for and the control rooms that answer for them."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

import msgspec

RoomId = NewType("RoomId", str)


class Service(StrEnum):
    """RFC 5031 service URNs; the word a person uses is ``service.word``.

    The public is asked for four of them (``ASKED``). The others are added beside those by a person.
    ``sos.mountain`` is RFC 5031's own, for search and rescue in any wilderness; labels with ``x-`` are
    ours: who does not know one drops it and is left with its parent, which is right for all three.
    """

    POLICE = "urn:service:sos.police"
    AMBULANCE = "urn:service:sos.ambulance"
    FIRE = "urn:service:sos.fire"
    COASTGUARD = "urn:service:sos.marine"
    RAIL_POLICE = "urn:service:sos.police.x-railway"
    MOUNTAIN_RESCUE = "urn:service:sos.mountain"
    CAVE_RESCUE = "urn:service:sos.mountain.x-cave"
    LOWLAND_RESCUE = "urn:service:sos.mountain.x-lowland"

    @property
    def word(self) -> str:
        return _OWN_WORDS.get(self.value) or self.value.rsplit(".", 1)[1]

    @property
    def through(self) -> Service | None:
        """Whose control room calls this service out where it has none of its own.

        The police of the area call out mountain, cave and lowland rescue, and police the railway
        where the British Transport Police do not (Northern Ireland).
        """
        return None if self in ASKED else Service.POLICE

    @classmethod
    def from_word(cls, word: str) -> Service:
        """The service for ``police | ambulance | fire | coastguard | mountain-rescue…``; ``ValueError``."""
        for service in cls:
            if service.word == word:
                return service
        raise ValueError(f"unknown service {word!r}: use police, ambulance, fire or coastguard")


_OWN_WORDS = {
    "urn:service:sos.marine": "coastguard",
    "urn:service:sos.police.x-railway": "transport-police",
    "urn:service:sos.mountain": "mountain-rescue",
    "urn:service:sos.mountain.x-cave": "cave-rescue",
    "urn:service:sos.mountain.x-lowland": "lowland-rescue",
}
ASKED = (Service.POLICE, Service.AMBULANCE, Service.FIRE, Service.COASTGUARD)
"""What a caller is asked: "emergency, which service?"."""


class ServiceState(StrEnum):
    """NENA i3 ServiceState values as far as this prototype uses them."""

    NORMAL = "Normal"
    UNSTAFFED = "Unstaffed"
    SCHEDULED_MAINTENANCE = "ScheduledMaintenanceDown"
    MAJOR_INCIDENT = "MajorIncidentInProgress"
    UNREACHABLE = "Unreachable"


class ControlRoom(msgspec.Struct, frozen=True, kw_only=True):
    """An Emergency Authority Control Room (EACR) and the feed that reaches it.

    ``services`` lists what it answers for; ``buddy`` is the room that logs for it at peaks
    (PECS code of practice); ``telephone`` is the critical contact number an alarm prints.
    ``feed_url`` is empty for a room with no feed: its transfers are held for a person.
    """

    id: RoomId
    name: str
    services: tuple[Service, ...]
    areas: tuple[str, ...]
    buddy: RoomId | None = None
    feed_url: str = ""
    telephone: str = ""
    state: ServiceState = ServiceState.NORMAL
