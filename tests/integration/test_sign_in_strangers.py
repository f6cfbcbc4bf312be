"""What strangers send to the sign-in: nothing of it holds up the desks, fails inside, or tells anything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import NamedTuple

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from intake.clock import SteadyClock
from intake.console.peers import Proxies
from intake.console.roles import Role
from intake.console.sign_in import passwords
from intake.console.sign_in.oidc import Found
from intake.console.sign_in.provider_pages import _free_name
from intake.console.sign_in.throttle import PEER_FAILURES
from intake.store import accounts
from intake.store.accounts import FREE_FAILURES
from intake.store.store import Store
from tests.desk import console
from tests.people import COOKIE, PASSWORD, gate_for, hidden, make_account, session_of

FORM_COOKIE = "__Host-intake-form"
CLOCK = SteadyClock()
MARKS = 30_000


class Answered(NamedTuple):
    status: int
    lines: list[str]


@pytest.fixture
async def server(store: Store) -> AsyncIterator[TestServer]:
    async with console(store, CLOCK, **gate_for(store, CLOCK)) as there:
        yield there


async def say(server: TestServer, raw: bytes) -> Answered:
    """Bytes as they are, for what no client of HTTP would send."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        writer.write(raw)
        head = (await reader.read()).partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    finally:
        writer.close()
        await writer.wait_closed()
    return Answered(int(head[0].split()[1]), head[1:])


def test_no_password_takes_long_to_compose() -> None:
    # NFC sorts marks in a row in quadratic time under the interpreter's lock: 30,000 took 9 s on this way.
    marks = "\u0315" * (MARKS // 2) + "\u0300" * (MARKS // 2)
    began_s = time.thread_time()
    assert not passwords.verify("", "a" + marks)
    assert passwords.trouble_with("a" + marks, "ada") == "password_long"
    assert time.thread_time() - began_s < 2.0


@pytest.mark.parametrize("letter", ["a", "\u0e33", "\u1f82", "\u03b1\u0313\u0300\u0345"])
def test_the_longest_password_is_as_long_as_ever(letter: str) -> None:
    longest = (letter * passwords.LONGEST)[: passwords.READ - 1]
    assert passwords.verify(passwords.hash_password(longest), longest)
    assert not passwords.verify(passwords.hash_password(longest), longest + letter)


async def test_a_number_for_a_name_at_the_provider_is_no_name_here(store: Store, server: TestServer) -> None:
    # The audit record takes no long number: an account named by one could never be disabled.
    found = Found(subject="issuer u-1", preferred_name="123456789", display_name="", role=Role.HANDLER)
    name = await store.run(lambda conn: _free_name(conn, found, ()))
    await make_account(store, name)
    admin = await session_of(store, CLOCK, await make_account(store, "adm", "admin"))
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
        http.post(
            server.make_url("/accounts/disable"),
            data={"csrf": admin.headers["X-CSRF"], "name": name},
            cookies=admin.cookies,
            allow_redirects=False,
        ) as answer,
    ):
        assert answer.status == 303
    account = await store.read(lambda conn: accounts.get(conn, name))
    assert not account.is_enabled


async def test_a_form_is_read_as_utf_8_or_not_at_all(store: Store, server: TestServer) -> None:
    ada = await make_account(store, "ada")
    base = str(server.make_url("")).rstrip("/")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:

        async def sign_in(charset: str, end: str = "") -> tuple[int, bool]:
            async with http.get(f"{base}/sign-in") as shown:
                csrf, cookie = hidden(await shown.text()), shown.cookies[FORM_COOKIE].value
            body = f"csrf={csrf}&name=ada&password={PASSWORD.replace(' ', '+')}&code={ada.code()}{end}"
            async with http.post(
                f"{base}/sign-in",
                data=body.encode(),
                headers={"Content-Type": f"application/x-www-form-urlencoded{charset}"},
                cookies={FORM_COOKIE: cookie},
                allow_redirects=False,
            ) as answer:
                return answer.status, COOKIE in answer.cookies

        # Punycode takes a second for 64 KB on the event loop, and a stranger would choose it.
        assert await sign_in("; charset=punycode", "&x=1-") == (403, False)
        assert await sign_in("; charset=utf-16") == (403, False)
        assert await sign_in("; charset=UTF-8") == (303, True)


