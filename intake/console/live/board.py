"""The picture of all live contacts: in the server's order, counted, each row encoded once a change."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from sortedcontainers import SortedList

from intake.console.live.filters import (
    CLOSED_STATES,
    PLAIN,
    WITH_NOBODY,
    Marks,
    ViewFilter,
    marks_of,
    matches,
    tallies,
)
from intake.console.views.contact import queue_row
from intake.contact import Contact
from intake.reference import reference
from intake.store.live import LiveContact
from intake.store.queue import QueueCounts, can_be_claimed, waiting_since

Key = tuple[int, datetime, str]
"""A contact's place: priority, then waiting time, then id."""
Wait = tuple[datetime, str]
"""Since when a contact waits for a person, and its id."""

_encode = msgspec.json.Encoder().encode


class Entry:
    """One contact. ``version`` changes whenever its row would read otherwise."""

    __slots__ = (
        "_bytes",
        "_now",
        "claimable",
        "contact",
        "key",
        "marks",
        "unanswered",
        "unshown",
        "version",
        "waits",
    )

    def __init__(self, live: LiveContact, region: str, now: datetime, version: int):
        contact = live.contact
        running = contact.next_attempt_at > now
        self.contact = contact
        self.key: Key = (int(contact.priority), contact.queued_at, contact.id)
        self.version = version
        holder = contact.claimed_by if running and contact.state not in WITH_NOBODY else ""
        self.marks: Marks = marks_of(contact, holder, region)
        self.claimable = can_be_claimed(contact, now)
        # Whoever is back after nobody could reach them waits for an answer as a new one does, from then on.
        came_back = contact.unreachable_since is not None
        self.unanswered = self.claimable and (came_back or live.first_reply_at is None)
        self.waits = (waiting_since(contact), contact.id)
        self.unshown = live.first_shown_at is None
        self._now = now
        self._bytes: bytes | None = None

    @property
    def bytes(self) -> bytes:
        """The row as JSON, made when the first desk needs it and shared by all."""
        if self._bytes is None:
            self._bytes = _encode(queue_row(self.contact, self._now))
        return self._bytes

    def reads_as(self, other: Entry) -> bool:
        return (
            self.claimable is other.claimable
            and self.unanswered is other.unanswered
            and self.marks == other.marks
            and self.contact == other.contact
        )


class Listing:
    """The contacts that match one filter, in order; kept while a desk looks at it."""

    def __init__(self, where: ViewFilter, handler: str):
        self.where, self.handler = where, handler
        self.keys: SortedList[Key] = SortedList()
        self.users = 0

    def matches(self, entry: Entry) -> bool:
        return matches(self.where, self.handler, entry.marks)

    def change(self, before: Entry | None, after: Entry | None) -> None:
        was = before.key if before is not None and self.matches(before) else None
        is_now = after.key if after is not None and self.matches(after) else None
        if was != is_now:
            if was is not None:
                self.keys.discard(was)
            if is_now is not None:
                self.keys.add(is_now)

    def ids(self, first: int, size: int) -> list[str]:
        return [key[2] for key in self.keys[first : first + size]]


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """Contacts nobody has and no person has answered; ``firstN`` have waited for N seconds and more. For
    callers who could not be reached and are back, ``oldest_queued_at`` is when they came back."""

    count: int
    oldest_queued_at: datetime | None
    contact: str | None
    reference: str | None
    first10: int
    first60: int
    first120: int


def _add(among: SortedList[Wait], wait: Wait) -> None:
    among.add(wait)


def _discard(among: SortedList[Wait], wait: Wait) -> None:
    among.discard(wait)


