"""How far a contact has come, read from the console's answer: each stage, when, and its seconds. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from intake.console.views.contact import ContactAnswer, Place
from intake.console.views.conversation import CALLER
from intake.contact import ContactState
from intake.incident import TransferKind, TransferState

STAGES = ("received", "located", "routed", "transferred", "accepted")

_SOURCES = {
    "device": "phone's fix",
    "aml": "AML fix",
    "chat_pin": "pin",
    "chat_live": "live location",
    "handler": "handler's place",
}


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """``took_s`` runs from the latest stage reached before; for the first it is 0."""

    at: datetime
    took_s: float
    detail: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the evening. ``by`` is the handler, or ``policy:<rule id>``; ``trouble`` stands out."""

    title: str
    words: str
    reference: str = ""
    channel: str = ""
    state: str = ""
    by: str = ""
    place: str = ""
    room: str = ""
    rule: str = ""
    trouble: str = ""
    updates: int = 0
    stages: dict[str, Stage] = {}


def progress(title: str, words: str, answer: ContactAnswer | None) -> Progress:
    """``answer`` None: this caller has not been heard of yet."""
    if answer is None:
        return Progress(title=title, words=words)
    row = answer.contact
    decision = answer.decisions[0] if answer.decisions else None
    updates = [
        one
        for one in answer.transfers
        if one.kind == TransferKind.UPDATE and one.state == TransferState.ACCEPTED
    ]
    return Progress(
        title=title,
        words=words,
        reference=row.reference,
        channel=row.channel,
        state=row.state,
        by=decision.decided_by if decision else row.claimed_by,
        place=in_words(row.place) if row.place else "",
        room=decision.room_id if decision else "",
        rule=f"rule {decision.rule_id}, {decision.probability:.0%}" if decision else "",
        trouble=_trouble(answer),
        updates=len(updates),
        stages=_stages(answer),
    )


def in_words(place: Place) -> str:
    """``postcode LS1 4AP ±133 m``: what it comes from and the radius at 95 %."""
    kind = _SOURCES.get(place.source, place.source.removeprefix("text_"))
    clue = f" {place.clue}" if place.clue else ""
    return f"{kind}{clue} ±{place.radius_m:,.0f} m"


def _stages(answer: ContactAnswer) -> dict[str, Stage]:
    row, moments = answer.contact, answer.moments
    first = answer.transfers[0] if answer.transfers else None
    said = next((line.at for line in answer.conversation if line.author == CALLER), row.queued_at)
    decision = answer.decisions[0] if answer.decisions else None
    reached: list[tuple[str, datetime | None, str]] = [
        ("received", said, row.channel),
        ("located", moments.located_at, in_words(row.place) if row.place else ""),
        ("routed", moments.routed_at, decision.room_id if decision else ""),
        ("transferred", first.delivered_at if first else None, "confirmed by the room"),
        ("accepted", moments.accepted_at, first.room_reference if first else ""),
    ]
    stages: dict[str, Stage] = {}
    before = said
    for name, at, detail in reached:
        if at is not None:
            stages[name] = Stage(at=at, took_s=max(0.0, (at - before).total_seconds()), detail=detail)
            before = max(before, at)
    return stages


def _trouble(answer: ContactAnswer) -> str:
    row = answer.contact
    if row.defect:
        return f"could not be read in full ({row.defect})"
    stuck = next((one for one in answer.transfers if one.state in ("held", "rejected")), None)
    if stuck is not None:
        return f"{stuck.room_id}: {stuck.state}, {stuck.reason}"
    if row.state is ContactState.SENDING and row.until is None:
        return "waits for the room"
    return ""
