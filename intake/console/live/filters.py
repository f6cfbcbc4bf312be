"""What a desk may ask to see of the queue, and what each contact counts as."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from intake.contact import Contact, ContactState
from intake.store.claims import HANDED_OVER
from intake.store.queue import IN_QUEUE, OTHER_ROOM

_ENGLISH_OR_UNKNOWN = ("", "en", "und", "unknown")


class ViewFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions on contacts that need a person; each one left out is true. ``mine`` lists all I have
    instead, handed over or not. ``handed_over`` lists those that rooms have."""

    silent: Literal[True] | None = None
    language: Literal["cy", "other"] | None = None
    no_place: Literal[True] | None = None
    unreachable: Literal[True] | None = None
    channel: str = ""
    region: str = ""
    priority: Literal[1, 2, 3] | None = None
    mine: Literal[True] | None = None
    handed_over: Literal[True] | None = None


class Marks(msgspec.Struct, frozen=True):
    """What filters look at. ``holder`` has the contact in hand now; ``needs_person`` is in the queue
    proper: waiting, open, held, unreachable, or with a room while another one is proposed."""

    needs_person: bool
    holder: str
    silent: bool
    language: str
    no_place: bool
    unreachable: bool
    channel: str
    region: str
    priority: int


def marks_of(contact: Contact, holder: str, region: str) -> Marks:
    needs_person = contact.state in IN_QUEUE or (
        contact.state in HANDED_OVER and contact.reroute == OTHER_ROOM
    )
    return Marks(
        needs_person=needs_person,
        holder=holder,
        silent=contact.silent,
        language=_language(contact.language),
        no_place=contact.location is None,
        unreachable=contact.state is ContactState.STALE,
        channel=contact.channel,
        region=region,
        priority=int(contact.priority),
    )


def _language(tag: str) -> str:
    primary = tag.partition("-")[0].lower()
    return primary if primary == "cy" else "" if primary in _ENGLISH_OR_UNKNOWN else "other"


def matches(where: ViewFilter, handler: str, marks: Marks) -> bool:
    """Whether a contact stands in the list that ``handler`` asked for."""
    if where.mine:
        if marks.holder != handler:
            return False
    elif where.handed_over:
        if marks.needs_person:
            return False
    elif not marks.needs_person:
        return False
    return (
        (not where.silent or marks.silent)
        and (where.language is None or marks.language == where.language)
        and (not where.no_place or marks.no_place)
        and (not where.unreachable or marks.unreachable)
        and (not where.channel or marks.channel == where.channel)
        and (not where.region or marks.region == where.region)
        and (where.priority is None or marks.priority == where.priority)
    )


def tallies(marks: Marks) -> Iterable[tuple[str, str]]:
    """The counts a contact adds one to, as (group, name); an empty group is a filter of its own."""
    if not marks.needs_person:
        yield "", "handed_over"
        return
    yield "", "all"
    if marks.silent:
        yield "", "silent"
    if marks.language:
        yield "", marks.language
    if marks.no_place:
        yield "", "no_place"
    if marks.unreachable:
        yield "", "unreachable"
    yield "channels", marks.channel
    yield "regions", marks.region


PLAIN = ("all", "silent", "cy", "other", "no_place", "unreachable", "handed_over")
WITH_NOBODY = (ContactState.WAITING, ContactState.HELD, ContactState.STALE)
CLOSED_STATES = (ContactState.CLOSED, ContactState.MERGED)
