"""A real Chromium against a real intake. In a pytest process of its own: Playwright's loop and asyncio tests
in one process fail by their order. `make test` starts it as `pytest tests/e2e`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.conftest import ROOT
from tests.e2e.district import District
from tests.e2e.office import Office
from tests.e2e.talk import TalkOffice
from tests.e2e.town import Caller, Town
from tests.e2e.troubles import Troubles

HERE = Path(__file__).parent
SHOTS = ROOT / "var" / "e2e"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE_MS = 10_000
"""A busy machine may take its time; what never comes fails all the same."""

TROUBLES = Troubles()
PHONE = {"width": 390, "height": 780}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collected only where nothing else is: by `pytest tests/e2e`."""
    asked = [Path(config.invocation_params.dir, one.partition("::")[0]).resolve() for one in config.args]
    alone = all(one == HERE or HERE in one.parents for one in asked)
    return None if alone or collection_path.name == "conftest.py" else True


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """`intake serve` with all its roles, as an operator starts it."""
    made = Town(tmp_path_factory.mktemp("town"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A running intake with a signed-in staff (tests/e2e/office.py names them)."""
    made = Office(tmp_path_factory.mktemp("office"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    """An office with reference control rooms (tests/e2e/district.py names them)."""
    made = District(tmp_path_factory.mktemp("district"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def open_desk(office: Office, browser: Browser) -> Iterator[Callable[..., Page]]:
    """``open_desk("ada")``: her desk in a browser of its own; ``path`` another page, ``language`` cy."""
    contexts: list[BrowserContext] = []

    def opened(name: str = "ada", path: str = "/desk", **options: object) -> Page:
        context = office.context(browser, name, **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return office.desk(context, path)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(playwright), args=FLAGS.split())
        TROUBLES.watch_all(launched)
        yield launched
        launched.close()


def chromium(playwright: Playwright) -> str:
    """The system's Chromium, or Playwright's own where it was installed."""
    found = next(filter(None, map(shutil.which, NAMES)), None) or playwright.chromium.executable_path
    if not Path(found).exists():
        pytest.fail("no Chromium on this machine: `apt-get install -y chromium` as root, or `make browser`")
    return found


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A telephone's browser: a narrow touch screen, nothing allowed yet."""
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture(autouse=True)
def troubles() -> Iterator[Troubles]:
    """No page may meet an error of its own or break its policy; a test that provokes one empties this."""
    TROUBLES.clear()
    yield TROUBLES
    assert not TROUBLES, "\n".join(TROUBLES)


@pytest.fixture(scope="session", autouse=True)
def shots() -> Path:
    SHOTS.mkdir(parents=True, exist_ok=True)
    return SHOTS


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TalkOffice]:
    """An office of this module alone: it may be killed, and what is said in it is nobody else's."""
    made = TalkOffice(tmp_path_factory.mktemp("talk"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def desk(talk: TalkOffice, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Sign somebody in at a desk of `talk`; what the test left open is finished behind it."""
    contexts: list[BrowserContext] = []

    def opened(name: str = "ada", language: str = "en") -> Page:
        context = talk.context(browser, name, language=language)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return talk.desk(context)

    yield opened
    for context in contexts:
        context.close()
    for row in talk.console("GET", "/queue?limit=100")["rows"]:
        talk.finish(Caller("", "", row["id"]))
