"""From the first schema to the newest, on a queue with people in it, on both engines."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Boolean, Connection, MetaData, event, inspect, text

from intake.clock import SteadyClock
from intake.errors import BadConfiguration
from intake.store import schema
from intake.store.engine import writing_engine
from intake.store.schema import HEAD, migrate
from intake.store.store import Store
from intake.store.tables import metadata
from tests.callers import contact, phone, write_in
from tests.conftest import new_postgresql_database

ROWS = 300
VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    yield from new_postgresql_database(postgresql_server)


def test_the_head_in_the_code_is_the_newest_file() -> None:
    newest = sorted(file.name[:4] for file in VERSIONS.glob("[0-9]*.py"))[-1]
    heads = ScriptDirectory(str(VERSIONS.parent)).get_heads()
    assert (newest, heads) == (HEAD, [HEAD])


def test_the_migrated_schema_is_that_of_the_tables(migrated_url: str) -> None:
    engine = writing_engine(migrated_url)
    with engine.connect() as conn:
        # Of defaults only PostgreSQL reports what it was told; SQLite quotes them otherwise.
        opts = {"compare_type": True, "compare_server_default": conn.dialect.name == "postgresql"}
        context = MigrationContext.configure(conn, opts=opts)
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_a_missing_column_would_be_noticed(migrated_url: str) -> None:
    """Negative control of the comparison."""
    engine = writing_engine(migrated_url)
    with engine.begin() as conn:
        conn.execute(text("ALTER TABLE contacts DROP COLUMN closed_reason"))
        assert compare_metadata(MigrationContext.configure(conn), metadata)
    engine.dispose()


Filled = dict[str, tuple[list[str], list[tuple[Any, ...]]]]


def fill(conn: Connection) -> Filled:
    """Rows in every table there is, as that version has them: for each its columns and its rows."""
    found = MetaData()
    found.reflect(conn)
    filled: Filled = {}
    for table in found.sorted_tables:
        if table.name == "alembic_version":
            continue
        columns = [column for column in table.columns if column.name != "number"]
        conn.execute(
            table.insert(), [{c.name: value_of(table.name, c, n) for c in columns} for n in range(ROWS)]
        )
        names = [column.name for column in columns]
        filled[table.name] = names, rows_of(conn, table.name, names)
    return filled


def value_of(table: str, column: Any, number: int) -> Any:
    """Something such a column would hold."""
    name, kind = column.name, str(column.type).upper()
    if column.nullable and "INT" not in kind:
        return None
    if name == "priority":
        return 2
    if name == "caller":
        return f"tel:+44770090{number:04d}"
    if name == "state":
        return {"contacts": "waiting", "raw_messages": "done"}.get(table, "queued")
    if name == "channel":
        return "sms"
    if name == "flag":
        return ""
    if name in {"content", "location", "decision", "inputs", "data", "path_args", "headers", "methane"}:
        return f'{{"n":{number}}}'
    if isinstance(column.type, Boolean) or kind == "BOOLEAN":
        return True
    if "INT" in kind:
        return 1_767_225_600_000_000 + number if name.endswith(("_at", "minute", "since", "at")) else number
    if kind in {"FLOAT", "DOUBLE PRECISION", "REAL"}:
        return number + 0.5
    if "BLOB" in kind or "BYTEA" in kind:
        return b"\x00\xff %d" % number
    return f"{table[:8]}-{number:05d}"


def rows_of(conn: Connection, table: str, columns: list[str]) -> list[tuple[Any, ...]]:
    names = ", ".join(f'"{column}"' for column in columns)
    rows = conn.execute(text(f"SELECT {names} FROM {table}"))  # noqa: S608
    return sorted((tuple(row) for row in rows), key=repr)


async def test_a_queue_with_people_in_it_comes_through_every_migration(database_url: str) -> None:
    migrate(database_url, to="0001")
    engine = writing_engine(database_url)
    with engine.begin() as conn:
        before = fill(conn)
    engine.dispose()
    assert len(before) >= 10 and all(len(rows) == ROWS for _, rows in before.values())

    assert migrate(database_url) == "0001"

    engine = writing_engine(database_url)
    with engine.connect() as conn:
        for table, (columns, rows) in before.items():
            assert rows_of(conn, table, columns) == rows, table
    engine.dispose()

    store = Store(database_url, SteadyClock())
    await store.start()
    try:
        # Who wrote before is known, and who writes now is taken.
        caller = value_of("contacts", metadata.tables["contacts"].c.caller, 7)
        known = await write_in(store, caller, "still here")
        assert (await contact(store, known)).id == "contacts-00007"
        new = await write_in(store, phone(999), "new")
        assert (await contact(store, new)).summary == "new"
    finally:
        await store.close()


async def test_another_version_of_postgresql_is_refused_with_the_command(postgresql_url: str) -> None:
    for version, found in ((None, "none"), ("0001", "0001")):
        if version:
            migrate(postgresql_url, to=version)
        store = Store(postgresql_url, SteadyClock())
        with pytest.raises(BadConfiguration) as refused:
            await store.start()
        await store.close()
        (problem,) = refused.value.problems
        assert f"has schema {found}, this program needs {HEAD}" in problem and "intake migrate" in problem


async def test_a_newer_database_is_never_worked_on(migrated_url: str) -> None:
    engine = writing_engine(migrated_url)
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    store = Store(migrated_url, SteadyClock())
    with pytest.raises(BadConfiguration, match="9999"):
        await store.start()
    await store.close()


async def test_an_older_file_is_brought_up_to_date_where_it_lies(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    migrate(url, to="0001")
    store = Store(url, SteadyClock())
    await store.start()
    assert await write_in(store, phone(1))
    await store.close()
    assert migrate(url) == HEAD


def test_a_migration_that_dies_half_way_leaves_nothing_of_itself(database_url: str) -> None:
    migrate(database_url, to="0001")
    engine = writing_engine(database_url, pool_size=1)
    made: list[str] = []

    def die(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "CREATE TABLE" in statement:
            made.append(statement)
        if len(made) == 2:
            raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", die)
    with pytest.raises(KeyboardInterrupt):
        schema.upgrade(engine)
    engine.dispose()
    engine = writing_engine(database_url, pool_size=1)
    with engine.connect() as conn:
        assert schema.version(conn) == "0001"
        assert made[0].split()[2] not in inspect(conn).get_table_names()
    engine.dispose()
    assert migrate(database_url) == "0001"


TOLD_TO_GO_ON = """
import sys
from intake.store import schema

look = schema.version

def seen(conn):
    found = look(conn)
    print(found, flush=True)
    sys.stdin.readline()
    return found

schema.version = seen
schema.migrate(sys.argv[1])
"""


def test_two_processes_that_find_an_empty_database_make_its_tables_once(database_url: str) -> None:
    """`intake user add` beside the first `intake serve`; two `intake migrate`."""
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    two: list[Any] = [
        subprocess.Popen([sys.executable, "-c", TOLD_TO_GO_ON, database_url], **pipes) for _ in range(2)
    ]
    # Both have seen that there is nothing before either begins.
    assert [one.stdout.readline() for one in two] == ["None\n", "None\n"]
    for one in two:
        one.stdin.write("go on\n")
        one.stdin.flush()
    for one in two:
        one.communicate(timeout=120)
    assert [one.returncode for one in two] == [0, 0]
    assert migrate(database_url) == HEAD
