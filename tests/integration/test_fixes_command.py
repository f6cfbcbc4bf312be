"""`intake queue fixes` and `GET /fixes`: phones' places that no contact has, in sight of an operator."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from intake import metrics
from intake.__main__ import main
from intake.contact import Trust
from intake.store.store import Store
from tests.behind_doors import Behind
from tests.callers import phone, write_in
from tests.desk import TOKENS, console
from tests.phones import IMEI, handset, says_where


async def three_fixes(behind: Behind) -> None:
    """One found no contact in time, one waits, one is in dispute; one has its contact."""
    await says_where(behind, handset("anonymous", IMEI), 53.1, location_floor="2")
    await behind.triage()
    behind.clock.seconds = 700
    await says_where(behind, handset("002"), 53.2)
    for handle in ("a", "b"):
        await behind.app_writes(handle, locations=(), extra={"telephone": "07700 900003"})
    await says_where(behind, handset("003"), 53.3)
    await write_in(behind.store, phone(4), "help", seconds=700)
    await says_where(behind, handset("004"), 53.4)
    await behind.triage()
    await behind.triaging.rejoin()
    behind.clock.seconds = 742


async def test_what_an_operator_types_and_reads(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_TOKEN", TOKENS["ada"])
    monkeypatch.setenv("COLUMNS", "80")
    behind = Behind(store)
    await three_fixes(behind)
    shown = {state: metrics.UNCLAIMED_FIXES.labels(state=state)._value.get() for state in ("waiting", "late")}
    assert shown == {"waiting": 2, "late": 1}
    async with console(store, behind.clock) as server:
        url = str(server.make_url(""))
        assert await asyncio.to_thread(main, ["queue", "--url", url, "fixes"]) == 0
        printed = capsys.readouterr().out
        assert "2 waiting · 1 without a contact after 10 min · 1 in dispute" in printed
        assert "in dispute: several contacts state this phone" in printed and "tel:+447700900002" in printed
        last = printed[printed.index("12:00:00 GMT") :]
        words = ("number withheld", "imei:00499901064000", "fixed 12:22 ago", "no contact in time", "floor 2")
        for word in words:
            assert word in last, printed
        assert "53.4" not in printed  # it has its contact
        assert (
            await asyncio.to_thread(main, ["queue", "--url", url, "fixes", "--minutes", "5", "--json"]) == 0
        )
        rows = json.loads(capsys.readouterr().out)["rows"]
        assert [(row["state"], row["age_s"]) for row in rows] == [("contested", 42.0), ("waiting", 42.0)]
    await behind.close()


async def test_nobody_without_a_token_reads_them_and_odd_questions_are_refused(store: Store) -> None:
    behind = Behind(store)
    await says_where(behind, handset("002"), trust=Trust.ANONYMOUS)
    await behind.triage()
    async with console(store, behind.clock) as server, aiohttp.ClientSession() as http:
        url = str(server.make_url("/api/v1/fixes"))
        ada = {"Authorization": f"Bearer {TOKENS['ada']}"}
        for query, headers, status in (
            ("", {}, 401),
            ("", ada, 200),
            ("?limit=501", ada, 400),
            ("?back_s=-1", ada, 400),
            ("?x=1", ada, 400),
        ):
            async with http.get(url + query, headers=headers) as answer:
                assert answer.status == status, query
    await behind.close()
