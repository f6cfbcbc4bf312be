"""Every path that is about who is at the desk."""

from __future__ import annotations

from itertools import chain

from aiohttp import web
from cachetools import TTLCache

from intake.console.routes import Route
from intake.console.sign_in.account_pages import account_routes
from intake.console.sign_in.accounts_pages import accounts_routes
from intake.console.sign_in.api import session_routes
from intake.console.sign_in.pages import sign_in_routes
from intake.console.sign_in.passkey_api import passkey_routes
from intake.console.sign_in.provider_pages import COOKIE_S, USED, USED_KEPT, provider_routes


def people_routes() -> tuple[Route, ...]:
    parts = (
        sign_in_routes,
        provider_routes,
        passkey_routes,
        session_routes,
        account_routes,
        accounts_routes,
    )
    return tuple(chain.from_iterable(part() for part in parts))


def start_signing_in(app: web.Application) -> None:
    """What signing in remembers while the console runs: answers of the provider that were used."""
    app[USED] = TTLCache(USED_KEPT, COOKIE_S)