class Board:
    """Fed with rows as they stand; the time is passed in. Belongs to the event loop alone."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.stamp = 0
        """Counts every change of the picture."""
        self._listings: dict[tuple[ViewFilter, str], Listing] = {}
        self._timers: list[tuple[datetime, str]] = []
        self._tallies: Counter[tuple[str, str]] = Counter()
        self._states: Counter[str] = Counter()
        self._claimable: Counter[int] = Counter()
        self._free: SortedList[Wait] = SortedList()
        self._unanswered: SortedList[Wait] = SortedList()

    def take(self, live: LiveContact, region: str, now: datetime) -> bool:
        """Put a contact as it stands now in the picture, or out of it; True if anything reads otherwise."""
        contact = live.contact
        before = self.entries.get(contact.id)
        if contact.state in CLOSED_STATES:
            return before is not None and self.drop(contact.id)
        after = Entry(live, region, now, self.stamp + 1)
        self._set_timer(contact, before, now)
        if before is not None and after.reads_as(before):
            before.unshown = before.unshown and after.unshown
            return False
        self._change(before, after)
        self.entries[contact.id] = after
        return True

    def drop(self, contact_id: str) -> bool:
        """Take a contact out of the picture."""
        before = self.entries.pop(contact_id, None)
        if before is not None:
            self._change(before, None)
        return before is not None

    def lapsed(self, now: datetime) -> list[str]:
        """Contacts whose lease or hold seems over: to be read again, for a renewal leaves no event."""
        found = []
        while self._timers and self._timers[0][0] <= now:
            at, contact_id = heapq.heappop(self._timers)
            entry = self.entries.get(contact_id)
            if entry is not None and entry.contact.next_attempt_at == at:
                found.append(contact_id)
        return found

    def _set_timer(self, contact: Contact, before: Entry | None, now: datetime) -> None:
        at = contact.next_attempt_at
        if at > now and (before is None or before.contact.next_attempt_at != at):
            heapq.heappush(self._timers, (at, contact.id))

    def _change(self, before: Entry | None, after: Entry | None) -> None:
        self.stamp += 1
        for listing in self._listings.values():
            listing.change(before, after)
        if before is not None:
            self._count(before, -1)
        if after is not None:
            self._count(after, 1)

    def _count(self, entry: Entry, by: int) -> None:
        contact = entry.contact
        self._states[contact.state.value] += by
        for one in tallies(entry.marks):
            self._tallies[one] += by
        change = _add if by > 0 else _discard
        if entry.claimable:
            self._claimable[int(contact.priority)] += by
            change(self._free, (contact.queued_at, contact.id))
        if entry.unanswered:
            change(self._unanswered, entry.waits)

    # -- what is asked of it --------------------------------------------------------------------

    def listing(self, where: ViewFilter, handler: str) -> Listing:
        """The list for a filter; ``release`` it when nobody looks at it any more."""
        key = (where, handler if where.mine else "")
        found = self._listings.get(key)
        if found is None:
            found = self._listings[key] = Listing(*key)
            found.keys.update(entry.key for entry in self.entries.values() if found.matches(entry))
        found.users += 1
        return found

    def release(self, listing: Listing) -> None:
        listing.users -= 1
        if not listing.users:
            self._listings.pop((listing.where, listing.handler), None)

    def counts(self) -> QueueCounts:
        oldest = self._free[0][0] if self._free else None
        return QueueCounts(
            states={state: count for state, count in sorted(self._states.items()) if count},
            claimable={priority: count for priority, count in sorted(self._claimable.items()) if count},
            oldest_queued_at=oldest,
        )

    def filters(self) -> dict[str, object]:
        """How many contacts each filter would show, over the whole queue."""
        found: dict[str, object] = {name: self._tallies[("", name)] for name in PLAIN}
        for group in ("channels", "regions"):
            found[group] = self._group(group)
        return found

    def _group(self, group: str) -> dict[str, int]:
        counted: Iterable[tuple[tuple[str, str], int]] = self._tallies.items()
        return {name: n for (among, name), n in sorted(counted) if among == group and n}

    def unanswered(self, now: datetime) -> Unanswered:
        oldest = self._unanswered[0] if self._unanswered else None
        contact = self.entries[oldest[1]].contact if oldest else None

        def since(seconds: float) -> int:
            return int(self._unanswered.bisect_right((now - timedelta(seconds=seconds), "~")))

        return Unanswered(
            count=len(self._unanswered),
            oldest_queued_at=oldest[0] if oldest else None,
            contact=contact.id if contact else None,
            reference=reference(contact.number, contact.queued_at) if contact else None,
            first10=since(10),
            first60=since(60),
            first120=since(120),
        )
