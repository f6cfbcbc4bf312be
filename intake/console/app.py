"""The console's paths as one aiohttp application."""

from __future__ import annotations

import msgspec
from aiohttp import web

from intake.console.access import check_tokens, require_handler, set_security_headers
from intake.console.api import bodies
from intake.console.api import contact as contact_api
from intake.console.api import fixes as fixes_api
from intake.console.api import links as link_api
from intake.console.api import places as places_api
from intake.console.api import queue as queue_api
from intake.console.api import routing as routing_api
from intake.console.api.answers import BODY_LIMIT_BYTES, answer, refuse_in_json
from intake.console.api.queue import changing
from intake.console.desk import DESK, HANDLER, Desk

V1 = "/api/v1"
CONTACT = V1 + "/contacts/{contact}"


class Me(msgspec.Struct, frozen=True):
    """Whose token was sent."""

    handler: str


def make_console_app(desk: Desk) -> web.Application:
    """The JSON interface under ``/api/v1``; raises BadConfiguration for tokens that cannot be right.

    ``{contact}`` is a contact's id or its reference: ``26-000123`` or ``123``.
    """
    check_tokens(desk.tokens)
    app = web.Application(
        client_max_size=BODY_LIMIT_BYTES,
        middlewares=[set_security_headers, refuse_in_json, require_handler],
    )
    app[DESK] = desk
    app.router.add_get(f"{V1}/me", _me)
    app.router.add_get(f"{V1}/queue", queue_api.list_queue)
    app.router.add_post(f"{V1}/queue/claim", queue_api.claim_next)
    app.router.add_get(f"{V1}/fixes", fixes_api.list_fixes)
    app.router.add_get(CONTACT, contact_api.show)
    app.router.add_get(f"{CONTACT}/route", contact_api.route)
    app.router.add_get(f"{CONTACT}/places.geojson", places_api.geojson)
    app.router.add_get(f"{CONTACT}/places.pidf.xml", places_api.pidf)
    app.router.add_post(f"{CONTACT}/claim", queue_api.claim)
    app.router.add_post(f"{CONTACT}/reopen", queue_api.reopen)
    app.router.add_post(f"{CONTACT}/replies", contact_api.reply)
    app.router.add_post(f"{CONTACT}/send", contact_api.send)
    app.router.add_post(f"{CONTACT}/links", link_api.invite)
    app.router.add_get(f"{CONTACT}/decisions", routing_api.explain)
    app.router.add_post(f"{CONTACT}/reroute", routing_api.reroute)
    app.router.add_post(f"{CONTACT}/stay", routing_api.stay)
    for name, handler in {
        "renew": changing(bodies.Renew, queue_api.renew),
        "release": changing(bodies.Fenced, queue_api.release),
        "hold": changing(bodies.Hold, queue_api.hold),
        "close": changing(bodies.Close, queue_api.close),
        "priority": changing(bodies.SetPriority, queue_api.set_priority),
        "service": changing(bodies.SetService, queue_api.set_service),
        "locations": changing(bodies.Locate, queue_api.locate),
    }.items():
        app.router.add_post(f"{CONTACT}/{name}", handler)
    return app


async def _me(request: web.Request) -> web.Response:
    return answer(Me(request[HANDLER]))
