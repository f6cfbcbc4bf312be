"""What passes between handlers, typed at two terminals against a running console."""

from __future__ import annotations

import pytest

from intake.store.store import Store
from tests.callers import queue_of
from tests.desk import TOKENS, HandClock, console
from tests.integration.test_queue_command import Terminal


async def test_notes_offers_and_merges_at_the_terminal(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    await queue_of(store, 3)
    async with console(store, HandClock()) as server:
        terminal = Terminal(str(server.make_url("")), capsys)

        def sit_down(name: str) -> None:
            monkeypatch.setenv("INTAKE_TOKEN", TOKENS[name])

        sit_down("ada")
        await terminal.says("claim", "1")
        assert "kept" in await terminal.says("note", "1", "his sister has the key")
        assert "ada: his sister has the key" in await terminal.says("show", "1")
        handed = await terminal.says("hand", "1", "--to", "bea", "--note", "she speaks Welsh")
        assert "26-000001 is offered to bea" in handed
        code, _, err = await terminal.type("hand", "2")
        assert code == 1 and "with nobody now" in err
        code, _, err = await terminal.type("update", "1")
        assert code == 1 and "no room has it yet" in err
        sit_down("bea")
        offers = await terminal.says("offers")
        assert "from ada" in offers and "she speaks Welsh" in offers
        assert "open · bea" in await terminal.says("take-offer", "1")
        assert "Nothing is offered." in await terminal.says("offers")
        merged = await terminal.says("merge", "2", "--into", "1", "--reason", "her other phone")
        assert "26-000001" in merged
        shown = await terminal.says("show", "1")
        assert "Part of it" in shown and "26-000002" in shown and "her other phone" in shown
        code, _, err = await terminal.type("claim", "2")
        assert code == 1 and "26-000002 is part of 26-000001 now" in err
        assert "26-000002" in await terminal.says("unmerge", "1")
        assert "Part of it" not in await terminal.says("show", "1")
