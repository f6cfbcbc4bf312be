"""Plain HTML forms: read within bounds, and told apart from what another site made a browser send."""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets
from collections.abc import Mapping

from aiohttp import web

from intake.console.desk import DESK

FORM = "application/x-www-form-urlencoded"
CSRF_FIELD = "csrf"
FORM_COOKIE = "__Host-intake-form"
FORM_COOKIE_S = 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
COOKIE_ATTRIBUTES = "Secure; HttpOnly; SameSite=Strict; Path=/"


async def read_form(request: web.Request) -> Mapping[str, str]:
    """The fields of a form; of a field that comes twice the first. Empty for any other kind of body.

    Bounded in bytes by the application, in seconds here.
    """
    # Our pages send UTF-8. Of the codecs that a stranger may name some take a second for 64 KB (punycode).
    if request.content_type != FORM or (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        return {}
    try:
        async with asyncio.timeout(request.app[DESK].read_timeout_s):
            form = await request.post()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the form took too long: send it again") from None
    except (ValueError, LookupError):
        return {}
    return {name: value for name, value in reversed(list(form.items())) if isinstance(value, str)}


def form_token(request: web.Request) -> str:
    """What a form shown to nobody in particular carries: the same as a cookie that only we can set."""
    there = request.cookies.get(FORM_COOKIE, "")
    return there if _TOKEN.fullmatch(there) else secrets.token_urlsafe(32)


def set_form_token(response: web.StreamResponse, token: str) -> None:
    response.headers.add("Set-Cookie", f"{FORM_COOKIE}={token}; Max-Age={FORM_COOKIE_S}; {COOKIE_ATTRIBUTES}")


def form_token_holds(request: web.Request, form: Mapping[str, str]) -> bool:
    cookie = request.cookies.get(FORM_COOKIE, "")
    sent = form.get(CSRF_FIELD, "")
    return _TOKEN.fullmatch(cookie) is not None and hmac.compare_digest(
        sent.encode("utf-8", "surrogateescape"), cookie.encode()
    )
