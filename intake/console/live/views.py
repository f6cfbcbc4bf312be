"""Windows of the queue: desks that look at the same one share every byte of their frames."""

from __future__ import annotations

import msgspec

from intake.console.live.board import Board, Entry, Listing

_encode = msgspec.json.encode


class Tallies:
    """Counts and filter counts over the whole queue, encoded once a change for all views."""

    def __init__(self, board: Board):
        self._board = board
        self._stamp = -1
        self.bytes = b""
        self.version = 0

    def refresh(self) -> None:
        if self._stamp == self._board.stamp:
            return
        self._stamp = self._board.stamp
        text = b'"counts":%b,"filters":%b' % (_encode(self._board.counts()), _encode(self._board.filters()))
        if text != self.bytes:
            self.bytes = text
            self.version += 1


class View:
    """One window: ``seq`` counts its frames. A desk at ``seq - 1`` gets ``delta``, any other ``window()``.

    It is empty until its first ``refresh``.
    """

    def __init__(self, board: Board, tallies: Tallies, listing: Listing, first: int, size: int):
        self._board, self._tallies = board, tallies
        self.listing = listing
        self._first, self._size = first, size
        self.users = 0
        self.seq = 0
        self.delta = b""
        self._order: list[str] = []
        self._shown: dict[str, int] = {}
        self._total = -1
        self._counted = -1
        self._window: tuple[int, bytes] = (-1, b"")

    def refresh(self) -> list[str]:
        """Bring the window up to date; returns the contacts that stand in it for the first time ever."""
        order = self.listing.ids(self._first, self._size)
        entries = [self._board.entries[one] for one in order]
        changed = [one for one in entries if self._shown.get(one.contact.id) != one.version]
        total = len(self.listing.keys)
        parts = []
        if total != self._total:
            parts.append(b'"total":%d' % total)
        if order != self._order:
            parts.append(b'"order":%b' % _encode(order))
        if self._counted != self._tallies.version:
            parts.append(self._tallies.bytes)
        if changed or parts:
            self.seq += 1
            self.delta = b'{"t":"delta",%b}' % b",".join([*parts, rows_of(changed)])
        self._order, self._total, self._counted = order, total, self._tallies.version
        self._shown = {one.contact.id: one.version for one in entries}
        return [one.contact.id for one in changed if one.unshown]

    def window(self) -> bytes:
        """The whole of it, as of ``seq``."""
        if self._window[0] != self.seq:
            entries = [self._board.entries[one] for one in self._order if one in self._board.entries]
            head = b'"first":%d,"total":%d,"order":%b' % (self._first, self._total, _encode(self._order))
            text = b'{"t":"window",%b}' % b",".join([head, rows_of(entries), self._tallies.bytes])
            self._window = (self.seq, text)
        return self._window[1]


def rows_of(entries: list[Entry]) -> bytes:
    return b'"rows":[%b]' % b",".join([one.bytes for one in entries])
