"""How a database would answer what our code asks of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, event


def plan_of(
    conn: Connection, ask: Callable[[Connection], object], counts: Callable[[str], bool] = lambda _: True
) -> str:
    """Do ``ask(conn)``, then have every statement of it that ``counts`` explained: a line for each step."""
    asked: list[tuple[str, Any]] = []

    def keep(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    is_sqlite = conn.dialect.name == "sqlite"
    if not is_sqlite:  # an empty table is scanned unless that is dear
        conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
    event.listen(conn, "before_cursor_execute", keep)
    try:
        ask(conn)
    finally:
        event.remove(conn, "before_cursor_execute", keep)
    explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
    return "\n".join(
        str(row)
        for statement, parameters in asked
        if counts(statement)
        for row in conn.exec_driver_sql(explain + statement, parameters)
    )
