"""Signing in over real HTTP and both engines: what lets in, what does not, and what an answer tells."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from intake.console.live import standing
from intake.console.sign_in import passwords, second_factor
from intake.console.sign_in.gate import Gate
from intake.console.sign_in.sessions import digest
from intake.console.sign_in.throttle import PEER_FAILURES
from intake.store import accounts, audit, claims, known_devices, tables
from intake.store.store import Store
from tests.callers import queue_of
from tests.desk import TOKENS, HandClock, console
from tests.people import (
    COOKIE,
    PASSWORD,
    Credentials,
    SignedIn,
    gate_for,
    hidden,
    make_account,
    session_of,
    sign_in_over_http,
    signed_in,
)

FORM_COOKIE, DEVICE_COOKIE = "__Host-intake-form", "__Host-intake-device"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


class Visitor:
    """A browser at the console, keeping cookies by hand."""

    def __init__(self, base: str, http: aiohttp.ClientSession):
        self.base, self.http = base, http

    async def get(self, path: str, session: SignedIn | None = None) -> tuple[int, str]:
        cookies = session.cookies if session else {}
        async with self.http.get(self.base + path, cookies=cookies, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", "") or await answer.text()

    async def post(
        self, path: str, session: SignedIn, body: Any = None, form: dict[str, str] | None = None
    ) -> tuple[int, str]:
        how: dict[str, Any] = {"json": body or {}, "headers": session.headers}
        if form is not None:
            how = {"data": {"csrf": session.headers["X-CSRF"], **form}}
        async with self.http.post(
            self.base + path, cookies=session.cookies, allow_redirects=False, **how
        ) as answer:
            return answer.status, answer.headers.get("Location", "") or await answer.text()

    async def try_form(self, name: str, password: str, code: str, **changes: Any) -> aiohttp.ClientResponse:
        """The sign-in form as a browser sends it."""
        async with self.http.get(f"{self.base}/sign-in") as shown:
            page, token = await shown.text(), shown.cookies[FORM_COOKIE].value
        fields = {"csrf": hidden(page), "name": name, "password": password, "code": code}
        fields.update(changes.get("fields", {}))
        cookies = changes.get("cookies", {FORM_COOKIE: token})
        if device := changes.get("device"):
            cookies = {**cookies, DEVICE_COOKIE: device}
        answer = await self.http.post(
            f"{self.base}/sign-in", data=fields, cookies=cookies, allow_redirects=False
        )
        await answer.read()
        return answer

    async def is_refused(self, name: str, password: str, code: str) -> tuple[int, str]:
        answer = await self.try_form(name, password, code)
        assert COOKIE not in answer.cookies
        return answer.status, await answer.text()


@pytest.fixture
async def visitor(store: Store, clock: HandClock) -> AsyncIterator[Visitor]:
    limits = {"life_s": 3_600.0, "idle_s": 600.0}
    jar = aiohttp.DummyCookieJar()
    people = gate_for(store, clock, **limits)
    async with console(store, clock, **people) as server, aiohttp.ClientSession(cookie_jar=jar) as http:
        yield Visitor(str(server.make_url("")).rstrip("/"), http)


async def rows(store: Store, table: Any) -> list[Any]:
    return list(await store.read(lambda conn: conn.execute(select(table)).all()))


async def audited(store: Store) -> list[tuple[str, str]]:
    found = await store.read(lambda conn: conn.execute(select(tables.audit_records)).all())
    return [(row.actor, row.action) for row in sorted(found, key=lambda row: row.number)]


# -- in ----------------------------------------------------------------------------------------------------


async def test_a_password_and_a_code_open_the_desk(store: Store, clock: HandClock, visitor: Visitor) -> None:
    ada = await make_account(store, "ada")
    session = await sign_in_over_http(visitor.base, ada, clock.now())
    status, page = await visitor.get("/desk", session)
    assert status == 200 and 'data-handler="ada"' in page and session.headers["X-CSRF"] in page
    assert await visitor.get("/desk") == (303, "/sign-in")
    (kept,) = await rows(store, tables.console_sessions)
    token = session.cookies[COOKIE]
    assert kept.id_digest == digest(token) and token not in str(tuple(kept))
    assert ("ada", "session.sign_in") in await audited(store)


async def test_the_cookie_is_for_this_host_alone_and_for_no_script(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada = await make_account(store, "ada")
    answer = await visitor.try_form("ada", PASSWORD, ada.code(clock.now()))
    (line,) = [one for one in answer.headers.getall("Set-Cookie") if one.startswith(f"{COOKIE}=")]
    parts = set(line.split("; ")[1:])
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= parts
    assert not any(one.startswith("Domain") for one in parts)


async def test_each_sign_in_is_a_new_session_and_ends_the_one_before(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada = await make_account(store, "ada")
    first = await sign_in_over_http(visitor.base, ada, clock.now())
    clock.seconds += 60
    async with visitor.http.get(f"{visitor.base}/sign-in", cookies=first.cookies) as shown:
        page, token = await shown.text(), shown.cookies[FORM_COOKIE].value
    again = await visitor.try_form(
        "ada",
        PASSWORD,
        ada.code(clock.now()),
        fields={"csrf": hidden(page)},
        cookies={FORM_COOKIE: token, **first.cookies},
    )
    second = signed_in("ada", "handler", again.cookies[COOKIE].value)
    assert second.cookies != first.cookies
    assert (await visitor.get("/api/v1/me", first))[0] == 401
    assert (await visitor.get("/api/v1/me", second))[0] == 200


# -- not in ------------------------------------------------------------------------------------------------


async def test_no_answer_tells_whether_a_name_exists(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada = await make_account(store, "ada")
    gone = await make_account(store, "gone")
    await store.run(lambda conn: accounts.disable(conn, clock.now(), "gone"))
    code = ada.code(clock.now())
    wrong = "000000" if code != "000000" else "111111"
    tried = [
        ("ada", "not the password at all", code),
        ("ada", PASSWORD, wrong),
        ("ada", PASSWORD, ""),
        ("nobody", PASSWORD, code),
        ("gone", PASSWORD, gone.code(clock.now())),
        ("", "", ""),
    ]
    answers = set()
    for name, password, said in tried:
        status, page = await visitor.is_refused(name, password, said)
        answers.add((status, page.replace(f'value="{name}"', "").replace(hidden(page), "")))
    assert len({status for status, _ in answers}) == 1
    assert len({page.replace(" autofocus", "") for _, page in answers}) == 1
    assert "do not match" in answers.pop()[1]


async def test_a_name_that_nobody_has_costs_as_much_work(
    store: Store, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_account(store, "ada")
    judged: list[str] = []
    real = passwords.verify

    def counted(kept: str, password: str) -> bool:
        judged.append(kept)
        return real(kept, password)

    monkeypatch.setattr(passwords, "verify", counted)
    for name in ("ada", "nobody"):
        await visitor.is_refused(name, "wrong", "123456")
    assert len(judged) == 2 and judged[1] == ""
    assert "m=65536,t=3,p=4" in passwords._nobodys()


async def test_a_refusal_waits_last_of_all_whether_or_not_the_name_exists(
    store: Store, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is written for an account, and for nobody's name is not, happens before the wait that evens it out.
    await make_account(store, "ada")
    at: list[int] = []

    async def waits(_gate: Gate, began_s: float) -> None:
        assert 0 <= asyncio.get_running_loop().time() - began_s < 60
        at.append(len(await audited(store)))

    monkeypatch.setattr(Gate, "even_out", waits)
    for name in ("ada", "nobody"):
        for _ in range(6):
            await visitor.is_refused(name, "wrong", "1")
    assert at == [1, 2, 3, 4, 5, 5] + [5] * 6


@pytest.mark.parametrize("took_s", [0.01, 0.3, 0.7])
async def test_what_it_is_evened_out_to(took_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleeps(seconds: float) -> None:
        slept.append(seconds)

    clock = HandClock()
    gate = Gate(None, clock, None, refused_every_s=0.5)  # type: ignore[arg-type]
    with monkeypatch.context() as patched:
        patched.setattr(asyncio.get_running_loop(), "time", lambda: 100.0)
        patched.setattr(asyncio, "sleep", sleeps)
        await gate.even_out(100.0 - took_s)
    assert (took_s + slept[0]) % 0.5 == pytest.approx(0.0, abs=1e-9) or (took_s + slept[0]) % 0.5 > 0.499


async def test_a_code_is_taken_once(store: Store, clock: HandClock, visitor: Visitor) -> None:
    ada = await make_account(store, "ada")
    code = ada.code(clock.now())
    assert (await visitor.try_form("ada", PASSWORD, code)).status == 303
    assert (await visitor.is_refused("ada", PASSWORD, code))[0] == 403
    earlier = ada.code(clock.now() - timedelta(seconds=30))
    assert (await visitor.is_refused("ada", PASSWORD, earlier))[0] == 403
    clock.seconds += 30
    assert (await visitor.try_form("ada", PASSWORD, ada.code(clock.now()))).status == 303


@pytest.mark.parametrize(("off_s", "status"), [(-60, 403), (-30, 303), (30, 303), (60, 403)])
async def test_a_telephone_may_be_half_a_minute_off(
    off_s: int, status: int, store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada = await make_account(store, "ada")
    code = ada.code(clock.now() + timedelta(seconds=off_s))
    assert (await visitor.try_form("ada", PASSWORD, code)).status == status


async def test_a_form_that_another_site_made_is_refused(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada = await make_account(store, "ada")
    code = ada.code(clock.now())
    for changes in (
        {"cookies": {}},
        {"cookies": {FORM_COOKIE: "A" * 43}},
        {"fields": {"csrf": ""}},
        {"fields": {"csrf": "A" * 43}},
    ):
        answer = await visitor.try_form("ada", PASSWORD, code, **changes)
        assert answer.status == 403 and COOKIE not in answer.cookies
    assert (await visitor.try_form("ada", PASSWORD, code)).status == 303


async def test_guessing_makes_a_name_rest_whether_or_not_it_exists(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada = await make_account(store, "ada")
    seen = {}
    for name in ("ada", "nobody"):
        seen[name] = [(await visitor.is_refused(name, "wrong", "1"))[0] for _ in range(7)]
    assert seen["ada"] == seen["nobody"] == [403] * 5 + [429] * 2
    right = await visitor.try_form("ada", PASSWORD, ada.code(clock.now()))
    assert right.status == 429 and right.headers["Retry-After"] == "5"
    assert re.search(r"Try again at 1[23]:00:05 (GMT|BST)", await right.text())
    clock.seconds += 6
    assert (await visitor.try_form("ada", PASSWORD, ada.code(clock.now()))).status == 303
    # What was held against it is forgotten.
    assert [(await visitor.is_refused("ada", "wrong", "1"))[0] for _ in range(5)] == [403] * 5
    assert (
        await audited(store)
        == [("ada", "session.denied")] * 5 + [("ada", "session.sign_in")] + [("ada", "session.denied")] * 5
    )


async def test_who_has_signed_in_at_a_browser_is_not_kept_out_of_it_by_strangers(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada, bea = await make_account(store, "ada"), await make_account(store, "bea")
    device = await device_of(visitor, ada, clock)
    for _ in range(12):  # at each end of the rest, for ever, and from her own address, until that rests too
        clock.seconds += 121
        await visitor.is_refused("ada", "wrong", "1")
    for _ in range(PEER_FAILURES):
        await visitor.is_refused("nobody", "wrong", "1")
    strange = await visitor.try_form("ada", PASSWORD, ada.code(clock.now()))
    assert strange.status == 429  # elsewhere she waits: the control
    forged = await visitor.try_form("ada", PASSWORD, ada.code(clock.now()), device="A" * 43)
    assert forged.status == 429
    assert (await visitor.try_form("ada", PASSWORD, ada.code(clock.now()), device=device)).status == 303
    # What it knows of her opens nothing for another, and hides nobody's guesses.
    clock.seconds += 61
    assert [await at(visitor, "bea", device) for _ in range(7)] == [403] * 5 + [429] * 2
    assert (await visitor.try_form("bea", PASSWORD, bea.code(clock.now()))).status == 429


async def test_a_known_browser_is_no_place_to_guess_at_either(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada = await make_account(store, "ada")
    device = await device_of(visitor, ada, clock)
    assert [await at(visitor, "ada", device) for _ in range(7)] == [403] * 5 + [429] * 2
    clock.seconds += 31
    other = await device_of(visitor, ada, clock)  # her other desk, where nobody guessed
    clock.seconds += 30
    again = await visitor.try_form("ada", PASSWORD, ada.code(clock.now()), device=device)
    assert again.status == 303 and again.cookies[DEVICE_COOKIE].value == device
    assert other != device and again.cookies[DEVICE_COOKIE]["max-age"] == str(180 * 86_400)
    kept = await rows(store, tables.known_devices)
    assert {row.id_digest for row in kept} == {digest(device), digest(other)}


async def test_a_browser_is_forgotten_with_the_password_after_half_a_year_and_beyond_thirty(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada = await make_account(store, "ada")
    one = digest(await device_of(visitor, ada, clock))

    async def knows(account: str = "ada", id_digest: str = one) -> bool:
        return await store.read(lambda c: known_devices.is_known(c, clock.now(), account, id_digest))

    assert await knows() and not await knows("bea")
    clock.seconds += 180 * 86_400
    assert not await knows()
    for number in range(known_devices.LIMIT + 5):
        clock.seconds += 1
        id_digest = f"{number:064x}"
        await store.run(lambda c, one=id_digest: known_devices.remember(c, clock.now(), "ada", one))  # type: ignore[misc]
    assert len(await rows(store, tables.known_devices)) == known_devices.LIMIT
    assert await knows(id_digest=f"{known_devices.LIMIT + 4:064x}") and not await knows(id_digest=f"{4:064x}")
    session = await session_of(store, clock, ada)
    form = {"password": PASSWORD, "new": "eight green herons wade", "again": "eight green herons wade"}
    assert (await visitor.post("/account/password", session, form=form))[0] == 303
    assert not await rows(store, tables.known_devices)


async def device_of(visitor: Visitor, who: Credentials, clock: HandClock) -> str:
    """The cookie of a browser in which they have signed in."""
    answer = await visitor.try_form(who.name, PASSWORD, who.code(clock.now()))
    assert answer.status == 303
    return answer.cookies[DEVICE_COOKIE].value


async def at(visitor: Visitor, name: str, device: str) -> int:
    """The status of a wrong guess from that browser."""
    return (await visitor.try_form(name, "wrong", "1", device=device)).status


async def test_a_name_never_rests_for_longer_than_two_minutes() -> None:
    assert [accounts.rest_after(n) for n in (4, 5, 6, 7)] == [0, 5, 10, 20]
    assert accounts.rest_after(10_000) == 120


async def test_one_address_cannot_guess_at_many_names(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada = await make_account(store, "ada")
    statuses = [(await visitor.is_refused(f"n{i}", "wrong", "1"))[0] for i in range(32)]
    assert statuses == [403] * 30 + [429] * 2
    assert (await visitor.try_form("ada", PASSWORD, ada.code(clock.now()))).status == 429
    clock.seconds += 61
    assert (await visitor.try_form("ada", PASSWORD, ada.code(clock.now()))).status == 303


async def test_without_a_secret_nobody_has_a_second_factor(store: Store, clock: HandClock) -> None:
    ada = await make_account(store, "ada")
    jar = aiohttp.DummyCookieJar()
    for secret in ("", "another secret, another secret, another"):
        people = gate_for(store, clock, secret)
        async with console(store, clock, **people) as server, aiohttp.ClientSession(cookie_jar=jar) as http:
            visitor = Visitor(str(server.make_url("")).rstrip("/"), http)
            _, page = await visitor.get("/sign-in")
            assert ("switched off" in page) == (secret == "")
            form = {"name": "ada", "password": PASSWORD, "code": ada.code(clock.now()), "csrf": "c" * 43}
            cookies = {FORM_COOKIE: form["csrf"]}
            async with http.post(f"{visitor.base}/sign-in", data=form, cookies=cookies) as answer:
                assert answer.status == 403 and COOKIE not in answer.cookies


async def test_a_sealed_second_factor_opens_for_its_own_account_alone(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada, eve = await make_account(store, "ada"), await make_account(store, "eve")
    kept = {row.name: row.totp_sealed for row in await rows(store, tables.accounts)}
    assert ada.totp_secret not in kept["ada"]
    await store.run(lambda conn: accounts.set_totp(conn, "ada", kept["eve"]))
    assert (await visitor.is_refused("ada", PASSWORD, eve.code(clock.now())))[0] == 403


async def test_weak_hashes_are_made_strong_at_the_next_sign_in(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada = await make_account(store, "ada")
    weak = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
    await store.run(lambda conn: accounts.set_password(conn, "ada", weak))
    assert (await visitor.try_form("ada", PASSWORD, ada.code(clock.now()))).status == 303
    (row,) = await rows(store, tables.accounts)
    assert row.password_hash != weak and "m=65536" in row.password_hash


async def test_a_password_set_meanwhile_is_not_put_back_by_a_stronger_hash_of_the_old(store: Store) -> None:
    await make_account(store, "ada")
    old = (await rows(store, tables.accounts))[0].password_hash
    await store.run(lambda conn: accounts.set_password(conn, "ada", "set meanwhile"))
    await store.run(lambda conn: accounts.strengthen(conn, "ada", old, "the old one, stronger"))
    assert (await rows(store, tables.accounts))[0].password_hash == "set meanwhile"
    await store.run(lambda conn: accounts.strengthen(conn, "ada", "set meanwhile", "stronger"))
    assert (await rows(store, tables.accounts))[0].password_hash == "stronger"


# -- sessions ----------------------------------------------------------------------------------------------


async def test_a_session_ends_when_idle_and_at_the_end_of_its_life(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada = await make_account(store, "ada")
    idle, busy = await session_of(store, clock, ada), signed_in("", "", "A" * 43)
    busy = await visitor_session(store, clock, ada)
    for _ in range(7):
        clock.seconds += 500
        assert (await visitor.get("/api/v1/me", busy))[0] == 200
    assert (await visitor.get("/api/v1/me", idle))[0] == 401
    clock.seconds += 200
    assert (await visitor.get("/api/v1/me", busy))[0] == 401


async def visitor_session(store: Store, clock: HandClock, who: Credentials) -> SignedIn:
    sessions = gate_for(store, clock, life_s=3_600.0, idle_s=600.0)["sessions"]
    return signed_in(who.name, who.role, await sessions.start(who.name))


async def test_when_it_was_seen_is_written_once_a_minute(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    session = await session_of(store, clock, await make_account(store, "ada"))
    seen = set()
    for _ in range(12):
        clock.seconds += 10
        await visitor.get("/api/v1/me", session)
        seen.add((await rows(store, tables.console_sessions))[0].seen_at)
    assert len(seen) == 3  # at its start, and twice since


async def test_a_disabled_account_is_out_at_once_and_a_new_role_counts_at_once(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    session = await session_of(store, clock, await make_account(store, "ada"))
    assert (await visitor.get("/api/v1/queue", session))[0] == 200
    await store.run(lambda conn: accounts.set_role(conn, "ada", "researcher"))
    assert (await visitor.get("/api/v1/queue", session))[0] == 403
    await store.run(lambda conn: accounts.disable(conn, clock.now(), "ada"))
    assert (await visitor.get("/api/v1/me", session))[0] == 401


async def test_a_token_opens_nothing_while_an_account_of_its_name_is_disabled(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    """Without an account of that name it is a program's, and stays one."""

    async def ask(name: str) -> int:
        headers = {"Authorization": f"Bearer {TOKENS[name]}"}
        async with visitor.http.get(f"{visitor.base}/api/v1/queue", headers=headers) as answer:
            return answer.status

    assert (await ask("ada"), await ask("bea")) == (200, 200)
    await make_account(store, "ada")
    assert await ask("ada") == 200
    await store.run(lambda conn: accounts.disable(conn, clock.now(), "ada"))
    assert (await ask("ada"), await ask("bea")) == (401, 200)
    await store.run(lambda conn: accounts.enable(conn, "ada"))
    assert await ask("ada") == 200


