"""Signing in with an identity provider: real HTTP, real tokens, and all that must not let anybody in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from yarl import URL

from intake.console.sign_in.oidc import BACK, Provider, problems_of
from intake.console.sign_in.sessions import csrf_of
from intake.settings import ConsoleSettings, OidcSettings
from intake.store import accounts
from intake.store.store import Store
from tests.desk import HandClock, console
from tests.identity_provider import CLIENT, SECRET, IdentityProvider, identity_provider
from tests.people import COOKIE, gate_for, make_account

PUBLIC = "http://127.0.0.1:8090"
ROLE_MAP = {"lead": "supervisor", "desk": "handler"}


class Browser:
    """Goes there and back, keeping cookies by hand: each step can be done wrong."""

    def __init__(self, base: URL):
        self.base, self.cookies = base, {}  # type: ignore[var-annotated]
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def get(self, url: Any) -> tuple[int, str, str]:
        """Status, where it leads, and the page. The console's own address stands for its public one."""
        here = str(url).replace(PUBLIC, str(self.base).rstrip("/"))
        async with self.http.get(URL(here), cookies=self.cookies, allow_redirects=False) as answer:
            for name, morsel in answer.cookies.items():
                if morsel.value:
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    async def there(self) -> str:
        """To the provider; the answer is where it sends us back to."""
        status, to, page = await self.get(f"{PUBLIC}/sign-in/provider")
        assert status == 303, page
        async with self.http.get(to, allow_redirects=False) as answer:
            return answer.headers["Location"]

    async def sign_in(self) -> tuple[int, str, str]:
        return await self.get(await self.there())


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def idp(clock: HandClock) -> AsyncIterator[IdentityProvider]:
    async with identity_provider(clock.now) as made:
        yield made


def settings_for(idp: IdentityProvider, **changes: Any) -> OidcSettings:
    fields = {"issuer": idp.issuer, "client_id": CLIENT, "client_secret": SECRET, "role_map": ROLE_MAP}
    return OidcSettings(**{**fields, **changes})


@pytest.fixture
async def browser(store: Store, clock: HandClock, idp: IdentityProvider) -> AsyncIterator[Browser]:
    provider = Provider(settings_for(idp, timeout_s=2.0), PUBLIC + BACK, clock)
    async with console(store, clock, provider=provider, **gate_for(store, clock)) as server:
        made = Browser(server.make_url("/"))
        yield made
        await made.http.close()
    await provider.close()


async def stored(store: Store) -> dict[str, str]:
    return {one.name: one.role for one in await store.read(accounts.every)}


async def test_a_person_of_the_provider_works_at_the_desk(
    store: Store, browser: Browser, idp: IdentityProvider
) -> None:
    status, _, page = await browser.sign_in()
    assert status == 200 and "url=/" in page, page
    assert await stored(store) == {"grace": "handler"}
    assert (await browser.get(f"{PUBLIC}/desk"))[0] == 200
    assert "__Host-intake-provider" not in browser.cookies

    # The provider is the authority: another role there is another role here, at the next sign-in.
    idp.claims["roles"] = ["desk", "lead"]
    assert (await browser.sign_in())[0] == 200
    assert await stored(store) == {"grace": "supervisor"}
    idp.claims["roles"] = []
    assert (await browser.sign_in())[0] == 403


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_both_algorithms_hold(algorithm: str, browser: Browser, idp: IdentityProvider) -> None:
    idp.sign = algorithm
    assert (await browser.sign_in())[0] == 200


@pytest.mark.parametrize("sign", ["none", "foreign", "unknown", "HS256"])
async def test_a_token_that_they_did_not_sign_proves_nothing(
    sign: str, store: Store, browser: Browser, idp: IdentityProvider
) -> None:
    idp.sign = sign
    await refused(store, browser, 502)


@pytest.mark.parametrize(
    "spoil",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"]},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"exp": 1_000},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": 4_000_000_000},
        {"sub": ""},
        {"sub": "x" * 300},
        {"sub": 7},
    ],
    ids=str,
)
async def test_a_token_that_is_not_for_this_sign_in_proves_nothing(
    spoil: dict[str, Any], store: Store, browser: Browser, idp: IdentityProvider
) -> None:
    idp.spoil = spoil
    await refused(store, browser, 502)


async def refused(store: Store, browser: Browser, status: int) -> None:
    got, _, page = await browser.sign_in()
    assert got == status, page
    assert 'role="alert"' in page
    assert COOKIE not in browser.cookies and await stored(store) == {}


async def test_an_answer_belongs_to_the_browser_that_asked(
    store: Store, browser: Browser, idp: IdentityProvider
) -> None:
    back = await browser.there()
    code, state = (parse_qs(urlsplit(back).query)[name][0] for name in ("code", "state"))
    mine = dict(browser.cookies)
    for cookies, query in (
        ({}, {"code": code, "state": state}),  # a victim is sent an attacker's answer
        (mine, {"code": code, "state": "x" + state[1:]}),
        (mine, {"code": code, "state": ""}),
        (mine, {"code": code}),
        ({"__Host-intake-provider": "A" * 43}, {"code": code, "state": state}),
    ):
        browser.cookies = dict(cookies)
        assert (await browser.get(URL(f"{PUBLIC}{BACK}").with_query(query)))[0] == 403
    assert idp.redeemed == [] and await stored(store) == {}


