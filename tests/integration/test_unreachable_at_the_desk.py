"""A caller nobody can reach: the interface, the record, the live line, the terminal and the house-keeping."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from intake.clock import SteadyClock
from intake.contact import ContactId, ContactState, DeliveryState
from intake.settings import ContactsSettings
from intake.store import replies, tables
from intake.store.store import Store
from intake.workers.keeping import Keeping
from tests.callers import contact, phone, queue_of, report_on, write_in
from tests.desk import TOKENS, HandClock, console, new_id
from tests.integration.test_between_desk import Asking
from tests.integration.test_queue_command import Terminal
from tests.live import LiveDesk, live_desk

PATIENCE_S = 60.0
"""A busy machine may take its time; what never comes fails all the same."""


async def taken(asking: Asking, one: ContactId) -> dict[str, Any]:
    """Claimed; what a mark sends back."""
    await asking.ask("POST", f"/contacts/{one}/claim", {})
    _, shown = await asking.ask("GET", f"/contacts/{one}")
    return {
        "attempts": shown["contact"]["attempts"],
        "signs": shown["signs"],
        "reason": "written twice, rung once",
    }


async def test_a_mark_leaves_the_hands_is_shown_with_what_was_tried_and_is_on_record(store: Store) -> None:
    first, one = await queue_of(store, 2)
    clock = HandClock()
    clock.seconds = 100
    async with console(store, clock, stale_review_s=600.0) as server:
        ada = Asking(server, "ada")
        body = await taken(ada, one)
        status, answer = await ada.ask("POST", f"/contacts/{one}/unreachable", body)
        row = answer["contact"]
        assert (status, row["state"], row["claimed_by"], row["claimable"]) == (200, "stale", "", False)
        assert (row["unreachable_since"], row["until"]) == ("2026-03-01T12:01:40Z", "2026-03-01T12:11:40Z")
        _, queue = await ada.ask("GET", "/queue", None, state="stale")
        assert [(one["id"], one["unreachable_reason"]) for one in queue["rows"]] == [(one, body["reason"])]
        assert queue["counts"]["states"] == {"stale": 1, "waiting": 1}
        assert (await ada.ask("POST", "/queue/claim", {"lease_s": 900}))[1]["contact"]["id"] == first
        assert (await ada.ask("POST", "/queue/claim", {}))[1]["contact"] is None
        clock.seconds = 701
        again = (await ada.ask("POST", "/queue/claim", {}))[1]["contact"]
        assert (again["id"], again["state"], again["unreachable_since"]) == (one, "open", None)
    record = select(tables.audit_records).where(tables.audit_records.c.action == "contact.unreachable")
    (written,) = await store.read(lambda conn: conn.execute(record).all())
    assert (written.actor, written.contact_id) == ("ada", one)
    assert body["reason"] not in written.data  # no typed word stands in the chain


async def test_it_is_refused_with_words_nobody_saw_without_a_claim_and_without_a_reason(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    async with console(store, SteadyClock()) as server:
        ada, bea = Asking(server, "ada"), Asking(server, "bea")
        body = await taken(ada, one)
        status, told = await bea.ask("POST", f"/contacts/{one}/unreachable", body)
        assert (status, told["code"]) == (409, "stale_claim")
        for wrong in ({"reason": ""}, {"reason": "x" * 201}, {"signs": -1}, {"signs": None}):
            assert (await ada.ask("POST", f"/contacts/{one}/unreachable", body | wrong))[0] == 400
        await write_in(store, phone(0), "I am hiding", seconds=5)
        status, told = await ada.ask("POST", f"/contacts/{one}/unreachable", body)
        assert (status, told["code"]) == (409, "refused")
        assert "not seen" in told["message"]
        assert (await contact(store, one)).state is ContactState.OPEN


def filters(desk: LiveDesk) -> dict[str, Any]:
    found: dict[str, Any] = desk.queue["filters"]
    return found


async def test_the_live_line_shows_filters_counts_and_alarms_again_once_it_is_back(store: Store) -> None:
    _, one = await queue_of(store, 2)
    clock = SteadyClock()
    async with console(store, clock) as server, live_desk(server) as desk, live_desk(server, "bea") as bea:
        ada = Asking(server, "ada")
        await desk.say("view", filter={}, first=0, size=60)
        assert (await desk.hear("window", PATIENCE_S))["filters"]["unreachable"] == 0
        await bea.say("view", filter={"unreachable": True}, first=0, size=60)
        body = await taken(ada, one)
        said = {"attempts": body["attempts"], "text": "Are you safe?"}
        assert (await ada.ask("POST", f"/contacts/{one}/replies", said))[0] == 202
        _, shown = await ada.ask("GET", f"/contacts/{one}")
        assert (await ada.ask("POST", f"/contacts/{one}/unreachable", body | {"signs": shown["signs"]}))[
            0
        ] == 200
        await desk.see(lambda now: filters(now)["unreachable"] == 1, PATIENCE_S)
        await bea.see(lambda now: now.queue["order"] == [one], PATIENCE_S)
        assert desk.rows[one]["unreachable_reason"] == body["reason"]
        assert desk.queue["total"] == 2  # still in its place
        # Answered once, so that nobody but the one who never was is an alarm; back, it is one again.
        assert (await desk.hear("alarms", PATIENCE_S))["unanswered"]["count"] == 1
        await write_in(store, phone(1), "yes", seconds=3)
        await desk.see(
            lambda now: filters(now)["unreachable"] == 0 and now.rows[one]["claimable"], PATIENCE_S
        )
        await bea.see(lambda now: now.queue["order"] == [], PATIENCE_S)
        assert desk.rows[one]["unreachable_since"] is not None
        await desk.until(
            lambda frame: frame["t"] == "alarms" and frame["unanswered"]["count"] == 2, PATIENCE_S
        )


async def test_the_house_keeping_brings_back_what_another_process_heard(store: Store) -> None:
    (one,) = await queue_of(store, 1)
    clock = SteadyClock()
    keeping = Keeping(store, clock, ContactsSettings(), [])

    async with console(store, clock) as server:
        ada = Asking(server, "ada")
        await taken(ada, one)
        reply_id = await store.run(
            lambda conn: replies.queue_reply(conn, clock.now(), one, "ada", "Are you safe?", new_id)
        )
        await store.run(lambda conn: replies.reply_sent(conn, clock.now(), reply_id, "SM1"))
        _, shown = await ada.ask("GET", f"/contacts/{one}")
        body = {"attempts": shown["contact"]["attempts"], "signs": shown["signs"], "reason": "no answer"}
        assert (await ada.ask("POST", f"/contacts/{one}/unreachable", body))[0] == 200
    assert await keeping.hear_again() == 0
    await report_on(store, "SM1", DeliveryState.READ)
    assert await keeping.hear_again() == 1
    assert (await contact(store, one)).state is ContactState.WAITING
    assert await keeping.hear_again() == 0
    assert await keeping.close_silent() == 0


async def test_unreachable_at_the_terminal(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("INTAKE_TOKEN", TOKENS["ada"])
    await queue_of(store, 1)
    async with console(store, HandClock()) as server:
        terminal = Terminal(str(server.make_url("")), capsys)
        shown = await terminal.says("claim", "1")
        assert "signs of the caller: 1" in shown
        code, _, err = await terminal.type("unreachable", "1", "--reason", "rang twice", "--signs", "0")
        assert code == 1 and "not seen" in err
        left = await terminal.says("unreachable", "1", "--reason", "rang twice", "--signs", "1")
        assert "unreachable since" in left and "tried: rang twice" in left
        listed = await terminal.says("list")
        assert "unreachable since" in listed and "1 stale" in listed
        assert "open · ada" in await terminal.says("claim", "1")
