"""What is asked twice a second must come out of an index, on both engines, however long the history."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from intake.location import ClueKind
from intake.store import claims, location_links, lookups, queue, replies, transfers, unaccepted, unreachable
from intake.store.store import Store
from tests.callers import at
from tests.plans import plan_of

POLLED: dict[str, tuple[Callable[[Connection], object], str]] = {
    "list": (lambda conn: queue.list_queue(conn, at(0)), "ix_contacts_queue"),
    "count": (lambda conn: queue.count_queue(conn, at(0)), "ix_contacts_queue"),
    "claim next": (lambda conn: claims.claim_next(conn, at(0), "ada", 15), "ix_contacts_queue"),
    "replies to send": (lambda conn: replies.claim_due_replies(conn, at(0), 10, 15), "ix_replies_due"),
    "failed replies": (lambda conn: replies.settle_failures(conn, at(0)), "ix_replies_untold"),
    "unreachable callers": (unreachable.heard_of, "ix_contacts_stale"),
    "how many of them": (unreachable.standing, "ix_contacts_stale"),
    "those to be closed": (lambda conn: unreachable.close_silent(conn, at(0), at(0)), "ix_contacts_stale"),
    "any look-up": (lambda conn: lookups.any_due(conn, at(0), ClueKind.ADDRESS), "ix_clue_lookups_due"),
    "look-ups": (lambda conn: lookups.claim_due(conn, at(0), ClueKind.ADDRESS, 5, 60), "ix_clue_lookups_due"),
    "old look-ups": (
        lambda conn: lookups.any_lapsed(conn, at(0), ClueKind.ADDRESS, at(0)),
        "ix_clue_lookups_due",
    ),
    "waiting look-ups": (lookups.waiting, "ix_clue_lookups_due"),
    "links to send": (
        lambda conn: location_links.uninvited(conn, at(900), 20, 900, 20),
        "ix_contacts_queue",
    ),
    "links of the contacts": (
        lambda conn: location_links.uninvited(conn, at(900), 20, 900, 20),
        "ix_location_links_contact",
    ),
    "a link by its code": (
        lambda conn: location_links.find(conn, "0" * 64),
        "uq_location_links_code_digest|sqlite_autoindex_location_links",
    ),
    "rooms with transfers": (lambda conn: transfers.due_rooms(conn, at(0)), "ix_transfers_due"),
    "not accepted": (lambda conn: unaccepted.standing(conn, at(0), ["ada"]), "ix_transfers_unaccepted"),
}


@pytest.mark.parametrize("name", POLLED)
async def test_a_polled_question_is_answered_by_its_index(store: Store, name: str) -> None:
    ask, index = POLLED[name]

    def counts(statement: str) -> bool:
        return statement.startswith("SELECT") and "advisory" not in statement

    plan = await store.run(lambda conn: plan_of(conn, ask, counts))
    assert re.search(index, plan), plan
    assert not re.search(r"SCAN \w+'", plan), plan  # SQLite's word for reading a whole table
