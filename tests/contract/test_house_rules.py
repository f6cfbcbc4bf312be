"""What a supervisor sets for all desks, on both engines: it goes out first, to all but the silent."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from intake.contact import Priority
from intake.house_rules import AutomaticReply
from intake.phrases import load_phrases
from intake.store import house_rules, tables
from intake.store.store import Store
from intake.telling import FIRST, Telling
from intake.triage import Assessment
from tests.behind_doors import Behind
from tests.callers import at, phone, write_in

CONFIG = Path(__file__).parents[2] / "config"


async def choose(store: Store, rule: AutomaticReply, seconds: float = 0) -> None:
    await store.run(lambda conn: house_rules.set_automatic_reply(conn, at(seconds), rule, "sue"))


async def test_nobody_has_set_the_first_rule(store: Store) -> None:
    assert await store.read(house_rules.automatic_reply) == house_rules.Standing()


async def test_a_rule_is_kept_with_who_set_it_and_its_log_event(store: Store) -> None:
    await choose(store, AutomaticReply.BUSY)
    await choose(store, AutomaticReply.MAJOR_INCIDENT, 5)
    standing = await store.read(house_rules.automatic_reply)
    assert (standing.rule, standing.set_at, standing.set_by) == ("major_incident", at(5), "sue")
    events = await store.read(lambda conn: conn.execute(select(tables.log_events)).all())
    assert [(one.name, one.actor, one.data["from"], one.data["to"]) for one in events] == [
        ("HouseRuleLogEvent", "sue", "normal", "busy"),
        ("HouseRuleLogEvent", "sue", "busy", "major_incident"),
    ]


async def test_a_worker_asks_once_in_two_seconds(store: Store) -> None:
    remembered = house_rules.Remembered()

    async def known(seconds: float) -> str:
        return await store.read(lambda conn: remembered.rule(conn, at(seconds)))

    assert await known(0) == "normal"
    await choose(store, AutomaticReply.BUSY)
    assert await known(1.9) == "normal"
    assert await known(2) == "busy"
    await choose(store, AutomaticReply.NORMAL)
    assert await known(-60) == "normal"  # a clock that was set back asks again


async def test_a_value_of_another_version_is_as_good_as_none(store: Store) -> None:
    await choose(store, AutomaticReply.BUSY)
    await store.run(lambda conn: conn.execute(tables.house_rules.update().values(value="carnival")))
    assert (await store.read(house_rules.automatic_reply)).rule is AutomaticReply.NORMAL


@pytest.mark.parametrize("rule", list(AutomaticReply))
async def test_the_chosen_reply_is_the_first_a_caller_gets(store: Store, rule: AutomaticReply) -> None:
    await choose(store, rule)
    behind = Behind(store)
    try:
        await write_in(store, phone(1), "my house is on fire")
        await behind.triage()
        found = await store.read(lambda conn: conn.execute(select(tables.replies)).all())
        assert [row.author for row in found] == [f"automatic:{FIRST[rule][1]}"]
    finally:
        await behind.close()


@pytest.mark.parametrize("rule", list(AutomaticReply))
def test_who_is_silent_is_told_the_same_whatever_the_rule(rule: AutomaticReply) -> None:
    seen = Assessment(
        service=None,
        service_reason="",
        service_stated=False,
        other_services=(),
        priority=Priority.IMMEDIATE,
        priority_rule="silent",
        priority_reason="",
        language="en",
        silent=True,
        old=False,
    )
    told = Telling(load_phrases(CONFIG)).first(seen, located=False, rule=rule)
    assert told.author == "automatic:silent_received"


def test_two_seconds_is_the_most_a_rule_takes() -> None:
    assert timedelta(seconds=5) >= house_rules.KNOWN_FOR
