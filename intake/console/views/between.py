"""What handlers leave for each other, as the console answers with it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from intake.contact import Contact
from intake.phrases import LANGUAGES
from intake.reference import reference
from intake.stock_replies import StockReply, StockText, spoken_for


class DraftAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A draft was kept; empty text means that there is none any more."""

    contact_id: str
    text: str
    changed_at: datetime


class NoteView(msgspec.Struct, frozen=True, kw_only=True):
    """Said among handlers; ``contact_id`` is where it was written, also once that contact is merged."""

    id: str
    contact_id: str
    author: str
    at: datetime
    text: str


class OfferView(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that its handler offers: to ``to_handler``, or to anybody where that is empty."""

    id: str
    contact_id: str
    reference: str
    priority: int
    channel: str
    summary: str
    from_handler: str
    to_handler: str
    note: str
    offered_at: datetime


class OffersAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Offers to me and to anybody, oldest first; ``mine`` are those I make."""

    now: datetime
    offers: list[OfferView]
    mine: list[OfferView]


class MergeView(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that is part of this one now. ``id`` undoes it."""

    id: str
    contact_id: str
    reference: str
    channel: str
    caller: str
    at: datetime
    by: str
    reason: str


class CandidateView(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that may be the same conversation, with the reasons in words."""

    contact_id: str
    reference: str
    channel: str
    caller: str
    summary: str
    state: str
    priority: int
    claimed_by: str
    same_person: bool
    reasons: list[Mapping[str, str]]


class CandidatesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    candidates: list[CandidateView]


class StockReplyView(msgspec.Struct, frozen=True, kw_only=True):
    """One stock reply. ``text`` is in the language that was answered with; ``texts`` has it in each."""

    id: str
    shortcut: str
    group: str
    text: str
    reviewed: bool
    date: str
    texts: Mapping[str, StockText]


class StockRepliesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``language`` is what the texts are in; ``is_fallback`` where the one asked for is none of ours."""

    asked: str
    language: str
    is_fallback: bool
    replies: list[StockReplyView]


class AutomaticText(msgspec.Struct, frozen=True, kw_only=True):
    """What a choice would say: ``located`` to callers whose place is known, ``ask_location`` to others."""

    rule: str
    located: Mapping[str, StockText]
    ask_location: Mapping[str, StockText]


class AutomaticReplyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Which automatic reply goes out first, since when and by whom; silent callers get their own always."""

    rule: str
    set_at: datetime | None
    set_by: str
    choices: list[AutomaticText]


def stock_answer(replies: Iterable[StockReply], asked: str) -> StockRepliesAnswer:
    language = spoken_for(asked)
    rows = []
    for one in replies:
        said = one.said_in(language)
        rows.append(
            StockReplyView(
                id=one.id,
                shortcut=one.shortcut,
                group=one.group,
                text=said.text,
                reviewed=said.reviewed,
                date=said.date,
                texts={name: one.said_in(name) for name in LANGUAGES},
            )
        )
    return StockRepliesAnswer(
        asked=asked, language=language, is_fallback=not _is_ours(asked, language), replies=rows
    )


def _is_ours(asked: str, language: str) -> bool:
    return asked.strip().lower().replace("_", "-").split("-")[0] == language


def name_of(contact: Contact) -> str:
    """The reference that people read aloud."""
    return reference(contact.number, contact.queued_at)
