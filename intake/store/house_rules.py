"""What a supervisor has set for all desks: for now, which automatic reply goes out first."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from intake.house_rules import AutomaticReply
from intake.log_events import LogEventName
from intake.store import log
from intake.store.tables import house_rules

AUTOMATIC_REPLY = "automatic_reply"
KNOWN_FOR = timedelta(seconds=2)
"""Workers ask no more often: a rule holds everywhere within so long."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The rule that holds; nobody has set the first one."""

    rule: AutomaticReply = AutomaticReply.NORMAL
    set_at: datetime | None = None
    set_by: str = ""


def automatic_reply(conn: Connection) -> Standing:
    """What holds now. A value that this version does not know is as good as none."""
    row = conn.execute(select(house_rules).where(house_rules.c.key == AUTOMATIC_REPLY)).one_or_none()
    if row is None:
        return Standing()
    known = {rule.value for rule in AutomaticReply}
    rule = AutomaticReply(row.value) if row.value in known else AutomaticReply.NORMAL
    return Standing(rule=rule, set_at=row.set_at, set_by=row.set_by)


def set_automatic_reply(conn: Connection, now: datetime, rule: AutomaticReply, supervisor: str) -> Standing:
    """Set it, with its log event."""
    before = automatic_reply(conn)
    values = {"value": rule.value, "set_at": now, "set_by": supervisor}
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = insert(house_rules).values(key=AUTOMATIC_REPLY, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))
    data = {"rule": AUTOMATIC_REPLY, "to": rule.value, "from": before.rule.value}
    log.write(conn, now, LogEventName.HOUSE_RULE, "", supervisor, data)
    return Standing(rule=rule, set_at=now, set_by=supervisor)


class Remembered:
    """The rule as a worker knows it: asked for once in two seconds, however many write in."""

    def __init__(self) -> None:
        self._rule = AutomaticReply.NORMAL
        self._asked_at: datetime | None = None

    def rule(self, conn: Connection, now: datetime) -> AutomaticReply:
        if self._asked_at is None or not timedelta(0) <= now - self._asked_at < KNOWN_FOR:
            self._rule, self._asked_at = automatic_reply(conn).rule, now
        return self._rule
