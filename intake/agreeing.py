"""What was suggested beside a service, and what became of agreements' proposals: for a decision's record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from intake.addressee import still_with
from intake.contact import Contact
from intake.control_room import RoomId, Service
from intake.location import CallerLocation
from intake.routing.decision import ProposedAgreement
from intake.store import Connection
from intake.store.contacts import TransferSummary
from intake.triage import AddedSuggestion


class Suggested(Protocol):
    """What is suggested beside a contact's own service (``Suggesting.beside``)."""

    def __call__(
        self,
        conn: Connection,
        now: datetime,
        contact: Contact,
        location: CallerLocation | None,
        chosen: Iterable[Service] = (),
    ) -> Sequence[AddedSuggestion]: ...


def reasons(beside: Iterable[AddedSuggestion]) -> tuple[str, ...]:
    """Of services by words and place; what agreements propose is kept apart."""
    return tuple(
        f"{one.service.word} ({one.rule_id}): {one.reason}" for one in beside if one.agreement is None
    )


def proposed(
    beside: Iterable[AddedSuggestion],
    going: Mapping[Service, RoomId],
    before: Sequence[TransferSummary],
) -> tuple[ProposedAgreement, ...]:
    """``going`` are the rooms that each service is sent to now, ``before`` what was sent already.

    A proposal is taken by what is sent, whoever pressed which button.
    """
    return tuple(
        ProposedAgreement(
            id=one.agreement.id,
            name=one.agreement.name,
            service=one.service.word,
            room_id=one.agreement.room,
            reason=one.reason,
            taken=_is_taken(one.service, one.agreement.room, going, before),
        )
        for one in beside
        if one.agreement is not None
    )


def _is_taken(
    service: Service, room: str, going: Mapping[Service, RoomId], before: Sequence[TransferSummary]
) -> bool:
    rooms = {one.first_room_id for one in still_with(before, service)}
    if service in going:
        rooms.add(going[service])
    return room in rooms if room else bool(rooms)
