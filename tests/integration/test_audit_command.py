"""`intake audit` as an operator types it: verify, head, list; on both engines."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from intake.__main__ import main
from intake.clock import SteadyClock
from intake.commands.audit import heads_in
from intake.console.views.auditing import csv_text, inert
from intake.store import audit
from intake.store.audit import AuditRecord, Head, Search
from intake.store.schema import migrate
from intake.store.store import Store
from tests.callers import NOON, queue_of
from tests.contract.test_audit_chain import filled, tamper


@pytest.fixture
async def intake(store: Store, capsys: pytest.CaptureFixture[str]) -> Any:
    """`intake audit …` on the test's database: its exit code and what it printed."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["audit", words[0], "--store", store.url, *words[1:]])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


async def test_verify_says_how_far_the_chain_holds(store: Store, intake: Any) -> None:
    assert intake("verify")[:2] == (
        0,
        f"0 records hold; the chain ends with {audit.NOTHING}\n"
        "whether its end was cut off only a head that was kept elsewhere can tell: --head FILE\n",
    )
    await filled(store)
    code, said, _ = intake("verify")
    assert code == 0 and said.startswith("12 records hold; the chain ends with ")


async def test_verify_names_the_first_bad_record(store: Store, intake: Any) -> None:
    await filled(store)
    await tamper(store, "UPDATE audit_records SET actor = 'bea' WHERE number IN (7, 9)")
    assert intake("verify")[:2] == (1, "record 7 was edited\nrecords up to 6 hold\n")


async def test_a_kept_head_tells_that_the_end_was_cut_off(store: Store, intake: Any, tmp_path: Path) -> None:
    await filled(store)
    kept = tmp_path / "heads"
    kept.write_text(intake("head")[1], "utf-8")
    assert intake("verify", "--head", str(kept))[0] == 0
    await tamper(store, "DELETE FROM audit_records WHERE number > 9")
    assert intake("verify")[0] == 0
    code, said, _ = intake("verify", "--head", str(kept))
    assert (code, said.splitlines()[0]) == (1, "records 10 to 12 are missing: a kept head names number 12")
    await tamper_all(store)
    code, said, _ = intake("verify", "--head", str(kept))
    assert (code, said.splitlines()[0]) == (1, "records 1 to 12 are missing: a kept head names number 12")


async def tamper_all(store: Store) -> None:
    await store.run(lambda conn: conn.exec_driver_sql("DELETE FROM audit_records"))


async def test_a_file_without_a_head_is_no_proof(intake: Any, tmp_path: Path) -> None:
    (tmp_path / "heads").write_text("nothing here\n", "utf-8")
    assert intake("verify", "--head", str(tmp_path / "heads"))[0] == 1
    assert intake("verify", "--head", str(tmp_path / "none"))[0] == 1
    digests = "a" * 64, "b" * 64
    (tmp_path / "heads").write_text(f"3 {digests[0]}\n3 {digests[1]}\n", "utf-8")
    code, said, _ = intake("verify", "--head", str(tmp_path / "heads"))
    assert code == 1 and "two kept heads" in said


@pytest.mark.parametrize(
    "line",
    [
        "12 " + "a" * 64,
        '{"number": 12, "digest": "' + "a" * 64 + '", "event": "audit_head", "level": "info"}',
        '{"event":"audit_head","digest":"' + "a" * 64 + '","number":12}',
        "2026-11-22 22:00:01 [info] audit_head digest=" + "a" * 64 + " number=12",
    ],
)
def test_heads_are_read_from_the_command_and_from_the_log(line: str) -> None:
    assert list(heads_in(f"something else\n{line}\n")) == [Head(12, "a" * 64)]


async def test_list_shows_who_did_what_with_which_contact_and_is_itself_on_record(
    store: Store, intake: Any
) -> None:
    first, second = await queue_of(store, 2)
    for contact, action in ((first, "contact.view"), (second, "contact.view"), (first, "contact.claim")):
        await store.run(
            lambda conn, c=contact, a=action: audit.record(conn, NOON, "ada", "handler", a, c, attempts=1)
        )
    code, said, _ = intake("list", "--contact", "1")
    assert code == 0 and "26-000001" in said and "26-000002" not in said and "contact.claim" in said
    code, said, _ = intake("list", "--csv", "--actor", "ada", "--since", "2026-03-01T12:00")
    rows = list(csv.DictReader(io.StringIO(said)))
    assert [(row["number"], row["contact"], row["action"]) for row in rows] == [
        ("3", "26-000001", "contact.claim"),
        ("2", "26-000002", "contact.view"),
        ("1", "26-000001", "contact.view"),
    ]
    assert rows[0]["at"] == "2026-03-01T12:00:00Z" and rows[0]["data"] == "attempts 1"
    found = await store.read(lambda conn: audit.search(conn, Search(action="audit.")))
    assert [(one.action, one.role) for one in found] == [
        ("audit.export", "operator"),
        ("audit.list", "operator"),
    ]
    assert found[0].actor.startswith("operator:") and found[1].contact_id == first
    assert intake("list", "--contact", "26-000099")[0] == 1
    assert intake("verify")[0] == 0


async def test_a_record_that_cannot_be_written_leaves_the_list_unprinted(store: Store, intake: Any) -> None:
    await filled(store, 1)
    await tamper(store, "ALTER TABLE audit_records RENAME COLUMN previous TO gone")
    code, said, why = intake("list")
    assert (code, said) == (75, "") and "cannot be written" in why


def test_a_database_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    url = "postgresql+psycopg://nobody@/none?host=" + str(tmp_path)
    assert main(["audit", "verify", "--store", url]) == 75
    assert capsys.readouterr().err.startswith("intake audit: ")


@pytest.mark.parametrize("act", ["verify", "head", "list"])
def test_reading_the_record_makes_no_database(
    act: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    assert main(["audit", act, "--store", url]) == 1
    assert "there is no such database" in capsys.readouterr().err
    assert not (tmp_path / "none.db").exists()
    migrate(url, to="0003")
    assert main(["audit", act, "--store", url]) == 1
    assert "has schema 0003" in (said := capsys.readouterr().err) and "intake migrate" in said
    assert migrate(url) == "0003"


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_the_csv_is_a_formula(cell: str) -> None:
    assert inert(cell) == f"'{cell}"
    record = AuditRecord(
        number=1,
        at=NOON,
        actor=cell,
        role=cell,
        action=cell,
        contact_id=cell,
        reference=cell,
        data={cell: cell},
        digest=cell,
    )
    (row,) = list(csv.reader(io.StringIO(csv_text([record], heading=False))))
    assert not [one for one in row[2:] if one.startswith(("=", "+", "-", "@", "\t", "\r"))]


async def test_the_clock_of_the_console_tells_the_log_where_the_chain_ends(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from intake.console import auditing  # noqa: PLC0415

    said: list[dict[str, Any]] = []
    monkeypatch.setattr(auditing.log, "info", lambda event, **more: said.append({"event": event, **more}))
    monkeypatch.setattr(auditing, "HEAD_EVERY_S", 0.01)
    await filled(store, 2)
    import asyncio  # noqa: PLC0415

    task = asyncio.ensure_future(auditing.Auditor(store, SteadyClock()).log_head())
    for _ in range(200):
        await asyncio.sleep(0.01)
        if said:
            break
    task.cancel()
    end = await store.read(audit.head)
    assert said == [{"event": "audit_head", "number": 2, "digest": end.digest}]
