"""The live line: what desks are shown of the queue, and what they say to it."""

from __future__ import annotations

from intake.clock import SteadyClock
from intake.store.store import Store
from tests.callers import phone, write_in
from tests.desk import console
from tests.live import live_desk


async def test_a_desk_is_greeted_beats_and_sees_the_queue_and_what_changes(store: Store) -> None:
    first = await write_in(store, phone(1), "fire in the kitchen")
    async with console(store, SteadyClock()) as server, live_desk(server) as ada:
        hello = await ada.hear("hello")
        assert (hello["handler"], hello["lease_s"]) == ("ada", 15.0)
        window = await ada.view()
        assert (window["total"], window["order"], window["filters"]["all"]) == (1, [first], 1)
        assert window["rows"][0]["summary"] == "fire in the kitchen"
        assert await ada.hear("beat", 2.0)
        second = await write_in(store, phone(2), "smoke on the stairs")
        await ada.see(lambda desk: desk.queue["total"] == 2, 1.0)
        assert [row["id"] for row in ada.shown()] == [first, second]
