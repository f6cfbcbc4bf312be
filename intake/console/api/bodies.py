"""What clients of the console send. Unknown fields are refused: a typing error must not be silent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from intake.contact import ContactState, Priority
from intake.incident import Methane

ServiceWord = Literal["police", "ambulance", "fire", "coastguard"]
AddedWord = Literal["transport-police", "mountain-rescue", "cave-rescue", "lowland-rescue"]
AnyServiceWord = ServiceWord | AddedWord
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Fence = Annotated[int, msgspec.Meta(ge=0)]


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object."""


class Take(Body):
    """``lease_s`` left out is the console's own; a client without a live connection asks for more,
    and gets as much as the limit allows."""

    lease_s: Seconds | None = None


class Fenced(Body):
    """``attempts`` as the client last saw it: the fence (law 9)."""

    attempts: Fence


class Renew(Fenced):
    lease_s: Seconds | None = None


class Hold(Fenced):
    """Until a time, or for so many seconds from now."""

    reason: Reason
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    for_s: Seconds | None = None


class Unreachable(Fenced):
    """The caller cannot be reached. ``reason`` says what was tried; ``signs`` is the contact's, as it was
    when the handler looked: with anything new of the caller since nothing is marked."""

    reason: Reason
    signs: Annotated[int, msgspec.Meta(ge=0)]


class Close(Fenced):
    """``anyway`` closes although a room has not answered yet."""

    reason: Reason
    anyway: bool = False


class SetPriority(Fenced):
    priority: Priority


class SetService(Fenced):
    """None takes the suggestion away."""

    service: ServiceWord | None


class SetSilent(Fenced):
    """True: no calls, no sound, neutral words only. False takes it back."""

    silent: bool


class Locate(Fenced):
    """Degrees and metres; or ``text`` that names one place: a postcode, a grid reference, a plus code; or
    ``pidf``, a PIDF-LO document, whose first place counts (RFC 5491 rule 8); or ``accept``, the id of one of
    the contact's places. Without ``whose`` it is both, an accepted one's whatever it was."""

    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    uncertainty_m: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)] = 50.0
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None
    note: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    pidf: Annotated[str, msgspec.Meta(min_length=1, max_length=60_000)] | None = None
    accept: Annotated[str, msgspec.Meta(min_length=1, max_length=60)] | None = None
    whose: Literal["caller", "incident"] | None = None


class ReadPlace(Body):
    """Words that may name places: what stands in them is read and kept nowhere."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Answer(Fenced):
    """A reply to the caller. ``id`` is a UUID the client makes: sent twice under it, it is said once, and
    the second time is answered as the first was, also when the claim has been lost since. ``to`` names a
    merged contact, or a channel, where the conversation has several; left out, the caller's last used."""

    text: Words
    to: Annotated[str, msgspec.Meta(max_length=40)] = ""
    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")] | None = None


class Invite(Fenced):
    """A location link: ``once`` for a place, ``live`` for where the caller goes."""

    mode: Literal["once", "live"] = "once"


RoomName = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
RoomByService = Annotated[dict[AnyServiceWord, RoomName], msgspec.Meta(max_length=8)]


class SeenTransfers(Body):
    """How many messages to rooms the handler had before them: where there are more, nothing is sent."""

    transfers: Annotated[int, msgspec.Meta(ge=0)]


class Seen(SeenTransfers):
    """And which room would get it for each service: to no room unseen."""

    rooms: RoomByService = {}


class Send(Fenced):
    """Hand over to each service; ``room_id`` (of one service) or ``rooms`` (by service) outrank the
    router's choice."""

    services: Annotated[list[ServiceWord | AddedWord], msgspec.Meta(min_length=1, max_length=8)]
    room_id: RoomName | None = None
    rooms: RoomByService = {}
    methane: Methane | None = None
    seen: Seen | None = None


class RoomsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``q`` are words of a room's name or id, all of which must stand in it; ``service`` narrows to one.
    ``ids``, with commas, are rooms to be told of by name."""

    q: Annotated[str, msgspec.Meta(max_length=100)] = ""
    ids: Annotated[str, msgspec.Meta(max_length=800)] = ""
    service: ServiceWord | AddedWord | Literal[""] = ""


class TakeProposal(Fenced):
    """Send to the room that is proposed, for one service or for all that have a proposal."""

    service: ServiceWord | AddedWord | None = None


class Stay(Fenced):
    """Leave it with the room that has it."""

    reason: Reason
    service: ServiceWord | AddedWord | None = None


class QueueQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``state`` lists states with commas; ``needs_person`` is a desk's own queue; ``after`` is the ``next``
    of the page before."""

    state: str = ""
    needs_person: bool = False
    claimable: bool = False
    mine: bool = False
    priority: Priority | None = None
    channel: str = ""
    service: ServiceWord | Literal[""] = ""
    after: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50

    def states(self) -> list[ContactState]:
        """Raises ValueError for a word that is no state."""
        return [ContactState(word) for word in self.state.split(",") if word]


class RouteQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which services to ask about, with commas; left out, the contact's own or all four."""

    service: str = ""
