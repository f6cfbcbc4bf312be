"""Who may speak to the console: a bearer token each, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from intake.console.api.answers import problem
from intake.console.desk import DESK, HANDLER
from intake.errors import BadConfiguration

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

API = "/api/"
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
OUR_NAMES = frozenset({"intake", "triage", "outbox", "relay", "automatic", "caller", "link"})
"""Actors of the log that are no persons."""


def check_tokens(tokens: Mapping[str, str]) -> None:
    """Raise BadConfiguration with every name or digest that cannot be right."""
    problems = []
    for name, digest in tokens.items():
        if not _NAME.fullmatch(name) or name in OUR_NAMES:
            problems.append(
                f"console.tokens: {name!r} cannot be a handler's name: use small letters, digits, . _ -"
            )
        if not _DIGEST.fullmatch(digest):
            problems.append(
                f"console.tokens.{name}: not a SHA-256 in hex; make one with `printf %s TOKEN | sha256sum`"
            )
    if len(set(tokens.values())) < len(tokens):
        problems.append("console.tokens: two handlers share a token; the log could not tell them apart")
    if problems:
        raise BadConfiguration(problems)


def handler_of(tokens: Mapping[str, str], authorization: str) -> str | None:
    """The handler whose token this header carries. Every token is compared, in constant time each."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    presented = hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).hexdigest()
    found = None
    for name, digest in tokens.items():
        if hmac.compare_digest(digest, presented):
            found = name
    return found


@web.middleware
async def require_handler(request: web.Request, handler: Handler) -> web.StreamResponse:
    """401 without a known token; 403 for a page of another site."""
    if not request.path.startswith(API):
        return await handler(request)
    if not _same_origin(request):
        return problem(403, "foreign_origin", "requests from pages of another site are refused")
    name = handler_of(request.app[DESK].tokens, request.headers.get("Authorization", ""))
    if name is None:
        log.warning("console_token_refused", path=request.path, peer=request.remote)
        refused = problem(401, "unauthorised", "send a handler's token as `Authorization: Bearer TOKEN`")
        refused.headers["WWW-Authenticate"] = 'Bearer realm="intake"'
        return refused
    request[HANDLER] = name
    return await handler(request)


def _same_origin(request: web.Request) -> bool:
    # A browser names the page a request comes from; programs send neither header.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


@web.middleware
async def set_security_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The same headers on every answer, refusals included."""
    response = await handler(request)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
