"""What every channel must do at its doors. A law gets a channel's payloads and a way to open its doors."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

import msgspec
import pytest

from intake.ports import ChannelAdapter, HttpDoor, SmtpDoor
from tests import payload_cases
from tests.contract.door_channel import Channel, with_broken_parsers
from tests.contract.door_world import Answer, Case, World, locked_out, out_of_order, stored
from tests.payload_cases import body_of, part_of, raw_of

REPEATS = 50
HELD_BACK_S = 0.25


class AsRecorded:
    """A clock that stands still where the payloads were recorded."""

    def now(self) -> datetime:
        return payload_cases.ARRIVED


class Opener(Protocol):
    """``async with opener(adapter) as world``: its doors on an empty database."""

    def __call__(self, adapter: ChannelAdapter, **more: Any) -> Any: ...


Law = Callable[[Channel, Opener], Awaitable[None]]


async def it_has_payloads_of_known_origin(channel: Channel, opener: Opener) -> None:
    """At least five, each saying where its shape comes from, for every door; some forged if that can be."""
    assert len(channel.cases) >= 5, f"{channel.kind}: {len(channel.cases)} recorded payloads, five are needed"
    for name, case in channel.cases.items():
        assert len(case["provenance"]) > 20, f"{channel.kind}/{name}: no provenance"
    recorded = {case["door"] for case in channel.genuine.values()}
    doors = {door.name for door in channel.adapter.doors() if isinstance(door, HttpDoor | SmtpDoor)}
    assert recorded == doors or doors - recorded <= {f"{channel.kind}.fallback"}, doors - recorded
    trusts = {case["expect"]["trust"] for case in channel.genuine.values()}
    assert channel.forged or trusts == {"anonymous"}, f"{channel.kind}: no forged payload"


async def it_answers_and_keeps_each_payload_as_recorded(channel: Channel, opener: Opener) -> None:
    """The recorded answer, the bytes as they came, and the messages or the defect the payload expects."""
    for name, case in channel.genuine.items():
        # At the moment they were recorded for: what is old or of the future depends on it.
        async with opener(channel.adapter, clock=AsRecorded()) as world:
            answer = await world.send(case)
            _assert_answered(case, answer, name)
            ((body, trust),) = world.rows("SELECT body, trust FROM raw_messages")
            assert bytes(body).rstrip() == body_of(case).rstrip(), name
            assert trust == case["expect"]["trust"], name
            await world.read_the_rest()
            if "defect" in case["expect"]:
                assert_kept_as_defective(world, case, name)
            else:
                _assert_stored_as_expected(world, case, name)


def _assert_answered(case: Case, answer: Answer, name: str) -> None:
    expected = case["expect"].get("answer")
    if not expected:
        assert answer.received, (name, answer)
        return
    said = json.loads(answer.body) if answer.body.startswith(b"{") else {}
    assert {**part_of(said, expected), "status": answer.status} == expected, (name, answer)


def _assert_stored_as_expected(world: World, case: Case, name: str) -> None:
    expected = case["expect"]["messages"]
    said = [one for one in expected if "provider_ref" not in one]
    found = [json.loads(row.content) for row in stored(world)]
    if said or found:
        assert part_of(found, said) == said, (name, found)
    for report in (one for one in expected if "provider_ref" in one):
        rows = world.rows(
            "SELECT state FROM delivery_reports WHERE provider_ref = :ref", ref=report["provider_ref"]
        )
        assert [row.state for row in rows] == [report["state"]], name
    conversations = {row.contact_id for row in stored(world) if row.kind != "place"}
    assert world.count("contacts") == len(conversations), name


def assert_kept_as_defective(world: World, case: Case, name: str) -> None:
    """The bytes are there, marked, and a contact in the queue shows them to a person (law 5)."""
    ((state, defect),) = world.rows("SELECT state, defect FROM raw_messages")
    assert state == "defective" and defect, (name, state, defect)
    if wanted := case["expect"].get("defect"):
        assert wanted in defect, (name, defect)
    (row,) = stored(world)
    shown = json.loads(row.content)["text"]
    assert row.flag == "defective" and "original kept" in shown, (name, row)
    assert case["expect"].get("text", "") in shown, (name, shown)
    if caller := case["expect"].get("caller"):
        assert row.caller == caller, (name, row.caller)
    ((contact_id, contact_state, reason),) = world.rows("SELECT id, state, defect FROM contacts")
    assert (contact_id, contact_state) == (row.contact_id, "waiting") and reason, name


async def it_answers_only_after_the_commit(channel: Channel, opener: Opener) -> None:
    """No answer while no COMMIT can happen; with the answer, another connection reads the row (law 1)."""
    case = channel.plain
    async with opener(channel.adapter) as world:
        with locked_out(world.store.url):
            sending = asyncio.ensure_future(world.send(case))
            await asyncio.sleep(HELD_BACK_S)
            early = sending.done() and sending.result()
        assert not early, f"{channel.kind} was answered {early} before anything was committed"
        answer = await sending
        assert answer.received, answer
        assert world.count("raw_messages") == 1


async def one_message_and_one_contact_whatever_the_repeats(channel: Channel, opener: Opener) -> None:
    """Fifty at once and one after: all acknowledged and kept as they came, one message (law 3)."""
    case = channel.plain
    expected = channel.messages_of(case)
    async with opener(channel.adapter) as world:
        answers = await asyncio.gather(*(world.send(case) for _ in range(REPEATS)))
        answers.append(await world.send(case))
        assert all(answer.received for answer in answers), answers
        assert world.count("raw_messages") == REPEATS + 1
        await world.read_the_rest()
        rows = stored(world)
        assert sorted(row.provider_id for row in rows) == sorted(one["provider_id"] for one in expected)
        assert all(row.flag == "" for row in rows)
        assert world.count("contacts") == len(
            {one["caller"] for one in expected if one.get("kind") != "place"}
        )


async def any_order_makes_the_same_conversations(channel: Channel, opener: Opener) -> None:
    """All payloads shuffled, some twice, all at once: the same messages, one contact a caller (law 3)."""
    chosen, wanted, talking = [], {}, set()
    for case in channel.readable.values():
        said = channel.messages_of(case)
        if any(one["provider_id"].startswith("raw:") for one in said):
            continue  # it came without an id: each arrival stands for itself
        if wanted.keys().isdisjoint(one["provider_id"] for one in said):  # of kin, only the first
            chosen.append(case)
            wanted |= {one["provider_id"]: one["caller"] for one in said}
            talking |= {one["caller"] for one in said if one.get("kind") != "place"}
    for seed in range(3):
        chance = random.Random(seed)
        batch = chosen + chance.choices(chosen, k=len(chosen))
        chance.shuffle(batch)
        async with opener(channel.adapter) as world:
            answers = await asyncio.gather(*(world.send(case) for case in batch))
            assert all(answer.received for answer in answers)
            await world.read_the_rest()
            found = {row.provider_id: row.caller for row in stored(world)}
            assert found == wanted, dict(found.items() ^ wanted.items())
            contacts = [row.caller for row in world.rows("SELECT caller FROM contacts")]
            assert sorted(contacts) == sorted(talking)


async def the_same_id_with_other_content_is_kept_and_flagged(channel: Channel, opener: Opener) -> None:
    """Both are in the conversation, the second marked as being in conflict with the first (law 4)."""
    pairs = channel.kin("same_id_as")
    if not pairs:
        # Where the id is a digest of the content, there can be no such thing.
        ids = [one["provider_id"] for case in channel.readable.values() for one in channel.messages_of(case)]
        assert ids and all(id.startswith("sha256:") for id in ids), f"{channel.kind}: no same_id_as payload"
    for original, other in pairs:
        assert channel.messages_of(original)[0]["provider_id"] == channel.messages_of(other)[0]["provider_id"]
        async with opener(channel.adapter) as world:
            for case in (original, other, original, other):
                _assert_answered(case, await world.send(case), "same id")
            await world.read_the_rest()
            first, second = stored(world)
            assert (first.flag, second.flag) == ("", "conflict")
            assert first.contact_id == second.contact_id and world.count("contacts") == 1
            assert second.provider_id.startswith(first.provider_id + "#")
            assert json.loads(second.content)["text"] != json.loads(first.content)["text"]
            assert world.count("raw_messages") == 4


async def the_same_text_with_a_new_id_is_kept(channel: Channel, opener: Opener) -> None:
    """People are told to send again after three minutes: both are there, in one contact (law 4)."""
    pairs = channel.kin("same_text_as")
    if not pairs:
        ids = [one["provider_id"] for case in channel.readable.values() for one in channel.messages_of(case)]
        assert ids and all(id.startswith("sha256:") for id in ids), f"{channel.kind}: no same_text_as payload"
    for original, again in pairs:
        async with opener(channel.adapter) as world:
            for case in (original, again):
                assert (await world.send(case)).received
            await world.read_the_rest()
            first, second = stored(world)
            assert json.loads(first.content)["text"] == json.loads(second.content)["text"] != ""
            assert first.provider_id != second.provider_id and first.contact_id == second.contact_id
            assert (first.flag, second.flag) == ("", "")
            assert world.count("contacts") == 1


async def the_forged_is_refused_and_counted(channel: Channel, opener: Opener) -> None:
    """403 or 550, nothing stored, one more in the metrics (law 6)."""
    async with opener(channel.adapter) as world:
        for name, case in channel.forged.items():
            before = world.counted(case["door"], "forged")
            answer = await world.send(case)
            assert answer.status in (403, 550), (name, answer)
            assert world.counted(case["door"], "forged") == before + 1, name
        assert world.count("raw_messages") == world.count("messages") == world.count("contacts") == 0


async def the_oversize_is_refused_aloud(channel: Channel, opener: Opener) -> None:
    """413 or 552 for one byte more than the limit, and nothing of it stored (law 6)."""
    async with opener(channel.adapter) as world:
        for door in channel.adapter.doors():
            if not isinstance(door, HttpDoor | SmtpDoor):
                continue
            case = next((one for one in channel.genuine.values() if one["door"] == door.name), None)
            case = case or {"door": door.name, "path": getattr(door, "path", "")}
            answer = await world.send(case, b"x" * (door.body_limit_bytes + 1))
            assert answer.status in (413, 552), (door.name, answer)
            # A mail that says its size is refused before there is a mailbox to count it for.
            assert world.counted(door.name, "oversize") >= isinstance(door, HttpDoor)
        assert world.count("raw_messages") == 0


async def an_outage_acknowledges_nothing(channel: Channel, opener: Opener) -> None:
    """503 or 451 while the database is away, nothing promised; once it is back, taken again (law 6)."""
    case = channel.plain
    async with opener(channel.adapter) as world:
        before = world.counted(case["door"], "unavailable")
        async with out_of_order(world.store):
            answers = await asyncio.gather(*(world.send(case) for _ in range(5)))
        assert {answer.status for answer in answers} <= {503, 451}, answers
        assert world.counted(case["door"], "unavailable") == before + 5
        assert world.count("raw_messages") == 0
        again = await world.send(case)
        assert again.received, again
        assert world.count("raw_messages") == 1


async def a_parser_that_fails_costs_no_contact(channel: Channel, opener: Opener) -> None:
    """Whatever the channel's parser raises: acknowledged, kept, marked, shown to a person (law 5)."""
    for name, case in channel.genuine.items():
        async with opener(with_broken_parsers(channel.adapter)) as world:
            answer = await world.send(case)
            assert answer.received, (name, answer)
            await world.read_the_rest()
            assert_kept_as_defective(world, {**case, "expect": {}}, name)
            ((defect,),) = world.rows("SELECT defect FROM raw_messages")
            assert defect == "our parser failed (ZeroDivisionError)"


