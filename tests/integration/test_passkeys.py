"""Passkeys at the console, on both engines: good ones open it, forged ones open nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from sqlalchemy import select, update

from intake.console.sign_in import passkeys as flows
from intake.console.sign_in.ceremony import LIFE_S
from intake.console.sign_in.throttle import PEER_FAILURES
from intake.store import accounts, audit, passkeys, tables
from intake.store.store import Store
from tests.desk import HandClock, console
from tests.integration.authenticator import PRESENT, Device, cbor_bytes, to_base64
from tests.people import (
    COOKIE,
    PASSWORD,
    SignedIn,
    gate_for,
    make_account,
    session_of,
    sign_in_over_http,
    signed_in,
)

ORIGIN = "https://desk.example.org"
FORM_COOKIE = "__Host-intake-form"
SIGN_IN, UNLOCK, OWN = "/sign-in/passkey", "/session/unlock/passkey", "/account/passkeys"
Json = dict[str, Any]


class Browser:
    """What the pages' scripts do, without them: cookies by hand, JSON there and back."""

    def __init__(self, base: str, http: aiohttp.ClientSession):
        self.base, self.http = base, http
        self.form = {FORM_COOKIE: "f" * 43}

    async def post(self, path: str, body: Json, by: SignedIn | None = None) -> tuple[int, Json]:
        cookies = by.cookies if by else self.form
        headers = by.headers if by else {}
        url = f"{self.base}/api/v1{path}"
        async with self.http.post(url, json=body, cookies=cookies, headers=headers) as answer:
            said: Json = await answer.json()
            self.cookie = answer.cookies[COOKIE].value if COOKIE in answer.cookies else ""
            self.retry_after = answer.headers.get("Retry-After", "")
            return answer.status, said

    async def ask(self, path: str, by: SignedIn | None = None, **body: str) -> Json:
        status, said = await self.post(f"{path}/ask", body, by)
        assert status == 200, said
        options: Json = said["publicKey"]
        return options

    async def add(self, by: SignedIn, label: str = "Blue key", **how: Any) -> Device:
        device = Device(ORIGIN, **how)
        made = {"label": label, "credential": device.make(await self.ask(OWN, by))}
        assert await self.post(OWN, made, by) == (200, {"added": True})
        return device

    async def sign_in(self, device: Device, **forged: Any) -> tuple[int, Json]:
        return await self.post(SIGN_IN, {"credential": device.sign(await self.ask(SIGN_IN), **forged)})

    async def page(self, path: str, by: SignedIn | None = None) -> str:
        async with self.http.get(f"{self.base}{path}", cookies=by.cookies if by else {}) as answer:
            assert answer.status == 200
            return await answer.text()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def browser(store: Store, clock: HandClock) -> AsyncIterator[Browser]:
    people = gate_for(store, clock, console_url=ORIGIN)
    jar = aiohttp.DummyCookieJar()
    async with console(store, clock, **people) as server, aiohttp.ClientSession(cookie_jar=jar) as http:
        yield Browser(str(server.make_url("")).rstrip("/"), http)


@pytest.fixture
async def ada(store: Store, clock: HandClock) -> SignedIn:
    return await session_of(store, clock, await make_account(store, "ada"))


@pytest.fixture
async def device(browser: Browser, ada: SignedIn) -> Device:
    """Ada's passkey."""
    return await browser.add(ada)


async def recorded(store: Store) -> list[tuple[str, str, str]]:
    found = await store.read(lambda conn: audit.search(conn, audit.Search()))
    return [(one.actor, one.action, str(one.data.get("by", ""))) for one in reversed(found)]


async def kept(store: Store, name: str = "ada") -> list[passkeys.Passkey]:
    return list(await store.read(lambda conn: passkeys.of_account(conn, name)))


async def sessions(store: Store) -> int:
    return len(await store.read(lambda conn: conn.execute(select(tables.console_sessions)).all()))


# -- good ones ---------------------------------------------------------------------------------------------


