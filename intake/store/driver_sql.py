"""The accept path's statements, generated from the tables and run on the bare driver.

Ten thousand messages a second leave no room for a statement object each; the tables stay the one
truth because every name and type here is read from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Protocol

import msgspec
from sqlalchemy import Dialect, Table

from intake.store import tables
from intake.store.locks import report_key

Row = tuple[Any, ...]
Pairs = Sequence[tuple[str, str]]

RAW = tuple(c.name for c in tables.raw_messages.columns)
MESSAGE = tuple(c.name for c in tables.messages.columns if c.name != "triaged_at")
EVENT = tuple(c.name for c in tables.log_events.columns)
REPORT = tuple(c.name for c in tables.delivery_reports.columns)
CONTACT = (
    "id",
    "channel",
    "caller",
    "queued_at",
    "last_message_at",
    "next_attempt_at",
    "summary",
    "language",
    "silent",
    "defect",
    "reply_to",
    "last_provider_id",
)
KNOWN = "m.provider_id, m.channel, m.id, m.contact_id, m.content"
THREAD = "c.caller, c.channel, c.id, c.state, c.queued_at, c.next_attempt_at, c.last_message_at, c.reply_to"


class DriverSql(Protocol):
    """What the accept path asks of a driver; each method runs inside an open transaction."""

    def begin(self, cursor: Any) -> None: ...
    def insert(self, cursor: Any, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None: ...
    def known(self, cursor: Any, pairs: Pairs) -> Iterable[Row]: ...
    def threads(self, cursor: Any, pairs: Pairs) -> Iterable[Row]: ...
    def join(self, cursor: Any, rows: Sequence[Row]) -> None: ...
    def unthread(self, cursor: Any, contact_ids: Sequence[str]) -> None: ...
    def report(self, cursor: Any, rows: Sequence[Row]) -> None: ...
    def finish(self, cursor: Any, rows: Sequence[Row]) -> None: ...


# Reports come in any order and only move a reply forward: a late "queued" must not send it again.
_RANK = (
    "CASE CAST({0} AS TEXT) WHEN 'queued' THEN 0 WHEN 'sent' THEN 1 WHEN 'failed' THEN 2"
    " WHEN 'delivered' THEN 3 ELSE 4 END"
)
REPORT_UPDATE = (
    "UPDATE replies SET state = {0}, provider_code = {0}, "  # noqa: S608 - of our own parts
    "delivered_at = CASE WHEN {0} IN ('delivered', 'read') THEN {0} ELSE delivered_at END "
    "WHERE channel = {0} AND provider_ref = {0} AND " + _RANK.format("state") + " < " + _RANK
)
JOIN_UPDATE = (
    "UPDATE contacts SET state = {0}, queued_at = {0}, next_attempt_at = {0}, last_message_at = {0}, "
    "summary = COALESCE(NULLIF(summary, ''), {0}), reply_to = {0}, last_provider_id = {0} WHERE id = {0}"
)
FINISH = "UPDATE raw_messages SET state = {0}, defect = {0} WHERE id = {0}"
UNTHREAD = "UPDATE contacts SET threading = {1} WHERE id = {0}"


CHUNKS = (64, 16, 4, 1)
"""Rows a statement: few sizes, so that sqlite3's cache holds every prepared form."""


