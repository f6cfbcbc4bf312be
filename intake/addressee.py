"""Which room a message goes to, whether that room has the incident already, and what its sender had seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from intake.control_room import RoomId, Service
from intake.errors import Refused
from intake.incident import TransferKind, TransferState
from intake.routing.decision import RoutingDecision
from intake.store import contacts
from intake.store.following import BY_ITSELF

_STILL_WITH = (
    TransferState.QUEUED,
    TransferState.SENT,
    TransferState.DELIVERED,
    TransferState.ACCEPTED,
)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a person had before them when they sent: ``transfers``, how many messages had been handed over
    by then (those that the intake writes by itself do not count), and the room named for each service."""

    transfers: int
    rooms: Mapping[Service, str]

    def require_room(self, decision: RoutingDecision) -> None:
        """Raises Refused where the place has moved and another room would get it now."""
        named = self.rooms.get(decision.service)
        if named is not None and named != decision.room_id:
            raise Refused(
                f"not sent: the place has changed, and {decision.service.word} would go to "
                f"{decision.room_id} now, not to {named}. Look again"
            )


def require_seen(transfers: int, before: Sequence[contacts.TransferSummary]) -> None:
    """Raises Refused where something was handed over or told since: a key pressed twice sends once."""
    if sum(one.created_by != BY_ITSELF for one in before) != transfers:
        raise Refused("not sent again: it has been sent since you looked. See who has it now")


def still_with(
    before: Sequence[contacts.TransferSummary], service: Service
) -> list[contacts.TransferSummary]:
    """The messages about a service whose rooms have the incident, oldest first.

    A room that rejected it or never confirmed it has not; one that was sent its closure has it no more.
    """
    let_go: set[str] = set()
    found: list[contacts.TransferSummary] = []
    for one in reversed([one for one in before if one.service is service]):
        if one.kind == TransferKind.CLOSURE and one.state != TransferState.REJECTED:
            let_go.add(one.room_id)
        elif one.state in _STILL_WITH and one.room_id not in let_go:
            found.append(one)
    return found[::-1]


def addressee(
    before: Sequence[contacts.TransferSummary], decision: RoutingDecision, chosen: str | None
) -> tuple[RoomId, TransferKind]:
    """Which room a message goes to, and whether that room has the incident already.

    What was passed to a buddy is followed there, unless a person chose the room. A room that does not
    have it gets all of it again.
    """
    rooms = [
        RoomId(one.room_id)
        for one in still_with(before, decision.service)
        if decision.room_id in ((one.room_id,) if chosen else (one.room_id, one.first_room_id))
    ]
    return (rooms[-1], TransferKind.UPDATE) if rooms else (decision.room_id, TransferKind.CREATION)