async def test_who_guesses_at_a_name_keeps_nobody_from_their_locked_desk(
    store: Store, server: TestServer
) -> None:
    ada = await session_of(store, CLOCK, await make_account(store, "ada"))
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:

        async def unlock(password: str) -> int:
            async with http.post(
                server.make_url("/api/v1/session/unlock"),
                json={"password": password},
                headers=ada.headers,
                cookies=ada.cookies,
            ) as answer:
                return answer.status

        async with http.post(
            server.make_url("/api/v1/session/lock"), json={}, headers=ada.headers, cookies=ada.cookies
        ) as answer:
            assert answer.status == 200
        async with http.get(server.make_url("/sign-in")) as shown:
            csrf, cookie = hidden(await shown.text()), shown.cookies[FORM_COOKIE].value
        # From the same address, as all are behind one proxy: until the name rests, and the address too.
        for _ in range(PEER_FAILURES + 1):
            fields = {"csrf": csrf, "name": "ada", "password": "wrong", "code": "000000"}
            async with http.post(
                server.make_url("/sign-in"), data=fields, cookies={FORM_COOKIE: cookie}
            ) as answer:
                assert answer.status in (403, 429)
        assert answer.status == 429
        assert await unlock(PASSWORD) == 200
        # Their own desk is no place to guess at either.
        assert [await unlock("wrong") for _ in range(FREE_FAILURES + 1)] == [403] * FREE_FAILURES + [429]


@pytest.mark.parametrize(("trusted", "seen"), [(("127.0.0.1",), [403, 429, 403]), ((), [429] * 3)])
async def test_behind_a_trusted_proxy_each_address_has_its_own_count_and_nobody_chooses_theirs(
    store: Store, trusted: tuple[str, ...], seen: list[int]
) -> None:
    people = gate_for(store, CLOCK)
    async with (
        console(store, CLOCK, proxies=Proxies(trusted), **people) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        async with http.get(server.make_url("/sign-in")) as shown:
            csrf, cookie = hidden(await shown.text()), shown.cookies[FORM_COOKIE].value

        async def guess(name: str, forwarded: str) -> int:
            fields = {"csrf": csrf, "name": name, "password": "wrong", "code": "000000"}
            async with http.post(
                server.make_url("/sign-in"),
                data=fields,
                cookies={FORM_COOKIE: cookie},
                headers={"X-Forwarded-For": forwarded},
            ) as answer:
                return answer.status

        # Whoever writes another first hop each time is who the proxy says; without one, who sent it.
        first = [await guess(f"n{i}", f"203.0.113.{i}, 198.51.100.1") for i in range(PEER_FAILURES)]
        assert first == [403] * PEER_FAILURES
        asked = ("198.51.100.2", "203.0.113.99, 198.51.100.1", "198.51.100.1, 198.51.100.3")
        assert [await guess("other", one) for one in asked] == seen


@pytest.mark.parametrize(
    "cookie",
    [
        b"__Host-intake-form=" + b"\xff" * 43,
        b'__Host-intake-form="\\015\\012Set-Cookie: a=b' + b"x" * 25 + b'"',
        b'__Host-intake-form="' + b"x" * 32 + b'\\073 Path=/b"',
        b"__Host-intake=\xff",
        b"__Host-intake-provider=\xff\xfe",
        b"intake-language=\xff",
    ],
)
async def test_no_cookie_fails_inside_or_gets_into_a_header(server: TestServer, cookie: bytes) -> None:
    common = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: " + cookie + b"\r\n"
    shown = await say(server, b"GET /sign-in" + common + b"\r\n")
    assert shown.status == 200
    for line in shown.lines:
        if line.startswith("Set-Cookie: __Host-intake-form="):
            assert len(line.partition("=")[2].partition(";")[0]) == 43
            assert "/b" not in line and "a=b" not in line
    form = b"csrf=%ff&name=ada"
    head = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(form)
    assert (await say(server, b"POST /sign-in" + common + head + form)).status == 403
