"""The services people ask for and the control rooms that answer for them."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

import msgspec

RoomId = NewType("RoomId", str)


class Service(StrEnum):
    """RFC 5031 service URNs; the word a person uses is ``service.word``."""

    POLICE = "urn:service:sos.police"
    AMBULANCE = "urn:service:sos.ambulance"
    FIRE = "urn:service:sos.fire"
    COASTGUARD = "urn:service:sos.marine"

    @property
    def word(self) -> str:
        return "coastguard" if self is Service.COASTGUARD else self.value.rsplit(".", 1)[1]

    @classmethod
    def from_word(cls, word: str) -> Service:
        """The service for ``police | ambulance | fire | coastguard``; ``ValueError`` for others."""
        for service in cls:
            if service.word == word:
                return service
        raise ValueError(f"unknown service {word!r}: use police, ambulance, fire or coastguard")


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
