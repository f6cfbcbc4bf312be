"""Passkeys in the store, on both engines: nothing is signed twice, no counter goes back."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from intake.errors import NotFound, Refused
from intake.store import passkeys
from intake.store.passkeys import Passkey
from intake.store.store import Store
from tests.callers import at
from tests.desk import new_id

LIFE_S = 120.0


def passkey(account: str = "ada", credential_id: str = "AAAA", **changes: Any) -> Passkey:
    fields: dict[str, Any] = {
        "id": new_id(),
        "account": account,
        "credential_id": credential_id,
        "user_handle": "h" * 43,
        "public_key": b"\xa5\x01\x02",
        "sign_count": 0,
        "label": "Blue key",
        "created_at": at(0),
        "last_used_at": None,
    }
    return Passkey(**{**fields, **changes})


async def keep(store: Store, *made: Passkey) -> None:
    for one in made:
        await store.run(lambda conn, one=one: passkeys.add(conn, one))  # type: ignore[misc]


async def of(store: Store, account: str) -> list[Passkey]:
    return list(await store.read(lambda conn: passkeys.of_account(conn, account)))


async def test_a_passkey_is_kept_as_it_was_made(store: Store) -> None:
    made = passkey(sign_count=2**32 - 1, label="Allwedd ŵyr")
    await keep(store, made)
    assert await of(store, "ada") == [made]
    assert await store.read(lambda conn: passkeys.find(conn, "AAAA")) == made
    assert await store.read(lambda conn: passkeys.find(conn, "BBBB")) is None


async def test_a_passkey_is_one_accounts_and_an_account_has_so_many(store: Store) -> None:
    await keep(store, *(passkey(credential_id=f"K{n}") for n in range(passkeys.MOST)))
    with pytest.raises(Refused, match="passkey_many"):
        await keep(store, passkey(credential_id="one-more"))
    with pytest.raises(Refused, match="passkey_known"):
        await keep(store, passkey("bea", "K3"))
    assert len(await of(store, "ada")) == passkeys.MOST and await of(store, "bea") == []


async def test_of_many_at_once_no_account_gets_more_than_its_share(store: Store) -> None:
    many = [passkey(credential_id=f"K{n}") for n in range(passkeys.MOST + 6)]
    same = [passkey(name, "SAME") for name in ("bea", "cyn", "dee")]
    tried = await asyncio.gather(*(keep(store, one) for one in [*many, *same]), return_exceptions=True)
    refused = Counter(str(one) for one in tried if one is not None)
    assert refused == {"passkey_known": 2, "passkey_many": 6}
    assert len(await of(store, "ada")) == passkeys.MOST


@pytest.mark.parametrize(
    ("before", "said", "is_good"),
    [(0, 0, True), (0, 1, True), (5, 6, True), (5, 5, False), (5, 4, False), (5, 0, False)],
)
async def test_a_counter_goes_up_or_was_never_there(
    before: int, said: int, is_good: bool, store: Store
) -> None:
    made = passkey(sign_count=before)
    await keep(store, made)
    assert await store.run(lambda conn: passkeys.use(conn, at(9), made.id, said)) is is_good
    (kept,) = await of(store, "ada")
    assert (kept.sign_count, kept.last_used_at) == ((said, at(9)) if is_good else (before, None))


async def test_of_two_signatures_with_one_count_only_one_is_taken(store: Store) -> None:
    made = passkey(sign_count=5)
    await keep(store, made)
    tried = await asyncio.gather(
        *(store.run(lambda conn: passkeys.use(conn, at(9), made.id, 6)) for _ in range(8))
    )
    assert sorted(tried) == [False] * 7 + [True]


async def test_what_is_removed_is_gone_and_only_its_owner_removes_it(store: Store) -> None:
    mine, other, hers = passkey(), passkey(credential_id="BBBB"), passkey("bea", "CCCC")
    await keep(store, mine, other, hers)
    with pytest.raises(NotFound):
        await store.run(lambda conn: passkeys.remove(conn, "bea", mine.id))
    await store.run(lambda conn: passkeys.remove(conn, "ada", mine.id))
    assert await of(store, "ada") == [other]
    assert await store.run(lambda conn: passkeys.use(conn, at(9), mine.id, 1)) is False
    assert await store.run(lambda conn: passkeys.remove_all(conn, "ada")) == 1
    assert (await of(store, "ada"), await of(store, "bea")) == ([], [hers])


# -- challenges --------------------------------------------------------------------------------------------


async def ask(store: Store, challenge: str, seconds: float = 0, bound_to: str = "me") -> None:
    await store.run(lambda conn: passkeys.ask(conn, at(seconds), "sign_in", bound_to, challenge, LIFE_S))


async def take(
    store: Store, seconds: float = 0, bound_to: str = "me", purpose: str = "sign_in"
) -> str | None:
    return await store.run(lambda conn: passkeys.take(conn, at(seconds), purpose, bound_to))


async def test_a_challenge_is_taken_once_for_its_purpose_and_by_whom_it_was_made_for(store: Store) -> None:
    await ask(store, "first")
    assert await take(store, bound_to="you") is None
    assert await take(store, purpose="unlock") is None
    assert await take(store, LIFE_S - 1) == "first"
    assert await take(store) is None


async def test_a_challenge_is_over_after_its_time_and_is_gone_then_too(store: Store) -> None:
    await ask(store, "old")
    assert await take(store, LIFE_S) is None
    assert await take(store) is None


async def test_a_new_challenge_stands_in_the_place_of_the_old_and_clears_what_is_over(store: Store) -> None:
    await ask(store, "hers", bound_to="her")
    await ask(store, "old", 10)
    await ask(store, "new", LIFE_S + 1)
    assert await take(store, 20, bound_to="her") is None
    assert await take(store, LIFE_S + 2) == "new"


async def test_of_many_that_take_a_challenge_at_once_one_has_it(store: Store) -> None:
    await asyncio.gather(*(ask(store, "same") for _ in range(6)))
    tried = await asyncio.gather(*(take(store) for _ in range(8)))
    assert [one for one in tried if one] == ["same"]
