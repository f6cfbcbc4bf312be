"""There and back: the browser goes to the identity provider and comes with its word."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection

import structlog
from aiohttp import web
from cachetools import TTLCache

from intake.console.desk import DESK
from intake.console.pages.shells import SHELLS
from intake.console.roles import Right, is_handler_name
from intake.console.routes import Route, route
from intake.console.sign_in.oidc import BACK, Bound, Found, Provider, ProviderFailed
from intake.console.sign_in.pages import let_in, refuse, see
from intake.store import Connection, accounts
from intake.store.accounts import Account

log = structlog.get_logger()

COOKIE = "__Host-intake-provider"
COOKIE_S = 600
# Lax: the provider's page leads back here, and a strict cookie would stay at home.
_ATTRIBUTES = "Secure; HttpOnly; SameSite=Lax; Path=/"
USED = web.AppKey("used", TTLCache[str, bool])
USED_KEPT = 10_000
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")
NAMES_TRIED = 50


class Unwelcome(Exception):
    """The provider knows them, and we have nothing for them."""


def provider_routes() -> tuple[Route, ...]:
    return (
        route("GET", "/sign-in/provider", go, Right.OPEN),
        route("GET", BACK, back, Right.OPEN),
    )


async def go(request: web.Request) -> web.Response:
    """To the provider, with what ties its answer to this browser."""
    provider = _provider(request)
    cookie = secrets.token_urlsafe(32)
    try:
        response = see(await provider.authorization_url(Bound.of(cookie)))
    except ProviderFailed as failure:
        log.error("provider_failed", reason=str(failure))
        return refuse(request, 502, "provider_failed")
    response.headers.add("Set-Cookie", f"{COOKIE}={cookie}; Max-Age={COOKIE_S}; {_ATTRIBUTES}")
    return response


async def back(request: web.Request) -> web.Response:
    """From the provider, with a code that is good once and for this browser alone."""
    provider, desk = _provider(request), request.app[DESK]
    cookie, query = request.cookies.get(COOKIE, ""), request.query
    bound = Bound.of(cookie) if _COOKIE.fullmatch(cookie) else None
    sent = query.get("state", "").encode("utf-8", "surrogateescape")
    if bound is None or not hmac.compare_digest(sent, bound.state.encode()) or not _first_use(request, bound):
        log.warning("provider_refused", reason="state")
        return _forget(refuse(request, 403, "provider_stale"))
    code = query.get("code", "")
    if not code or len(code) > 4096:
        log.warning("provider_refused", reason="no code")
        return _forget(refuse(request, 403, "provider_denied"))
    try:
        found = await provider.redeem(code, bound)
        account = await desk.store.run(lambda conn: _account(conn, request, found))
    except ProviderFailed as failure:
        log.error("provider_failed", reason=str(failure))
        return _forget(refuse(request, 502, "provider_failed"))
    except Unwelcome:
        log.warning("provider_refused", reason="no role, or disabled")
        return _forget(refuse(request, 403, "provider_no_role"))
    # A page of ours and not a redirect: at the end of the provider's chain a strict cookie stays at home.
    response = request.app[SHELLS].page(request, "signed_in")
    return _forget(await let_in(request, account, response))


def _account(conn: Connection, request: web.Request, found: Found) -> Account:
    """The account of this subject, as the provider would have it; made where it is new. Raises Unwelcome."""
    account = accounts.find_by_subject(conn, found.subject)
    if found.role is None or (account is not None and not account.is_enabled):
        raise Unwelcome
    if account is None:
        desk = request.app[DESK]
        name = _free_name(conn, found, desk.tokens)
        accounts.add(
            conn,
            desk.clock.now(),
            name=name,
            role=found.role.value,
            display_name=found.display_name,
            oidc_subject=found.subject,
        )
        return accounts.get(conn, name)
    if account.role != found.role:
        accounts.set_role(conn, account.name, found.role.value)
    return accounts.get(conn, account.name)


def _free_name(conn: Connection, found: Found, taken: Collection[str]) -> str:
    """Their own name at the provider where we can have it: nobody else's account or token."""
    plain = re.sub(r"[^a-z0-9._-]", "", found.preferred_name.partition("@")[0].lower()).lstrip("._-")[:32]
    digest = hashlib.sha256(found.subject.encode()).hexdigest()
    names = [plain, *(f"{plain}-{number}" for number in range(2, NAMES_TRIED)), f"p-{digest[:16]}"]
    for name in names:
        if is_handler_name(name) and name not in taken and accounts.find(conn, name) is None:
            return name
    raise Unwelcome


def _first_use(request: web.Request, bound: Bound) -> bool:
    used = request.app[USED]
    if bound.state in used:
        return False
    used[bound.state] = True
    return True


def _provider(request: web.Request) -> Provider:
    provider = request.app[DESK].provider
    if provider is None:
        raise web.HTTPNotFound(text="there is no identity provider")
    return provider


def _forget(response: web.Response) -> web.Response:
    response.headers.add("Set-Cookie", f"{COOKIE}=; Max-Age=0; {_ATTRIBUTES}")
    return response
