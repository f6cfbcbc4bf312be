"""What clients send for what passes between handlers: drafts, notes, offers, merges, rules for all desks."""

from __future__ import annotations

from typing import Annotated

import msgspec

from intake.console.api.bodies import Body, Fenced, Reason, Seconds, SeenTransfers, Words
from intake.contact import Priority
from intake.house_rules import AutomaticReply
from intake.incident import Methane

HandlerName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")]
MaybeHandler = Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9][a-z0-9._-]{0,39})?$")]
MaybeNote = Annotated[str, msgspec.Meta(max_length=1_000)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class Draft(Body):
    """What is typed so far; empty forgets it."""

    text: Annotated[str, msgspec.Meta(max_length=4_000)]


class Note(Body):
    text: Words


class Offer(Fenced):
    """``to`` left out or empty offers to whoever takes it first."""

    to: MaybeHandler = ""
    note: MaybeNote = ""


class OfferAll(Body):
    """At the end of a shift: all open conversations, to one colleague or to anybody."""

    to: MaybeHandler = ""
    note: MaybeNote = ""


class TakeOffer(Body):
    """``lease_s`` as in ``claim``."""

    lease_s: Seconds | None = None


class EndOffer(Body):
    """Decline or withdraw: nothing more to say."""


class Move(Body):
    """A supervisor gives a contact to a desk, whoever has it."""

    to: HandlerName
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class ReadAlong(Body):
    """A supervisor joins, or leaves: nothing more to say."""


class Raise(Body):
    """A supervisor raises a priority; it is never lowered this way."""

    priority: Priority
    reason: Reason


class Merge(Fenced):
    """The contact of the path becomes part of ``into``; ``attempts`` is the fence of the one of the path."""

    into: Id
    reason: Reason


class Unmerge(Body):
    """Which merge is undone, by its id."""

    merge: Id


class SetAutomaticReply(Body):
    rule: AutomaticReply


class Update(Fenced):
    """What every room that has the incident is told; ``notes`` are ids of notes chosen to go along. With
    ``seen`` a second press after a lost answer tells nobody twice."""

    methane: Methane | None = None
    notes: Annotated[tuple[Id, ...], msgspec.Meta(max_length=50)] = ()
    seen: SeenTransfers | None = None


class StockQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The caller's language; one we do not speak is answered in English, and said so."""

    language: Annotated[str, msgspec.Meta(max_length=35)] = "en"
