"""`intake research channel-hours` against real databases, through the command line."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uuid_utils
from sqlalchemy import Connection, Table

from intake.__main__ import main
from intake.store import audit
from intake.store.audit_outside import reading
from intake.store.engine import writing_engine
from intake.store.tables import contacts, decisions, door_minutes, locations, log_events, messages

HOUR = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
SECRET_TEXT, CALLER = "my flat is on fire", "tel:+447700900123"


def insert(conn: Connection, table: Table, **values: Any) -> None:
    """A row with something harmless in every column that must have a value and was given none."""
    for column in table.columns:
        needed = not column.nullable and column.server_default is None and column.name != "number"
        if needed and column.name not in values:
            kind = column.type.python_type if not hasattr(column.type, "impl") else None
            values[column.name] = {bool: False, int: 0, float: 0.0}.get(kind, "") if kind else ""
    conn.execute(table.insert().values(**values))


def add_contact(conn: Connection, index: int, came: datetime, *, answered_s: float = 7) -> None:
    contact_id, message_id = str(uuid_utils.uuid7()), str(uuid_utils.uuid7())
    insert(
        conn, contacts, id=contact_id, channel="sms", caller=f"{CALLER}{index}", threading=True,
        service="urn:service:sos.fire", queued_at=came, last_message_at=came, next_attempt_at=came,
        summary=SECRET_TEXT, silent=False, claimed_at=came + timedelta(seconds=answered_s),
    )  # fmt: skip
    insert(
        conn, messages, id=message_id, contact_id=contact_id, provider_id=f"SM{index}", channel="sms",
        received_at=came, content={"text": SECRET_TEXT},
    )  # fmt: skip
    insert(
        conn, messages, id=str(uuid_utils.uuid7()), contact_id=contact_id, provider_id=f"SM{index}b",
        channel="sms", received_at=came + timedelta(hours=1), content={"text": SECRET_TEXT},
    )  # fmt: skip
    insert(
        conn, log_events, id=str(uuid_utils.uuid7()), at=came + timedelta(milliseconds=20),
        name="MessageLogEvent", contact_id=contact_id, data={},
    )  # fmt: skip
    place = {"latitude": 53.80012, "longitude": -1.54912, "uncertainty_m": 20.0, "confidence_pct": 95.0}
    insert(
        conn, locations, id=str(uuid_utils.uuid7()), contact_id=contact_id, uncertainty_m=20.0,
        received_at=came + timedelta(seconds=18), location=place,
    )  # fmt: skip
    for room in ("fire-london", "fire-west-yorkshire"):
        insert(
            conn, decisions, id=str(uuid_utils.uuid7()), contact_id=contact_id, room_id=room,
            service="urn:service:sos.fire", probability=1.0, decision={}, inputs={}, decided_at=came,
        )  # fmt: skip


@pytest.fixture
def seeded_url(migrated_url: str) -> str:
    """33 contacts in one hour, 4 in the next, and an hour and a half of open doors."""
    engine = writing_engine(migrated_url, pool_size=1)
    with engine.begin() as conn:
        for index in range(33):
            add_contact(conn, index, HOUR + timedelta(seconds=60 * index))
        for index in range(4):
            add_contact(conn, 100 + index, HOUR + timedelta(minutes=61 + index))
        for minute in range(90):
            insert(conn, door_minutes, channel="sms", minute=HOUR + timedelta(minutes=minute))
    engine.dispose()
    return migrated_url


def export(url: str, out: Path, *more: str) -> int:
    return main(["research", "channel-hours", "--store", url, "--out", str(out), *more])


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_hours_waits_and_places_come_out(seeded_url: str, tmp_path: Path) -> None:
    assert export(seeded_url, tmp_path / "out") == 0
    first, second = lines(tmp_path / "out" / "channel-hours.csv")[:2]
    assert first["hour_start_utc"] == "2026-03-02T20:00:00Z" and first["utc_offset"] == "+00:00"
    assert (first["channel"], first["open_minutes"], first["contacts"]) == ("sms", "60", "35")
    assert (first["answer_mean_s"], first["answer_median_s"]) == ("7", "7")
    assert (first["acknowledge_median_ms"], first["located_50m_median_s"]) == ("20", "18")
    assert (first["radius_median_m"], first["radius_50_m_or_less"]) == ("20", "35")
    assert (second["open_minutes"], second["contacts"], second["contacts_suppressed"]) == ("30", "", "true")
    [region] = lines(tmp_path / "out" / "channel-hours-by-region.csv")
    assert (region["service"], region["region"]) == ("fire", "Yorkshire and The Humber")


def test_no_file_holds_text_callers_ids_moments_or_coordinates(seeded_url: str, tmp_path: Path) -> None:
    assert export(seeded_url, tmp_path) == 0
    engine = writing_engine(seeded_url, pool_size=1)
    with engine.connect() as conn:
        ids = [row.id for row in conn.execute(contacts.select())]
    engine.dispose()
    told = [SECRET_TEXT, "7700900", "53.80", "1.549", "20:01:00", *ids]
    for path in [path for path in tmp_path.iterdir() if path.suffix in {".csv", ".json", ".parquet"}]:
        content = path.read_bytes()
        assert not [secret for secret in told if secret.encode() in content], path.name


def test_a_period_is_taken_in_whole_hours(
    seeded_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(seeded_url, tmp_path, "--from", "2026-03-02T21:00Z", "--to", "2026-03-02T22:00Z") == 0
    assert [line["contacts"] for line in lines(tmp_path / "channel-hours.csv")] == [""]
    package = json.loads((tmp_path / "datapackage.json").read_text("utf-8"))
    assert package["temporal"] == {"start": "2026-03-02T21:00:00+00:00", "end": "2026-03-02T22:00:00+00:00"}
    with pytest.raises(SystemExit):
        export(seeded_url, tmp_path, "--from", "2026-03-02T21:30Z")
    assert "whole hours" in capsys.readouterr().err


def test_an_hour_that_is_not_over_is_refused(
    seeded_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(seeded_url, tmp_path / "out", "--to", "2999-01-01T00:00Z") == 1
    assert "the last hour that is over" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_weak_rule_is_refused(seeded_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(seeded_url, tmp_path / "out", "--min-cell", "1", "--round", "1") == 1
    assert "too weak to publish" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_nhs_rule_and_its_numbers(seeded_url: str, tmp_path: Path) -> None:
    assert export(seeded_url, tmp_path, "--rule", "nhs") == 0
    package = json.loads((tmp_path / "datapackage.json").read_text("utf-8"))
    assert (package["disclosure_control"]["min_cell"], package["disclosure_control"]["zero_is_shown"]) == (
        8,
        True,
    )


def test_reading_changes_nothing(seeded_url: str, tmp_path: Path) -> None:
    def everything() -> list[Any]:
        engine = writing_engine(seeded_url, pool_size=1)
        with engine.connect() as conn:
            rows = [
                conn.execute(table.select()).all() for table in (contacts, messages, decisions, log_events)
            ]
        engine.dispose()
        return rows

    before = everything()
    assert export(seeded_url, tmp_path) == 0
    assert everything() == before


def test_no_database_is_said_and_none_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(f"sqlite:///{tmp_path}/none.db", tmp_path / "out") == 1
    assert "there is no such database" in capsys.readouterr().err
    assert not (tmp_path / "none.db").exists()


def test_an_export_is_on_record_with_who_made_it(seeded_url: str, tmp_path: Path) -> None:
    assert export(seeded_url, tmp_path, "--rule", "nhs") == 0
    with reading(seeded_url) as read:
        (found,) = read(lambda conn: audit.search(conn, audit.Search()))
    assert (found.action, found.role) == ("research.export", "operator")
    assert found.actor.startswith("operator:")
    assert found.data["table"] == "channel-hours" and found.data["rule"] == "nhs"
    assert SECRET_TEXT not in str(found) and CALLER not in str(found)


def test_what_cannot_be_recorded_is_not_exported(
    seeded_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = writing_engine(seeded_url, pool_size=1)
    with engine.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE audit_records RENAME TO elsewhere")
    engine.dispose()
    assert export(seeded_url, tmp_path) == 1
    assert "the audit record cannot be written" in capsys.readouterr().err
    assert not list(tmp_path.glob("**/*.csv"))
