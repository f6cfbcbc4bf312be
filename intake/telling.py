"""What callers are told by ourselves, and when: the truth about a machine, a person, a service. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from intake.contact import Contact
from intake.house_rules import AutomaticReply
from intake.incident import Transfer, TransferKind, TransferState
from intake.phrases import Phrases
from intake.triage import Assessment

FIRST: Mapping[AutomaticReply, tuple[str, str]] = {
    AutomaticReply.NORMAL: ("received_located", "received_ask_location"),
    AutomaticReply.BUSY: ("busy_located", "busy_ask_location"),
    AutomaticReply.MAJOR_INCIDENT: ("major_located", "major_ask_location"),
}
"""The phrases of each choice: where the caller's place is known, and where it is asked for."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One automatic reply: ``author`` names its phrase as the outbox keeps it."""

    author: str
    text: str


class Telling:
    """Chooses phrases; who is silent is told nothing that could give them away."""

    def __init__(self, phrases: Phrases):
        self._phrases = phrases

    def first(self, seen: Assessment, *, located: bool, rule: AutomaticReply = AutomaticReply.NORMAL) -> Told:
        """The receipt that opens a conversation: a machine has it, and this is a prototype. ``rule`` is
        what a supervisor has chosen; who is silent is told the same whatever that is."""
        if seen.silent:
            return self._told("silent_received", seen.language)
        for_located, for_others = FIRST[rule]
        return self._told(for_located if located else for_others, seen.language)

    def about_transfer(self, contact: Contact, transfer: Transfer) -> Told | None:
        """A room confirmed or accepted; every other state is our worry, not the caller's."""
        phrase_id = {
            TransferState.DELIVERED: "sent_to_service",
            TransferState.ACCEPTED: "accepted_by_service",
        }.get(transfer.state)
        if phrase_id is None or contact.silent or transfer.kind is not TransferKind.CREATION:
            return None
        service = self._phrases.service_name(transfer.service, contact.language)
        return self._told(phrase_id, contact.language, service=service)

    def _told(self, phrase_id: str, language: str, **values: str) -> Told:
        return Told(author=f"automatic:{phrase_id}", text=self._phrases.text(phrase_id, language, **values))