async def normalise_is_pure(channel: Channel, opener: Opener) -> None:
    """The same bytes mean the same, and neither clock nor chance is asked."""
    with pytest.MonkeyPatch.context() as patch:
        _take_away_clock_and_chance(patch)
        for name, case in {**channel.genuine}.items():
            first, second = (_meaning(channel, case) for _ in range(2))
            assert first == second, name
    later = Channel(channel.kind)
    for case in channel.genuine.values():
        assert _meaning(later, case) == _meaning(channel, case)


def _meaning(channel: Channel, case: Case) -> Any:
    door = payload_cases.door_named(channel.adapter, case["door"])
    try:
        return msgspec.json.encode(door.normalise(raw_of(channel.kind, case)))
    except Exception as error:
        return type(error).__name__, str(error)


def _take_away_clock_and_chance(patch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_named: Any) -> Any:
        raise AssertionError("normalise asked for the time or for chance")

    for name in ("time.time", "time.time_ns", "time.monotonic", "os.urandom", "uuid.uuid4", "random.random"):
        patch.setattr(name, refuse)


LAWS: tuple[Law, ...] = (
    it_has_payloads_of_known_origin,
    it_answers_and_keeps_each_payload_as_recorded,
    it_answers_only_after_the_commit,
    one_message_and_one_contact_whatever_the_repeats,
    any_order_makes_the_same_conversations,
    the_same_id_with_other_content_is_kept_and_flagged,
    the_same_text_with_a_new_id_is_kept,
    the_forged_is_refused_and_counted,
    the_oversize_is_refused_aloud,
    an_outage_acknowledges_nothing,
    a_parser_that_fails_costs_no_contact,
    normalise_is_pure,
)
