"""The sentences of an answer that a desk in Welsh shows, each with its Welsh. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from intake.console.views.contact import ContactAnswer, RouteAnswer
from intake.console.views.places import ReadPlacesAnswer
from intake.console.welsh import Welsh, in_welsh


def contact_with_welsh(found: ContactAnswer, welsh: Welsh) -> ContactAnswer:
    suggested = [found.contact.service_reason, *(one.reason for one in found.added)]
    notes = (clue.note for line in found.conversation for clue in line.clues)
    said = in_welsh(welsh.reasons, _reasons(found)) | in_welsh(welsh.suggestions, suggested)
    return msgspec.structs.replace(found, welsh=said | in_welsh(welsh.notes, notes))


def route_with_welsh(found: RouteAnswer, welsh: Welsh) -> RouteAnswer:
    said = in_welsh(welsh.reasons, (one.reason for one in found.decisions))
    said |= in_welsh(welsh.suggestions, (one.reason for one in found.added))
    return msgspec.structs.replace(found, welsh=said)


def places_with_welsh(found: ReadPlacesAnswer, welsh: Welsh) -> ReadPlacesAnswer:
    notes = [*(one.note for one in found.places), *found.unknown]
    return msgspec.structs.replace(found, welsh=in_welsh(welsh.notes, notes))


def _reasons(found: ContactAnswer) -> Iterator[str]:
    yield from (one.reason for one in found.decisions)
    yield from (one.reason for one in found.transfers)
    yield from (one.reason for one in found.reroutes)
    yield from (str(event.data["reason"]) for event in found.log if "reason" in event.data)
