"""The accepting transaction: many arrivals, one COMMIT, and a replay one by one when it fails."""

from __future__ import annotations

from typing import Any

import structlog
import uuid_utils
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from intake.contact import MessageKind, Receipt
from intake.errors import StoreUnavailable
from intake.ports import Clock
from intake.store import driver_sql, tables
from intake.store.arrivals import Arrivals
from intake.store.driver_sql import DriverSql, PostgresqlSql, SqliteSql
from intake.store.types import to_us
from intake.store.wire import Acceptance, stand_in

log = structlog.get_logger()

RACES_LIMIT = 3
"""How often one arrival may lose a race for its key to another process before it is kept as raw bytes."""

# Classes of PostgreSQL's SQLSTATE (appendix A of its manual) that are operational errors, but no outage.
DEADLOCK = "40"
LIMIT = "54"  # a key longer than an index can hold


class Accepting:
    """Runs in one thread, on one connection that it keeps. It answers for every item and never dies."""

    def __init__(self, engine: Engine, clock: Clock, *, thread_silence_s: float):
        self._engine = engine
        self._clock = clock
        self._silence_us = int(thread_silence_s * 1_000_000)
        self._sql: DriverSql = (
            SqliteSql() if engine.dialect.name == "sqlite" else PostgresqlSql(engine.dialect)
        )
        self._dbapi: Any = engine.dialect.loaded_dbapi
        self._connection: Any = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def commit(self, items: list[Acceptance]) -> list[Receipt | Exception]:
        """A receipt for each item, in order, or the reason why that one could not be kept."""
        try:
            return list(self._transaction(items))
        except Exception as error:
            failure = error
        if self._is_outage(failure):
            return self._once_more(items, failure)
        if len(items) > 1:
            log.warning("batch_replayed", items=len(items), error=type(failure).__name__)
        return [self._alone(item) for item in items]

    def _once_more(self, items: list[Acceptance], failure: Exception) -> list[Receipt | Exception]:
        """After an outage: all together or none, for a time-out each would keep thousands waiting."""
        if self._connection is None:  # it broke, perhaps long ago and unseen: a new one may do
            try:
                return list(self._transaction(items))
            except Exception as error:
                failure = error
        reason = f"the database did not commit: {type(failure).__name__}"
        return [StoreUnavailable(reason) for _ in items]

    def _alone(self, item: Acceptance) -> Receipt | Exception:
        """By itself, and again where another process wrote the same key first: now it can be seen."""
        for _ in range(RACES_LIMIT):
            try:
                return self._transaction([item])[0]
            except Exception as error:
                failure = error
            if not (isinstance(failure, self._dbapi.IntegrityError) or _state_class(failure) == DEADLOCK):
                break
        return self._last_resort(item, failure)

    def _last_resort(self, item: Acceptance, error: Exception) -> Receipt | Exception:
        """A message the tables refuse is kept as raw bytes with a harmless stand-in (law 5)."""
        if self._is_outage(error):
            return StoreUnavailable(f"the database did not commit: {type(error).__name__}")
        log.error("message_not_storable", raw_id=item.id, error=type(error).__name__)
        reason = f"the database refused the message ({type(error).__name__})"
        try:
            return self._transaction([stand_in(item, reason)])[0]
        except Exception as second:
            return StoreUnavailable(f"the database did not commit: {type(second).__name__}")

    def _is_outage(self, error: Exception) -> bool:
        """Whether the database is at fault, and not the message."""
        if isinstance(error, SQLAlchemyError | StoreUnavailable | OSError):
            return True  # no connection to be had
        return isinstance(error, self._dbapi.OperationalError) and _state_class(error) not in (
            DEADLOCK,
            LIMIT,
        )

    def _transaction(self, items: list[Acceptance]) -> list[Receipt]:
        connection = self._connect()
        try:
            cursor = connection.cursor()
            self._sql.begin(cursor)
            arrivals, receipts = self._understand(cursor, items)
            with self._sql.at_once(cursor, max(len(arrivals.raw), len(arrivals.messages))):
                self._write(cursor, arrivals)
                self._sql.commit(cursor)
            cursor.close()
            return receipts
        except Exception:
            self._abandon(connection)
            raise

    def _understand(self, cursor: Any, items: list[Acceptance]) -> tuple[Arrivals, list[Receipt]]:
        sql, arrivals = self._sql, Arrivals(self._clock.now(), self._silence_us)
        found = [message for item in items for message in item.messages]
        ids = {(message.provider_id, str(message.channel)) for message in found}
        callers = {(m.caller, str(m.channel)) for m in found if m.kind is not MessageKind.PLACE}
        if ids or callers:
            arrivals.have(*sql.look_up(cursor, sorted(ids), sorted(callers)))
            while wholes := arrivals.threads.unknown():
                arrivals.threads.have_wholes(wholes, sql.wholes(cursor, wholes))
        if others := arrivals.in_conflict(found):
            arrivals.have(*sql.look_up(cursor, sorted(others), []))
        return arrivals, [arrivals.add(item) for item in items]

    def _write(self, cursor: Any, arrivals: Arrivals) -> None:
        sql = self._sql
        if arrivals.raw:
            sql.insert(cursor, tables.raw_messages, driver_sql.RAW, arrivals.raw)
        if arrivals.finished:
            sql.finish(cursor, arrivals.finished)
        if arrivals.unthreaded:
            sql.unthread(cursor, arrivals.unthreaded)
        if opened := arrivals.opened:
            sql.insert(cursor, tables.contacts, driver_sql.CONTACT, opened)
        if joined := arrivals.joined:
            sql.join(cursor, joined)
        if arrivals.messages:
            sql.insert(cursor, tables.messages, driver_sql.MESSAGE, arrivals.messages)
        if arrivals.events:
            sql.insert(cursor, tables.log_events, driver_sql.EVENT, arrivals.events)
        if arrivals.reports:
            self._reports(cursor, arrivals)

    def _reports(self, cursor: Any, arrivals: Arrivals) -> None:
        now_us = to_us(self._clock.now())
        rows = [
            (r.state.value, r.provider_code, r.state.value, now_us, r.channel, r.provider_ref, r.state.value)
            for r in arrivals.reports
        ]
        self._sql.report(cursor, rows)
        # Kept as well as applied: a report may overtake our own record of the provider's reference.
        self._sql.insert(
            cursor,
            tables.delivery_reports,
            driver_sql.REPORT,
            [
                (str(uuid_utils.uuid7()), r.channel, r.provider_ref, r.state.value, r.provider_code, now_us)
                for r in arrivals.reports
            ],
        )

    def _connect(self) -> Any:
        if self._connection is None:
            self._connection = self._engine.raw_connection()
            self._sql.prepare(self._connection.driver_connection.cursor())
        return self._connection.driver_connection

    def _abandon(self, connection: Any) -> None:
        try:
            connection.rollback()
        except Exception:
            log.warning("connection_lost")
            self._connection.invalidate()
            self._connection = None


def _state_class(error: Exception) -> str:
    return (getattr(error, "sqlstate", None) or "")[:2]
