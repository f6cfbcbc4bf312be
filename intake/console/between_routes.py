"""The paths between handlers: part of the one table of the console's paths."""

from __future__ import annotations

from intake.console.api import drafts, notes, stock_replies
from intake.console.roles import Right
from intake.console.routes import Route, route

V1 = "/api/v1"
CONTACT = V1 + "/contacts/{contact}"

BETWEEN: tuple[Route, ...] = (
    route("GET", f"{V1}/stock-replies", stock_replies.list_all, Right.READ),
    # A draft is said to nobody: it leaves no record, and no claim is asked for it.
    route("PUT", f"{CONTACT}/drafts", drafts.keep, Right.WORK),
    route("POST", f"{CONTACT}/notes", notes.add, Right.WORK, "contact.note"),
)