async def test_garbage_is_no_session(visitor: Visitor) -> None:
    for token in ("", "x", "A" * 43, "A" * 4000, "é" * 43, "..", "%00"):
        cookies = {COOKIE: token} if token.isascii() else {}
        async with visitor.http.get(f"{visitor.base}/api/v1/me", cookies=cookies) as answer:
            assert answer.status == 401


async def test_signing_out_ends_the_session_but_not_over_open_conversations(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    (contact,) = await queue_of(store, 1)
    session = await session_of(store, clock, await make_account(store, "ada"))
    await store.run(lambda conn: claims.claim(conn, clock.now(), contact, "ada", 15.0))
    status, page = await visitor.post("/sign-out", session, form={})
    assert status == 409 and "Open conversations: 1" in page and "anyway" not in page
    status, said = await visitor.post("/sign-out", session)
    assert status == 409 and msgspec.json.decode(said)["code"] == "open_conversations"
    assert (await visitor.get("/api/v1/me", session))[0] == 200
    # Whatever else is said with it: they are closed first, or with somebody else.
    assert (await visitor.post("/sign-out", session, form={"anyway": "yes"}))[0] == 409
    done = {"attempts": 1, "reason": "done"}
    assert (await visitor.post(f"/api/v1/contacts/{contact}/close", session, done))[0] == 200
    assert await visitor.post("/sign-out", session, form={}) == (303, "/sign-in")
    assert (await visitor.get("/api/v1/me", session))[0] == 401
    assert ("ada", "session.sign_out") in await audited(store)


async def test_a_lapsed_lease_is_no_open_conversation(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    (contact,) = await queue_of(store, 1)
    session = await session_of(store, clock, await make_account(store, "ada"))
    await store.run(lambda conn: claims.claim(conn, clock.now(), contact, "ada", 15.0))
    clock.seconds += 16
    assert (await visitor.post("/sign-out", session))[0] == 200


@pytest.mark.parametrize("how", ["signed out", "disabled", "another role"])
async def test_the_live_line_ends_with_its_session(
    how: str, store: Store, clock: HandClock, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "LOOK_EVERY_S", 0.05)
    session = await session_of(store, clock, await make_account(store, "sue", "supervisor"))
    cookie = "; ".join(f"{name}={value}" for name, value in session.cookies.items())
    headers = {"Origin": visitor.base, "Cookie": cookie}
    async with visitor.http.ws_connect(f"{visitor.base}/api/v1/live", headers=headers) as line:
        await line.receive_json(timeout=5)
        await visitor.post("/api/v1/session/lock", session)
        await asyncio.sleep(0.2)
        assert not line.closed  # a locked desk keeps its conversations
        if how == "signed out":
            assert (await visitor.post("/sign-out", session))[0] == 200
        elif how == "disabled":
            await store.run(lambda conn: accounts.disable(conn, clock.now(), "sue"))
        else:
            await store.run(lambda conn: accounts.set_role(conn, "sue", "handler"))
        async with asyncio.timeout(5):
            async for _ in line:
                pass
        assert line.close_code == (4409 if how == "another role" else 4401)


# -- the lock ----------------------------------------------------------------------------------------------


async def test_a_locked_desk_opens_with_the_password_alone(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    session = await session_of(store, clock, await make_account(store, "ada"))
    assert (await visitor.post("/api/v1/session/lock", session))[0] == 200
    assert (await visitor.get("/api/v1/queue", session))[0] == 423
    assert await visitor.get("/account", session) == (303, "/locked")
    assert (await visitor.post("/account/language", session, form={"language": "cy"})) == (303, "/locked")
    for _ in range(5):
        assert (await visitor.post("/api/v1/session/unlock", session, {"password": "wrong"}))[0] == 403
    assert (await visitor.post("/api/v1/session/unlock", session, {"password": PASSWORD}))[0] == 429
    assert (await visitor.get("/api/v1/queue", session))[0] == 423
    clock.seconds += 6
    assert (await visitor.post("/api/v1/session/unlock", session, {"password": PASSWORD}))[0] == 200
    assert (await visitor.get("/api/v1/queue", session))[0] == 200


async def test_a_locked_desk_opens_without_a_script_too(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    session = await session_of(store, clock, await make_account(store, "ada"))
    await visitor.post("/api/v1/session/lock", session)
    status, page = await visitor.post("/locked", session, form={"password": "wrong"})
    assert status == 403 and "does not match" in page
    assert await visitor.post("/locked", session, form={"password": PASSWORD}) == (303, "/")
    assert (await visitor.get("/api/v1/queue", session))[0] == 200


async def test_one_locked_session_is_not_another(store: Store, clock: HandClock, visitor: Visitor) -> None:
    ada = await make_account(store, "ada")
    here, there = await session_of(store, clock, ada), await session_of(store, clock, ada)
    await visitor.post("/api/v1/session/lock", here)
    assert (await visitor.get("/api/v1/queue", there))[0] == 200


# -- accounts ----------------------------------------------------------------------------------------------


async def test_a_new_password_ends_every_other_session(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada = await make_account(store, "ada")
    here, there = await session_of(store, clock, ada), await session_of(store, clock, ada)
    new = "nine quiet herons wade"
    fields = {"password": PASSWORD, "new": new, "again": new}
    for wrong in ({"password": "wrong"}, {"again": "x" * 12}, {"new": "short", "again": "short"}):
        assert (await visitor.post("/account/password", here, form={**fields, **wrong}))[0] in (400, 403)
    moved = await visitor.post("/account/password", here, form=fields)
    assert moved == (303, "/account?done=password")
    assert "Your password is changed" in (await visitor.get(moved[1], here))[1]
    assert (await visitor.get("/api/v1/me", there))[0] == 401
    assert (await visitor.is_refused("ada", PASSWORD, ada.code(clock.now())))[0] == 403
    assert (await visitor.try_form("ada", new, ada.code(clock.now()))).status == 303


async def test_a_new_second_factor_is_in_force_once_its_code_came_back(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    ada = await make_account(store, "ada")
    session = await session_of(store, clock, ada)
    other = await session_of(store, clock, ada)
    status, page = await visitor.post("/account/second-factor", session, form={"password": PASSWORD})
    assert status == 200 and "data:image/svg+xml" in page
    secret = page.split('class="secret">')[1].split("<")[0]
    sealed = hidden(page, "sealed").replace("&#61;", "=")
    confirm = "/account/second-factor/confirm"
    code = second_factor.code_at(secret, clock.now())
    bad = {"sealed": sealed, "code": "000000" if code != "000000" else "1"}
    assert (await visitor.post(confirm, session, form=bad))[0] == 400
    kept = (await rows(store, tables.accounts))[0].totp_sealed
    for stolen in ({"sealed": kept}, {"sealed": "1.AAAA"}, {"sealed": ""}):  # never shown to this session
        assert (await visitor.post(confirm, session, form={**stolen, "code": code}))[0] == 400
    assert (await visitor.post(confirm, other, form={"sealed": sealed, "code": code}))[0] == 400
    assert (await visitor.post(confirm, session, form={"sealed": sealed, "code": code}))[0] == 303
    assert (await visitor.get("/api/v1/me", other))[0] == 401
    assert (await visitor.is_refused("ada", PASSWORD, ada.code(clock.now())))[0] == 403
    assert (await visitor.is_refused("ada", PASSWORD, code))[0] == 403  # used up by confirming
    clock.seconds += 30
    fresh = second_factor.code_at(secret, clock.now())
    assert (await visitor.try_form("ada", PASSWORD, fresh)).status == 303


async def test_admins_keep_accounts_and_cannot_shut_themselves_out(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    session = await session_of(store, clock, await make_account(store, "adm", "admin"))
    new = {"name": "bea", "role": "handler", "display_name": "Bea <b>", "language": "cy"}
    status, page = await visitor.post("/accounts/add", session, form=new)
    assert status == 200 and "data:image/svg+xml" in page
    password, secret = (
        page.split(f'id="{one}">')[1].split("<")[0] for one in ("first-password", "first-secret")
    )
    bea = Credentials("bea", "handler", secret, password)
    hers = await sign_in_over_http(visitor.base, bea, clock.now())
    for bad in ({"name": "bea"}, {"name": "Bea!"}, {"name": "intake"}, {"name": "x", "role": "boss"}):
        assert (await visitor.post("/accounts/add", session, form={**new, **bad}))[0] == 400
    status, page = await visitor.get("/accounts", session)
    assert status == 200 and "Bea &lt;b&gt;" in page and secret not in page and password not in page
    for path in ("disable", "role", "reset"):
        oneself = {"name": "adm", "role": "handler"}
        assert (await visitor.post(f"/accounts/{path}", session, form=oneself))[0] == 400
        nobody = {"name": "nobody", "role": "handler"}
        assert (await visitor.post(f"/accounts/{path}", session, form=nobody))[0] == 400
    assert (await visitor.post("/accounts/role", session, form={"name": "bea", "role": "boss"}))[0] == 400
    assert (await visitor.post("/accounts/role", session, form={"name": "bea", "role": "auditor"}))[0] == 303
    assert (await visitor.get("/api/v1/queue", hers))[0] == 403
    assert (await visitor.post("/accounts/disable", session, form={"name": "bea"}))[0] == 303
    assert (await visitor.get("/api/v1/me", hers))[0] == 401
    assert (await visitor.post("/accounts/enable", session, form={"name": "bea"}))[0] == 303
    assert (await visitor.get("/api/v1/me", hers))[0] == 401  # its old sessions stay over
    assert (await visitor.post("/accounts/reset", session, form={"name": "bea"}))[0] == 200
    actions = [action for actor, action in await audited(store) if actor == "adm"]
    assert actions.count("account.add") == 1
    assert {"account.role", "account.disable", "account.enable", "account.reset"} <= set(actions)
    assert (await store.read(lambda conn: audit.verify_slice(conn, None))).problem == ""


async def test_colleagues_are_enabled_handlers_and_supervisors(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    for name, role in (("ada", "handler"), ("sue", "supervisor"), ("adm", "admin"), ("old", "handler")):
        await make_account(store, name, role)
    await store.run(lambda conn: accounts.disable(conn, clock.now(), "old"))
    session = await session_of(store, clock, Credentials("ada", "handler", ""))
    _, said = await visitor.get("/api/v1/accounts/colleagues", session)
    assert [one["name"] for one in msgspec.json.decode(said)["colleagues"]] == ["ada", "sue"]


async def test_the_language_is_the_accounts_and_the_browsers(
    store: Store, clock: HandClock, visitor: Visitor
) -> None:
    session = await session_of(store, clock, await make_account(store, "ada"))
    assert (await visitor.post("/account/language", session, form={"language": "cy"}))[0] == 303
    assert 'lang="cy"' in (await visitor.get("/account", session))[1]
    assert (await visitor.post("/account/language", session, form={"language": "fr"}))[0] == 400
    async with visitor.http.get(f"{visitor.base}/sign-in?language=cy", allow_redirects=False) as answer:
        assert answer.cookies["intake-language"].value == "cy"