class SqliteSql:
    """sqlite3: many rows a statement, sets of keys as one JSON array.

    The driver lets go of the interpreter's lock for every step of a statement and must win it back
    from the event loop: `executemany`, a step a row, costs more in hand-overs than in inserting.
    """

    def __init__(self) -> None:
        self._inserts: dict[tuple[str, int], str] = {}

    def begin(self, cursor: Any) -> None:
        cursor.execute("BEGIN IMMEDIATE")

    def insert(self, cursor: Any, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        done = 0
        for size in CHUNKS:
            while len(rows) - done >= size:
                chunk = rows[done : done + size]
                cursor.execute(self._insert(table, columns, size), tuple(chain.from_iterable(chunk)))
                done += size

    def _insert(self, table: Table, columns: Sequence[str], size: int) -> str:
        sql = self._inserts.get((table.name, size))
        if sql is None:
            marks = f"({', '.join('?' * len(columns))})"
            values = ", ".join([marks] * size)
            sql = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES {values}"  # noqa: S608
            self._inserts[table.name, size] = sql
        return sql

    def known(self, cursor: Any, pairs: Pairs) -> Iterable[Row]:
        return self._rows(
            cursor,
            f"SELECT {KNOWN} FROM json_each(?) AS j CROSS JOIN messages AS m"  # noqa: S608
            " ON m.provider_id = json_extract(j.value, '$[0]') AND m.channel = json_extract(j.value, '$[1]')",
            pairs,
        )

    def threads(self, cursor: Any, pairs: Pairs) -> Iterable[Row]:
        return self._rows(
            cursor,
            f"SELECT {THREAD} FROM json_each(?) AS j CROSS JOIN contacts AS c"  # noqa: S608
            " ON c.caller = json_extract(j.value, '$[0]') AND c.channel = json_extract(j.value, '$[1]')"
            " WHERE c.threading",
            pairs,
        )

    def join(self, cursor: Any, rows: Sequence[Row]) -> None:
        cursor.executemany(JOIN_UPDATE.format("?"), [(*row[1:], row[0]) for row in rows])

    def unthread(self, cursor: Any, contact_ids: Sequence[str]) -> None:
        cursor.executemany(UNTHREAD.format("?", "0"), [(contact_id,) for contact_id in contact_ids])

    def report(self, cursor: Any, rows: Sequence[Row]) -> None:
        cursor.executemany(REPORT_UPDATE.format("?"), rows)

    def finish(self, cursor: Any, rows: Sequence[Row]) -> None:
        cursor.executemany(FINISH.format("?"), rows)

    @staticmethod
    def _rows(cursor: Any, sql: str, pairs: Pairs) -> Iterable[Row]:
        found: list[Row] = cursor.execute(sql, (msgspec.json.encode(pairs).decode(),)).fetchall()
        return found


class PostgresqlSql:
    """psycopg: rows go in by binary COPY, sets of keys as one JSON array.

    Arrays and `unnest` would do the same, but psycopg writes arrays in Python, an element at a time.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._copies: dict[str, tuple[str, list[str]]] = {}

    def begin(self, cursor: Any) -> None:
        """Psycopg opens the transaction with the first statement."""

    def insert(self, cursor: Any, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        if table.name not in self._copies:
            sql = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
            self._copies[table.name] = (sql, [self._type(table, name) for name in columns])
        sql, types = self._copies[table.name]
        with cursor.copy(sql) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def known(self, cursor: Any, pairs: Pairs) -> Iterable[Row]:
        return self._rows(
            cursor,
            f"SELECT {KNOWN} FROM json_array_elements(%s::json) AS j"  # noqa: S608
            " JOIN messages AS m ON m.provider_id = j ->> 0 AND m.channel = j ->> 1",
            pairs,
        )

    def threads(self, cursor: Any, pairs: Pairs) -> Iterable[Row]:
        # FOR UPDATE: a handler's claim and a caller's next message must not read each other's past.
        return self._rows(
            cursor,
            f"SELECT {THREAD} FROM contacts AS c WHERE c.threading AND (c.caller, c.channel) IN"  # noqa: S608
            " (SELECT j ->> 0, j ->> 1 FROM json_array_elements(%s::json) AS j)"
            " ORDER BY c.id FOR UPDATE OF c",
            pairs,
        )

    def join(self, cursor: Any, rows: Sequence[Row]) -> None:
        cursor.executemany(JOIN_UPDATE.format("%s"), [(*row[1:], row[0]) for row in rows])

    def unthread(self, cursor: Any, contact_ids: Sequence[str]) -> None:
        cursor.executemany(UNTHREAD.format("%s", "false"), [(contact_id,) for contact_id in contact_ids])

    def report(self, cursor: Any, rows: Sequence[Row]) -> None:
        # The turn that `replies.reply_sent` takes too: neither passes the other unseen.
        keys = sorted({report_key(channel, reference) for *_, channel, reference, _ in rows})
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest(%s::text[]) AS key", [keys]
        )
        cursor.executemany(REPORT_UPDATE.format("%s"), rows)

    def finish(self, cursor: Any, rows: Sequence[Row]) -> None:
        cursor.executemany(FINISH.format("%s"), rows)

    def _type(self, table: Table, name: str) -> str:
        compiled = str(table.columns[name].type.compile(self._dialect)).split(" COLLATE")[0]
        return BINARY_TYPES["VARCHAR" if compiled.startswith("VARCHAR") else compiled]

    @staticmethod
    def _rows(cursor: Any, sql: str, pairs: Pairs) -> Iterable[Row]:
        found: list[Row] = cursor.execute(sql, (msgspec.json.encode(pairs).decode(),)).fetchall()
        return found


BINARY_TYPES = {
    "VARCHAR": "text",
    "TEXT": "text",
    "BIGINT": "int8",
    "INTEGER": "int4",
    "BOOLEAN": "bool",
    "BYTEA": "bytea",
    "FLOAT": "float8",
}
"""COPY's binary form converts nothing: each value must come as its column's own type."""
