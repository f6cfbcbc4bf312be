"""Which version of the tables the database has, and bringing it to ours (Alembic)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import OperationalError

from intake.errors import BadConfiguration, NotFound, StoreUnavailable
from intake.store.engine import writing_engine
from intake.store.locks import take_turns

HEAD = "0004"
"""The newest migration; a test holds this against the folder."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def version(conn: Connection) -> str | None:
    """The schema version of a database, None where there is none yet."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    found = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def require_current(engine: Engine) -> None:
    """Refuse to work on tables of another version.

    An empty or older SQLite file is migrated where it lies: the embedded engine has no operator
    who could be asked. Raises BadConfiguration for PostgreSQL, naming the command.
    """
    with engine.connect() as conn:
        found = version(conn)
    if found == HEAD:
        return
    if engine.dialect.name == "sqlite" and (found is None or found < HEAD):
        upgrade(engine)
        return
    raise BadConfiguration(
        [f"the database has schema {found or 'none'}, this program needs {HEAD}: run `intake migrate`"]
    )


def require_readable(engine: Engine) -> None:
    """For commands that only read: they make no file and bring none up to date.

    Raises NotFound where there is no such SQLite file, or no such schema in what there is.
    """
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").is_file():
        raise NotFound(f"{engine.url.database}: there is no such database; name one with --store")
    with engine.connect() as conn:
        found = version(conn)
    if found != HEAD:
        raise NotFound(
            f"the database has schema {found or 'none'}, this program reads {HEAD}: run `intake migrate`"
        )


def migrate(url: str, to: str = "head") -> str | None:
    """Bring the database behind ``url`` to a version; returns the one it had. Raises StoreUnavailable."""
    engine = writing_engine(url, pool_size=1)
    try:
        with engine.connect() as conn:
            before = version(conn)
        if before != HEAD or to != "head":
            upgrade(engine, to)
        return before
    except OperationalError as error:
        raise StoreUnavailable(str(error.__cause__ or error)) from error
    finally:
        engine.dispose()


def upgrade(engine: Engine, to: str = "head") -> None:
    """Run the migrations in one transaction: all of it or nothing, and one process at a time.

    Who comes second finds it done: `intake user add` beside the first `intake serve` on a new file.
    """
    # Imported here: a restart on a current database must not pay for Alembic.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as conn:
        _take_turn(conn)
        config.attributes["connection"] = conn
        command.upgrade(config, to)


def _take_turn(conn: Connection) -> None:
    if conn.dialect.name == "sqlite" and not conn.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
        conn.exec_driver_sql("BEGIN IMMEDIATE")  # the driver begins nothing by itself
    take_turns(conn, "schema")