async def test_a_passkey_is_added_and_opens_the_desk_by_itself(
    store: Store, browser: Browser, clock: HandClock, device: Device
) -> None:
    clock.seconds += 30
    assert await browser.sign_in(device) == (200, {"signed_in": True})
    session = signed_in("ada", "handler", browser.cookie)
    assert 'data-handler="ada"' in await browser.page("/desk", session)
    (one,) = await kept(store)
    assert (one.label, one.sign_count, one.last_used_at) == ("Blue key", 1, clock.now())
    assert await recorded(store) == [
        ("ada", "account.passkey_add", ""),
        ("ada", "session.sign_in", "passkey"),
    ]


async def test_what_is_asked_is_for_our_domain_a_verified_person_and_none_in_particular(
    browser: Browser, ada: SignedIn
) -> None:
    options = await browser.ask(SIGN_IN)
    assert (options["rpId"], options["userVerification"]) == ("desk.example.org", "required")
    assert "allowCredentials" not in options and options["timeout"] == LIFE_S * 1_000
    new = await browser.ask(OWN, ada)
    assert new["rp"]["id"] == "desk.example.org" and new["user"]["name"] == "ada"
    assert new["authenticatorSelection"]["residentKey"] == "required"
    assert new["authenticatorSelection"]["userVerification"] == "required"
    assert options["challenge"] != new["challenge"] and len(options["challenge"]) >= 43
    # The device is told nothing by which an account could be known elsewhere.
    assert "ada" not in new["user"]["id"]


async def test_each_of_two_passkeys_works_and_a_device_is_not_asked_twice(
    store: Store, browser: Browser, ada: SignedIn, device: Device
) -> None:
    options = await browser.ask(OWN, ada)
    assert [one["id"] for one in options["excludeCredentials"]] == [to_base64(device.credential_id)]
    second = Device(ORIGIN, counts=False)
    second.key = ed25519.Ed25519PrivateKey.generate()
    made = {"label": " Phone ", "credential": second.make(options)}
    assert await browser.post(OWN, made, ada) == (200, {"added": True})
    assert [one.label for one in await kept(store)] == ["Blue key", "Phone"]
    for one in (device, second, second, device):
        assert await browser.sign_in(one) == (200, {"signed_in": True})
    assert len({one.user_handle for one in await kept(store)}) == 1


# -- forged ones -------------------------------------------------------------------------------------------

FORGED: dict[str, Json] = {
    "wrong origin": {"origin": "https://desk.example.org.evil.example"},
    "plain origin": {"origin": "http://desk.example.org"},
    "another port": {"origin": "https://desk.example.org:8443"},
    "wrong domain": {"rp_id": "evil.example"},
    "a wider domain": {"rp_id": "example.org"},
    "another challenge": {"challenge": to_base64(b"x" * 32)},
    "no challenge": {"challenge": ""},
    "in a frame": {"cross_origin": True},
    "the other ceremony": {"type": "webauthn.create"},
    "person not verified": {"flags": PRESENT},
    "nobody there": {"flags": 0},
    "bad signature": {"signature": b"\x30\x06\x02\x01\x01\x02\x01\x01"},
    "no signature": {"signature": b""},
    "counter stands": {"counter": 1},
    "unknown passkey": {"credential_id": b"somebody's"},
    "whose, unsaid": {"user_handle": None},
    "whose, wrong": {"user_handle": b"h" * 32},
}


async def test_a_forged_answer_opens_nothing_and_is_on_record(
    store: Store, browser: Browser, device: Device
) -> None:
    for what, forged in FORGED.items():
        assert await browser.sign_in(device) == (200, {"signed_in": True})
        before, known = await sessions(store), len(await recorded(store))
        status, said = await browser.sign_in(device, **forged)
        assert (status, said["code"], browser.cookie) == (403, "denied", ""), what
        assert await sessions(store) == before, what
        action = "passkey.counter" if what == "counter stands" else "session.denied"
        expected = [] if what == "unknown passkey" else [("ada", action, "")]
        assert (await recorded(store))[known:] == expected, what
    assert await browser.sign_in(device) == (200, {"signed_in": True})


async def test_a_counter_that_goes_back_is_refused_and_said_so_to_auditors(
    store: Store, browser: Browser, device: Device
) -> None:
    assert (await browser.sign_in(device, counter=9))[0] == 200
    for counter in (9, 8, 0):
        status, said = await browser.sign_in(device, counter=counter)
        assert (status, said["code"]) == (403, "denied")
        assert (await recorded(store))[-1] == ("ada", "passkey.counter", "")
        assert (await kept(store))[0].sign_count == 9


