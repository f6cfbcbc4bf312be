"""A desk hears that its picture is true only while it is: by beats, and by a window whenever it asks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from intake.clock import SteadyClock
from intake.console.auditing import AUDITOR
from intake.console.live import hub
from intake.console.live.hub import HUB
from intake.contact import ContactId
from intake.errors import StoreUnavailable
from intake.store import claims, contacts
from intake.store.store import Store
from tests.behind_doors import eventually
from tests.callers import phone, write_in
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


@pytest.mark.parametrize("how", ["refused", "never answered", "broken"])
async def test_a_desk_whose_leases_cannot_be_written_hears_no_beat_until_they_are(
    store: Store, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    # A disk that is full, a database that only reads: the queue moves on, and every claim lapses unseen.
    monkeypatch.setattr(hub, "WRITTEN_WITHIN_S", 0.5)
    monkeypatch.setattr(hub, "TRUE_FOR_S", 600.0)
    monkeypatch.setattr(hub, "BEAT_EVERY_S", 0.05)
    contact_id = await write_in(store, phone(1))
    writes, mended = store.run, asyncio.Event()

    async def fails(work: Any) -> Any:
        if how == "never answered":
            await mended.wait()
        elif how == "broken" and not mended.is_set():
            raise RuntimeError("no such page")
        elif not mended.is_set():
            raise StoreUnavailable("the disk is full")
        return await writes(work)

    async with console(store, CLOCK) as server, live_desk(server) as ada:
        held = await store.run(lambda c: claims.claim(c, CLOCK.now(), ContactId(contact_id), "ada", 15))
        await ada.view()
        await ada.hear("beat")
        line = server.app[HUB]
        monkeypatch.setattr(store, "run", fails)
        await ada.say("keep", claims={contact_id: held.attempts})

        async def is_untrue() -> bool:
            return not line._is_true()

        await eventually(is_untrue)
        # Reading goes on: the picture alone would say that all is well.
        for number in (2, 3):
            ada.frames.clear()
            await write_in(store, phone(number))
            await ada.see(lambda desk, number=number: desk.queue["total"] == number)  # type: ignore[misc]
        assert "beat" not in {frame["t"] for frame in ada.frames}
        mended.set()
        await ada.hear("beat", 15.0)
        if how == "broken":
            return  # what broke a write is not written again: the desk says it anew within 5 s

        async def is_kept() -> bool:
            after = await store.read(lambda c: contacts.get(c, ContactId(contact_id)))
            return after.next_attempt_at != held.next_attempt_at

        await eventually(is_kept)


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
