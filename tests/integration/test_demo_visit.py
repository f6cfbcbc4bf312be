"""The demo's own check of the console: nothing to say of one that works, a line for what does not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from intake.demo.people import CHECKER, Account, make_people
from intake.demo.visit import troubles_at
from intake.store.store import Store
from tests.conftest import ROOT
from tests.desk import console
from tests.people import SECRET, gate_for, make_account


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def _hired(store: Store) -> Account:
    found = await make_account(store, CHECKER)
    (checker,) = (one for one in make_people("desk-2") if one.name == CHECKER)
    return msgspec.structs.replace(checker, password=found.password, totp_secret=found.totp_secret)


async def test_a_console_that_works_has_no_troubles(store: Store) -> None:
    who, clock = await _hired(store), RealClock()
    fields = {**gate_for(store, clock, SECRET), "libraries_dir": ROOT / "node_modules"}
    async with console(store, clock, **fields) as server:
        assert await troubles_at(str(server.make_url("")).rstrip("/"), who) == []


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
async def test_what_does_not_work_is_named(store: Store, tmp_path: Path) -> None:
    who, clock = await _hired(store), RealClock()
    fields = {**gate_for(store, clock, SECRET), "libraries_dir": tmp_path}
    async with console(store, clock, **fields) as server:
        url = str(server.make_url("")).rstrip("/")
        wrong = msgspec.structs.replace(who, password="not what it was")
        assert [one.split(":")[0] for one in await troubles_at(url, wrong)] == ["the console"]
        found = await troubles_at(url, who)
        assert len(found) == 2 and all("/libraries/" in one and "make setup" in one for one in found)
    (gone,) = await troubles_at(url, who)
    assert "Cannot connect" in gone or "ClientConnector" in gone


def test_everybody_gets_words_and_a_code_of_their_own() -> None:
    people = make_people("desk-2")
    assert [one.name for one in people] == ["desk-2", "supervisor", CHECKER]
    assert len({one.password for one in people}) == len({one.totp_secret for one in people}) == 3
    code, left_s = people[0].code(datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC))
    assert len(code) == 6 and left_s == 20
    assert people[0].address.startswith("otpauth://totp/") and people[0].totp_secret in people[0].address