async def test_an_answer_is_taken_once(browser: Browser, device: Device) -> None:
    answer = {"credential": device.sign(await browser.ask(SIGN_IN))}
    assert (await browser.post(SIGN_IN, answer))[0] == 200
    status, said = await browser.post(SIGN_IN, answer)
    assert (status, said["code"], browser.cookie) == (403, "passkey_stale", "")


async def test_a_refused_answer_uses_the_challenge_up_too(browser: Browser, device: Device) -> None:
    options = await browser.ask(SIGN_IN)
    bad = {"credential": device.sign(options, flags=PRESENT)}
    assert (await browser.post(SIGN_IN, bad))[1]["code"] == "denied"
    good = {"credential": device.sign(options)}
    assert (await browser.post(SIGN_IN, good))[1]["code"] == "passkey_stale"


async def test_an_answer_that_comes_too_late_is_none(
    browser: Browser, clock: HandClock, device: Device
) -> None:
    options = await browser.ask(SIGN_IN)
    clock.seconds += LIFE_S
    status, said = await browser.post(SIGN_IN, {"credential": device.sign(options)})
    assert (status, said["code"]) == (403, "passkey_stale")


async def test_an_answer_counts_in_the_browser_alone_that_asked(browser: Browser, device: Device) -> None:
    options = await browser.ask(SIGN_IN)
    browser.form = {FORM_COOKIE: "g" * 43}
    answer = {"credential": device.sign(options)}
    assert (await browser.post(SIGN_IN, answer))[1]["code"] == "passkey_stale"
    browser.form = {}
    assert (await browser.post(SIGN_IN, answer))[1]["code"] == "passkey_stale"
    assert (await browser.post(f"{SIGN_IN}/ask", {}))[1]["code"] == "passkey_page_stale"


async def test_what_was_asked_for_one_purpose_serves_no_other(
    browser: Browser, ada: SignedIn, device: Device
) -> None:
    unlocking = await browser.ask(UNLOCK, ada)
    status, said = await browser.post(SIGN_IN, {"credential": device.sign(unlocking)})
    assert (status, said["code"]) == (403, "passkey_stale")
    await browser.ask(SIGN_IN)
    status, said = await browser.post(SIGN_IN, {"credential": device.sign(unlocking)})
    assert (status, said["code"]) == (403, "denied")


