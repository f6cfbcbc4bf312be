"""The picture of the queue: order, windows and counts are those of a list sorted anew each time."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from intake.console.live.board import Board
from intake.console.live.filters import ViewFilter
from intake.console.live.views import Tallies, View
from intake.contact import CallerUri, ChannelKind, Contact, ContactId, ContactState, Priority
from intake.location import CallerLocation
from intake.store.live import LiveContact
from tests.callers import at

LEEDS = CallerLocation(latitude=53.8, longitude=-1.55, uncertainty_m=50.0)
REGIONS = ("London", "North East", "unknown")


def contact(number: int, **changes: Any) -> Contact:
    fields: dict[str, Any] = {
        "id": ContactId(f"c{number:04d}"),
        "number": number,
        "channel": ChannelKind("sms"),
        "caller": CallerUri(f"tel:+447700900{number % 1000:03d}"),
        "state": ContactState.WAITING,
        "priority": Priority.URGENT,
        "priority_rule": "",
        "service": None,
        "service_reason": "",
        "queued_at": at(number),
        "last_message_at": at(number),
        "next_attempt_at": at(number),
        "attempts": 0,
        "claimed_by": "",
        "summary": "help",
        "language": "en",
        "silent": False,
        "defect": "",
        "location": None,
        "incident_id": "",
    }
    return Contact(**{**fields, **changes})


def live(one: Contact, answered: bool = False) -> LiveContact:
    return LiveContact(contact=one, first_shown_at=at(0), first_reply_at=at(1) if answered else None)


def random_change(chance: random.Random, number: int) -> tuple[LiveContact, str]:
    state = chance.choice(list(ContactState))
    one = contact(
        number,
        state=state,
        priority=chance.choice(list(Priority)),
        queued_at=at(chance.randrange(50)),
        next_attempt_at=at(chance.choice((0, 200))),
        claimed_by=chance.choice(("", "ada", "bea")) if state is not ContactState.WAITING else "",
        language=chance.choice(("", "en-GB", "cy", "pl", "und")),
        silent=chance.random() < 0.3,
        location=LEEDS if chance.random() < 0.5 else None,
        channel=ChannelKind(chance.choice(("sms", "app"))),
        reroute=chance.choice(("", "moved", "other_room")),
        unreachable_since=at(40) if chance.random() < 0.2 else None,
    )
    return live(one, chance.random() < 0.5), chance.choice(REGIONS)


FILTERS = (
    ViewFilter(),
    ViewFilter(silent=True),
    ViewFilter(language="cy"),
    ViewFilter(language="other", priority=2),
    ViewFilter(no_place=True),
    ViewFilter(channel="app"),
    ViewFilter(region="London"),
    ViewFilter(mine=True),
    ViewFilter(handed_over=True),
)


@pytest.mark.parametrize("seed", range(20))
def test_after_any_changes_each_list_is_what_sorting_anew_would_give(seed: int) -> None:
    chance, now, board = random.Random(seed), at(100), Board()
    kept = {where: board.listing(where, "ada") for where in FILTERS}
    for _ in range(300):
        board.take(*random_change(chance, chance.randrange(40)), now)
        if chance.random() < 0.1:
            board.drop(f"c{chance.randrange(40):04d}")
    for where, listing in kept.items():
        anew = Board()
        expected = sorted(entry.key for entry in board.entries.values() if listing.matches(entry))
        assert list(listing.keys) == expected, where
        assert listing.ids(1, 3) == [key[2] for key in expected[1:4]]
        for entry in board.entries.values():
            anew.take(live(entry.contact, not entry.unanswered), entry.marks.region, now)
        assert (anew.filters(), anew.counts()) == (board.filters(), board.counts())
        assert anew.unanswered(now) == board.unanswered(now)


def test_merged_and_closed_contacts_are_not_in_the_picture() -> None:
    board = Board()
    for state in (ContactState.CLOSED, ContactState.MERGED):
        board.take(live(contact(1)), "unknown", at(5))
        assert board.take(live(contact(1, state=state)), "unknown", at(5))
        assert not board.entries and board.filters()["all"] == 0


def test_the_queue_is_what_needs_a_person_and_a_proposed_other_room_does() -> None:
    board = Board()
    board.take(live(contact(1, state=ContactState.ACCEPTED)), "unknown", at(5))
    board.take(live(contact(2, state=ContactState.ACCEPTED, reroute="other_room")), "unknown", at(5))
    assert board.listing(ViewFilter(), "").ids(0, 9) == ["c0002"]
    assert board.listing(ViewFilter(handed_over=True), "").ids(0, 9) == ["c0001"]
    assert (board.filters()["all"], board.filters()["handed_over"]) == (1, 1)


def test_a_lease_that_seems_over_is_asked_for_and_never_shown_free_before() -> None:
    board, opened = Board(), contact(1, state=ContactState.OPEN, claimed_by="ada", next_attempt_at=at(30))
    board.take(live(opened), "unknown", at(15))
    assert board.lapsed(at(29.9)) == []
    assert board.lapsed(at(30)) == ["c0001"]
    assert not board.entries["c0001"].claimable
    renewed = msgspec.structs.replace(opened, next_attempt_at=at(45))
    board.take(live(renewed), "unknown", at(30.1))
    assert not board.entries["c0001"].claimable and board.lapsed(at(44)) == []
    assert board.lapsed(at(45)) == ["c0001"]
    board.take(live(renewed), "unknown", at(45.1))
    assert board.entries["c0001"].claimable


def test_unanswered_counts_what_nobody_has_and_no_person_has_answered() -> None:
    board = Board()
    board.take(live(contact(0)), "unknown", at(100))
    board.take(live(contact(50)), "unknown", at(100))
    board.take(live(contact(95)), "unknown", at(100))
    board.take(live(contact(1), answered=True), "unknown", at(100))
    held = contact(2, state=ContactState.OPEN, claimed_by="ada", next_attempt_at=at(200))
    board.take(live(held), "unknown", at(100))
    found = board.unanswered(at(110))
    assert (found.count, found.contact, found.oldest_queued_at) == (3, "c0000", at(0))
    assert (found.first10, found.first60, found.first120) == (3, 2, 0)
    assert board.unanswered(at(130)).first120 == 1


def test_a_row_is_encoded_once_a_change_and_a_delta_holds_only_what_changed() -> None:
    board = Board()
    for number in range(3):
        board.take(live(contact(number)), "unknown", at(5))
    tallies = Tallies(board)
    tallies.refresh()
    view = View(board, tallies, board.listing(ViewFilter(), ""), 0, 60)
    view.refresh()
    row = board.entries["c0001"].bytes
    assert board.entries["c0001"].bytes is row
    window = msgspec.json.decode(view.window())
    assert [one["id"] for one in window["rows"]] == window["order"] == ["c0000", "c0001", "c0002"]
    before = view.seq
    board.take(live(contact(1, summary="fire")), "unknown", at(5))
    tallies.refresh()
    view.refresh()
    delta = msgspec.json.decode(view.delta)
    assert view.seq == before + 1
    assert delta == {"t": "delta", "rows": [{**window["rows"][1], "summary": "fire", "waiting_s": 4.0}]}
    view.refresh()
    assert view.seq == before + 1, "nothing changed, nothing is said"


def test_a_changed_order_and_total_are_told() -> None:
    board = Board()
    for number in range(3):
        board.take(live(contact(number)), "unknown", at(5))
    tallies = Tallies(board)
    view = View(board, tallies, board.listing(ViewFilter(), ""), 0, 2)
    view.refresh()
    board.take(live(contact(2, priority=Priority.IMMEDIATE)), "unknown", at(5))
    board.take(live(contact(7)), "unknown", at(9))
    tallies.refresh()
    view.refresh()
    delta = msgspec.json.decode(view.delta)
    assert (delta["order"], delta["total"]) == (["c0002", "c0000"], 4)
    assert [row["id"] for row in delta["rows"]] == ["c0002"]
    assert delta["filters"]["all"] == 4


def test_an_unreachable_caller_alarms_when_to_be_tried_again_or_back_and_not_before() -> None:
    """Both waits count from the moment they are back, whatever their place; a routine one rests."""
    board = Board()
    marked = {"state": ContactState.STALE, "unreachable_since": at(300), "next_attempt_at": at(1200)}
    for number, priority in ((1, Priority.IMMEDIATE), (2, Priority.ROUTINE)):
        board.take(live(contact(number, priority=priority, **marked), answered=True), "", at(301))
    assert board.filters()["unreachable"] == 2
    assert (board.unanswered(at(1199)).count, board.counts().claimable) == (0, {})
    assert sorted(board.lapsed(at(1201))) == ["c0001", "c0002"]
    for number, priority in ((1, Priority.IMMEDIATE), (2, Priority.ROUTINE)):
        board.take(live(contact(number, priority=priority, **marked), answered=True), "", at(1201))
    seen = board.unanswered(at(1215))
    assert (seen.count, seen.contact, seen.oldest_queued_at) == (1, "c0001", at(1200))
    assert (seen.first10, seen.first60, board.counts().claimable) == (1, 0, {1: 1})
    back = {**marked, "state": ContactState.WAITING, "next_attempt_at": at(400)}
    board.take(live(contact(2, priority=Priority.ROUTINE, **back), answered=True), "", at(401))
    assert board.unanswered(at(1215)).contact == "c0002"
    assert board.filters()["unreachable"] == 1
    taken = {"state": ContactState.OPEN, "claimed_by": "ada", "next_attempt_at": at(1300)}
    board.take(live(contact(2, priority=Priority.ROUTINE, **taken), answered=True), "", at(1216))
    assert board.unanswered(at(1217)).count == 1
