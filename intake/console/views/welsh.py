"""The sentences of an answer that a desk in Welsh shows, each with its Welsh. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from intake.console.views.contact import ContactAnswer, RouteAnswer
from intake.console.views.places import ReadPlacesAnswer
from intake.console.welsh import Welsh, in_welsh


def contact_with_welsh(found: ContactAnswer, welsh: Welsh) -> ContactAnswer:
    return msgspec.structs.replace(found, welsh=in_welsh(welsh, _of_contact(found)))


def route_with_welsh(found: RouteAnswer, welsh: Welsh) -> RouteAnswer:
    return msgspec.structs.replace(found, welsh=in_welsh(welsh, _of_route(found)))


def places_with_welsh(found: ReadPlacesAnswer, welsh: Welsh) -> ReadPlacesAnswer:
    return msgspec.structs.replace(
        found, welsh=in_welsh(welsh, [*(one.note for one in found.places), *found.unknown])
    )


def _of_contact(found: ContactAnswer) -> Iterator[str]:
    yield found.contact.service_reason
    yield from (one.reason for one in found.decisions)
    yield from (one.reason for one in found.added)
    yield from (one.reason for one in found.transfers)
    yield from (one.reason for one in found.reroutes)
    yield from (str(event.data["reason"]) for event in found.log if "reason" in event.data)
    yield from (clue.note for line in found.conversation for clue in line.clues)


def _of_route(found: RouteAnswer) -> Iterator[str]:
    yield from (one.reason for one in found.decisions)
    yield from (one.reason for one in found.added)
