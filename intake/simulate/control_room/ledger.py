"""What a reference room has received and decided, on disk before it is answered (stdlib SQLite)."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from intake.incident import Verdict
from intake.mait import ReceivedMessage

T = TypeVar("T")

_TABLES = """
CREATE TABLE IF NOT EXISTS incidents (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS messages (
    message_id TEXT PRIMARY KEY, incident_id TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL,
    sequence INTEGER NOT NULL, services TEXT NOT NULL, from_agency TEXT NOT NULL, sent_at TEXT NOT NULL,
    received_at TEXT NOT NULL, verdict TEXT NOT NULL, reason TEXT NOT NULL, decided_at TEXT, told_at TEXT,
    repeats INTEGER NOT NULL DEFAULT 0, conflicts INTEGER NOT NULL DEFAULT 0,
    sha256 TEXT NOT NULL, document BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS messages_of_incident ON messages (incident_id, sequence, sent_at);
CREATE INDEX IF NOT EXISTS messages_untold ON messages (received_at) WHERE told_at IS NULL;
CREATE TABLE IF NOT EXISTS conflicts (
    message_id TEXT NOT NULL, received_at TEXT NOT NULL, sha256 TEXT NOT NULL, document BLOB NOT NULL);
"""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One message as the room holds it. ``number`` is the room's own, for the incident."""

    message_id: str
    incident_id: str
    number: int
    kind: str
    sequence: int
    services: str
    from_agency: str
    sent_at: datetime
    received_at: datetime
    verdict: Verdict
    reason: str
    decided_at: datetime | None
    told_at: datetime | None
    repeats: int
    conflicts: int
    document: bytes


class Received(msgspec.Struct, frozen=True):
    """What became of an offered message: stored now, had before, or in conflict with what was stored."""

    entry: Entry
    repeat: bool = False
    conflict: bool = False


_COLUMNS = ", ".join(Entry.__struct_fields__)


class Ledger:
    """One connection in one thread; each call returns after its transaction is on the disk."""

    def __init__(self, path: Path):
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="control-room-ledger")

    async def open(self) -> None:
        await self._run(self._open)

    async def close(self) -> None:
        await self._run(lambda: self._db.close())
        self._thread.shutdown()

    async def receive(self, message: ReceivedMessage, document: bytes, now: datetime) -> Received:
        """Keep a message once. The same id with other bytes is kept beside it and counted."""
        return await self._run(lambda: self._receive(message, document, now))

    async def entry(self, message_id: str) -> Entry | None:
        found = await self._run(lambda: self._select("message_id = ?", message_id))
        return found[0] if found else None

    async def of_incident(self, incident_id: str) -> list[Entry]:
        """An incident's messages in the order they were meant, whatever the order they came in."""
        return await self._run(
            lambda: self._select("incident_id = ? ORDER BY sequence, sent_at, message_id", incident_id)
        )

    async def latest(self, most: int = 100) -> list[Entry]:
        """The newest message of each incident: undecided incidents first, then the newest ones."""
        newest = (
            "message_id = (SELECT m.message_id FROM messages m WHERE m.incident_id = messages.incident_id"
            " ORDER BY sequence DESC, sent_at DESC, message_id DESC LIMIT 1) ORDER BY EXISTS (SELECT 1 FROM"
            " messages m WHERE m.incident_id = messages.incident_id AND m.verdict = 'considering') DESC,"
            " number DESC LIMIT ?"
        )
        return await self._run(lambda: self._select(newest, most))

    async def undecided_since(self, before: datetime) -> list[str]:
        """Incidents with a message received before then that nobody has decided."""
        where = "verdict = 'considering' AND received_at <= ? ORDER BY received_at"
        entries = await self._run(lambda: self._select(where, before.isoformat()))
        return list(dict.fromkeys(entry.incident_id for entry in entries))

    async def untold(self) -> list[Entry]:
        """Decided messages whose verdict the originator has not taken yet, oldest first."""
        where = "told_at IS NULL AND verdict <> 'considering' ORDER BY received_at LIMIT 500"
        return await self._run(lambda: self._select(where))

    async def decide(self, incident_id: str, verdict: Verdict, reason: str, now: datetime) -> int:
        """Decide every undecided message of an incident; returns how many there were."""
        return await self._run(
            lambda: self._change(
                "UPDATE messages SET verdict = ?, reason = ?, decided_at = ?"
                " WHERE incident_id = ? AND verdict = 'considering'",
                (verdict.value, reason, now.isoformat(), incident_id),
            )
        )

    async def told(self, message_id: str, now: datetime) -> None:
        await self._run(
            lambda: self._change(
                "UPDATE messages SET told_at = ? WHERE message_id = ?", (now.isoformat(), message_id)
            )
        )

    def _open(self) -> None:
        self._db = sqlite3.connect(self._path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")  # acknowledged means durable, here too
        self._db.executescript(_TABLES)

    def _receive(self, message: ReceivedMessage, document: bytes, now: datetime) -> Received:
        digest = hashlib.sha256(document).hexdigest()
        with self._transaction() as db:
            row = db.execute(
                "SELECT sha256 FROM messages WHERE message_id = ?", (message.message_id,)
            ).fetchone()
            if row is None:
                self._insert(message, document, digest, now)
            elif row["sha256"] == digest:
                db.execute(
                    "UPDATE messages SET repeats = repeats + 1 WHERE message_id = ?", (message.message_id,)
                )
            else:
                db.execute(
                    "INSERT INTO conflicts VALUES (?, ?, ?, ?)",
                    (message.message_id, now.isoformat(), digest, document),
                )
                db.execute(
                    "UPDATE messages SET conflicts = conflicts + 1 WHERE message_id = ?",
                    (message.message_id,),
                )
            entry = self._select("message_id = ?", message.message_id)[0]
        return Received(entry, repeat=row is not None, conflict=row is not None and row["sha256"] != digest)

    def _insert(self, message: ReceivedMessage, document: bytes, digest: str, now: datetime) -> None:
        incident_id = message.incident.id
        row = self._db.execute("SELECT number FROM incidents WHERE id = ?", (incident_id,)).fetchone()
        number = (
            row["number"]
            if row
            else self._db.execute("INSERT INTO incidents (id) VALUES (?)", (incident_id,)).lastrowid
        )
        # What follows an accepted incident is taken with it: nobody accepts each update by hand.
        accepted = self._select("incident_id = ? AND verdict = 'accepted' LIMIT 1", incident_id)
        verdict = Verdict.ACCEPTED if accepted else Verdict.CONSIDERING
        self._db.execute(
            "INSERT INTO messages (message_id, incident_id, number, kind, sequence, services, from_agency,"
            " sent_at, received_at, verdict, reason, decided_at, sha256, document)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?)",
            (
                message.message_id, incident_id, number, message.kind.value, message.sequence,
                ", ".join(service.word for service in message.services), message.from_agency,
                message.sent_at.isoformat(), now.isoformat(), verdict.value,
                now.isoformat() if accepted else None, digest, document,
            ),
        )  # fmt: skip

    def _select(self, where: str, *values: object) -> list[Entry]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM messages WHERE {where}", values)  # noqa: S608 - ours
        return [msgspec.convert(dict(row), Entry) for row in rows]

    def _change(self, statement: str, values: tuple[object, ...]) -> int:
        with self._transaction() as db:
            return db.execute(statement, values).rowcount

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
