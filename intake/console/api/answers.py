"""Answers and refusals as JSON, and request bodies read within bounds."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import structlog
from aiohttp import web

from intake.console.desk import DESK
from intake.errors import IntakeError, NotFound, Refused, StaleClaim, StoreUnavailable

log = structlog.get_logger()

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BODY_LIMIT_BYTES = 64 * 1024
STATUS: dict[type[IntakeError], int] = {NotFound: 404, Refused: 409, StaleClaim: 409, StoreUnavailable: 503}
"""What each error answers with; any other is ours alone, a 500."""
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_NO_NUL = "it holds the character U+0000, which cannot be kept"


class Problem(msgspec.Struct, frozen=True):
    """The body of every refusal: a stable ``code`` for programs, a ``message`` for people."""

    code: str
    message: str


class BadRequest(IntakeError):
    """The request cannot be read; the text says what was wrong where."""

    code = "bad_request"


def answer(value: msgspec.Struct, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")


def problem(status: int, code: str, message: str) -> web.Response:
    return answer(Problem(code, message), status)


async def read_body(request: web.Request, kind: type[T]) -> T:
    """The body as ``kind``; raises BadRequest. Bounded in bytes by the application, in seconds here."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send application/json")
    try:
        async with asyncio.timeout(request.app[DESK].read_timeout_s):
            body = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body took too long: send it again") from None
    if _NUL.search(body):
        raise BadRequest(f"the body cannot be read: {_NO_NUL}")  # PostgreSQL fails at it, and not at the edge
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body cannot be read: {error}") from None


def read_query(request: web.Request, kind: type[T]) -> T:
    """The query as ``kind``, values converted from text; unknown names are refused."""
    if any("\0" in value for value in request.query.values()):
        raise BadRequest(f"the query cannot be read: {_NO_NUL}")
    repeated = {name for name in request.query if len(request.query.getall(name)) > 1}
    values = {n: request.query.getall(n) if n in repeated else v for n, v in request.query.items()}
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(f"the query cannot be read: {error}") from None


@web.middleware
async def refuse_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error leaves as ``{code, message}``; one of ours tells nothing of the inside."""
    try:
        return await handler(request)
    except BadRequest as error:
        return problem(400, error.code, str(error))
    except IntakeError as error:
        return _refusal(error, request)
    except web.HTTPException as error:
        return _http_refusal(error)
    except Exception:
        log.exception("console_failed", path=request.path)
        return problem(500, "internal", "the intake failed at this; it is in its log")


def _refusal(error: IntakeError, request: web.Request) -> web.Response:
    status = STATUS.get(type(error), 500)
    if status == 500:
        log.error("console_failed", path=request.path, code=error.code)
    response = problem(status, error.code, str(error))
    if status == 503:
        response.headers["Retry-After"] = "1"
    return response


_HTTP_CODES = {
    404: ("no_such_path", "there is nothing at this path"),
    405: ("method_not_allowed", "this path does not take that method"),
    413: ("too_large", f"more than {BODY_LIMIT_BYTES} bytes: send less"),
}


def _http_refusal(error: web.HTTPException) -> web.Response:
    code, message = _HTTP_CODES.get(
        error.status, (error.reason.lower().replace(" ", "_"), error.text or error.reason)
    )
    response = problem(error.status, code, message)
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    if error.status in (408, 413):
        response.force_close()  # the rest of the body is not read
    return response
