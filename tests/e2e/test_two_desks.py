"""One contact, two desks: exactly one gets it; and a desk that dies gives it back to its place."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.office import Office
from tests.e2e.own_process import OwnProcess
from tests.e2e.troubles import Troubles

BACK_WITHIN_S = 15.0
KEPT_S = 16
"""Longer than a lease: it was renewed."""
POLL_S = 0.25


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office of its own: F2 takes the top of the whole queue."""
    made = Office(tmp_path_factory.mktemp("two-desks"))
    made.start()
    yield made
    made.stop()


def in_hands(office: Office, contact: str) -> tuple[str, int]:
    """Who has it, and the fence."""
    row = office.console("GET", f"/contacts/{contact}")["contact"]
    return row["claimed_by"], row["attempts"]


def test_of_two_who_press_f2_at_once_exactly_one_gets_it(
    office: Office, open_desk: Callable[..., Page]
) -> None:
    ada, bea = open_desk("ada"), open_desk("bea")
    for round_ in range(5):
        caller = office.caller(f"fire in the hall, round {round_}")
        row = f'[data-contact="{caller.contact}"]'
        for desk in (ada, bea):
            expect(desk.locator(row)).to_be_visible()
        # Both keys are down before either page is heard: the pages' own events, not one after the other.
        for desk in (ada, bea):
            desk.evaluate(
                "setTimeout(() => document.dispatchEvent(new KeyboardEvent('keydown', {key: 'F2'})), 300)"
            )
        shown = [desk.locator("#conversation").get_by_text(f"round {round_}") for desk in (ada, bea)]
        deadline = time.monotonic() + 10
        while not any(one.count() for one in shown) and time.monotonic() < deadline:
            ada.wait_for_timeout(50)
        ada.wait_for_timeout(500)
        assert sum(1 for one in shown if one.count()) == 1
        holder, attempts = in_hands(office, caller.contact)
        assert holder in ("ada", "bea") and attempts == 1
        office.finish(caller)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hung"])
def test_a_desk_that_dies_gives_its_contact_back_in_its_place(
    office: Office,
    browser: Browser,
    open_desk: Callable[..., Page],
    tmp_path: Path,
    troubles: Troubles,
    how: signal.Signals,
) -> None:
    """Killed, its line ends at once; hung, the line stands and nothing comes of it any more."""
    first, second = office.caller("smoke in the attic"), office.caller("smoke in the cellar")
    watching = open_desk("ada")
    expect(watching.locator(f'[data-contact="{second.contact}"]')).to_be_visible()
    own = OwnProcess(office, browser, tmp_path / "profile", troubles)
    desk = own.open("cyn")
    expect(desk.locator(f'[data-contact="{first.contact}"]')).to_be_visible()
    desk.keyboard.press("F2")
    expect(desk.locator("#conversation").get_by_text("smoke in the attic")).to_be_visible()
    desk.wait_for_timeout(KEPT_S * 1_000)
    assert in_hands(office, first.contact)[0] == "cyn", "a desk that lives keeps what it has"
    own.send(how)
    died = time.monotonic()
    while in_hands(office, first.contact)[0] and time.monotonic() - died < 2 * BACK_WITHIN_S:
        time.sleep(POLL_S)
    assert time.monotonic() - died <= BACK_WITHIN_S
    expect(watching.locator("[data-contact]").first).to_have_attribute("data-contact", first.contact)
    watching.keyboard.press("F2")
    expect(watching.locator("#conversation").get_by_text("smoke in the attic")).to_be_visible()
    assert in_hands(office, first.contact)[0] == "ada"
    if how is not signal.SIGKILL:
        own.send(signal.SIGKILL)
    for caller in (first, second):
        office.finish(caller)


def test_what_a_supervisor_moves_arrives_at_its_desk_and_stays(
    office: Office, open_desk: Callable[..., Page]
) -> None:
    caller = office.caller("a chip pan is on fire")
    bea = open_desk("bea")
    expect(bea.locator(f'[data-contact="{caller.contact}"]')).to_be_visible()
    office.by("ada", "POST", f"/contacts/{caller.contact}/claim", {})
    office.by("sue", "POST", f"/contacts/{caller.contact}/move", {"to": "bea"})
    expect(bea.locator("#conversation").get_by_text("a chip pan is on fire")).to_be_visible()
    # Longer than the lease it came with: the desk keeps it.
    bea.wait_for_timeout(17_000)
    assert in_hands(office, caller.contact)[0] == "bea"
    office.finish(caller)
