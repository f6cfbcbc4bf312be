"""Sends contacts on without a handler where the policy covers them in full; everything else waits for one."""

from __future__ import annotations

from datetime import datetime

from intake.contact import Contact, ContactState, Trust
from intake.handover import HandOver
from intake.locate.best import fuse
from intake.location import LocationSource
from intake.routing.auto_transfer import AutoTransferPolicy, may_go
from intake.store import Connection, contacts
from intake.store import triage as table
from intake.store.contacts import StoredLocation
from intake.triage import is_old
from intake.triage.saying import STATED

WEAKNESS = tuple(Trust)
"""What doors prove, strongest first: of two, the weaker counts."""


class LettingGo:
    """What counts is how old the contact's own newest words are, whichever message or place was read last."""

    def __init__(self, handover: HandOver, policy: AutoTransferPolicy, old_after_s: float):
        self._handover = handover
        self._policy = policy
        self._old_after_s = old_after_s

    def consider(
        self,
        conn: Connection,
        now: datetime,
        contact: Contact,
        best: StoredLocation | None,
        proven: Trust | None,
    ) -> None:
        """Hand over to the service asked for, or leave it; the contact must be locked.

        ``proven`` is what the door proved of the message just read, None where it is not the caller's own.
        """
        service = contact.service
        if contact.state is not ContactState.WAITING or contact.incident_id or service is None:
            return
        words = table.newest_words(conn, contact.id)
        if is_old(words.sent_at, words.received_at, self._old_after_s):
            return
        fused = fuse([one.location for one in contacts.hypotheses(conn, contact.id)], now)
        if fused.in_doubt:
            return  # places contradict, or the incident is far from its caller: a person decides
        trust = proven or words.trust
        place = fused.place_now
        verdict = may_go(
            self._policy,
            trust=trust if best is None else _weaker(conn, trust, best),
            service=service,
            service_explicit=contact.service_reason == STATED,
            location=place,
            decision=self._handover.decide(service, place),
            age_s=(now - (words.sent_at or words.received_at)).total_seconds(),
            silent=contact.silent,
            defect=contact.defect or (words.flag if words.flag == "defective" else ""),
            has_text=bool(contact.summary.strip()),
            channel=contact.channel,
        )
        if verdict.allowed:
            self._handover.send_in(conn, now, contact, f"policy:{verdict.rule_id}", [service])


def _weaker(conn: Connection, trust: Trust, best: StoredLocation) -> Trust:
    """Anybody who knows a number may post a place for it: AML is believed as its own door proved it."""
    if best.location.source is not LocationSource.AML:
        return trust
    return max(trust, table.trust_in_place(conn, best.id) or trust, key=WEAKNESS.index)
