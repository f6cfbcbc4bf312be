"""What the page shows of an incident: its newest word on top, what is missing named. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from intake.contact import Priority
from intake.incident import TransferKind, Verdict
from intake.location import CallerLocation, LocationMethod, LocationSource
from intake.mait import ReceivedMessage, read
from intake.simulate.control_room.ledger import Entry

_LONDON = ZoneInfo("Europe/London")
# Bidirectional controls and zero-width characters can make a text look like another. The joiners
# U+200C and U+200D stay: scripts and emoji need them.
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_METHODS = {
    LocationMethod.GNSS: "satellite fix",
    LocationMethod.WIFI: "Wi-Fi",
    LocationMethod.CELL: "mobile mast",
    LocationMethod.FUSED: "phone's own estimate",
    LocationMethod.MANUAL: "set by hand",
    LocationMethod.DERIVED: "worked out",
    LocationMethod.UNKNOWN: "method not stated",
}
_SOURCES = {LocationSource.AML: "AML", LocationSource.DEVICE: "from the app"}
_VERDICTS = {Verdict.CONSIDERING: "To decide", Verdict.ACCEPTED: "Accepted", Verdict.REJECTED: "Rejected"}


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    latlon: str
    radius: str
    how: str
    source: str
    at: datetime | None
    clue: str
    note: str


class IncidentView(msgspec.Struct, frozen=True, kw_only=True):
    """One incident as the room sees it now; ``missing`` names the updates that have not come."""

    entry: Entry
    newest: ReceivedMessage
    state: str
    state_word: str
    priority: str
    place: PlaceView | None
    others: tuple[PlaceView, ...]
    entries: tuple[Entry, ...]
    missing: tuple[str, ...]
    conflicts: int

    @property
    def headline(self) -> str:
        methane, messages = self.newest.incident.methane, self.newest.incident.messages
        return methane.type_of_incident or (messages[0].text if messages else "No text")


def see(entries: list[Entry]) -> IncidentView:
    """The incident in these messages, which stand in order; at least one."""
    entry = entries[-1]
    newest = read(entry.document)
    verdicts = {each.verdict for each in entries}
    state = next(verdict for verdict in _VERDICTS if verdict in verdicts)
    incident = newest.incident
    return IncidentView(
        entry=entry,
        newest=newest,
        state=state.value,
        state_word=_VERDICTS[state],
        priority=_priority_word(incident.priority),
        place=None if incident.location is None else _see_place(incident.location),
        others=tuple(_see_place(other) for other in incident.other_locations),
        entries=tuple(entries),
        missing=tuple(_missing(entries)),
        conflicts=sum(each.conflicts for each in entries),
    )


def visible(text: str) -> str:
    """The text with every character that could mislead the eye named in its place."""
    return _INVISIBLE.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def clock(moment: datetime) -> str:
    """The time as a room in the United Kingdom reads it, with GMT or BST written."""
    return moment.astimezone(_LONDON).strftime("%d %b %H:%M:%S %Z")


def time_of_day(moment: datetime) -> str:
    return moment.astimezone(_LONDON).strftime("%H:%M:%S %Z")


def by_urgency(view: IncidentView) -> tuple[bool, int, int]:
    """What is to decide first, the most urgent of it on top, the longest waiting first."""
    return view.state != Verdict.CONSIDERING, view.newest.incident.priority, view.entry.number


def _see_place(place: CallerLocation) -> PlaceView:
    return PlaceView(
        latlon=f"{place.latitude:.5f}, {place.longitude:.5f}",
        radius=f"within {place.radius_m():,.0f} m (95 %)",
        how=_METHODS[place.method],
        source=_SOURCES.get(place.source, place.source.value.replace("_", " ")),
        at=place.positioned_at,
        clue=place.clue or "",
        note=place.note or "",
    )


def _missing(entries: list[Entry]) -> list[str]:
    """What has not come, for each service by itself: the creation, and the numbers between it and the newest.

    Numbers before the creation went to another room, which had the incident first.
    """
    missing = []
    for services in dict.fromkeys(entry.services for entry in entries):
        lane = [entry for entry in entries if entry.services == services]
        came = {entry.sequence for entry in lane}
        created = [entry.sequence for entry in lane if entry.kind == TransferKind.CREATION]
        if not created:
            missing.append(f"the creation ({services})")
        first = min(created, default=min(came))
        came |= _elsewhere(lane[-1].document)
        gaps = sorted(set(range(first, min(max(came), first + 1_000))) - came)
        missing += [f"message {number} ({services})" for number in gaps]
    return missing


def _elsewhere(document: bytes) -> set[int]:
    """Numbers that the sender says went to another room: they are not lost."""
    named = read(document).extensions.get("numbers-elsewhere", "").split()
    return {int(number) for number in named if number.isascii() and number.isdecimal() and len(number) < 10}


def _priority_word(priority: int) -> str:
    known = {each.value for each in Priority}
    return f"{priority} {Priority(priority).name.title()}" if priority in known else str(priority)
