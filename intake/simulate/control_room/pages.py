"""The room's own page: what came in, and a person's accept or reject. Signed in, POST only."""

from __future__ import annotations

import hmac
import secrets as randomness
from collections.abc import Awaitable, Callable
from pathlib import Path

import jinja2
import msgspec
from aiohttp import web

from intake.incident import Verdict
from intake.simulate.control_room.behaviour import Behaviour, Mode
from intake.simulate.control_room.feed import Identity
from intake.simulate.control_room.ledger import Ledger
from intake.simulate.control_room.views import by_urgency, clock, see, time_of_day, visible

_HERE = Path(__file__).parent
_CAREFUL = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Decide = Callable[[str, Verdict, str], Awaitable[int]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ModeOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /control/mode``: how to behave from now on."""

    mode: Mode
    slow_s: float = 5.0


class RoomPages:
    """Sessions live in memory: after a restart people sign in again."""

    def __init__(
        self,
        identity: Identity,
        ledger: Ledger,
        behaviour: Behaviour,
        admin_token: str,
        decide: Decide,
        *,
        may_exit: bool,
    ):
        self._identity, self._ledger, self._behaviour = identity, ledger, behaviour
        self._admin_token, self._decide, self._may_exit = admin_token, decide, may_exit
        self._sessions: dict[str, str] = {}  # session → its CSRF token
        # Rooms on one machine differ by port only, and cookies do not: the name keeps them apart.
        self._cookie = f"room-{identity.room_id}"
        self._jinja = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined
        )
        self._jinja.filters |= {"visible": visible, "clock": clock, "time_of_day": time_of_day}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sign-in", self._sign_in_form),
            web.post("/sign-in", self._sign_in),
            web.get("/", self._for_people(self._list)),
            web.get("/incidents/{incident_id}", self._for_people(self._show)),
            web.post("/incidents/{incident_id}/decision", self._for_people(self._decision)),
            web.get("/messages/{message_id}.xml", self._for_people(self._document)),
            web.post("/control/mode", self._mode),
            web.get("/room.css", _static("room.css", "text/css")),
            web.get("/room.js", _static("room.js", "text/javascript")),
        ]

    @staticmethod
    @web.middleware
    async def careful(request: web.Request, handler: Handler) -> web.StreamResponse:
        """The same careful headers on every answer, refusals included."""
        try:
            response = await handler(request)
        except web.HTTPException as answer:
            answer.headers.update(_CAREFUL)
            raise
        response.headers.update(_CAREFUL)
        return response

    def _for_people(self, handler: Handler) -> Handler:
        async def signed_in(request: web.Request) -> web.StreamResponse:
            if request.cookies.get(self._cookie, "") not in self._sessions:
                raise web.HTTPSeeOther("/sign-in")
            return await handler(request)

        return signed_in

    async def _sign_in_form(self, request: web.Request) -> web.StreamResponse:
        return self._page("sign_in.html", wrong=False)

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        given = str((await request.post()).get("token", ""))
        if not hmac.compare_digest(given.encode(), self._admin_token.encode()):
            return self._page("sign_in.html", status=403, wrong=True)
        session = randomness.token_urlsafe(24)
        self._sessions[session] = randomness.token_urlsafe(24)
        response = web.HTTPSeeOther("/")
        response.set_cookie(self._cookie, session, httponly=True, samesite="Strict", secure=request.secure)
        raise response

    async def _list(self, request: web.Request) -> web.StreamResponse:
        views = [
            see(await self._ledger.of_incident(entry.incident_id)) for entry in await self._ledger.latest()
        ]
        waiting = sum(view.state == Verdict.CONSIDERING for view in views)
        return self._page("incidents.html", views=sorted(views, key=by_urgency), waiting=waiting)

    async def _show(self, request: web.Request) -> web.StreamResponse:
        entries = await self._ledger.of_incident(request.match_info["incident_id"])
        if not entries:
            raise web.HTTPNotFound(text="There is no such incident here.")
        csrf = self._sessions[request.cookies[self._cookie]]
        return self._page(
            "incident.html", view=see(entries), csrf=csrf, missing_reason="missing" in request.query
        )

    async def _decision(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        csrf = self._sessions[request.cookies[self._cookie]]
        if not hmac.compare_digest(str(form.get("csrf", "")).encode(), csrf.encode()):
            raise web.HTTPForbidden(text="This form is not from this page. Go back, reload, try again.")
        incident_id = request.match_info["incident_id"]
        reason = str(form.get("reason", "")).strip()
        verdict = {"accept": Verdict.ACCEPTED, "reject": Verdict.REJECTED}.get(str(form.get("verdict", "")))
        if verdict is None:
            raise web.HTTPBadRequest(text="Say accept or reject.")
        if verdict is Verdict.REJECTED and not reason:
            raise web.HTTPSeeOther(f"/incidents/{incident_id}?missing=reason#decision")
        await self._decide(incident_id, verdict, reason if verdict is Verdict.REJECTED else "")
        raise web.HTTPSeeOther(f"/incidents/{incident_id}")

    async def _document(self, request: web.Request) -> web.StreamResponse:
        entry = await self._ledger.entry(request.match_info["message_id"])
        if entry is None:
            raise web.HTTPNotFound(text="There is no such message here.")
        return web.Response(body=entry.document, content_type="text/plain", charset="utf-8")

    async def _mode(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._admin_token.encode()):
            raise web.HTTPForbidden(text="Authorization: Bearer and the token printed at start.")
        try:
            order = msgspec.json.decode(await request.read(), type=ModeOrder)
        except msgspec.DecodeError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        if order.mode is Mode.EXIT and not self._may_exit:
            raise web.HTTPConflict(text="This room shares its process with others: use die.")
        self._behaviour.mode, self._behaviour.slow_s = order.mode, order.slow_s
        return web.Response(body=msgspec.json.encode(order), content_type="application/json")

    def _page(self, template: str, status: int = 200, **values: object) -> web.Response:
        html = self._jinja.get_template(template).render(
            room=self._identity, behaviour=self._behaviour, **values
        )
        return web.Response(status=status, text=html, content_type="text/html")


def _static(name: str, content_type: str) -> Handler:
    content = (_HERE / name).read_bytes()

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=content, content_type=content_type, charset="utf-8")

    return answer
