"""A desk hears that its picture is true only while it is: by beats, and by a window whenever it asks."""

from __future__ import annotations

from typing import Any

import pytest

from intake.clock import SteadyClock
from intake.console.auditing import AUDITOR
from intake.console.live import hub
from intake.console.live.hub import HUB
from intake.errors import StoreUnavailable
from intake.store.store import Store
from tests.behind_doors import eventually
from tests.desk import console
from tests.live import live_desk

CLOCK = SteadyClock()


async def test_a_desk_that_comes_hears_at_once_that_the_picture_is_true(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "BEAT_EVERY_S", 600.0)
    async with console(store, CLOCK) as server, live_desk(server) as ada:
        await ada.hear("beat")
        async with live_desk(server, "bea") as bea:
            await bea.hear("hello")
            await bea.hear("beat")


async def test_a_desk_that_comes_to_a_picture_that_stands_still_hears_no_beat(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "TRUE_FOR_S", 0.3)
    async with console(store, CLOCK) as server, live_desk(server) as ada:
        await ada.hear("beat")
        line = server.app[HUB]

        async def fails() -> Any:
            raise RuntimeError("a row that cannot be read")

        monkeypatch.setattr(line._follower, "look", fails)

        async def is_untrue() -> bool:
            return not line._is_true()

        await eventually(is_untrue)
        async with live_desk(server, "bea") as bea:
            # Everything else is told as ever: greeting, window, alarms.
            await bea.view()
            await bea.hear("numbers")
            assert {frame["t"] for frame in bea.frames} >= {"hello", "window", "numbers"}
            assert "beat" not in {frame["t"] for frame in bea.frames}


async def test_a_window_that_cannot_be_recorded_ends_the_line(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Beats would go on, and the queue from before the line was lost would look alive.
    async with console(store, CLOCK) as server, live_desk(server) as ada:
        await ada.hear("hello")

        async def away(_: Any) -> None:
            raise StoreUnavailable("no space left")

        monkeypatch.setattr(server.app[AUDITOR], "write", away)
        await ada.say("view", filter={}, first=0, size=60)
        assert await ada.closed() == 1012
