"""Who may ask what: every path of the console × every role, nobody, and a handler with a token.

The table below is written by hand. A path that is not in it fails the test, and one that the console
does not list is refused to everybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from intake.clock import SteadyClock
from intake.console.app import make_console_app
from intake.console.roles import Role
from intake.inside import routes_beside
from intake.service_health import Health
from intake.store.store import Store
from tests.desk import TOKENS, HandClock, make_desk
from tests.people import Credentials, SignedIn, gate_for, make_account, session_of

NOBODY, TOKEN = "nobody", "token"
WHO = (*(str(role) for role in Role), NOBODY, TOKEN)

ANYBODY = frozenset(WHO)
SIGNED_IN = ANYBODY - {NOBODY}
READS = frozenset({"handler", "supervisor", TOKEN})
WORKS = READS
SUPERVISES = frozenset({"supervisor"})
AUDITS = frozenset({"auditor"})
RESEARCHES = frozenset({"researcher"})
COUNTS = READS | RESEARCHES
ADMINISTERS = frozenset({"admin"})

C = "/api/v1/contacts/{contact}"
TABLE = {
    # Anybody
    "GET /health": ANYBODY,
    "GET /metrics": ANYBODY,
    "GET /sign-in": ANYBODY,
    "POST /sign-in": ANYBODY,
    "GET /sign-in/provider": ANYBODY,
    "GET /sign-in/provider/back": ANYBODY,
    "POST /api/v1/sign-in/passkey/ask": ANYBODY,
    "POST /api/v1/sign-in/passkey": ANYBODY,
    "GET /licences": ANYBODY,
    "GET /licences/{kind}/{name}": ANYBODY,
    "GET /front/{name}": ANYBODY,
    "GET /libraries/{name}": ANYBODY,
    "GET /words/{language}.json": ANYBODY,
    # Oneself
    "GET /": SIGNED_IN,
    "GET /api/v1/me": SIGNED_IN,
    "POST /sign-out": SIGNED_IN,
    "GET /locked": SIGNED_IN,
    "POST /locked": SIGNED_IN,
    "POST /api/v1/session/lock": SIGNED_IN,
    "POST /api/v1/session/unlock": SIGNED_IN,
    "GET /account": SIGNED_IN,
    "POST /account/language": SIGNED_IN,
    "POST /account/password": SIGNED_IN,
    "POST /account/second-factor": SIGNED_IN,
    "POST /account/second-factor/confirm": SIGNED_IN,
    "POST /api/v1/account/passkeys/ask": SIGNED_IN,
    "POST /api/v1/account/passkeys": SIGNED_IN,
    "POST /account/passkeys/remove": SIGNED_IN,
    "POST /api/v1/session/unlock/passkey/ask": SIGNED_IN,
    "POST /api/v1/session/unlock/passkey": SIGNED_IN,
    # The queue and what callers said
    "GET /desk": WORKS,
    "GET /api/v1/live": READS,
    "GET /api/v1/queue": READS,
    "GET /api/v1/fixes": READS,
    "GET /api/v1/rooms": READS,
    "GET /api/v1/map": READS,
    "GET /api/v1/areas": READS,
    "GET /api/v1/tiles/{z}/{x}/{y}": READS,
    "GET /api/v1/stock-replies": READS,
    "GET /api/v1/offers": READS,
    "GET /api/v1/accounts/colleagues": READS,
    "POST /api/v1/places/read": READS,
    f"GET {C}": READS,
    f"GET {C}/route": READS,
    f"GET {C}/summary": READS,
    f"GET {C}/decisions": READS,
    f"GET {C}/merge-candidates": READS,
    f"GET {C}/messages/{{message}}/attachments/{{number}}": READS,
    f"GET {C}/places.geojson": READS,
    f"GET {C}/places.pidf.xml": READS,
    # Work
    "POST /api/v1/queue/claim": WORKS,
    "POST /api/v1/shift/hand-over": WORKS,
    f"PUT {C}/drafts": WORKS,
    **{
        f"POST {C}/{action}": WORKS
        for action in (
            "claim",
            "reopen",
            "renew",
            "release",
            "hold",
            "unreachable",
            "close",
            "priority",
            "service",
            "locations",
            "replies",
            "links",
            "send",
            "reroute",
            "stay",
            "notes",
            "hand",
            "take-offer",
            "decline-offer",
            "withdraw-offer",
            "merge",
            "unmerge",
            "update",
            "silent",
        )
    },
    # Supervisors
    f"POST {C}/join": SUPERVISES,
    f"POST {C}/leave": SUPERVISES,
    f"POST {C}/move": SUPERVISES,
    f"POST {C}/raise": SUPERVISES,
    "GET /api/v1/house-rules/automatic-reply": SUPERVISES,
    "POST /api/v1/house-rules/automatic-reply": SUPERVISES,
    "GET /supervisor": SUPERVISES,
    "GET /api/v1/supervisor": SUPERVISES,
    "POST /api/v1/supervisor/caps": SUPERVISES,
    # Figures without a caller's word
    "GET /wall": COUNTS,
    "GET /api/v1/wall": COUNTS,
    # Auditors
    "GET /audit": AUDITS,
    "GET /audit.csv": AUDITS,
    "POST /audit/verify": AUDITS,
    # Accounts
    "GET /accounts": ADMINISTERS,
    "POST /accounts/add": ADMINISTERS,
    "POST /accounts/disable": ADMINISTERS,
    "POST /accounts/enable": ADMINISTERS,
    "POST /accounts/role": ADMINISTERS,
    "POST /accounts/reset": ADMINISTERS,
}
WHILE_LOCKED = {
    "GET /",
    "GET /desk",
    "GET /api/v1/me",
    "GET /locked",
    "POST /locked",
    "POST /sign-out",
    "POST /api/v1/session/lock",
    "POST /api/v1/session/unlock",
    "POST /api/v1/session/unlock/passkey/ask",
    "POST /api/v1/session/unlock/passkey",
}
"""What a locked session is answered, beside what anybody is."""
REFUSALS = {"unauthorised", "forbidden", "unlisted", "csrf", "foreign_origin", "locked"}
SAMPLES = {
    "contact": "1",
    "message": "01930000-0000-7000-8000-000000000001",
    "language": "en",
    "name": "tokens.css",
}


def console_app(store: Store, clock: HandClock) -> web.Application:
    """As `intake serve` makes it, with /health and /metrics beside."""
    desk = make_desk(store, clock, **gate_for(store, clock, console_url="https://desk.example.org"))
    health = Health(store, SteadyClock(), ["console"])
    return make_console_app(desk, routes_beside(health))


def paths_of(app: web.Application) -> Iterator[str]:
    """``METHOD path`` of everything the router answers, listed or not."""
    for route in app.router.routes():
        assert route.resource is not None
        yield f"{route.method} {route.resource.canonical}"


def missing(app: web.Application) -> set[str]:
    """What is in only one of the router and the table."""
    return set(paths_of(app)) ^ set(TABLE)


def sample(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: SAMPLES.get(found[1], "1"), path)


async def ask(
    http: aiohttp.ClientSession,
    base: Any,
    line: str,
    session: SignedIn | None = None,
    **headers: str,
) -> str:
    """Why the path refused, ``sign-in`` or ``locked`` for pages that lead there, empty where it let us in."""
    method, _, path = line.partition(" ")
    change = {} if method == "GET" else {"data": b"{}"}
    sent = {"Content-Type": "application/json", **headers} if change else headers
    cookies = session.cookies if session else {}
    url = base.join(base.__class__(sample(path)))
    async with http.request(
        method, url, headers=sent, cookies=cookies, allow_redirects=False, **change
    ) as answer:
        if answer.status == 303 and answer.headers["Location"] in ("/sign-in", "/locked"):
            # Signing out leads to the sign-in page, too: that one ends the cookie.
            ended = "__Host-intake=;" in answer.headers.get("Set-Cookie", "")
            return "" if ended else answer.headers["Location"].strip("/")
        if answer.content_type != "application/json" or answer.status < 400:
            return ""
        code = (await answer.json())["code"]
        return code if code in REFUSALS else ""


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def server(store: Store, clock: HandClock) -> Any:
    made = TestServer(console_app(store, clock))
    await made.start_server()
    yield made
    await made.close()


@pytest.fixture
async def http() -> Any:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as made:
        yield made


def test_every_path_of_the_console_is_in_this_table(store: Store, clock: HandClock) -> None:
    assert missing(console_app(store, clock)) == set()


@pytest.mark.parametrize("role", WHO)
async def test_each_role_is_let_in_where_the_table_says(
    role: str, store: Store, clock: HandClock, server: TestServer, http: aiohttp.ClientSession
) -> None:
    person = None if role in (NOBODY, TOKEN) else await make_account(store, "eve", role)
    token = {"Authorization": f"Bearer {TOKENS['ada']}"} if role == TOKEN else {}
    not_for_them = {"unauthorised", "sign-in"} if role == NOBODY else {"forbidden"}
    base, wrong = server.make_url("/"), []
    for line, allowed in TABLE.items():
        session = await session_of(store, clock, person) if person else None
        headers = {**token, **(session.headers if session else {}), "Origin": str(base).rstrip("/")}
        refused = await ask(http, base, line, session, **headers)
        if refused not in ({""} if role in allowed else not_for_them):
            wrong.append((line, refused or "let in"))
    assert wrong == []


async def test_a_path_that_is_not_listed_is_nobodys_and_this_test_finds_it(
    store: Store, clock: HandClock, http: aiohttp.ClientSession
) -> None:
    async def leak(_request: web.Request) -> web.Response:
        return web.Response(text="everything")

    app = console_app(store, clock)
    app.router.add_get("/api/v1/leak", leak)
    assert missing(app) - missing(console_app(store, clock)) == {"GET /api/v1/leak", "HEAD /api/v1/leak"}
    sue = await make_account(store, "sue", "supervisor")
    server = TestServer(app)
    await server.start_server()
    try:
        session = await session_of(store, clock, sue)
        for who in (session, None):
            assert await ask(http, server.make_url("/"), "GET /api/v1/leak", who) == "unlisted"
    finally:
        await server.close()


async def person_of(store: Store, role: str) -> Credentials:
    return await make_account(store, "eve", role)


@pytest.mark.parametrize("role", ["supervisor", "admin"])
async def test_a_locked_session_is_told_nothing(
    role: str, store: Store, clock: HandClock, server: TestServer, http: aiohttp.ClientSession
) -> None:
    person, base = await person_of(store, role), server.make_url("/")
    wrong = []
    for line, allowed in TABLE.items():
        if role not in allowed:
            continue
        session = await session_of(store, clock, person)
        assert await ask(http, base, "POST /api/v1/session/lock", session, **session.headers) == ""
        refused = await ask(http, base, line, session, **session.headers)
        is_open = line in WHILE_LOCKED or allowed == ANYBODY
        if (refused in ("locked", "sign-in")) == is_open:
            wrong.append((line, refused or "let in"))
    assert wrong == []


async def test_no_change_without_our_own_pages_word(
    store: Store, clock: HandClock, server: TestServer, http: aiohttp.ClientSession
) -> None:
    """Every change of every role: without the token, with another session's, from another site."""
    base, wrong = server.make_url("/"), []
    for role in ("supervisor", "admin"):
        person = await make_account(store, role, role)
        session, other = await session_of(store, clock, person), await session_of(store, clock, person)
        for line, allowed in TABLE.items():
            if role not in allowed or line.startswith("GET "):
                continue
            sent = session.headers
            tried = {
                "foreign_origin": [
                    {**sent, "Origin": "https://evil.example"},
                    {**sent, "Origin": "null"},
                    {**sent, "Sec-Fetch-Site": "cross-site"},
                    {**sent, "Sec-Fetch-Site": "same-site"},
                ],
                "csrf": [{}, other.headers, {"X-CSRF": ""}] if allowed != ANYBODY else [],
            }
            for expected, all_headers in tried.items():
                for headers in all_headers:
                    refused = await ask(http, base, line, session, **headers)
                    if refused != expected:
                        wrong.append((line, headers, refused or "let in"))
    assert wrong == []


async def test_another_sites_page_reads_nothing(
    store: Store, clock: HandClock, server: TestServer, http: aiohttp.ClientSession
) -> None:
    session = await session_of(store, clock, await person_of(store, "supervisor"))
    for line, allowed in TABLE.items():
        if line.startswith("GET /api/") and "supervisor" in allowed:
            for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
                refused = await ask(http, server.make_url("/"), line, session, **headers)
                assert refused == "foreign_origin", line
