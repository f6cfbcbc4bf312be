"""The location link in a real browser: what a frightened person sees, and what reaches the intake."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.e2e.town import Caller, Town

LEEDS = {"latitude": 53.7965, "longitude": -1.5478}
LANGUAGES = ("en", "cy")
GPRS = {"offline": False, "latency": 600, "downloadThroughput": 50_000 / 8, "uploadThroughput": 20_000 / 8}
HANGING = (
    "navigator.geolocation.getCurrentPosition = () => {}; navigator.geolocation.watchPosition = () => 1;"
)

SAYS = {
    "share": {"en": "Share my place", "cy": "Rhannu fy lleoliad"},
    "good": {
        "en": "We know where you are, within 8 metres.",
        "cy": "Rydym yn gwybod ble rydych chi, o fewn 8 metr.",
    },
    "rough": {"en": "We have a rough place for you", "cy": "Mae gennym leoliad bras i chi"},
    "denied": {"en": "did not let us see your place", "cy": "Ni adawodd eich ffôn"},
    "unavailable": {"en": "cannot find where it is", "cy": "Ni all eich ffôn ddarganfod"},
    "offline": {"en": "Not sent. No signal.", "cy": "Heb ei anfon. Dim signal."},
    "received": {"en": "We have your words.", "cy": "Mae eich geiriau gennym."},
}


def state(page: Page) -> Any:
    return page.locator("#state")


def stand(context: BrowserContext, accuracy_m: float, **place: float) -> None:
    context.set_geolocation({**LEEDS, **place, "accuracy": accuracy_m})  # type: ignore[arg-type]


def allow(context: BrowserContext) -> None:
    context.grant_permissions(["geolocation"])


def look(page: Page, shots: Path, name: str) -> None:
    """A picture for a person, and axe-core at WCAG 2.2 AA and best practices: nothing is to be found."""
    page.screenshot(path=shots / f"{name}.png", full_page=True)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def eventually(true: Callable[[], bool], within_s: float = 10.0) -> None:
    end_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end_s, "it never came true"
        time.sleep(0.05)


def places(town: Town, caller: Caller) -> list[Any]:
    return [one["place"] for one in town.shown(caller)["places"] if one["place"]["source"].startswith("link")]


def life(town: Town, caller: Caller) -> dict[str, Any]:
    found: dict[str, Any] = town.shown(caller)["links"][-1]
    return found


# -- granted ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_granted_a_rough_place_then_better_ones_until_it_is_good(
    town: Town, phone: BrowserContext, shots: Path, language: str
) -> None:
    address, caller = town.new_link(language=language)
    page = phone.new_page()
    requests: list[Request] = []
    page.on("request", lambda one: requests.append(one))
    page.goto(address)
    expect(page.get_by_role("button", name=SAYS["share"][language])).to_be_visible()
    look(page, shots, f"start_{language}")
    assert [one.method for one in requests if one.resource_type == "document"] == ["GET"]
    assert {one.url.removeprefix(address) for one in requests} <= {"", "/life"}  # one document, nobody else
    eventually(lambda: life(town, caller)["opened_at"] is not None)
    assert life(town, caller)["asked_at"] is None
    stand(phone, 1_500)
    allow(phone)  # as a person does when the phone asks
    page.get_by_role("button", name=SAYS["share"][language]).click() if page.locator(
        "#go"
    ).is_visible() else None
    expect(state(page)).to_contain_text(SAYS["rough"][language])
    expect(state(page)).to_contain_text("1.5 km")
    look(page, shots, f"rough_{language}")
    stand(phone, 300)
    expect(state(page)).to_contain_text("300 met")
    stand(phone, 290)  # hardly better: not worth a message
    stand(phone, 8, latitude=53.7966)
    expect(state(page)).to_contain_text(SAYS["good"][language])
    expect(page.locator("#go")).to_be_hidden()
    look(page, shots, f"good_{language}")
    eventually(lambda: len(places(town, caller)) == 3)
    assert [one["radius_m"] for one in places(town, caller)] == [1_500, 300, 8]
    shown = life(town, caller)
    assert shown["best_fix_m"] == 8 and shown["granted_at"] and shown["refused_at"] is None
    eventually(lambda: life(town, caller)["ended_reason"] == "finished")
    assert town.shown(caller)["contact"]["place"]["latitude"] == 53.7966
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        {"en": "We have your place", "cy": "Mae eich lleoliad gennym"}[language]
    )
    expect(page.locator("#share")).to_have_count(0)
    look(page, shots, f"finished_{language}")


def test_live_follows_until_stop_and_can_be_taken_up_again(
    town: Town, phone: BrowserContext, shots: Path
) -> None:
    address, caller = town.new_link("live")
    stand(phone, 20)
    allow(phone)
    page = phone.new_page()
    page.clock.install()
    page.goto(address)
    expect(state(page)).to_contain_text("Sharing now.")
    expect(state(page)).to_contain_text("within 20 metres")
    expect(page.get_by_role("button", name="Stop sharing")).to_be_visible()
    look(page, shots, "live_en")
    page.clock.fast_forward(5_200)  # a live page says no more than every five seconds
    stand(phone, 25, latitude=53.7990)
    expect(state(page)).to_contain_text("within 25 metres")
    page.get_by_role("button", name="Stop sharing").click()
    expect(state(page)).to_contain_text("Sharing has stopped.")
    look(page, shots, "stopped_en")
    eventually(lambda: life(town, caller)["ended_reason"] == "stopped")
    assert {one["source"] for one in places(town, caller)} == {"link_live"}
    stand(phone, 15)
    page.get_by_role("button", name="Share my place").click()
    expect(state(page)).to_contain_text("within 15 metres")
    eventually(lambda: life(town, caller)["ended_at"] is None and len(places(town, caller)) == 3)


def test_what_is_no_better_than_a_street_can_be_tried_again(
    town: Town, phone: BrowserContext, shots: Path
) -> None:
    address, caller = town.new_link()
    page = phone.new_page()
    page.clock.install()
    stand(phone, 400)
    allow(phone)
    page.goto(address)
    expect(state(page)).to_contain_text("within 400 metres")
    page.clock.fast_forward(61_000)
    expect(state(page)).to_contain_text("For a better one, go near a window")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    look(page, shots, "fair_en")
    assert life(town, caller)["ended_at"] is None


# -- and what can go wrong ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_denied_says_what_to_do_and_the_box_is_there(
    town: Town, phone: BrowserContext, shots: Path, language: str
) -> None:
    address, caller = town.new_link(language=language)
    page = phone.new_page()
    page.goto(address)
    page.locator("#go").click()
    expect(state(page)).to_contain_text(SAYS["denied"][language])
    look(page, shots, f"denied_{language}")
    eventually(lambda: life(town, caller)["refused_at"] is not None)
    assert life(town, caller)["trouble"] == "denied" and life(town, caller)["first_fix_at"] is None
    page.locator("#words").fill("The bus stop at LS1 4AP")
    page.locator("#form button").click()
    expect(page.locator("#said")).to_contain_text(SAYS["received"][language])
    expect(page.locator("#words")).to_have_value("")
    look(page, shots, f"words_{language}")
    said = [line["text"] for line in town.shown(caller)["conversation"] if line["author"] == "caller"]
    assert said == ["help me", "The bus stop at LS1 4AP"]
    eventually(lambda: town.shown(caller)["contact"]["place"] is not None)
    # Allowed after all, in the settings: nothing more has to be pressed.
    stand(phone, 8)
    allow(phone)
    expect(state(page)).to_contain_text(SAYS["good"][language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_unavailable_says_what_to_do(town: Town, phone: BrowserContext, shots: Path, language: str) -> None:
    address, caller = town.new_link(language=language)
    allow(phone)
    page = phone.new_page()
    phone.new_cdp_session(page).send("Emulation.setGeolocationOverride", {})
    page.goto(address)
    expect(state(page)).to_contain_text(SAYS["unavailable"][language])
    expect(page.locator("#go")).to_be_visible()
    look(page, shots, f"unavailable_{language}")
    eventually(lambda: life(town, caller)["trouble"] == "unavailable")
    stand(phone, 8)  # by the window: it is still being looked for
    expect(state(page)).to_contain_text(SAYS["good"][language])
    eventually(lambda: life(town, caller)["trouble"] == "")


def test_a_phone_that_never_answers_is_told_of_after_a_minute(
    town: Town, phone: BrowserContext, shots: Path
) -> None:
    address, caller = town.new_link()
    phone.add_init_script(HANGING)
    page = phone.new_page()
    page.clock.install()
    page.goto(address)
    page.locator("#go").click()
    expect(state(page)).to_contain_text("Looking for you.")
    look(page, shots, "looking_en")
    page.clock.fast_forward(61_000)
    expect(state(page)).to_contain_text("taking too long")
    look(page, shots, "timeout_en")
    eventually(lambda: life(town, caller)["trouble"] == "timeout")


@pytest.mark.parametrize("language", LANGUAGES)
def test_offline_keeps_everything_and_sends_it_once(
    town: Town, phone: BrowserContext, shots: Path, language: str
) -> None:
    address, caller = town.new_link(language=language)
    page = phone.new_page()
    page.goto(address)
    eventually(lambda: life(town, caller)["opened_at"] is not None)
    phone.set_offline(True)
    stand(phone, 40)
    allow(phone)
    page.locator("#words").fill("in the cellar")
    page.locator("#form button").click()
    expect(page.locator("#net")).to_contain_text(SAYS["offline"][language])
    look(page, shots, f"offline_{language}")
    assert places(town, caller) == []
    phone.set_offline(False)
    expect(page.locator("#said")).to_contain_text(SAYS["received"][language])
    expect(state(page)).to_contain_text("40 met")
    look(page, shots, f"back_{language}")
    eventually(lambda: [one["radius_m"] for one in places(town, caller)] == [40])
    said = [line["text"] for line in town.shown(caller)["conversation"] if line["author"] == "caller"]
    assert said.count("in the cellar") == 1


def test_a_lost_answer_makes_no_second_place(town: Town, phone: BrowserContext) -> None:
    """The intake has it, the phone never heard so: the same id comes again and changes nothing."""
    address, caller = town.new_link()
    stand(phone, 30)
    allow(phone)
    page = phone.new_page()
    lost = []

    def lose(route: Any) -> None:
        answer = route.fetch()
        lost.append(answer.status)
        route.abort("connectionreset") if len(lost) == 1 else route.fulfill(response=answer)

    page.route("**/places", lose)
    page.goto(address)
    expect(state(page)).to_contain_text("within 30 metres")
    assert lost == [200, 200] and len(places(town, caller)) == 1


def test_what_was_not_sent_outlives_the_page(town: Town, phone: BrowserContext) -> None:
    address, caller = town.new_link()
    page = phone.new_page()
    page.goto(address)
    eventually(lambda: life(town, caller)["opened_at"] is not None)
    phone.set_offline(True)
    page.locator("#words").fill("on the roof")
    page.locator("#form button").click()
    expect(page.locator("#net")).to_contain_text("Not sent.")
    page.close()
    phone.set_offline(False)
    again = phone.new_page()
    again.goto(address)
    expect(again.locator("#said")).to_contain_text("We have your words.")
    assert "on the roof" in [line["text"] for line in town.shown(caller)["conversation"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_javascript_the_box_does_it(town: Town, browser: Browser, shots: Path, language: str) -> None:
    address, caller = town.new_link(language=language)
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 780})
    page = context.new_page()
    page.goto(address)
    assert page.locator("#go").is_hidden()
    page.screenshot(path=shots / f"no_script_{language}.png", full_page=True)
    page.locator("#words").fill("12 Mill Lane, LS1 4AP")
    page.locator("#form button").click()
    expect(page.locator(".state.good")).to_contain_text(SAYS["received"][language])
    page.screenshot(path=shots / f"no_script_sent_{language}.png", full_page=True)
    context.close()
    shown = town.shown(caller)
    assert "12 Mill Lane, LS1 4AP" in [line["text"] for line in shown["conversation"]]
    assert shown["links"][0]["opened_at"] is None  # nothing but the words told of it


def test_at_the_speed_of_gprs_it_is_usable_within_seconds(
    town: Town, phone: BrowserContext, shots: Path
) -> None:
    address, caller = town.new_link()
    stand(phone, 12)
    page = phone.new_page()
    network = phone.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", GPRS)
    began_s = time.monotonic()
    page.goto(address, wait_until="commit")
    expect(page.locator("#go")).to_be_visible()
    usable_s = time.monotonic() - began_s
    allow(phone)
    expect(state(page)).to_contain_text("within 12 metres", timeout=15_000)
    known_s = time.monotonic() - began_s
    figures = f"GPRS: usable after {usable_s:.1f} s, place known after {known_s:.1f} s\n"
    (shots / "gprs.txt").write_text(figures)
    assert 0.6 < usable_s < 4.0 and known_s < 12.0
    eventually(lambda: len(places(town, caller)) == 1)


# -- dead links, and narrow screens -------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_refused_links_say_what_to_do_next(
    town: Town, phone: BrowserContext, shots: Path, language: str
) -> None:
    old, caller = town.new_link(language=language)
    new = town.link(caller)
    page = phone.new_page()
    page.goto(old)
    look(page, shots, f"replaced_{language}")
    page.goto(new)
    page.locator("#words").fill("still here")
    town.close(caller)
    page.locator("#form button").click()
    expect(page.locator("#said")).to_have_class(re.compile("bad"))
    expect(page.locator("#words")).to_have_value("still here")  # what was not sent is not lost
    look(page, shots, f"ended_{language}")
    page.goto(new)
    expect(page.get_by_text("999").last).to_be_visible()
    look(page, shots, f"closed_{language}")
    page.goto(f"{town.url}/l/ZZZZZZZZZZ?lang={language}")
    expect(page.locator("form")).to_have_count(0)
    look(page, shots, f"forged_{language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_320_pixels_are_enough(town: Town, browser: Browser, shots: Path, language: str) -> None:
    address, _ = town.new_link("live", language=language)
    context = browser.new_context(viewport={"width": 320, "height": 568})
    page = context.new_page()
    page.goto(address)
    button = page.locator("#go")
    expect(button).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    box = button.bounding_box()
    assert box is not None and box["height"] >= 48 and box["width"] >= 240
    look(page, shots, f"narrow_{language}")
    button.click()
    expect(state(page)).to_contain_text(SAYS["denied"][language])
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    look(page, shots, f"narrow_denied_{language}")
    context.close()


def test_the_switch_of_language_keeps_the_link(town: Town, phone: BrowserContext) -> None:
    address, _ = town.new_link()
    page = phone.new_page()
    page.goto(address)
    page.get_by_role("link", name="Cymraeg").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dangoswch i ni ble rydych chi")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Show us where you are")


def test_keys_alone_are_enough(town: Town, phone: BrowserContext) -> None:
    address, caller = town.new_link()
    stand(phone, 10)
    page = phone.new_page()
    page.goto(address)
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.locator("#go")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("by the gate")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("We have your words.")
    assert "by the gate" in [line["text"] for line in town.shown(caller)["conversation"]]


def test_axe_would_find_what_is_wrong(town: Town, phone: BrowserContext) -> None:
    """Negative control of ``look``."""
    address, _ = town.new_link()
    page = phone.new_page()
    page.goto(address)
    page.evaluate("document.querySelector('label').remove(); document.documentElement.lang = ''")
    found = Axe().run(page)
    assert {one["id"] for one in found.response["violations"]} >= {"label", "html-has-lang"}
