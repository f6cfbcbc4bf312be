"""What supervisors and the wallboard are shown. Pure: the time is passed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from intake.console.views.routing import FindRoom
from intake.control_room import ControlRoom
from intake.reference import reference
from intake.store.answering import Answered
from intake.store.presence import AVAILABLE, DeskRow, OpenContact
from intake.store.queue import QueueCounts
from intake.store.supervising import ChannelHealth, LinkHealth
from intake.store.unaccepted import Unaccepted
from intake.store.unreachable import Unreachable
from intake.store.upkeep import Figures

LONGER_S = (10, 60, 120)


class DeskView(msgspec.Struct, frozen=True, kw_only=True):
    """A desk; ``owed_since`` is the oldest of its open conversations'."""

    handler: str
    number: int
    state: str
    since: datetime
    connected: bool
    owed_since: datetime | None
    open: list[OpenContact]


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A room's link, with what a person needs to ring the room."""

    link: LinkHealth
    room_name: str
    telephone: str
    has_feed: bool


class DeskCounts(msgspec.Struct, frozen=True, kw_only=True):
    """``none``: nobody is there to take a contact, which is an alarm (law 8)."""

    live: int
    available: int
    none: bool


class UnacceptedView(msgspec.Struct, frozen=True, kw_only=True):
    """Of what rooms have not accepted and no live desk has open: how many, since when the first, and whom
    to ring about that one."""

    count: int
    oldest_at: datetime
    contact: str
    reference: str
    room_name: str
    telephone: str


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """The conversation whose caller has waited longest for our answer."""

    handler: str
    contact: OpenContact


class SupervisorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    now: datetime
    counts: QueueCounts
    waiting_longer: dict[int, int]
    held_transfers: int
    desks: list[DeskView]
    present: DeskCounts
    answered: Answered
    unreachable: Unreachable
    oldest_owed: Owed | None
    channels: Sequence[ChannelHealth]
    links: list[LinkView]


class WallAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Figures alone: no word, name or number of any caller. ``waiting_longer``: contacts that nobody
    has, by seconds waited."""

    now: datetime
    states: Mapping[str, int]
    claimable: Mapping[int, int]
    oldest_wait_s: float
    waiting_longer: Mapping[int, int]
    held_transfers: int
    present: DeskCounts
    answered: Answered


def desk_views(rows: Sequence[DeskRow], in_hand: Sequence[OpenContact], now: datetime) -> list[DeskView]:
    """Every desk that is live or still has something in hand."""
    found = []
    for row in rows:
        open_now = [one for one in in_hand if one.handler == row.handler]
        if not open_now and not row.is_live(now):
            continue
        found.append(
            DeskView(
                handler=row.handler,
                number=row.number,
                state=row.state,
                since=row.since,
                connected=row.is_live(now),
                owed_since=min((one.owed_since for one in open_now if one.owed_since), default=None),
                open=open_now,
            )
        )
    return found


def desk_counts(rows: Sequence[DeskRow], now: datetime) -> DeskCounts:
    live = [row for row in rows if row.is_live(now)]
    available = sum(1 for row in live if row.state == AVAILABLE)
    return DeskCounts(live=len(live), available=available, none=not available)


def unaccepted_view(found: Unaccepted | None, find_room: FindRoom) -> UnacceptedView | None:
    if found is None:
        return None
    room = find_room(found.room_id)
    return UnacceptedView(
        count=found.count,
        oldest_at=found.oldest_at,
        contact=found.contact,
        reference=reference(found.number, found.queued_at),
        room_name=room.name if room else found.room_id,
        telephone=room.telephone if room else "",
    )


def oldest_owed(in_hand: Sequence[OpenContact]) -> Owed | None:
    owed = [(one.owed_since, one.id, one) for one in in_hand if one.owed_since is not None]
    if not owed:
        return None
    found = min(owed)[2]
    return Owed(handler=found.handler, contact=found)


def link_view(link: LinkHealth, room: ControlRoom | None) -> LinkView:
    return LinkView(
        link=link,
        room_name=room.name if room else link.room_id,
        telephone=room.telephone if room else "",
        has_feed=bool(room and room.feed_url),
    )


def wall(
    now: datetime, figures: Figures, counts: QueueCounts, rows: Sequence[DeskRow], answered: Answered
) -> WallAnswer:
    return WallAnswer(
        now=now,
        states=figures.by_state,
        claimable=counts.claimable,
        oldest_wait_s=round(figures.oldest_wait_s, 1),
        waiting_longer=figures.waiting_longer,
        held_transfers=figures.held_transfers,
        present=desk_counts(rows, now),
        answered=answered,
    )
