"""An error of the database names its statement and no value: errors go to the log, callers' words do not."""

from __future__ import annotations

import traceback

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from intake.errors import StoreUnavailable
from intake.store.store import Store

NUMBER = "tel:+447700900123"


def look_up(conn: Connection) -> None:
    conn.execute(text("SELECT * FROM no_such_table WHERE caller = :caller"), {"caller": NUMBER})


async def test_an_error_holds_no_value_of_its_statement(store: Store) -> None:
    for way in (store.run, store.read):
        with pytest.raises((SQLAlchemyError, StoreUnavailable)) as failed:
            await way(look_up)
        logged = "".join(traceback.format_exception(failed.value))
        assert "no_such_table" in logged
        assert NUMBER not in logged
