"""The accept path's statements, generated from the tables and run on the bare driver.

Ten thousand messages a second leave no room for a statement object each; the tables stay the one
truth because every name and type here is read from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
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
THREAD = (
    "c.caller, c.channel, c.id, c.state, c.queued_at, c.next_attempt_at, c.last_message_at, c.reply_to,"
    " c.last_provider_id, c.merged_into"
)


# LATERAL with a barrier: key by key through the index, whatever the statistics say.
KNOWN_BY_KEY = (
    "SELECT m.* FROM json_array_elements(%s::json) AS j CROSS JOIN LATERAL"  # noqa: S608 - of our own parts
    f" (SELECT {KNOWN} FROM messages AS m"
    " WHERE m.provider_id = j ->> 0 AND m.channel = j ->> 1 OFFSET 0) AS m"
)
# FOR UPDATE: a handler's claim and a caller's next message must not read each other's past. The keys
# come sorted, so that two processes lock in one order.
THREADS_BY_KEY = (
    "SELECT c.* FROM json_array_elements(%s::json) AS j CROSS JOIN LATERAL"  # noqa: S608 - of our own parts
    f" (SELECT {THREAD} FROM contacts AS c"
    " WHERE c.threading AND c.caller = j ->> 0 AND c.channel = j ->> 1 FOR UPDATE) AS c"
)

# What merged contacts are part of: asked for only where one of them wrote.
WHOLES_BY_ID = (
    "SELECT c.* FROM json_array_elements_text(%s::json) AS j CROSS JOIN LATERAL"  # noqa: S608
    f" (SELECT {THREAD} FROM contacts AS c WHERE c.id = j FOR UPDATE) AS c"
)

PIPELINE_LIMIT = 16
"""Up to so many rows a table, PostgreSQL gets them in one pipeline; beyond, COPY is cheaper."""


class DriverSql(Protocol):
    """What the accept path asks of a driver; each method runs inside an open transaction."""

    def prepare(self, cursor: Any) -> None: ...
    def begin(self, cursor: Any) -> None: ...
    def insert(self, cursor: Any, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None: ...
    def look_up(self, cursor: Any, ids: Pairs, callers: Pairs) -> tuple[Iterable[Row], Iterable[Row]]:
        """The messages of these (provider id, channel), and the open threads of these (caller, channel)."""
        ...

    def wholes(self, cursor: Any, contact_ids: Sequence[str]) -> Iterable[Row]:
        """These contacts as ``THREAD`` has them, kept from others until the commit."""
        ...

    def at_once(self, cursor: Any, rows: int) -> AbstractContextManager[object]:
        """Around the inserts of so many rows a table, and their ``commit``."""
        ...

    def commit(self, cursor: Any) -> None: ...
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
UNTHREAD = "UPDATE contacts SET threading = false WHERE id = {0}"


CHUNKS = (64, 16, 4, 1)
"""Rows a statement: few sizes, so that sqlite3's cache holds every prepared form."""


class _Changes:
    """What is changed alike on both: only the driver's ``mark`` for a value differs."""

    mark: str

    def join(self, cursor: Any, rows: Sequence[Row]) -> None:
        cursor.executemany(JOIN_UPDATE.format(self.mark), [(*row[1:], row[0]) for row in rows])

    def unthread(self, cursor: Any, contact_ids: Sequence[str]) -> None:
        cursor.executemany(UNTHREAD.format(self.mark), [(contact_id,) for contact_id in contact_ids])

    def report(self, cursor: Any, rows: Sequence[Row]) -> None:
        cursor.executemany(REPORT_UPDATE.format(self.mark), rows)

    def finish(self, cursor: Any, rows: Sequence[Row]) -> None:
        cursor.executemany(FINISH.format(self.mark), rows)


