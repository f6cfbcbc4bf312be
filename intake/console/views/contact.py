"""What the console answers with, made from what the store holds. Pure: the time is passed in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from intake.console.views.between import MergeView, NoteView, OfferView
from intake.console.views.conversation import Line
from intake.console.views.links import LinkView
from intake.console.views.places import FusedView
from intake.console.views.places import Place as Place
from intake.console.views.places import place as place
from intake.console.views.routing import AddedView as AddedView
from intake.console.views.routing import DecisionView as DecisionView
from intake.console.views.routing import FindRoom as FindRoom
from intake.console.views.routing import RerouteView
from intake.console.views.routing import decision_view as decision_view
from intake.contact import Contact, ContactState
from intake.location import CallerLocation
from intake.log_events import LogEvent
from intake.reference import reference
from intake.store.claims import HANDED_OVER
from intake.store.contacts import Moments, StoredLocation, TransferSummary
from intake.store.queue import QueueCounts, can_be_claimed, is_resting


class QueueRow(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as a line of the queue. ``claimed_by`` is empty unless somebody has it now, until
    ``until``; for a held contact ``until`` ends the hold. ``attempts`` is the fence to send back. ``reroute``
    is ``moved`` or ``other_room`` when the place changed after the hand-over. ``unreachable_since``: while
    marked so (state ``stale``, tried again at ``until``) and once back, until somebody takes it."""

    id: str
    reference: str
    number: int
    channel: str
    caller: str
    state: ContactState
    claimable: bool
    claimed_by: str
    until: datetime | None
    attempts: int
    priority: int
    priority_rule: str
    service: str | None
    service_reason: str
    queued_at: datetime
    waiting_s: float
    last_message_at: datetime
    summary: str
    language: str
    silent: bool
    defect: str
    place: Place | None
    reroute: str = ""
    unreachable_since: datetime | None = None
    unreachable_reason: str = ""


class QueueAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the queue in its order, and counts over the whole of it; ``now`` is the intake's clock."""

    now: datetime
    handler: str
    rows: list[QueueRow]
    counts: QueueCounts
    next: str | None


class ContactChange(msgspec.Struct, frozen=True, kw_only=True):
    """A contact after a change; None where a claim found the queue empty."""

    contact: QueueRow | None


class RouteAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What would be decided now; nothing is stored. ``added`` are services to think of beside; ``welsh`` is
    as in ``ContactAnswer``."""

    reference: str
    place: Place | None
    decisions: list[DecisionView]
    added: list[AddedView] = []
    welsh: Mapping[str, str] = {}


class SentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    contact: QueueRow
    transfer_ids: list[str]


class ReplyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    reply_id: str
    contact: QueueRow


class InviteAnswer(msgspec.Struct, frozen=True, kw_only=True):
    link: LinkView
    reply_id: str
    contact: QueueRow


class TransferView(msgspec.Struct, frozen=True, kw_only=True):
    """One message to a room. ``first_room_id`` is the room it was meant for, another than ``room_id``
    where that stayed silent and its buddy was asked; ``created_by`` a handler, ``policy:…``, or
    ``rerouting`` for what the intake tells by itself."""

    id: str
    service: str
    room_id: str
    room_name: str
    telephone: str
    kind: str
    state: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    answered_at: datetime | None
    next_attempt_at: datetime
    room_reference: str
    reason: str
    first_room_id: str = ""
    first_room_name: str = ""
    created_by: str = ""


class Hypothesis(msgspec.Struct, frozen=True, kw_only=True):
    """One of the places a caller may be; ``chosen`` marks the one the queue acts on; ``joined_by`` is the
    evidence that a phone's own fix is this caller's: number, stated number, device, stated device."""

    id: str
    received_at: datetime
    said_by: str
    chosen: bool
    place: Place
    joined_by: str = ""


class ContactAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known of one contact. ``contradictions`` says in words which places cannot both be true;
    ``fused`` what is made of all places, in both languages. ``draft`` is the asker's own; ``typing`` names
    others who are. ``merged`` are contacts that are part of this, ``merged_into`` what it is part of.
    ``signs`` is another number after each sign of the caller: who marks them unreachable sends it back.
    ``welsh`` gives for each sentence of ours in the answer its Welsh, where it has any."""

    contact: QueueRow
    moments: Moments
    conversation: list[Line]
    places: list[Hypothesis]
    contradictions: tuple[str, ...]
    fused: FusedView
    decisions: list[DecisionView]
    transfers: list[TransferView]
    links: list[LinkView]
    added: list[AddedView]
    reroutes: list[RerouteView]
    log: list[LogEvent]
    draft: str = ""
    typing: list[str] = []
    notes: list[NoteView] = []
    offer: OfferView | None = None
    merged: list[MergeView] = []
    merged_into: str = ""
    signs: int = 0
    welsh: Mapping[str, str] = {}


def queue_row(contact: Contact, now: datetime) -> QueueRow:
    """A contact as it stands at ``now``: a lapsed lease is nobody's."""
    running = contact.next_attempt_at > now
    in_hands = running and contact.state in (ContactState.OPEN, *HANDED_OVER)
    aside = running and contact.state in (ContactState.HELD, ContactState.STALE) and not is_resting(contact)
    return QueueRow(
        id=contact.id,
        reference=reference(contact.number, contact.queued_at),
        number=contact.number,
        channel=contact.channel,
        caller=contact.caller,
        state=contact.state,
        claimable=can_be_claimed(contact, now),
        claimed_by=contact.claimed_by if in_hands else "",
        until=contact.next_attempt_at if in_hands or aside else None,
        attempts=contact.attempts,
        priority=int(contact.priority),
        priority_rule=contact.priority_rule,
        service=contact.service.word if contact.service else None,
        service_reason=contact.service_reason,
        queued_at=contact.queued_at,
        waiting_s=round(max(0.0, (now - contact.queued_at).total_seconds()), 1),
        last_message_at=contact.last_message_at,
        summary=contact.summary,
        language=contact.language,
        silent=contact.silent,
        defect=contact.defect,
        place=place(contact.location) if contact.location else None,
        reroute=contact.reroute,
        unreachable_since=contact.unreachable_since,
        unreachable_reason=contact.unreachable_reason if contact.unreachable_since else "",
    )


def transfer_view(transfer: TransferSummary, find_room: FindRoom) -> TransferView:
    room, first = find_room(transfer.room_id), find_room(transfer.first_room_id)
    same = {
        name: getattr(transfer, name)
        for name in TransferView.__struct_fields__
        if name not in ("service", "room_name", "telephone", "first_room_name")
    }
    return TransferView(
        service=transfer.service.word,
        room_name=room.name if room else transfer.room_id,
        telephone=room.telephone if room else "",
        first_room_name=first.name if first else transfer.first_room_id,
        **same,
    )


def hypothesis(stored: StoredLocation, chosen: CallerLocation | None) -> Hypothesis:
    return Hypothesis(
        id=stored.id,
        received_at=stored.received_at,
        said_by=stored.actor,
        joined_by=stored.joined_by,
        chosen=stored.location == chosen,
        place=place(stored.location),
    )
