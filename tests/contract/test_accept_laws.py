"""The accepting transaction's laws, on both engines: durable, one by one if need be, and it never dies."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from intake.clock import SteadyClock
from intake.contact import (
    CallerUri,
    InboundMessage,
    RawMessage,
    RawMessageId,
    Receipt,
    Trust,
)
from intake.errors import StoreUnavailable
from intake.store import accept, arrivals
from intake.store.schema import migrate
from intake.store.store import Store
from tests.callers import NOON, SMS, contact, phone, write_in
from tests.conftest import new_postgresql_database
from tests.contract.door_world import locked_out, out_of_order


def raw(number: int, body: bytes = b"help", **more: Any) -> RawMessage:
    return RawMessage(
        id=RawMessageId(f"0194bd38-0000-7000-8000-{number:012d}"),
        channel=SMS,
        door="sms.messages",
        received_at=NOON,
        body=body,
        headers={},
        **more,
    )


def said(number: int, **more: Any) -> InboundMessage:
    fields = {"provider_id": f"SM{number}", "caller": phone(number), "text": f"help {number}", **more}
    return InboundMessage(channel=SMS, **fields)


async def accepted(store: Store, number: int, body: bytes = b"help", **more: Any) -> Receipt:
    return await store.accept(raw(number, body), [said(number, **more)], trust=Trust.SIGNED, defect=None)


async def rows(store: Store, sql: str) -> list[Any]:
    return await store.read(lambda conn: list(conn.execute(text(sql))))


# -- poison ---------------------------------------------------------------------------------------

POISON = {
    "lone surrogate in the id": {"provider_id": "SM\ud800"},
    "lone surrogate in the caller": {"caller": CallerUri("tel:\udfff")},
    "NUL in the text": {"text": "help\0me"},
    "NUL in the caller": {"caller": CallerUri("tel:\0")},
    "a key longer than an index holds": {"provider_id": secrets.token_hex(20_000)},
    "a caller longer than an index holds": {"caller": CallerUri("tel:" + secrets.token_hex(20_000))},
    "a number no engine has": {"extra": {"n": 10**400}},
    "a number for a text": {"text": 5},
    "of a type nobody knows": {"extra": {"n": object()}},
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
async def test_one_poison_message_spares_the_batch_and_is_kept(store: Store, poison: dict[str, Any]) -> None:
    receipts = await asyncio.gather(
        *(accepted(store, number) for number in range(10)),
        accepted(store, 99, b"the poison, as it came", **poison),
        *(accepted(store, number) for number in range(10, 20)),
    )
    assert len({receipt.contact_id for receipt in receipts}) == 21
    kept = await rows(
        store,
        "SELECT r.body, c.state FROM raw_messages r JOIN messages m ON m.raw_id = r.id"
        " JOIN contacts c ON c.id = m.contact_id ORDER BY r.id",
    )
    assert [bytes(one.body) for one in kept] == [b"help"] * 20 + [b"the poison, as it came"]
    assert {one.state for one in kept} == {"waiting"}
    texts = await rows(store, "SELECT caller, content FROM messages WHERE flag = ''")
    assert {phone(number) for number in range(20)} <= {one.caller for one in texts}


async def test_a_poison_envelope_is_kept_readable(store: Store) -> None:
    """8-bit headers and addresses cost no more than their own characters."""
    odd = raw(1, target="/?\udcff\0", envelope_from="a\udce9@example.com", path_args={"x": "\udcff"})
    odd = RawMessage(
        **{
            **{name: getattr(odd, name) for name in odd.__struct_fields__},
            "headers": {"Content-Type": "text/plain; \udce9"},
        }
    )
    receipt = await store.accept(odd, [said(1)], trust=Trust.ANONYMOUS, defect=None)
    found = await contact(store, receipt.contact_id)
    assert (found.caller, found.defect) == (phone(1), "")
    ((headers,),) = await rows(store, "SELECT headers FROM raw_messages")
    assert "\ufffd" in headers


async def test_the_writer_outlives_any_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any) -> Any:
        raise MemoryError("whatever it may be")

    with monkeypatch.context() as patch:
        patch.setattr(arrivals.Arrivals, "add", fail)
        results = await asyncio.gather(*(accepted(store, n) for n in range(5)), return_exceptions=True)
        assert [type(one) for one in results] == [StoreUnavailable] * 5
    assert await rows(store, "SELECT 1 FROM raw_messages") == []
    receipts = await asyncio.gather(*(accepted(store, n) for n in range(5)))
    assert len({receipt.contact_id for receipt in receipts}) == 5


async def test_after_an_outage_the_next_message_is_taken(store: Store) -> None:
    await accepted(store, 1)
    async with out_of_order(store):
        results = await asyncio.gather(*(accepted(store, n) for n in range(2, 9)), return_exceptions=True)
        assert {type(one) for one in results} == {StoreUnavailable}
    await accepted(store, 9)
    assert [one.provider_id for one in await rows(store, "SELECT provider_id FROM messages ORDER BY id")] == [
        "SM1",
        "SM9",
    ]


async def test_an_outage_costs_a_batch_two_tries_and_not_one_for_each_message(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []
    real = accept.Accepting._transaction

    def counted(self: Any, items: Any) -> Any:
        tries.append(len(items))
        return real(self, items)

    monkeypatch.setattr(accept.Accepting, "_transaction", counted)
    async with out_of_order(store):
        await asyncio.gather(*(accepted(store, n) for n in range(200)), return_exceptions=True)
    assert sum(tries) <= 400 and len(tries) <= 8, tries


async def test_who_hangs_up_loses_nothing(store: Store) -> None:
    sending = asyncio.ensure_future(accepted(store, 1))
    await asyncio.sleep(0)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await accepted(store, 2)
    assert len(await rows(store, "SELECT 1 FROM messages")) == 2


# -- the commit -----------------------------------------------------------------------------------


async def test_a_group_shares_one_commit_and_nobody_hears_before_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    real = accept.Accepting._transaction

    def counted(self: Any, items: Any) -> Any:
        batches.append(len(items))
        return real(self, items)

    monkeypatch.setattr(accept.Accepting, "_transaction", counted)
    with locked_out(store.url):
        waiting = [asyncio.ensure_future(accepted(store, n)) for n in range(200)]
        await asyncio.sleep(0.3)
        assert not any(one.done() for one in waiting)
        assert await rows(store, "SELECT 1 FROM contacts") == []
    for promise in asyncio.as_completed(waiting):
        await promise
        assert len(await rows(store, "SELECT 1 FROM raw_messages")) >= 1
    assert len(await rows(store, "SELECT 1 FROM raw_messages")) == 200
    assert sum(batches) == 200 and len(batches) <= 3


async def test_the_engines_are_set_to_survive_a_power_cut(store: Store) -> None:
    """What `kill -9` cannot show: FULL on SQLite, synchronous_commit and fsync on PostgreSQL."""
    if store.is_sqlite:
        pragma = await store.run(lambda conn: conn.exec_driver_sql("PRAGMA synchronous").scalar())
        journal = await store.run(lambda conn: conn.exec_driver_sql("PRAGMA journal_mode").scalar())
        assert (pragma, journal) == (2, "wal")
        return
    for name in ("synchronous_commit", "fsync"):
        setting = await store.run(lambda conn, name=name: conn.exec_driver_sql(f"SHOW {name}").scalar())
        assert setting == "on"


async def test_two_processes_that_get_the_same_message_make_one_contact(postgresql_server: str) -> None:
    """A webhook and its fallback, on two machines at the same moment (law 3)."""
    for url in new_postgresql_database(postgresql_server):
        migrate(url)
        stores = [Store(url, SteadyClock()) for _ in range(3)]
        for store in stores:
            await store.start()
        try:
            for turn in range(20):
                arriving = []
                for process, store in enumerate(stores):
                    for n in range(5):
                        message = said(turn * 5 + n, caller=phone(turn))
                        envelope = raw(turn * 100 + process * 10 + n)
                        arriving.append(store.accept(envelope, [message], trust=Trust.SIGNED, defect=None))
                receipts = await asyncio.gather(*arriving)
                assert len({receipt.contact_id for receipt in receipts}) == 1
            assert await rows(stores[0], "SELECT count(*) FROM messages") == [(100,)]
            assert await rows(stores[0], "SELECT count(*) FROM contacts") == [(20,)]
            assert await rows(stores[0], "SELECT count(*) FROM raw_messages") == [(300,)]
            assert await rows(stores[0], "SELECT 1 FROM messages WHERE flag <> ''") == []
        finally:
            for store in stores:
                await store.close()


# -- the log --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    ["UPDATE log_events SET actor = 'nobody'", "DELETE FROM log_events"],
    ids=["UPDATE", "DELETE"],
)
async def test_the_log_can_be_neither_changed_nor_deleted(store: Store, statement: str) -> None:
    await write_in(store, phone(1))
    before = await rows(store, "SELECT * FROM log_events ORDER BY id")
    with pytest.raises(DBAPIError, match="append-only"):
        await store.run(lambda conn: conn.execute(text(statement)))
    assert await rows(store, "SELECT * FROM log_events ORDER BY id") == before != []


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    yield from new_postgresql_database(postgresql_server)


async def test_the_log_cannot_be_truncated(postgresql_url: str) -> None:
    migrate(postgresql_url)
    store = Store(postgresql_url, SteadyClock())
    await store.start()
    try:
        await write_in(store, phone(1))
        with pytest.raises(DBAPIError, match="append-only"):
            await store.run(lambda conn: conn.execute(text("TRUNCATE log_events")))
    finally:
        await store.close()
