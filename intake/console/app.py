"""The console's paths as one aiohttp application: every path, with its handler and the right it asks for."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from intake.console.access import check_tokens, require_right, set_security_headers
from intake.console.api import (
    attachments,
    bodies,
    contact,
    fixes,
    links,
    me,
    places,
    queue,
    rooms,
    routing,
    summary,
)
from intake.console.api.answers import BODY_LIMIT_BYTES, refuse_in_json
from intake.console.api.auditing import AUDIT_ROUTES
from intake.console.api.queue import changing
from intake.console.api.supervisor import SUPERVISION
from intake.console.auditing import record_views, start_auditing
from intake.console.between_routes import BETWEEN
from intake.console.desk import DESK, Desk
from intake.console.live import socket as live_line
from intake.console.live.socket import open_live_line
from intake.console.pages.routes import page_routes
from intake.console.pages.shells import SHELLS, Shells
from intake.console.place_routes import PLACES
from intake.console.roles import Right
from intake.console.routes import Route, add_routes, route
from intake.console.sign_in.routes import people_routes, start_signing_in

V1 = "/api/v1"
CONTACT = V1 + "/contacts/{contact}"
ATTACHMENT = r"messages/{message:[0-9a-f-]{36}}/attachments/{number:\d{1,3}}"

API: tuple[Route, ...] = (
    route("GET", f"{V1}/me", me.show, Right.SELF, while_locked=True),
    # The queue
    route("GET", f"{V1}/live", live_line.serve, Right.READ, "queue.live"),
    route("GET", f"{V1}/queue", queue.list_queue, Right.READ, "queue.list"),
    route("POST", f"{V1}/queue/claim", queue.claim_next, Right.WORK, "contact.claim"),
    route("GET", f"{V1}/fixes", fixes.list_fixes, Right.READ, "fixes.list"),
    route("GET", f"{V1}/rooms", rooms.search, Right.READ),
    # One contact
    route("GET", CONTACT, contact.show, Right.READ, "contact.view"),
    route("GET", f"{CONTACT}/route", contact.route, Right.READ, "contact.route"),
    route("GET", f"{CONTACT}/summary", summary.show, Right.READ, "contact.view"),
    route("GET", f"{CONTACT}/decisions", routing.explain, Right.READ, "contact.decisions"),
    route("GET", f"{CONTACT}/places.geojson", places.geojson, Right.READ, "contact.places"),
    route("GET", f"{CONTACT}/places.pidf.xml", places.pidf, Right.READ, "contact.places"),
    route("GET", f"{CONTACT}/{ATTACHMENT}", attachments.show, Right.READ, "contact.attachment"),
    route("POST", f"{CONTACT}/claim", queue.claim, Right.WORK, "contact.claim"),
    route("POST", f"{CONTACT}/reopen", queue.reopen, Right.WORK, "contact.reopen"),
    route("POST", f"{CONTACT}/renew", changing(bodies.Renew, queue.renew), Right.WORK),
    route(
        "POST", f"{CONTACT}/release", changing(bodies.Fenced, queue.release), Right.WORK, "contact.release"
    ),
    route("POST", f"{CONTACT}/hold", changing(bodies.Hold, queue.hold), Right.WORK, "contact.hold"),
    route(
        "POST",
        f"{CONTACT}/unreachable",
        changing(bodies.Unreachable, queue.mark_unreachable),
        Right.WORK,
        "contact.unreachable",
    ),
    route("POST", f"{CONTACT}/close", changing(bodies.Close, queue.close), Right.WORK, "contact.close"),
    route(
        "POST",
        f"{CONTACT}/priority",
        changing(bodies.SetPriority, queue.set_priority),
        Right.WORK,
        "contact.priority",
    ),
    route(
        "POST",
        f"{CONTACT}/service",
        changing(bodies.SetService, queue.set_service),
        Right.WORK,
        "contact.service",
    ),
    route(
        "POST",
        f"{CONTACT}/silent",
        changing(bodies.SetSilent, queue.set_silent),
        Right.WORK,
        "contact.silent",
    ),
    route(
        "POST", f"{CONTACT}/locations", changing(bodies.Locate, queue.locate), Right.WORK, "contact.location"
    ),
    route("POST", f"{CONTACT}/replies", contact.reply, Right.WORK, "contact.reply"),
    route("POST", f"{CONTACT}/links", links.invite, Right.WORK, "contact.link"),
    route("POST", f"{CONTACT}/send", contact.send, Right.WORK, "contact.send"),
    route("POST", f"{CONTACT}/reroute", routing.reroute, Right.WORK, "contact.reroute"),
    route("POST", f"{CONTACT}/stay", routing.stay, Right.WORK, "contact.stay"),
    *PLACES,
    *BETWEEN,
    *SUPERVISION,
)
"""The JSON interface. ``{contact}`` is a contact's id or its reference: ``26-000123`` or ``123``."""


def make_console_app(desk: Desk, beside: Iterable[Route] = ()) -> web.Application:
    """The pages and the JSON interface; raises BadConfiguration for tokens that cannot be right.

    ``beside`` are paths of the process around it: /health and /metrics.
    """
    check_tokens(desk.tokens)
    app = web.Application(
        client_max_size=BODY_LIMIT_BYTES,
        middlewares=[set_security_headers, refuse_in_json, require_right, record_views],
    )
    app[DESK] = desk
    app[SHELLS] = Shells.load()
    start_signing_in(app)
    start_auditing(app, desk.store, desk.clock)
    open_live_line(app)
    add_routes(app, (*API, *people_routes(), *AUDIT_ROUTES, *page_routes(desk.libraries_dir), *beside))
    return app
