"""Which contact a caller's next message joins, and which contact a merged one is part of, in one batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from intake.store.driver_sql import Row


class Thread:
    """A contact as it stands within this batch; ``part_of`` is what it is merged into, empty for most."""

    __slots__ = (
        "changed",
        "id",
        "last_us",
        "next_us",
        "opened",
        "part_of",
        "provider_id",
        "queued_us",
        "reply_to",
        "state",
    )

    def __init__(
        self,
        id: str,
        state: str,
        queued_us: int,
        next_us: int,
        last_us: int,
        reply_to: str,
        provider_id: str,
        part_of: str = "",
    ):
        self.id, self.state, self.reply_to = id, state, reply_to
        self.queued_us, self.next_us, self.last_us = queued_us, next_us, last_us
        self.provider_id, self.part_of = provider_id, part_of
        self.changed: Row | None = None
        self.opened: list[Any] | None = None

    def change(self, summary: str) -> None:
        """Keep it as it stands now for ``DriverSql.join``."""
        self.changed = (
            self.id,
            self.state,
            self.queued_us,
            self.next_us,
            self.last_us,
            summary,
            self.reply_to,
            self.provider_id,
        )


class Threads:
    """The contacts of a batch by (caller, channel), and by id those that merged ones are part of."""

    def __init__(self) -> None:
        self.by_key: dict[tuple[str, str], Thread] = {}
        self.wholes: dict[str, Thread] = {}
        self._parts: list[Thread] = []

    def have(self, rows: Iterable[Row]) -> None:
        """Take in the threads that ``DriverSql.look_up`` found."""
        for row in rows:
            thread = self.by_key[row[0], row[1]] = Thread(*row[2:])
            if thread.part_of:
                self._parts.append(thread)

    def unknown(self) -> list[str]:
        """Ids of contacts that merged ones are part of and that must still be asked for."""
        return sorted({part.part_of for part in self._parts} - self.wholes.keys()) if self._parts else []

    def have_wholes(self, asked: Collection[str], rows: Iterable[Row]) -> None:
        """Take in the answer of ``DriverSql.wholes``; what was merged itself meanwhile is followed."""
        own = {thread.id: thread for thread in self.by_key.values()}
        for row in rows:
            self.wholes[row[2]] = own.get(row[2]) or Thread(*row[2:])
        for part in self._parts:
            self._follow(part, asked)
        self._parts = [part for part in self._parts if part.part_of]

    def _follow(self, part: Thread, asked: Collection[str]) -> None:
        """To the contact that is kept in the end. A row that is not there, or a ring of them, would be
        nothing to hang on: then the part stands for itself."""
        for _ in range(len(self.wholes) + 1):
            whole = self.wholes.get(part.part_of)
            if whole is None:
                if part.part_of in asked:
                    break
                return  # to be asked for
            if not whole.part_of:
                return
            part.part_of = whole.part_of
        part.part_of = ""
