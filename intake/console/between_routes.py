"""The paths between handlers: part of the one table of the console's paths."""

from __future__ import annotations

from intake.console.api import (
    drafts,
    house_rules,
    merging,
    notes,
    offers,
    reading_along,
    stock_replies,
    updates,
)
from intake.console.roles import Right
from intake.console.routes import Route, route

V1 = "/api/v1"
CONTACT = V1 + "/contacts/{contact}"

BETWEEN: tuple[Route, ...] = (
    route("GET", f"{V1}/stock-replies", stock_replies.list_all, Right.READ),
    # A draft is said to nobody: it leaves no record, and no claim is asked for it.
    route("PUT", f"{CONTACT}/drafts", drafts.keep, Right.WORK),
    route("POST", f"{CONTACT}/notes", notes.add, Right.WORK, "contact.note"),
    # From hand to hand
    route("GET", f"{V1}/offers", offers.list_offers, Right.READ, "queue.offers"),
    route("POST", f"{CONTACT}/hand", offers.offer, Right.WORK, "contact.hand"),
    route("POST", f"{CONTACT}/take-offer", offers.take, Right.WORK, "contact.take_offer"),
    route("POST", f"{CONTACT}/decline-offer", offers.decline, Right.WORK, "contact.decline_offer"),
    route("POST", f"{CONTACT}/withdraw-offer", offers.withdraw, Right.WORK, "contact.withdraw_offer"),
    route("POST", f"{V1}/shift/hand-over", offers.hand_over, Right.WORK, "shift.hand_over"),
    # Two that are one
    route("GET", f"{CONTACT}/merge-candidates", merging.candidates, Right.READ, "contact.merge_candidates"),
    route("POST", f"{CONTACT}/merge", merging.merge, Right.WORK, "contact.merge"),
    route("POST", f"{CONTACT}/unmerge", merging.unmerge, Right.WORK, "contact.unmerge"),
    # What rooms that have it are told
    route("POST", f"{CONTACT}/update", updates.send, Right.WORK, "contact.update"),
    # What a supervisor does
    route("POST", f"{CONTACT}/join", reading_along.join, Right.SUPERVISE, "contact.join"),
    route("POST", f"{CONTACT}/leave", reading_along.leave, Right.SUPERVISE, "contact.leave"),
    route("POST", f"{CONTACT}/move", offers.move, Right.SUPERVISE, "contact.move"),
    route("GET", f"{V1}/house-rules/automatic-reply", house_rules.automatic_reply, Right.SUPERVISE),
    route(
        "POST",
        f"{V1}/house-rules/automatic-reply",
        house_rules.set_automatic_reply,
        Right.SUPERVISE,
        "house_rules.automatic_reply",
    ),
    route("POST", f"{CONTACT}/raise", offers.raise_priority, Right.SUPERVISE, "contact.raise"),
)
