"""Shared fixtures: both database engines for real, a store on each, and no network beyond loopback."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import uuid_utils

from intake.clock import SteadyClock
from intake.store import writer
from intake.store.schema import migrate
from intake.store.store import Store
from tests.database import running_postgresql
from tests.writers import launch_in_thread

if TYPE_CHECKING:
    from tests.behind_doors import Behind

ROOT = Path(__file__).parent.parent
ENGINES = ("sqlite", "postgresql")

if threading.current_thread() is threading.main_thread():
    # A worker of pytest-xdist ignores Ctrl+C, and what it starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def writers_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process for each of a thousand stores would take longer than their tests."""
    monkeypatch.setattr(writer, "launch", launch_in_thread)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A real PostgreSQL: the one INTAKE_TEST_POSTGRESQL names, or one of our own on a free socket."""
    given = os.environ.get("INTAKE_TEST_POSTGRESQL")
    if given:
        yield given
        return
    with running_postgresql() as url:
        yield url


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/intake.db"
        return
    yield from new_postgresql_database(request.getfixturevalue("postgresql_server"))


def new_postgresql_database(server: str, template: str = "template1") -> Iterator[str]:
    """Create a database on a server, empty or as another one is, and drop it afterwards."""
    name = f"t{uuid_utils.uuid7().hex}"
    plain = server.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')  # type: ignore[arg-type]
    base, _, query = server.partition("?")
    yield f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with this version's tables, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "intake.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_template(postgresql_server: str) -> Iterator[str]:
    """The name of a PostgreSQL database with this version's tables, to be copied."""
    for url in new_postgresql_database(postgresql_server):
        migrate(url)
        yield url.partition("?")[0].rsplit("/", 1)[1]


@pytest.fixture(params=ENGINES)
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with this version's tables, once on each engine."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "intake.db")
        yield f"sqlite:///{tmp_path}/intake.db"
        return
    server, template = map(request.getfixturevalue, ("postgresql_server", "migrated_template"))
    yield from new_postgresql_database(server, template)


@pytest.fixture
async def behind(store: Store) -> AsyncIterator[Behind]:
    """What works behind the doors, over that store."""
    from tests.behind_doors import Behind  # noqa: PLC0415 - browser tests need nothing of it

    made = Behind(store)
    yield made
    await made.close()


@pytest.fixture
async def store(migrated_url: str) -> AsyncIterator[Store]:
    """A started store on an empty queue, once on each engine."""
    made = Store(migrated_url, SteadyClock())
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def new_id() -> Any:
    return lambda: str(uuid_utils.uuid7())
