"""Signing in over real HTTP and both engines: what lets in, what does not, and what an answer tells."""

from __future__ import annotations

import aiohttp
import pytest

from intake.store.store import Store
from tests.desk import HandClock, console
from tests.people import gate_for, make_account, session_of, sign_in_over_http


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def test_a_password_and_a_code_open_the_desk(store: Store, clock: HandClock) -> None:
    ada = await make_account(store, "ada")
    async with console(store, clock, **gate_for(store, clock)) as server, aiohttp.ClientSession() as http:
        base = str(server.make_url("")).rstrip("/")
        session = await sign_in_over_http(base, ada, clock.now())
        async with http.get(f"{base}/desk", cookies=session.cookies) as desk:
            page = await desk.text()
            assert desk.status == 200 and 'data-handler="ada"' in page
            assert session.headers["X-CSRF"] in page
        async with http.get(f"{base}/api/v1/me", cookies=session.cookies) as me:
            assert (await me.json())["role"] == "handler"
        async with http.get(f"{base}/desk", allow_redirects=False) as stranger:
            assert (stranger.status, stranger.headers["Location"]) == (303, "/sign-in")
    assert await session_of(store, clock, ada)