class SqliteSql(_Changes):
    """sqlite3: many rows a statement (`executemany` binds and steps one by one), keys as one JSON array."""

    mark = "?"

    def __init__(self) -> None:
        self._inserts: dict[tuple[str, int], str] = {}

    def prepare(self, cursor: Any) -> None:
        """The engine's own settings are all there are."""

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

    def look_up(self, cursor: Any, ids: Pairs, callers: Pairs) -> tuple[Iterable[Row], Iterable[Row]]:
        known = self._rows(
            cursor,
            f"SELECT {KNOWN} FROM json_each(?) AS j CROSS JOIN messages AS m"  # noqa: S608
            " ON m.provider_id = json_extract(j.value, '$[0]') AND m.channel = json_extract(j.value, '$[1]')",
            ids,
        )
        threads = self._rows(
            cursor,
            f"SELECT {THREAD} FROM json_each(?) AS j CROSS JOIN contacts AS c"  # noqa: S608
            " ON c.caller = json_extract(j.value, '$[0]') AND c.channel = json_extract(j.value, '$[1]')"
            " WHERE c.threading",
            callers,
        )
        return known, threads

    def wholes(self, cursor: Any, contact_ids: Sequence[str]) -> Iterable[Row]:
        sql = f"SELECT {THREAD} FROM json_each(?) AS j CROSS JOIN contacts AS c ON c.id = j.value"  # noqa: S608
        return self._rows(cursor, sql, contact_ids)

    def at_once(self, cursor: Any, rows: int) -> AbstractContextManager[object]:
        return nullcontext()

    def commit(self, cursor: Any) -> None:
        cursor.connection.commit()

    @staticmethod
    def _rows(cursor: Any, sql: str, keys: Pairs | Sequence[str]) -> Iterable[Row]:
        if not keys:
            return ()
        found: list[Row] = cursor.execute(sql, (_json(keys),)).fetchall()
        return found


class PostgresqlSql(_Changes):
    """psycopg: many rows go in by binary COPY, few in a pipeline with their COMMIT; keys as JSON arrays.

    A round trip costs more than a row: one message alone would make nine. Arrays and `unnest` would
    do the work of COPY, but psycopg writes arrays in Python, an element at a time.
    """

    mark = "%s"

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._in_pipeline = False
        self._copies: dict[str, tuple[str, list[str]]] = {}

    def prepare(self, cursor: Any) -> None:
        # Keys are looked up and nothing else. On a table that was empty when the statement was planned,
        # PostgreSQL would read all of it each time, until its statistics come round to it.
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        cursor.connection.commit()

    def begin(self, cursor: Any) -> None:
        """Psycopg opens the transaction with the first statement."""

    def insert(self, cursor: Any, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        if self._in_pipeline:
            marks = ", ".join(["%s"] * len(columns))
            sql = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
            for row in rows:
                cursor.execute(sql, row)
            return
        if table.name not in self._copies:
            sql = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
            self._copies[table.name] = (sql, [self._type(table, name) for name in columns])
        sql, types = self._copies[table.name]
        with cursor.copy(sql) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    @contextmanager
    def at_once(self, cursor: Any, rows: int) -> Iterator[None]:
        if rows > PIPELINE_LIMIT:
            yield
            return
        with cursor.connection.pipeline():
            self._in_pipeline = True
            try:
                yield
            finally:
                self._in_pipeline = False

    def commit(self, cursor: Any) -> None:
        if self._in_pipeline:  # psycopg's own commit() waits for ever behind a row of 2 MB here
            cursor.execute("COMMIT")
        else:
            cursor.connection.commit()

    def look_up(self, cursor: Any, ids: Pairs, callers: Pairs) -> tuple[Iterable[Row], Iterable[Row]]:
        with cursor.connection.pipeline():
            known = cursor.connection.cursor().execute(KNOWN_BY_KEY, (_json(ids),))
            threads = cursor.connection.cursor().execute(THREADS_BY_KEY, (_json(callers),))
            return known.fetchall(), threads.fetchall()

    def wholes(self, cursor: Any, contact_ids: Sequence[str]) -> Iterable[Row]:
        found: list[Row] = cursor.execute(WHOLES_BY_ID, (_json(contact_ids),)).fetchall()
        return found

    def report(self, cursor: Any, rows: Sequence[Row]) -> None:
        # The turn that `replies.reply_sent` takes too: neither passes the other unseen.
        keys = sorted({report_key(channel, reference) for *_, channel, reference, _ in rows})
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest(%s::text[]) AS key", [keys]
        )
        super().report(cursor, rows)

    def _type(self, table: Table, name: str) -> str:
        compiled = str(table.columns[name].type.compile(self._dialect)).split(" COLLATE")[0]
        return BINARY_TYPES["VARCHAR" if compiled.startswith("VARCHAR") else compiled]


def _json(keys: Pairs | Sequence[str]) -> str:
    return msgspec.json.encode(keys).decode()


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