NO_ANSWERS: list[Json] = [
    {},
    {"id": "AAAA"},
    {"rawId": 7, "response": []},
    {"rawId": "ŵ", "response": {"clientDataJSON": "AAAA"}},
    {"rawId": "AAAA", "response": {"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "A"}},
    {"rawId": "AAAA", "response": {"clientDataJSON": "\x01" * 9}, "type": ["x"]},
    {"rawId": "A" * 40_000, "response": {}},
]


async def test_what_is_no_answer_at_all_is_refused_and_never_our_failure(
    browser: Browser, clock: HandClock, ada: SignedIn
) -> None:
    for answer in NO_ANSWERS:
        await browser.ask(OWN, ada)
        status, said = await browser.post(OWN, {"label": "x", "credential": answer}, ada)
        assert (status, said["code"]) == (403, "passkey_refused"), answer
    for answer in NO_ANSWERS:
        clock.seconds += 120  # such rest together
        await browser.ask(SIGN_IN)
        status, said = await browser.post(SIGN_IN, {"credential": answer})
        assert (status, said["code"]) == (403, "denied"), answer


async def test_a_passkey_rests_after_failures_and_no_guesser_at_its_owners_name_keeps_it_out(
    store: Store, browser: Browser, clock: HandClock, device: Device
) -> None:
    for _ in range(accounts.FREE_FAILURES):
        assert (await browser.sign_in(device, flags=PRESENT))[0] == 403
    status, said = await browser.sign_in(device)
    assert (status, said["code"], browser.retry_after) == (429, "resting", "5")
    clock.seconds += 5
    assert (await browser.sign_in(device))[0] == 200
    for _ in range(accounts.FREE_FAILURES):
        await store.run(lambda conn: accounts.begin_attempt(conn, clock.now(), "ada"))
    resting = await store.read(lambda conn: accounts.get(conn, "ada"))
    assert resting.locked_until is not None
    assert (await browser.sign_in(device))[0] == 200


async def test_an_address_that_guesses_rests(browser: Browser, clock: HandClock, device: Device) -> None:
    for number in range(PEER_FAILURES):
        assert (await browser.sign_in(Device(ORIGIN)))[0] == 403, number
    assert (await browser.sign_in(device))[1]["code"] == "resting"
    clock.seconds += 60
    assert (await browser.sign_in(device))[0] == 200


async def test_an_address_that_only_asks_rests_from_asking_alone(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prompts that nobody answers must not keep a room's passwords out."""
    monkeypatch.setattr(flows, "ASKED_A_MINUTE", PEER_FAILURES + 1)
    people, jar = gate_for(store, clock, console_url=ORIGIN), aiohttp.DummyCookieJar()
    ada = await make_account(store, "ada")
    async with console(store, clock, **people) as server, aiohttp.ClientSession(cookie_jar=jar) as http:
        browser = Browser(str(server.make_url("")).rstrip("/"), http)
        for _ in range(PEER_FAILURES + 1):
            await browser.ask(SIGN_IN)
        status, said = await browser.post(f"{SIGN_IN}/ask", {})
        assert (status, said["code"], browser.retry_after) == (429, "resting", "60")
        await sign_in_over_http(browser.base, ada, clock.now())
        clock.seconds += 60
        await browser.ask(SIGN_IN)


# -- whose -------------------------------------------------------------------------------------------------


async def test_a_disabled_account_is_refused(
    store: Store, browser: Browser, clock: HandClock, device: Device
) -> None:
    await store.run(lambda conn: accounts.disable(conn, clock.now(), "ada"))
    status, said = await browser.sign_in(device)
    assert (status, said["code"], browser.cookie) == (403, "denied", "")
    await store.run(lambda conn: accounts.enable(conn, "ada"))
    assert (await browser.sign_in(device))[0] == 200


async def test_a_removed_passkey_opens_nothing_and_ends_its_sessions(
    store: Store, browser: Browser, ada: SignedIn, device: Device
) -> None:
    assert (await browser.sign_in(device))[0] == 200
    elsewhere = signed_in("ada", "handler", browser.cookie)
    (one,) = await kept(store)
    fields = {"csrf": ada.headers["X-CSRF"], "id": one.id}
    url = f"{browser.base}/account/passkeys/remove"
    async with browser.http.post(url, data=fields, cookies=ada.cookies, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/account?done=passkey_removed#passkeys")
    assert "You have no passkey yet" in await browser.page("/account?done=passkey_removed", ada)
    status, said = await browser.sign_in(device)
    assert (status, said["code"]) == (403, "denied")
    assert (await browser.post(f"{OWN}/ask", {}, elsewhere))[0] == 401
    assert ("ada", "account.passkey_remove", "") in await recorded(store)


async def test_nobody_removes_anothers_passkey(
    store: Store, browser: Browser, clock: HandClock, device: Device
) -> None:
    bea = await session_of(store, clock, await make_account(store, "bea"))
    (one,) = await kept(store)
    url = f"{browser.base}/account/passkeys/remove"
    for known in (one.id, "nonsense\0", ""):
        fields = {"csrf": bea.headers["X-CSRF"], "id": known}
        async with browser.http.post(url, data=fields, cookies=bea.cookies, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/account")
    assert await kept(store) == [one]


async def test_a_passkey_of_anothers_is_not_added_again(
    store: Store, browser: Browser, clock: HandClock, device: Device
) -> None:
    bea = await session_of(store, clock, await make_account(store, "bea"))
    made = {"label": "Mine", "credential": device.make(await browser.ask(OWN, bea))}
    status, said = await browser.post(OWN, made, bea)
    assert (status, said["code"]) == (409, "passkey_known")


async def test_an_account_of_the_provider_has_no_passkeys_and_needs_none(
    store: Store, browser: Browser, clock: HandClock, ada: SignedIn, device: Device
) -> None:
    """Whoever is let go there must not come in here by a passkey of old."""
    await store.run(
        lambda conn: conn.execute(
            update(tables.accounts).where(tables.accounts.c.name == "ada").values(oidc_subject="x 1")
        )
    )
    assert (await browser.sign_in(device))[1]["code"] == "denied"
    status, said = await browser.post(f"{OWN}/ask", {}, ada)
    assert (status, said["code"]) == (409, "passkey_provider")
    assert "data-passkeys" not in await browser.page("/account", ada)


# -- adding ------------------------------------------------------------------------------------------------


async def test_a_session_that_is_not_fresh_needs_password_and_code(
    store: Store, browser: Browser, clock: HandClock
) -> None:
    person = await make_account(store, "ada")
    ada = await session_of(store, clock, person)
    assert 'fieldset class="again" hidden disabled' in await browser.page("/account", ada)
    clock.seconds += flows.FRESH.total_seconds()
    assert 'fieldset class="again">' in await browser.page("/account", ada)
    status, said = await browser.post(f"{OWN}/ask", {}, ada)
    assert (status, said["code"]) == (403, "passkey_not_fresh")
    wrong = [(PASSWORD, "000000"), ("wrong", person.code(clock.now())), (PASSWORD, "")]
    for password, code in wrong:
        status, said = await browser.post(f"{OWN}/ask", {"password": password, "code": code}, ada)
        assert (status, said["code"]) == (403, "denied")
    made = Device(ORIGIN)
    options = await browser.ask(OWN, ada, password=PASSWORD, code=person.code(clock.now()))
    again = {"password": PASSWORD, "code": person.code(clock.now())}
    assert (await browser.post(f"{OWN}/ask", again, ada))[1]["code"] == "denied"  # a code works once
    answer = {"label": "Desk 7", "credential": made.make(options)}
    assert await browser.post(OWN, answer, ada) == (200, {"added": True})
    assert (await browser.sign_in(made))[0] == 200


BAD_PASSKEYS: dict[str, Json] = {
    "wrong origin": {"origin": "https://evil.example"},
    "wrong domain": {"rp_id": "evil.example"},
    "another challenge": {"challenge": to_base64(b"x" * 32)},
    "in a frame": {"cross_origin": True},
    "the other ceremony": {"type": "webauthn.get"},
    "person not verified": {"flags": PRESENT},
    "another name outside": {"credential_id": b"another"},
    # COSE -65535: RSA with SHA-1, which nobody asked for.
    "a weak key": {
        "cose": b"\xa4\x01\x03\x03\x39\xff\xfe\x20" + cbor_bytes(b"n" * 256) + b"\x21\x43\x01\x00\x01"
    },
    "no key": {"cose": b"\xa0"},
    "half a key": {"cose": b"\xa5\x01\x02"},
}


async def test_a_passkey_that_proves_nothing_is_not_kept(
    store: Store, browser: Browser, ada: SignedIn
) -> None:
    for what, bad in BAD_PASSKEYS.items():
        made = Device(ORIGIN).make(await browser.ask(OWN, ada), **bad)
        status, said = await browser.post(OWN, {"label": "x", "credential": made}, ada)
        assert (status, said["code"]) == (403, "passkey_refused"), what
    assert await kept(store) == [] and await recorded(store) == []


async def test_a_passkey_is_made_once_in_time_with_a_name_and_in_the_session_that_asked(
    store: Store, browser: Browser, clock: HandClock, ada: SignedIn
) -> None:
    device, options = Device(ORIGIN), await browser.ask(OWN, ada)
    made = {"label": "x", "credential": device.make(options)}
    bea = await session_of(store, clock, await make_account(store, "bea"))
    assert (await browser.post(OWN, made, bea))[1]["code"] == "passkey_stale"
    assert (await browser.post(OWN, {**made, "label": "  "}, ada))[1]["code"] == "passkey_label"
    assert await browser.post(OWN, made, ada) == (200, {"added": True})
    assert (await browser.post(OWN, made, ada))[1]["code"] == "passkey_stale"
    late = Device(ORIGIN)
    made = {"label": "x", "credential": late.make(await browser.ask(OWN, ada))}
    clock.seconds += LIFE_S
    assert (await browser.post(OWN, made, ada))[1]["code"] == "passkey_stale"


async def test_an_account_has_ten_at_most(browser: Browser, ada: SignedIn) -> None:
    for number in range(passkeys.MOST):
        await browser.add(ada, f"Key {number}")
    status, said = await browser.post(f"{OWN}/ask", {}, ada)
    assert (status, said["code"]) == (409, "passkey_many")


# -- the lock ----------------------------------------------------------------------------------------------


async def test_ones_own_passkey_unlocks_and_nobody_elses(
    store: Store, browser: Browser, clock: HandClock, ada: SignedIn, device: Device
) -> None:
    bea = await session_of(store, clock, await make_account(store, "bea"))
    hers = await browser.add(bea)
    assert (await browser.post("/session/lock", {}, ada))[1] == {"locked": True}
    options = await browser.ask(UNLOCK, ada)
    assert [one["id"] for one in options["allowCredentials"]] == [to_base64(device.credential_id)]
    for who, how in ((hers, {}), (device, {"flags": PRESENT})):
        wrong = who.sign(await browser.ask(UNLOCK, ada), **how)
        status, said = await browser.post(UNLOCK, {"credential": wrong}, ada)
        assert (status, said["code"]) == (403, "denied")
        assert (await browser.post(f"{OWN}/ask", {}, ada))[0] == 423
    for _ in range(accounts.FREE_FAILURES - 2):
        wrong = device.sign(await browser.ask(UNLOCK, ada), flags=PRESENT)
        assert (await browser.post(UNLOCK, {"credential": wrong}, ada))[0] == 403
    good = device.sign(await browser.ask(UNLOCK, ada))
    assert (await browser.post(UNLOCK, {"credential": good}, ada))[1]["code"] == "resting"
    assert (await browser.sign_in(device))[0] == 200  # elsewhere
    clock.seconds += 5
    good = device.sign(await browser.ask(UNLOCK, ada), user_handle=None)
    assert await browser.post(UNLOCK, {"credential": good}, ada) == (200, {"locked": False})
    assert (await browser.post(UNLOCK, {"credential": good}, ada))[1]["code"] == "passkey_stale"
    assert (await recorded(store))[-1] == ("ada", "session.unlock", "passkey")


async def test_who_has_no_passkey_is_not_offered_one_at_the_lock(
    store: Store, browser: Browser, clock: HandClock, ada: SignedIn
) -> None:
    async def offered() -> tuple[str, bool]:
        url = f"{browser.base}/api/v1/me"
        async with browser.http.get(url, cookies=ada.cookies) as answer:
            me = (await answer.json())["passkeys"]
        await browser.post("/session/lock", {}, ada)
        is_shown = f'data-passkeys="{ORIGIN}"' in await browser.page("/locked", ada)
        return me, is_shown

    assert await offered() == ("", False)
    assert (await browser.post(f"{UNLOCK}/ask", {}, ada))[1]["code"] == "passkey_none"
    fresh = await session_of(store, clock, await make_account(store, "eve"))
    await browser.add(fresh)
    ada = fresh
    assert await offered() == (ORIGIN, True)


# -- where none are offered --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "secret"),
    [("http://127.0.0.1:8090", None), ("http://desk.example.org", None), ("", None), (ORIGIN, "")],
)
async def test_where_there_can_be_none_the_pages_say_nothing_of_them(
    address: str, secret: str | None, store: Store, clock: HandClock
) -> None:
    more = {} if secret is None else {"secret": secret}
    people = gate_for(store, clock, console_url=address, **more)  # type: ignore[arg-type]
    assert people["passkeys"] is None
    ada = await session_of(store, clock, await make_account(store, "ada"))
    jar = aiohttp.DummyCookieJar()
    async with console(store, clock, **people) as server, aiohttp.ClientSession(cookie_jar=jar) as http:
        browser = Browser(str(server.make_url("")).rstrip("/"), http)
        for page, by in (("/sign-in", None), ("/account", ada)):
            assert "passkey" not in (await browser.page(page, by)).lower()
        assert (await browser.post(f"{SIGN_IN}/ask", {}))[0] == 404
        assert (await browser.post(f"{OWN}/ask", {}, ada))[0] == 404


async def test_a_token_has_no_passkeys(browser: Browser, ada: SignedIn) -> None:
    headers = {"Authorization": "Bearer ada-token-0123456789"}
    for path in (OWN, UNLOCK):
        url = f"{browser.base}/api/v1{path}/ask"
        async with browser.http.post(url, json={}, headers=headers) as answer:
            assert answer.status == 409
