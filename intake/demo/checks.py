"""What must have happened by the end of the evening, each held against what really did. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from intake.console.views.contact import ContactAnswer
from intake.console.views.conversation import CALLER
from intake.contact import ContactState
from intake.demo.setting import HANDLER
from intake.incident import TransferKind, TransferState
from intake.log_events import LogEventName
from intake.mait import ReceivedMessage
from intake.simulate.evening import BOARD, DRIFT, FIRE, SCENES, SILENT, AtTheDoor, Scene

POLICY = "policy:"
LIVE_FIXES_LEAST = len(DRIFT)
DOOR_EVENTS = ("repeated", "aml", "forged", "malformed")


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the checks look at: by scene id what the console shows and what the caller was told,
    by room id what was received; the doors' events and their counters; how many contacts there are."""

    contacts: Mapping[str, ContactAnswer]
    told: Mapping[str, Sequence[str]]
    received: Mapping[str, Sequence[ReceivedMessage]]
    doors: Sequence[AtTheDoor]
    metrics: str
    contact_count: int


def missing(evidence: Evidence) -> list[str]:
    """What did not happen, a line each; empty when the whole evening went as it must."""
    found: list[str] = []
    for scene in SCENES:
        answer = evidence.contacts.get(scene.id)
        if answer is None:
            found.append(f"{scene.title}: no contact was opened")
            continue
        problems = _handed_over(scene, answer, evidence) if scene.room else _kept_open(answer)
        found += [f"{scene.title}: {problem}" for problem in (*problems, *_told(scene, evidence))]
    return found + list(_at_the_doors(evidence)) + list(_particulars(evidence))


def _handed_over(scene: Scene, answer: ContactAnswer, evidence: Evidence) -> Iterator[str]:
    row = answer.contact
    if not answer.decisions:
        yield f"was not routed; it is {row.state}"
        return
    decision = answer.decisions[0]
    if decision.room_id != scene.room:
        yield f"was routed to {decision.room_id}, not to {scene.room}"
    if scene.handling is None and not decision.decided_by.startswith(POLICY):
        yield f"should have gone by policy, but was decided by {decision.decided_by}"
    if scene.handling is not None and decision.decided_by != HANDLER:
        yield f"should have been decided by {HANDLER}, but was by {decision.decided_by}"
    if row.state is not ContactState.ACCEPTED:
        states = "; ".join(
            f"{one.room_id} {one.state} after {one.attempts} attempts {one.reason}".rstrip()
            for one in answer.transfers
        )
        yield f"was not accepted by {scene.room}: the contact is {row.state} ({states or 'no transfer'})"
    elif not any(row.reference == one.incident.reference for one in evidence.received.get(scene.room, ())):
        yield f"counts as accepted, but {scene.room} never received {row.reference}"


def _kept_open(answer: ContactAnswer) -> Iterator[str]:
    row = answer.contact
    if not row.defect:
        yield "was not marked defective"
    if not any("defective" in line.flags and line.raw for line in answer.conversation):
        yield "does not show the bytes as they came"
    if (row.state, row.claimed_by) != (ContactState.OPEN, HANDLER):
        yield f"should be open with {HANDLER}; it is {row.state} {row.claimed_by}".rstrip()


def _told(scene: Scene, evidence: Evidence) -> Iterator[str]:
    told = evidence.told.get(scene.id, ())
    expected = expected_replies(scene)
    if len(told) != expected:
        yield f"the caller got {len(told)} replies, not {expected}"


def expected_replies(scene: Scene) -> int:
    """A receipt; a person's words where the plan has some; from the room that confirmed and accepted.

    A silent caller is told nothing after the receipt: somebody else may be looking.
    """
    if scene.id == SILENT.id:
        return 1
    by_person = bool(scene.handling and scene.handling.reply)
    return 1 + by_person + (2 if scene.room else 0)


def _at_the_doors(evidence: Evidence) -> Iterator[str]:
    happened = {event.id: event for event in evidence.doors}
    for id in DOOR_EVENTS:
        event = happened.get(id)
        if event is None or not event.as_expected:
            answer = event.answer if event else "nothing"
            yield f"{event.what if event else id}: the door answered {answer}"
    if counted(evidence.metrics, "forged") != 1:
        yield f"forged webhooks counted: {counted(evidence.metrics, 'forged')}, not 1"
    if evidence.contact_count != len(SCENES):
        yield f"there are {evidence.contact_count} contacts, not {len(SCENES)}"


def _particulars(evidence: Evidence) -> Iterator[str]:
    if fire := evidence.contacts.get(FIRE.id):
        said = [line for line in fire.conversation if line.author == CALLER]
        folded = [event for event in fire.log if event.name is LogEventName.DUPLICATE]
        if len(said) != 1 or said[0].repeated_at or len(folded) != 1:
            counts = f"{len(said)} messages, {len(folded)} repeats"
            yield f"{FIRE.title}: the repeated webhook was not folded ({counts})"
    if silent := evidence.contacts.get(SILENT.id):
        place = silent.contact.place
        if not silent.contact.silent or place is None or place.source != "aml":
            yield f"{SILENT.title}: the phone's AML fix did not join the silent contact"
    if board := evidence.contacts.get(BOARD.id):
        fixes = sum(one.place.source == "chat_live" for one in board.places)
        if fixes != LIVE_FIXES_LEAST:
            yield f"{BOARD.title}: {fixes} live fixes are kept, not {LIVE_FIXES_LEAST}"
        if not any(
            one.kind == TransferKind.UPDATE and one.state == TransferState.ACCEPTED for one in board.transfers
        ):
            yield f"{BOARD.title}: no update with the newest place reached the room"


def counted(metrics: str, outcome: str) -> int:
    """How many requests at the doors ended so, by the intake's own counters."""
    pattern = rf'^intake_door_messages_total\{{[^}}]*outcome="{outcome}"[^}}]*\}} ([0-9.e+]+)$'
    return int(sum(float(value) for value in re.findall(pattern, metrics, re.MULTILINE)))
