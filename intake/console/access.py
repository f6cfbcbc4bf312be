"""Who is asking, and whether they may: one middleware before every path, and it refuses by default."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from intake.console.api.answers import problem
from intake.console.auditing import record_refusal
from intake.console.desk import DESK, HANDLER, PERSON, Desk, peer_of
from intake.console.roles import Person, Right, Role, is_handler_name
from intake.console.routes import RIGHT_OF, Asked
from intake.console.sign_in.forms import CSRF_FIELD, FORM, read_form
from intake.errors import BadConfiguration
from intake.store import accounts

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

COOKIE = "__Host-intake"
CSRF_HEADER = "X-CSRF"
SAFE = frozenset({"GET", "HEAD"})
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_DIGEST = re.compile(r"[0-9a-f]{64}")


def check_tokens(tokens: Mapping[str, str]) -> None:
    """Raise BadConfiguration with every name or digest that cannot be right."""
    problems = []
    for name, digest in tokens.items():
        if not is_handler_name(name):
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
async def require_right(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through only where its path names a right and who asks has it."""
    if request.match_info.http_exception is not None:
        return await handler(request)  # no such path, or not by this method
    asked = request.app[RIGHT_OF].of(request)
    if asked is None:
        log.error("console_path_unlisted", path=request.path)
        return problem(403, "unlisted", "nobody may do this: the path names no right")
    if request.method not in SAFE and not _same_origin(request):
        return problem(403, "foreign_origin", "requests from pages of another site are refused")
    if asked.right is Right.OPEN:
        return await handler(request)
    if not _same_origin(request) and not asked.is_page:
        return problem(403, "foreign_origin", "requests from pages of another site are refused")
    person = await who(request)
    if refused := await _refusal(request, asked, person):
        if person is not None:
            await record_refusal(request, person, asked, refused.status)
        return refused
    assert person is not None  # noqa: S101 - _refusal answers for nobody
    request[PERSON], request[HANDLER] = person, person.name
    return await handler(request)


async def who(request: web.Request) -> Person | None:
    """The person behind the browser's session or the bearer token, None for nobody.

    A token needs no account; where there is one of its name that is disabled, it opens nothing either.
    """
    desk: Desk = request.app[DESK]
    cookie = request.cookies.get(COOKIE, "")
    if cookie and desk.sessions is not None:
        return await desk.sessions.who(cookie)
    name = handler_of(desk.tokens, request.headers.get("Authorization", ""))
    if name is None or await desk.store.read(lambda conn: accounts.is_disabled(conn, name)):
        return None
    return Person(name=name, role=Role.HANDLER, open_limit=desk.open_limit)


async def _refusal(request: web.Request, asked: Asked, person: Person | None) -> web.Response | None:
    if person is None:
        if asked.is_page:
            return web.Response(status=303, headers={"Location": "/sign-in"})
        log.warning("console_refused", path=asked.path, peer=peer_of(request))
        refused = problem(401, "unauthorised", "sign in, or send a token as `Authorization: Bearer TOKEN`")
        refused.headers["WWW-Authenticate"] = 'Bearer realm="intake"'
        return refused
    if not person.may(asked.right):
        log.warning("console_forbidden", path=asked.path, person=person.name, role=person.role)
        return problem(403, "forbidden", f"a {person.role} may not do this")
    if person.locked and not asked.while_locked:
        if asked.is_page:
            return web.Response(status=303, headers={"Location": "/locked"})
        return problem(423, "locked", "this desk is locked: type your password to go on")
    if person.session and request.method not in SAFE and not await _csrf_holds(request, person):
        return problem(403, "csrf", "this change did not come from our own page: load it again")
    return None


async def _csrf_holds(request: web.Request, person: Person) -> bool:
    """Scripts send the token as a header, plain forms as a field."""
    sent = request.headers.get(CSRF_HEADER, "")
    if not sent and request.content_type == FORM:
        sent = (await read_form(request)).get(CSRF_FIELD, "")
    return hmac.compare_digest(sent.encode("utf-8", "surrogateescape"), person.csrf.encode())


def _same_origin(request: web.Request) -> bool:
    # A browser names the page a request comes from; programs send neither header.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


@web.middleware
async def set_security_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The same headers on every answer, refusals included; a page sets its own policy before."""
    response = await handler(request)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