async def test_a_code_lets_in_once(store: Store, browser: Browser, idp: IdentityProvider) -> None:
    back = await browser.there()
    before = dict(browser.cookies)
    assert (await browser.get(back))[0] == 200
    browser.cookies = dict(before)  # a stolen cookie beside a stolen address
    assert (await browser.get(back))[0] == 403
    assert len(idp.redeemed) == 1 and COOKIE not in browser.cookies


async def test_a_provider_that_says_no_is_told_plainly(browser: Browser) -> None:
    back = URL(await browser.there())
    denied = back.with_query({"error": "access_denied", "state": back.query["state"]})
    status, _, page = await browser.get(denied)
    assert status == 403 and "did not let you in" in page


@pytest.mark.parametrize("roles", [[], ["guest"], None, "guest", {"desk": 1}, [{"desk": 1}], 7])
async def test_who_has_no_role_has_no_account(
    roles: Any, store: Store, browser: Browser, idp: IdentityProvider
) -> None:
    idp.claims["roles"] = roles
    await refused(store, browser, 403)


async def test_a_disabled_account_stays_out(
    store: Store, clock: HandClock, browser: Browser, idp: IdentityProvider
) -> None:
    assert (await browser.sign_in())[0] == 200
    await store.run(lambda conn: accounts.disable(conn, clock.now(), "grace"))
    assert (await browser.get(f"{PUBLIC}/desk"))[0] == 303
    assert (await browser.sign_in())[0] == 403


async def test_a_locked_desk_of_theirs_opens_at_the_provider(browser: Browser) -> None:
    assert (await browser.sign_in())[0] == 200
    csrf = {"X-CSRF": csrf_of(browser.cookies[COOKIE])}
    here = str(browser.base).rstrip("/")
    for path, body, status in (("lock", {}, 200), ("unlock", {"password": ""}, 409)):
        async with browser.http.post(
            f"{here}/api/v1/session/{path}", json=body, headers=csrf, cookies=browser.cookies
        ) as answer:
            assert answer.status == status
    _, _, page = await browser.get(f"{PUBLIC}/locked")
    assert "/sign-in/provider" in page
    assert (await browser.sign_in())[0] == 200
    assert (await browser.get(f"{PUBLIC}/api/v1/queue"))[0] == 200


async def test_nobody_gets_anothers_account_by_its_name(
    store: Store, browser: Browser, idp: IdentityProvider
) -> None:
    await make_account(store, "grace", "admin")
    assert (await browser.sign_in())[0] == 200
    idp.claims = {**idp.claims, "sub": "u-18", "preferred_username": "ada"}  # ada has a token
    assert (await browser.sign_in())[0] == 200
    idp.claims = {**idp.claims, "sub": "u-19", "preferred_username": "../../Ω"}
    assert (await browser.sign_in())[0] == 200
    found = await stored(store)
    assert found.pop("grace") == "admin" and found.pop("grace-2") == "handler"
    assert "ada" not in found and found.pop("ada-2") == "handler"
    assert len(found) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'{"id_token": 5}', b'{"id_token": "a.b.c"}', b'{"id_token":"' + b"x" * 300_000],
)
async def test_garbage_from_the_provider_lets_nobody_in(
    body: bytes, store: Store, browser: Browser, idp: IdentityProvider
) -> None:
    idp.token_body = body
    await refused(store, browser, 502)


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"token_endpoint": None},
    ],
    ids=str,
)
async def test_a_discovery_document_that_is_not_theirs_is_not_followed(
    discovery: dict[str, Any], browser: Browser, idp: IdentityProvider
) -> None:
    idp.discovery = discovery
    status, _, page = await browser.get(f"{PUBLIC}/sign-in/provider")
    assert status == 502 and "Single sign-on does not answer" in page


async def test_a_provider_that_is_away_is_said_so(store: Store, clock: HandClock) -> None:
    away = OidcSettings(issuer="http://127.0.0.1:9", client_id=CLIENT, role_map=ROLE_MAP, timeout_s=1.0)
    provider = Provider(away, PUBLIC + BACK, clock)
    async with console(store, clock, provider=provider, **gate_for(store, clock)) as server:
        browser = Browser(server.make_url("/"))
        assert (await browser.get(f"{PUBLIC}/sign-in/provider"))[0] == 502
        _, _, page = await browser.get(f"{PUBLIC}/sign-in")
        assert "single sign-on" in page and 'id="password"' in page
        await browser.http.close()
    await provider.close()


def test_settings_that_cannot_work_are_named() -> None:
    bad = ConsoleSettings(
        public_url="http://desk.example.org",
        oidc=OidcSettings(issuer="http://id.example.org", role_map={"x": "boss"}, scopes="profile"),
    )
    found = "\n".join(problems_of(bad))
    for name in ("oidc.issuer", "public_url", "oidc.client_id", "oidc.scopes", "oidc.role_map.x"):
        assert name in found, found
    assert list(problems_of(ConsoleSettings())) == []
    assert len(list(problems_of(ConsoleSettings(oidc=OidcSettings(client_id="x"))))) == 1
